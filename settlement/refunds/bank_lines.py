"""Write lines into a file for a bank and read what it says of each (银行文件): shared by payouts and refunds.

UTF-8 lines of fields with commas; the last line has count, sum and the SHA-256 of all bytes before. What
is not wholly right is not taken at all.
"""

from __future__ import annotations

import csv
import enum
import hashlib
import io
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

END: Final = "#end"
TEXT_MAX: Final = 128
_FIELDS: Final = 5


class Outcome(enum.StrEnum):
    """What a bank says became of what it was told to pay."""

    PAID = "paid"  # 已付
    RETURNED = "returned"  # 退回


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a bank says of one line."""

    line: int
    reference: str
    outcome: Outcome
    amount_fen: int
    transaction_id: str
    reason: str


class LinesMalformed(Exception):
    """A line is not as it should be; the room that reads the file refuses it by its own name."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


def write(head: str, batch_id: uuid.UUID, rows: Sequence[Sequence[object]], total: int) -> bytes:
    """Return a file with these rows; the same rows give the same bytes."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([head, str(batch_id)])
    writer.writerows(rows)
    return _sealed(out.getvalue().encode(), len(rows), total)


def read_outcomes(content: bytes, head: str, batch_id: uuid.UUID) -> tuple[Told, ...]:
    """Return what a bank says of each line of a batch.

    :raises LinesMalformed: if the file is of another batch, was cut or changed, or a line is not as it
        should be or names what another line names.
    """
    body, end = _parted(content)
    try:
        rows = list(csv.reader(io.StringIO(body.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise LinesMalformed(1, "not_readable") from error
    if not rows or rows[0] != [head, str(batch_id)]:
        raise LinesMalformed(1, "head")
    told = tuple(_told(number, row) for number, row in enumerate(rows[1:], start=2))
    seen: set[str] = set()
    for each in told:
        if each.reference in seen:
            raise LinesMalformed(each.line, "doubled")
        seen.add(each.reference)
    if _sealed(body, len(told), sum(each.amount_fen for each in told)) != body + end:
        raise LinesMalformed(len(rows) + 1, "checksum")
    return told


def _told(number: int, row: list[str]) -> Told:
    if len(row) != _FIELDS:
        raise LinesMalformed(number, "fields")
    reference, outcome, amount, transaction_id, reason = row
    is_short = all(len(text) <= TEXT_MAX and text.isprintable() for text in row)
    if not is_short or not reference or not transaction_id or outcome not in set(Outcome):
        raise LinesMalformed(number, "text")
    if not (amount.isascii() and amount.isdigit()):
        raise LinesMalformed(number, "amount")
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
