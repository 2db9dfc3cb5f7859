"""Say what a registration costs (收费标准) and since when: intervals that never overlap (HN-04).

「有偿」 is a principle without a number, so every kind costs nothing until the operator sets a price
[P]. A price is set for days to come; what was handed in keeps the price of its day.

What the operator decides on an application (a registration, a change, a transfer by agreement, a renewal,
a cancellation) may have to be paid before, where the rulebook says so. What is carried out at once, by a
holder itself or because a decision or a judgment wants it (a deregistration, a takeover, a reissue), is
charged when it is done, and waits for no money.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Iterable

import msgspec

from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.kernel.ids import AccountId


class ApplicationKind(enum.StrEnum):
    """For what a fee is asked (收费事项)."""

    FIRST = "first"  # 首次登记
    CHANGE = "change"  # 变更登记
    TRANSFER = "transfer"  # 转移登记
    DEREGISTRATION = "deregistration"  # 注销登记
    RENEWAL = "renewal"  # 续期登记
    REISSUE = "reissue"  # 重新发放


class FeeIntervalOverlaps(Conflict):
    """Another price stands for some of these days."""

    code = "fee_interval_overlaps"


class FeeIntervalInvalid(Invalid):
    """A price ends on or before the day on which it begins."""

    code = "fee_interval_invalid"


class FeeNotRetroactive(Refused):
    """A price begins tomorrow at the earliest."""

    code = "fee_not_retroactive"


class FeeReasonMissing(Invalid):
    """Who sets a price, or lets one off, says why."""

    code = "fee_reason_missing"


class FeeUnpaid(Refused):
    """The fee is due, and the rulebook lets that stop the acceptance."""

    code = "fee_unpaid"


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of application costs from a day on, until before another (收费标准)."""

    id: uuid.UUID
    application_kind: ApplicationKind
    amount_fen: int
    effective_on: dt.date
    ends_on: dt.date | None  # the first day on which it does not stand any more
    legal_basis: str
    reason: str
    set_by: AccountId | None
    set_at: dt.datetime


def check_new(price: Price, *, today: dt.date) -> None:
    """Return if a price may be set today.

    :raises FeeReasonMissing: if it is not said why.
    :raises FeeIntervalInvalid: if it ends before it begins.
    :raises FeeNotRetroactive: if it begins before tomorrow.
    """
    if not price.reason.strip():
        raise FeeReasonMissing
    if price.ends_on is not None and price.ends_on <= price.effective_on:
        raise FeeIntervalInvalid(
            effective_on=price.effective_on.isoformat(), ends_on=price.ends_on.isoformat()
        )
    if price.effective_on <= today:
        raise FeeNotRetroactive(effective_on=price.effective_on.isoformat())


def ended_by(price: Price, standing: Iterable[Price]) -> Price | None:
    """Return the open-ended price of the same kind that ``price`` takes the place of, or None.

    :raises FeeIntervalOverlaps: if it overlaps one that is not open-ended, or began no earlier.
    """
    replaced = None
    for other in standing:
        if not _overlap(price, other):
            continue
        if other.ends_on is not None or other.effective_on >= price.effective_on:
            raise FeeIntervalOverlaps(
                effective_on=other.effective_on.isoformat(),
                ends_on=None if other.ends_on is None else other.ends_on.isoformat(),
            )
        replaced = other
    return replaced


def in_force(standing: Iterable[Price], kind: ApplicationKind, on: dt.date) -> Price | None:
    """Return the price of ``kind`` that stands on a day; None: it costs nothing."""
    return next(
        (
            price
            for price in standing
            if price.application_kind is kind
            and price.effective_on <= on
            and (price.ends_on is None or on < price.ends_on)
        ),
        None,
    )


def _overlap(one: Price, other: Price) -> bool:
    return (
        one.application_kind is other.application_kind
        and (one.ends_on is None or other.effective_on < one.ends_on)
        and (other.ends_on is None or one.effective_on < other.ends_on)
    )
