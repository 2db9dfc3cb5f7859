"""Ask a licence grant whether it lets one use through: all reasons, in the order of RULES §8.2."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from catalog.kernel.errors import Refused
from market.access.model import Asked, Grant
from market.access.states import State


class AuthorisationCutOff(Refused):
    """The authorisation was stopped (终止授权使用, BJ-28)."""

    code = "authorisation_cut_off"


class GrantNotYetValid(Refused):
    """The grant has not begun."""

    code = "grant_not_yet_valid"


class GrantExpired(Refused):
    """The grant is over."""

    code = "grant_expired"


class PurposeMismatch(Refused):
    """It is asked for another purpose or scenario than was granted (BJ-27(a))."""

    code = "purpose_mismatch"


class ScopeExceeded(Refused):
    """It is asked for other fields, or in another manner, than was granted (BJ-27(a), GD-05)."""

    code = "scope_exceeded"


class QuotaExhausted(Refused):
    """All uses that were bought are used."""

    code = "quota_exhausted"


class UseNotAllowedNow(Refused):
    """The order is not in a state in which its data are used: disputed, say."""

    code = "use_not_allowed_now"


REFUSALS: Final[dict[str, type[Refused]]] = {
    refusal.code: refusal
    for refusal in (
        AuthorisationCutOff,
        GrantNotYetValid,
        GrantExpired,
        PurposeMismatch,
        ScopeExceeded,
        QuotaExhausted,
        UseNotAllowedNow,
    )
}


def reasons(grant: Grant, asked: Asked, now: dt.datetime) -> tuple[str, ...]:
    """Return the codes of everything that forbids the use; nothing means that it is allowed."""
    scope = grant.scope
    other_purpose = asked.purpose not in (None, scope.purpose)
    other_scenario = asked.scenario not in (None, scope.scenario)
    other_mode = asked.delivery_mode not in (None, scope.delivery_mode)
    other_fields = bool(scope.fields) and not set(asked.fields) <= set(scope.fields)
    found = (
        (AuthorisationCutOff, grant.state in (State.CUT_OFF, State.REVOKED)),
        (GrantNotYetValid, now < scope.valid_from),
        (GrantExpired, grant.state is State.EXPIRED or now >= scope.valid_to),
        (PurposeMismatch, other_purpose or other_scenario),
        (ScopeExceeded, other_mode or other_fields),
        (QuotaExhausted, scope.quota is not None and grant.used + asked.uses > scope.quota),
    )
    return tuple(refusal.code for refusal, stands in found if stands)


def refusal(codes: tuple[str, ...], **facts: Any) -> Refused:
    """Return the refusal that is named for the first reason and lists all."""
    return REFUSALS[codes[0]](reasons=list(codes), **facts)
