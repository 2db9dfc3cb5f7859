"""Say which duties of an instrument are somebody's (文书初核、复核、执行)."""

from __future__ import annotations

from typing import Final

from catalog.case_access.model import Duty
from catalog.instruments.states import State

_VERIFYING: Final = frozenset({Duty.CHECK, Duty.VERIFICATION})
_EXECUTING: Final = _VERIFYING | {Duty.EXECUTION}

DUE: Final = {
    State.LODGED: _VERIFYING,
    State.REJECTED: frozenset[Duty](),
    State.EFFECTIVE: _EXECUTING,
    State.APPLIED: frozenset[Duty](),
    State.ESCALATED: _EXECUTING,
}
