"""Draw up a statement of accounts: opening plus movements is closing, or it is not drawn up."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from settlement.periods.model import PeriodLine
from settlement.periods.months import Span
from settlement.statements.model import (
    FORMAT,
    AccountLines,
    KindSum,
    Line,
    PurposeLine,
    Sale,
    Side,
    Statement,
)

#: What divides a payment among those who share in it, or takes a share back.
_SHARING: Final = (
    "release",
    "usage_charged",
    "residual_settled",
    "reversal",
    "chargeback",
    "chargeback_won",
)


class StatementDiffers(RuntimeError):
    """What moved does not lead from what stood to what stands. Ours to mend: a fault, no refusal."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a closed month, as statements read it."""

    voucher: str
    key: uuid.UUID
    value_on: dt.date
    kind: str
    order_id: uuid.UUID | None
    reverses: uuid.UUID | None
    legs: tuple[tuple[str, int], ...]


class Stood(msgspec.Struct, frozen=True):
    """What stood on an account before the months and stands there after them."""

    opening_fen: int
    closing_fen: int


def of_party(
    *,
    side: Side,
    book: str,
    span: Span,
    party_id: uuid.UUID,
    party_name: str,
    chain_head: str,
    stood: Mapping[str, Stood],
    moved: Sequence[Moved],
) -> Statement:
    """Return the statement of a party's accounts, which are those of ``stood``.

    :raises StatementDiffers: if the entries do not lead from the openings to the closings.
    """
    accounts = tuple(_account(code, stood[code], moved) for code in sorted(stood))
    return Statement(
        format=FORMAT,
        side=side,
        book=book,
        period=span.text,
        first_day=span.first.first_day,
        last_day=span.last.last_day,
        party_id=party_id,
        party_name=party_name,
        chain_head=chain_head,
        opening_fen=sum(each.opening_fen for each in accounts),
        debits_fen=sum(each.debits_fen for each in accounts),
        credits_fen=sum(each.credits_fen for each in accounts),
        closing_fen=sum(each.closing_fen for each in accounts),
        accounts=accounts,
        sales=() if side is Side.BUYER else tuple(_sales(moved, frozenset(stood))),
        purposes=(),
        kinds=kinds(moved),
    )


def of_book(
    *,
    book: str,
    span: Span,
    chain_head: str,
    months: Sequence[Sequence[PeriodLine]],
    kinds_moved: tuple[KindSum, ...],
) -> Statement:
    """Return the statement of a whole book for the regulator, from the balances of its months.

    :raises StatementDiffers: if one month does not begin where the one before it ended.
    """
    lines = _joined(months)
    return Statement(
        format=FORMAT,
        side=Side.REGULATOR,
        book=book,
        period=span.text,
        first_day=span.first.first_day,
        last_day=span.last.last_day,
        party_id=None,
        party_name="",
        chain_head=chain_head,
        opening_fen=sum(line.opening_fen for line in lines),
        debits_fen=sum(line.debits_fen for line in lines),
        credits_fen=sum(line.credits_fen for line in lines),
        closing_fen=sum(line.closing_fen for line in lines),
        accounts=(),
        sales=(),
        purposes=lines,
        kinds=kinds_moved,
    )


def kinds(moved: Iterable[Moved]) -> tuple[KindSum, ...]:
    """Return how many entries of each kind there are, and what they moved."""
    counts: dict[str, tuple[int, int]] = {}
    for entry in moved:
        entries, amount = counts.get(entry.kind, (0, 0))
        counts[entry.kind] = (entries + 1, amount - min(leg for _, leg in entry.legs))
    return tuple(
        KindSum(kind=kind, entries=entries, amount_fen=amount)
        for kind, (entries, amount) in sorted(counts.items())
    )


def _account(code: str, stood: Stood, moved: Iterable[Moved]) -> AccountLines:
    stands = stood.opening_fen
    lines = []
    for entry in moved:
        for account, amount in entry.legs:
            if account == code:
                stands += amount
                lines.append(_line(entry, amount, stands))
    if stands != stood.closing_fen:
        raise StatementDiffers(f"{code}: {stands} is not {stood.closing_fen}")
    return AccountLines(
        account=code,
        purpose=code.partition("/")[0],
        opening_fen=stood.opening_fen,
        debits_fen=-sum(line.amount_fen for line in lines if line.amount_fen < 0),
        credits_fen=sum(line.amount_fen for line in lines if line.amount_fen > 0),
        closing_fen=stood.closing_fen,
        lines=tuple(lines),
    )


def _line(entry: Moved, amount: int, stands: int) -> Line:
    return Line(
        voucher=entry.voucher,
        key=entry.key,
        value_on=entry.value_on,
        kind=entry.kind,
        order_id=entry.order_id,
        reverses=entry.reverses,
        amount_fen=amount,
        balance_fen=stands,
    )


def _sales(moved: Iterable[Moved], own: frozenset[str]) -> Iterable[Sale]:
    """Return every division in which these accounts had a share; a reversal takes one back."""
    for entry in moved:
        if entry.kind not in _SHARING:
            continue
        sign = -1 if entry.kind == "reversal" else 1
        shares = [leg for leg in entry.legs if leg[1] * sign > 0]
        sums = {"own": 0, "platform_fee": 0, "tax_payable": 0, "treasury_non_tax": 0, "others": 0}
        for account, amount in shares:
            purpose = account.partition("/")[0]
            # The tax of one's own sales is told as tax: it is nobody's share.
            known = purpose if purpose in sums else "others"
            sums["own" if account in own and known != "tax_payable" else known] += amount
        yield Sale(
            voucher=entry.voucher,
            key=entry.key,
            value_on=entry.value_on,
            order_id=entry.order_id,
            gross_fen=sum(amount for _, amount in shares),
            own_fen=sums["own"],
            platform_fee_fen=sums["platform_fee"],
            tax_fen=sums["tax_payable"],
            treasury_fen=sums["treasury_non_tax"],
            others_fen=sums["others"],
        )


def _joined(months: Sequence[Sequence[PeriodLine]]) -> tuple[PurposeLine, ...]:
    """Return the balances of several months as those of one."""
    found: dict[str, PurposeLine] = {}
    for lines in months:
        there = {line.purpose: line for line in lines}
        for purpose in sorted(found.keys() | there.keys()):
            line, before = there.get(purpose), found.get(purpose)
            stood = 0 if before is None else before.closing_fen
            opens = 0 if line is None else line.opening_fen
            if before is not None and stood != opens:
                raise StatementDiffers(f"{purpose}: a month begins with {opens}, not with {stood}")
            if line is not None:
                found[purpose] = _added(before, line)
    return tuple(found[purpose] for purpose in sorted(found))


def _added(before: PurposeLine | None, line: PeriodLine) -> PurposeLine:
    if before is None:
        return PurposeLine(
            purpose=line.purpose,
            accounts=line.accounts,
            opening_fen=line.opening_fen,
            debits_fen=line.debits_fen,
            credits_fen=line.credits_fen,
            closing_fen=line.closing_fen,
        )
    return PurposeLine(
        purpose=line.purpose,
        accounts=max(before.accounts, line.accounts),
        opening_fen=before.opening_fen,
        debits_fen=before.debits_fen + line.debits_fen,
        credits_fen=before.credits_fen + line.credits_fen,
        closing_fen=line.closing_fen,
    )
