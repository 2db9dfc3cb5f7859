"""Say what a refusal that is remembered is made of."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor


class Denial(msgspec.Struct, frozen=True, kw_only=True):
    """One refusal, as the door tells of it.

    ``facts`` say what makes it the same as another; ``asked`` is what it was about (ids, a
    commitment to what was typed), of which some are kept and all are counted.
    """

    event: Event
    actor: Actor
    facts: dict[str, Any]
    at: dt.datetime
    request_id: str
    asked: Any = None
    subject: Subject | None = None
    rules: tuple[str, ...] = ()


class Asked(msgspec.Struct, frozen=True):
    """What was asked for, and how often."""

    what: Any
    times: int


class Folded(msgspec.Struct, frozen=True, kw_only=True):
    """Refusals of one kind, of one actor, within one minute (同类合并)."""

    event: Event
    actor: Actor
    facts: dict[str, Any]
    minute: dt.datetime
    times: int
    first_request_id: str
    last_request_id: str
    asked: tuple[Asked, ...] = ()
    asked_more: int = 0  # how many asked for something else than what stands in ``asked``
    subjects: tuple[Subject, ...] = ()
    subjects_more: bool = False
    rules: tuple[str, ...] = ()
