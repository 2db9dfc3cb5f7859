"""Lead an account from what stood on it to what stands there, entry by entry (明细账)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from settlement.ledger.accounts import Account, Title
from settlement.ledger_reports.model import AccountLedger, LedgerLine
from settlement.ledger_reports.words import kind_words
from settlement.statements.model import PURPOSES

#: Whose balances a party reads itself, if they are its own; all other accounts are the house's.
OWN_PURPOSES: Final = frozenset(purpose for of in PURPOSES.values() for purpose in of)


class Stepped(msgspec.Struct, frozen=True, kw_only=True):
    """One entry that moved an account, and by how much."""

    key: uuid.UUID
    voucher: str | None
    value_on: dt.date
    booked_at: dt.datetime
    kind: str
    order_id: uuid.UUID | None
    reverses: uuid.UUID | None
    adjusts: dt.date | None
    legs: tuple[tuple[str, int], ...]
    amount_fen: int


def page(
    *,
    book: str,
    of: Account,
    period: str | None,
    title: Title,
    opening_fen: int,
    steps: Sequence[Stepped],
    next_cursor: str | None,
) -> AccountLedger:
    """Return a page of an account's ledger: each line with what stands on the account after it."""
    stands = opening_fen
    lines = []
    for step in steps:
        stands += step.amount_fen
        lines.append(_line(step, of.code, stands))
    moved = [step.amount_fen for step in steps]
    return AccountLedger(
        book=book,
        account=of.code,
        purpose=of.purpose,
        number=title.number,
        title_zh=title.zh,
        title_en=title.en,
        side=title.side,
        period=period,
        opening_fen=opening_fen,
        debits_fen=-sum(amount for amount in moved if amount < 0),
        credits_fen=sum(amount for amount in moved if amount > 0),
        closing_fen=stands,
        items=tuple(lines),
        next_cursor=next_cursor,
    )


def counterparts(legs: Sequence[tuple[str, int]], of: str) -> tuple[str, ...]:
    """Return the other side of an account's leg: whence the money came, or whither it went."""
    own = next((amount for code, amount in legs if code == of), 0)
    return tuple(code for code, amount in legs if (amount < 0) != (own < 0))


def _line(step: Stepped, of: str, stands: int) -> LedgerLine:
    zh, en = kind_words(step.kind)
    return LedgerLine(
        key=step.key,
        voucher=step.voucher,
        value_on=step.value_on,
        booked_at=step.booked_at,
        kind=step.kind,
        kind_zh=zh,
        kind_en=en,
        order_id=step.order_id,
        reverses=step.reverses,
        adjusts=step.adjusts,
        counterparts=counterparts(step.legs, of),
        amount_fen=step.amount_fen,
        balance_fen=stands,
    )
