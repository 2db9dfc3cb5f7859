"""Say what a sanction may be, how long it runs, and what a record means today (失信惩戒, GZF-29)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import AccountId
from catalog.kernel.periods import CHOSEN, Period, Unit
from market.credit.model import CreditRecord, Reward, Sanction, Standing
from market.credit.states import State

T = TypeVar("T")

#: So long a party objects to what was found of it; the texts give no period [P].
OBJECTED_WITHIN: Final = Period(10, Unit.WORKING_DAYS, CHOSEN)
#: So long the authority has for its answer [P].
ANSWERED_WITHIN: Final = Period(15, Unit.WORKING_DAYS, CHOSEN)
#: Who misused is out for three years: 「三年内不得申请」.
BANNED_FOR: Final = Period(3, Unit.YEARS, "GZF-29")
#: What is less than a ban runs a year [P]; a reward as long [P].
LIMITED_FOR: Final = Period(1, Unit.YEARS, CHOSEN)
REWARDED_FOR: Final = Period(1, Unit.YEARS, CHOSEN)


class SanctionEmpty(Invalid):
    """A sanction does something."""

    code = "credit_sanction_empty"


class CreditReasonMissing(Invalid):
    """It is said why."""

    code = "credit_reason_missing"


class ObjectionOver(Refused):
    """The days for objecting to the finding are over."""

    code = "credit_objection_over"


class ObjectionDaysRunning(Refused):
    """The party may still object; it is not punished before."""

    code = "credit_objection_days_running"


class FinderDecides(Refused):
    """Who found the act does not decide on the objection, nor on the punishment."""

    code = "credit_finder_decides"


class PartyBanned(Refused):
    """The party is banned from trading, until its last day or its repair (GZF-29)."""

    code = "credit_party_banned"


class OrderLimitExceeded(Refused):
    """The order is larger than the party's record allows."""

    code = "credit_order_limit_exceeded"


def check_reason(text: str) -> None:
    """Return if something is said.

    :raises CreditReasonMissing: if not.
    """
    if not text.strip():
        raise CreditReasonMissing


def check_sanction(sanction: Sanction) -> None:
    """Return if the sanction does something.

    :raises SanctionEmpty: if not.
    """
    if sanction == Sanction():
        raise SanctionEmpty


def term(sanction: Sanction) -> Period:
    """Return how long a sanction runs."""
    return BANNED_FOR if sanction.is_banned else LIMITED_FOR


def check_in_time(record: CreditRecord, now: dt.datetime) -> None:
    """Return if the party may still object.

    :raises ObjectionOver: if not.
    """
    if now >= record.objection_ends_at:
        raise ObjectionOver(ended_at=record.objection_ends_at.isoformat())


def check_heard(record: CreditRecord, now: dt.datetime) -> None:
    """Return if the party was heard, or let its days pass.

    :raises ObjectionDaysRunning: if it may still object.
    """
    if record.state is State.FOUND and now < record.objection_ends_at:
        raise ObjectionDaysRunning(ends_at=record.objection_ends_at.isoformat())


def check_decider(record: CreditRecord, account: AccountId | None) -> None:
    """Return if somebody else found the act.

    :raises FinderDecides: if it was this account.
    """
    if record.found_by == account:
        raise FinderDecides


def is_in_force(record: CreditRecord, today: dt.date) -> bool:
    """Tell whether a record is punished today: neither repaired nor over."""
    until = record.effective_until
    return record.state is State.PUNISHED and until is not None and today <= until


def standing(
    records: Iterable[CreditRecord], rewards: Iterable[Reward], today: dt.date
) -> Standing:
    """Return what a party's records mean today: of several the strictest counts."""
    in_force = [
        (record.sanction, record.effective_until)
        for record in records
        if is_in_force(record, today) and record.sanction is not None
    ]
    banned = [until for sanction, until in in_force if sanction.is_banned and until is not None]
    limits = [
        sanction.order_limit_fen for sanction, _ in in_force if sanction.order_limit_fen is not None
    ]
    return Standing(
        is_banned=bool(banned),
        banned_until=max(banned, default=None),
        order_limit_fen=min(limits, default=None),
        is_ranked_lower=any(sanction.is_ranked_lower for sanction, _ in in_force),
        is_rewarded=any(today <= reward.valid_until for reward in rewards),
    )


def last(items: Iterable[T], is_lower: Callable[[T], bool]) -> list[T]:
    """Return what was found with that of parties ranked lower behind the rest, in its order else."""
    return sorted(items, key=is_lower)


def check_order(held: Standing, amount_fen: int) -> None:
    """Return if a party of this standing may order for this amount.

    :raises PartyBanned: if it is banned.
    :raises OrderLimitExceeded: if the amount is above its limit.
    """
    if held.is_banned:
        raise PartyBanned(until=str(held.banned_until))
    if held.order_limit_fen is not None and amount_fen > held.order_limit_fen:
        raise OrderLimitExceeded(limit_fen=held.order_limit_fen, amount_fen=amount_fen)
