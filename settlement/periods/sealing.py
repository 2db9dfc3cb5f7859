"""Write the record of a closed month (月结记录): what its digest in the audit log stands for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from catalog.kernel.errors import Refused
from catalog.signing.canonical import canonical
from settlement.ledger.journal import instant
from settlement.periods.model import Closing, OpenAccount, OpenSum, PeriodLine

FORMAT: Final = "shushi/period/1"


class PeriodUnbalanced(Refused):
    """The accounts of the month do not sum to zero; the books have to be mended first."""

    code = "period_unbalanced"


class ToldLine(msgspec.Struct, frozen=True, kw_only=True):
    """One purpose in the record of a month."""

    purpose: str
    accounts: int
    opening_fen: int
    debits_fen: int
    credits_fen: int
    closing_fen: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a month as outsiders read it."""

    format: str
    book: str
    month: str
    entries: int
    chain_before: str
    chain_head: str
    lines: tuple[ToldLine, ...]


def check_balanced(lines: Sequence[PeriodLine]) -> None:
    """Return if the month balances: what moved, and what stands there at its end.

    :raises PeriodUnbalanced: if not.
    """
    moved = sum(line.credits_fen - line.debits_fen for line in lines)
    stands = sum(line.closing_fen for line in lines)
    wrong = [
        line.purpose
        for line in lines
        if line.opening_fen + line.credits_fen - line.debits_fen != line.closing_fen
    ]
    if moved or stands or wrong:
        raise PeriodUnbalanced(moved_fen=moved, difference_fen=stands, purposes=wrong)


def record(
    closing: Closing,
    lines: Sequence[PeriodLine],
    sums: Sequence[OpenSum],
    explained: Sequence[OpenAccount],
    *,
    sealed_at: dt.datetime,
) -> bytes:
    """Return the canonical record of a month that is sealed now.

    :raises PeriodUnbalanced: if its accounts do not balance.
    """
    check_balanced(lines)
    told: dict[str, Any] = {
        "format": FORMAT,
        "book": closing.book,
        "month": closing.month,
        "entries": closing.entries,
        "chain_before": closing.before.hex(),
        "chain_head": closing.head.hex(),
        "begun_at": instant(closing.begun_at),
        "begun_by": closing.begun_by_name,
        "sealed_at": instant(sealed_at),
        "lines": [
            {
                "purpose": line.purpose,
                "accounts": line.accounts,
                "opening_fen": line.opening_fen,
                "debits_fen": line.debits_fen,
                "credits_fen": line.credits_fen,
                "closing_fen": line.closing_fen,
            }
            for line in lines
        ],
        "open": [
            {
                "purpose": each.purpose,
                "because": each.because,
                "accounts": each.accounts,
                "balance_fen": each.balance_fen,
            }
            for each in sums
        ],
        "explained": [
            {
                "account": each.account,
                "balance_fen": each.balance_fen,
                "explanation": each.explanation,
                "by": each.explained_by_name,
            }
            for each in explained
        ],
    }
    return canonical(told)


def read_record(raw: bytes) -> Told:
    """Return what the record of a month says.

    :raises msgspec.MsgspecError: if the bytes are none.
    """
    return msgspec.json.decode(raw, type=Told)
