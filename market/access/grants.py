"""Name what forbids a use: one refusal for each reason of the policy decision (RULES §8.2)."""

from __future__ import annotations

from typing import Any, Final

from catalog.kernel.errors import Refused


class AuthorisationCutOff(Refused):
    """The authorisation was stopped (终止授权使用, BJ-28)."""

    code = "authorisation_cut_off"


class UsageInArrears(Refused):
    """What was used before was not paid in time; access goes on when it is paid (欠费停用)."""

    code = "usage_in_arrears"


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


class RateExceeded(Refused):
    """So many uses were agreed on for this time, and are used; it tells after how many seconds one is free."""

    code = "rate_exceeded"


class RowsExceeded(Refused):
    """The answer has more rows than were agreed on, or nobody knows how many it has."""

    code = "rows_exceeded"


class UseNotAllowedNow(Refused):
    """The order is not in a state in which its data are used: disputed, say."""

    code = "use_not_allowed_now"


class PartyNotVerified(Refused):
    """The buyer was not identified, or is not any more (DSL 33)."""

    code = "party_not_verified"


class PartyBanned(Refused):
    """The buyer is suspended or banned from the market."""

    code = "party_banned"


class PersonalInformationBasisMissing(Refused):
    """Nothing allows the use of personal information: no consent, or one was withdrawn (BJ-21)."""

    code = "personal_information_basis_missing"


class RawExportForbidden(Refused):
    """Raw public data do not leave their zone, whatever their level (BJ-27(a), A48)."""

    code = "raw_export_forbidden"


class RawTradeApprovalMissing(Refused):
    """Raw data of an enterprise are asked for, and nobody approved that (QD-S2)."""

    code = "raw_trade_approval_missing"


class DeliveryModeNotAllowed(Refused):
    """Data of this level are not handed out in this manner (RULES §8.1)."""

    code = "delivery_mode_not_allowed"


class DeliveryConditionMissing(Refused):
    """The manner is allowed under conditions, and one is not met (RULES §8.1)."""

    code = "delivery_condition_missing"


REFUSALS: Final[dict[str, type[Refused]]] = {
    refusal.code: refusal
    for refusal in (
        PartyNotVerified,
        PartyBanned,
        AuthorisationCutOff,
        UsageInArrears,
        GrantNotYetValid,
        GrantExpired,
        UseNotAllowedNow,
        RawExportForbidden,
        RawTradeApprovalMissing,
        DeliveryModeNotAllowed,
        DeliveryConditionMissing,
        PurposeMismatch,
        ScopeExceeded,
        QuotaExhausted,
        RateExceeded,
        RowsExceeded,
        PersonalInformationBasisMissing,
    )
}


def refusal(codes: tuple[str, ...], **facts: Any) -> Refused:
    """Return the refusal that is named for the first reason and lists all.

    A reason of which an order that was cleared can not come into has no name of its own here.
    """
    return REFUSALS[codes[0]](reasons=list(codes), **facts)
