"""Say where each fen of an entry comes from: rule, fraction, remainder, who got the rest (逐分说明).

What an entry divides is divided here once more, by the frozen split and what was divided before it;
``is_as_posted`` tells whether the journal says the same.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections import deque
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import msgspec

from settlement.ledger.accounts import Purpose, residual_of
from settlement.ledger.journal import Entry, Kind, Leg
from settlement.ledger.kinds import RULES
from settlement.ledger_reports import reasons
from settlement.ledger_reports.reasons import Words
from settlement.ledger_reports.words import kind_words
from settlement.money import Fen
from settlement.revenue.agreement import FrozenSplit
from settlement.revenue.explaining import Exact, ExplainedPart, exact, explain

DIVIDING: Final = frozenset({Kind.RELEASE, Kind.USAGE_CHARGED})


class Way(enum.StrEnum):
    """How an entry comes to its amounts."""

    WHOLE = "whole"  # 全额划转: one account to another, nothing is divided
    DIVIDED = "divided"  # 一次分账: by the frozen split, the rest by largest remainder
    CUMULATIVE = "cumulative"  # 累计分账: what all charges entitle to, less what was paid
    RESIDUAL = "residual"  # 尾差结转: the fen that waited, at the end
    TAKEN_BACK = "taken_back"  # 冲回: a part of a leg of an earlier entry
    NOT_SHOWN = "not_shown"  # 分账约定不可见: the split is not for this reader


class Of(enum.StrEnum):
    """Of what the money is explained."""

    ENTRY = "entry"  # 凭证
    ORDER = "order"  # 订单
    PAYOUT = "payout"  # 付款明细
    INVOICE = "invoice"  # 发票


class ExplainedLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One leg and why it is exactly that.

    ``part`` is the claim behind it: of this entry's amount if it was divided at once, of all that was
    charged up to it if it was divided as a sum. ``before`` is the exact claim before this entry.
    ``original_fen`` and ``taken_before_fen`` are of the leg that a reversal takes back.
    """

    account: str
    amount_fen: int
    reason_zh: str
    reason_en: str
    part: ExplainedPart | None = None
    before: Exact | None = None
    original_fen: int | None = None
    taken_before_fen: int | None = None


class ExplainedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry, and every fen of it."""

    key: uuid.UUID
    kind: str
    order_id: uuid.UUID | None
    reverses: uuid.UUID | None
    rule_version: str
    booked_at: dt.datetime
    value_on: dt.date
    voucher: str | None
    kind_zh: str
    kind_en: str
    way: Way
    amount_fen: int
    divided_before_fen: int  # of the same order, by entries before it
    left_fen: int  # fen that were given out one by one, or wait as a residual
    legs: tuple[ExplainedLeg, ...]
    is_as_posted: bool


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What was posted before an entry that it builds upon."""

    voucher: str | None = None
    divided_before_fen: int = 0
    original: Entry | None = None
    taken_before_fen: int = 0


def explain_entry(entry: Entry, split: FrozenSplit | None, past: Past) -> ExplainedEntry:
    """Return an entry with the reason of each leg; ``split`` None if the reader may not see it."""
    if entry.kind in DIVIDING:
        if split is None or split.version != entry.rule_version:
            return _told(entry, past, Way.NOT_SHOWN, _plain(entry, reasons.NOT_SHOWN))
        if past.divided_before_fen or _has_residual(entry):
            return _cumulative(entry, split, past)
        return _divided(entry, split, past)
    if entry.kind is Kind.RESIDUAL_SETTLED:
        return _told(entry, past, Way.RESIDUAL, _plain(entry, reasons.SETTLED))
    if past.original is not None:
        return _taken_back(entry, past.original, past)
    return _told(entry, past, Way.WHOLE, _plain(entry, reasons.ARRIVES))


def _divided(entry: Entry, split: FrozenSplit, past: Past) -> ExplainedEntry:
    told = explain(entry.amount_fen, split)
    parts = {part.account: part for part in told.parts}
    legs = [
        _leg(leg, _why(leg, split, part, entry.amount_fen), part=part)
        for leg in entry.legs[1:]
        for part in [parts.get(leg.account.code)]
    ]
    paid = {leg.account.code: leg.amount_fen for leg in split.credits(entry.amount_fen)}
    return _told(
        entry,
        past,
        Way.DIVIDED,
        (_leg(entry.legs[0], reasons.GIVES), *legs),
        left_fen=told.left_fen,
        is_as_posted=paid == _credits(entry),
    )


def _why(leg: Leg, split: FrozenSplit, part: ExplainedPart | None, amount_fen: int) -> Words:
    kept = split.retained
    if kept is not None and leg.account == kept.account:
        return reasons.of_keeping(kept, amount_fen, leg.amount_fen)
    if part is None:
        return reasons.NOT_SHOWN
    if kept is not None and leg.account == kept.source and leg.amount_fen < part.amount_fen:
        return reasons.less_kept(part, part.amount_fen - leg.amount_fen)
    return reasons.of_part(part)


def _cumulative(entry: Entry, split: FrozenSplit, past: Past) -> ExplainedEntry:
    before, after = past.divided_before_fen, Fen(past.divided_before_fen + entry.amount_fen)
    step = split.increment(before, after)
    charged = {leg.account.code: leg.amount_fen for leg in step.charged}
    if step.waiting_fen:
        assert entry.order_id is not None, "what is divided is of an order"
        charged[residual_of(entry.order_id).code] = step.waiting_fen
    parts = {part.account: part for part in explain(after, split).parts}
    earlier = _claims(split, before)
    legs = [_leg(entry.legs[0], reasons.GIVES)]
    for leg in entry.legs[1:]:
        part = parts.get(leg.account.code)
        if part is None:
            legs.append(_leg(leg, reasons.WAITS))
            continue
        was = exact(earlier.get(leg.account.code, Fraction(0)))
        words = reasons.of_increment(part, was, leg.amount_fen)
        legs.append(_leg(leg, words, part=part, before=was))
    return _told(
        entry,
        past,
        Way.CUMULATIVE,
        tuple(legs),
        left_fen=step.waiting_fen,
        is_as_posted=charged == _credits(entry),
    )


def _taken_back(entry: Entry, original: Entry, past: Past) -> ExplainedEntry:
    gives, taken = entry.debited, past.taken_before_fen
    was = next((leg.amount_fen for leg in original.legs if leg.account == gives), 0)
    legs = [
        _leg(leg, reasons.ARRIVES)
        if leg.account != gives
        else _leg(
            leg,
            reasons.of_taking_back(was, taken, entry.amount_fen),
            original_fen=was,
            taken_before_fen=taken,
        )
        for leg in entry.legs
    ]
    return _told(
        entry,
        past,
        Way.TAKEN_BACK,
        tuple(legs),
        is_as_posted=taken + entry.amount_fen <= was,
    )


def _told(
    entry: Entry,
    past: Past,
    way: Way,
    legs: tuple[ExplainedLeg, ...],
    *,
    left_fen: int = 0,
    is_as_posted: bool = True,
) -> ExplainedEntry:
    zh, en = kind_words(entry.kind)
    return ExplainedEntry(
        key=entry.key,
        kind=entry.kind,
        order_id=entry.order_id,
        reverses=entry.reverses,
        rule_version=entry.rule_version,
        booked_at=entry.booked_at,
        value_on=entry.value_on,
        voucher=past.voucher,
        kind_zh=zh,
        kind_en=en,
        way=way,
        amount_fen=entry.amount_fen,
        divided_before_fen=past.divided_before_fen,
        left_fen=left_fen,
        legs=legs,
        is_as_posted=is_as_posted,
    )


def _plain(entry: Entry, why: Words) -> tuple[ExplainedLeg, ...]:
    gives, *rest = entry.legs
    return (_leg(gives, reasons.GIVES), *(_leg(leg, why) for leg in rest))


def _leg(
    leg: Leg,
    why: Words,
    *,
    part: ExplainedPart | None = None,
    before: Exact | None = None,
    original_fen: int | None = None,
    taken_before_fen: int | None = None,
) -> ExplainedLeg:
    return ExplainedLeg(
        account=leg.account.code,
        amount_fen=leg.amount_fen,
        reason_zh=why[0],
        reason_en=why[1],
        part=part,
        before=before,
        original_fen=original_fen,
        taken_before_fen=taken_before_fen,
    )


def _credits(entry: Entry) -> dict[str, int]:
    return {leg.account.code: leg.amount_fen for leg in entry.legs[1:]}


def _has_residual(entry: Entry) -> bool:
    return any(leg.account.purpose is Purpose.ROUNDING_RESIDUAL for leg in entry.legs)


def _claims(split: FrozenSplit, total_fen: int) -> dict[str, Fraction]:
    if not total_fen:
        return {}
    return {claim.account.code: claim.exact for claim in split.claims(Fen(total_fen))}


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an amount, and the entry it comes from; negative where an entry took it away."""

    entry: uuid.UUID
    order_id: uuid.UUID | None
    value_on: dt.date
    kind_zh: str
    kind_en: str
    amount_fen: int


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Where the money of an entry, an order, a payout or an invoice comes from (这笔钱怎么来的).

    ``entries`` are explained fen by fen; ``sources`` add up to the amount, as far as entries stand
    behind it: of a payout the sales it pays, the earliest first, of an invoice what was paid and
    given back.
    """

    of: Of
    id: uuid.UUID
    amount_fen: int
    entries: tuple[ExplainedEntry, ...]
    sources: tuple[Source, ...]
    is_as_posted: bool  # all entries: computed again they are what the journal says


def first_in_first_out(
    steps: Sequence[tuple[uuid.UUID, int]], of: uuid.UUID
) -> tuple[tuple[uuid.UUID, int], ...]:
    """Return from which credits of an account a debit of it is paid, the earliest credit first.

    ``steps`` are the entries of the account in their order, by key and amount; ``of`` is one of them.
    What no credit covers, an overdraft, has no source.
    """
    waiting: deque[tuple[uuid.UUID, int]] = deque()
    for key, amount in steps:
        if amount > 0:
            waiting.append((key, amount))
            continue
        drawn, due = [], -amount
        while due and waiting:
            source, there = waiting.popleft()
            taken = min(due, there)
            drawn.append((source, taken))
            due -= taken
            if taken < there:
                waiting.appendleft((source, there - taken))
        if key == of:
            return tuple(drawn)
    return ()


def source(entry: Entry, amount_fen: int) -> Source:
    """Return a part of an amount as coming from an entry."""
    zh, en = kind_words(entry.kind)
    return Source(
        entry=entry.key,
        order_id=entry.order_id,
        value_on=entry.value_on,
        kind_zh=zh,
        kind_en=en,
        amount_fen=amount_fen,
    )


def fee_sources(entries: Sequence[Entry]) -> tuple[Source, ...]:
    """Return what each entry of an order brought the platform as its fee, or took back of it."""
    moved = [(entry, _on_fee(entry)) for entry in entries]
    return tuple(source(entry, amount) for entry, amount in moved if amount)


def paid_sources(entries: Sequence[Entry]) -> tuple[Source, ...]:
    """Return what each entry of an order added to what its buyer paid, or gave back of it."""
    moved = [(entry, _on_paid(entry)) for entry in entries]
    return tuple(source(entry, amount) for entry, amount in moved if amount)


def cut(told: ExplainedEntry, owner: str) -> ExplainedEntry:
    """Return an entry as one reads it who is neither side of its order: its own legs alone."""
    own = tuple(leg for leg in told.legs if leg.account.partition("/")[2] == owner)
    return msgspec.structs.replace(told, legs=own)


def _on_fee(entry: Entry) -> int:
    return sum(leg.amount_fen for leg in entry.legs if leg.account.purpose is Purpose.PLATFORM_FEE)


def _on_paid(entry: Entry) -> int:
    flows = RULES[entry.kind].flows
    effects = [
        (leg.amount_fen, flows.get((entry.debited.purpose, leg.account.purpose)))
        for leg in entry.legs[1:]
    ]
    return sum(
        amount * (effect.paid - effect.refunded) for amount, effect in effects if effect is not None
    )
