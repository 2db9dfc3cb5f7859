"""Write the file that a bank pays by, and read the one in which it says what came of it (银行文件).

Both are UTF-8 lines of fields with commas; the last line has count, sum and the SHA-256 of all bytes
before. What is not wholly right is not taken at all.
"""

from __future__ import annotations

import csv
import enum
import hashlib
import io
import uuid
from collections.abc import Iterable
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid

ORDER_HEAD: Final = "#shushi-payout-order/1"
OUTCOME_HEAD: Final = "#shushi-payout-outcome/1"
END: Final = "#end"
TEXT_MAX: Final = 128
_FIELDS: Final = 5


class Outcome(enum.StrEnum):
    """What a bank says became of a payout."""

    PAID = "paid"  # 已付
    RETURNED = "returned"  # 退回


class OutcomeFileMalformed(Invalid):
    """A line of the file is not as it should be. Nothing of the file was taken."""

    code = "payout_outcomes_malformed"


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """What a bank is told to pay."""

    reference: str
    holder_name: str
    account: str
    bank_name: str
    bank_code: str
    amount_fen: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a bank says of one payout."""

    line: int
    reference: str
    outcome: Outcome
    amount_fen: int
    transaction_id: str
    reason: str


def write_orders(batch_id: uuid.UUID, instructions: Iterable[Instruction]) -> bytes:
    """Return the file for the bank; the same lines give the same bytes."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([ORDER_HEAD, str(batch_id)])
    count = total = 0
    for each in instructions:
        writer.writerow(
            [
                each.reference,
                each.holder_name,
                each.account,
                each.bank_name,
                each.bank_code,
                each.amount_fen,
            ]
        )
        count, total = count + 1, total + each.amount_fen
    return _sealed(out.getvalue().encode(), count, total)


def read_outcomes(content: bytes, batch_id: uuid.UUID) -> tuple[Told, ...]:
    """Return what a bank says of a batch.

    :raises OutcomeFileMalformed: if the file is of another batch, was cut or changed, or a line is
        not as it should be or names a payout again.
    """
    body, end = _parted(content)
    try:
        rows = list(csv.reader(io.StringIO(body.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise OutcomeFileMalformed(line=1, reason="not_readable") from error
    if not rows or rows[0] != [OUTCOME_HEAD, str(batch_id)]:
        raise OutcomeFileMalformed(line=1, reason="head")
    told = tuple(_told(number, row) for number, row in enumerate(rows[1:], start=2))
    seen: set[str] = set()
    for each in told:
        if each.reference in seen:
            raise OutcomeFileMalformed(line=each.line, reason="doubled")
        seen.add(each.reference)
    if _sealed(body, len(told), sum(each.amount_fen for each in told)) != body + end:
        raise OutcomeFileMalformed(line=len(rows) + 1, reason="checksum")
    return told


def _told(number: int, row: list[str]) -> Told:
    if len(row) != _FIELDS:
        raise OutcomeFileMalformed(line=number, reason="fields")
    reference, outcome, amount, transaction_id, reason = row
    is_short = all(len(text) <= TEXT_MAX and text.isprintable() for text in row)
    if not is_short or not reference or not transaction_id or outcome not in set(Outcome):
        raise OutcomeFileMalformed(line=number, reason="text")
    if not (amount.isascii() and amount.isdigit()):
        raise OutcomeFileMalformed(line=number, reason="amount")
    return Told(
        line=number,
        reference=reference,
        outcome=Outcome(outcome),
        amount_fen=int(amount),
        transaction_id=transaction_id,
        reason=reason,
    )


def _parted(content: bytes) -> tuple[bytes, bytes]:
    before = content.rstrip(b"\n").rfind(b"\n") + 1
    return content[:before], content[before:]


def _sealed(body: bytes, count: int, total: int) -> bytes:
    return body + f"{END},{count},{total},{hashlib.sha256(body).hexdigest()}\n".encode()
