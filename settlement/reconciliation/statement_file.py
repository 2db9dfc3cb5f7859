"""Read and write a channel's statement of a day (渠道对账单).

One form, whatever the channel: UTF-8 lines, amounts in yuan as banks write them, and at the end how
many lines, their sum, and the SHA-256 of all bytes before. A file that is not wholly right is not
taken at all: half a statement would make breaks of what is merely missing.

    #shushi-channel-statement/1,sandbox,2026-03-02
    T1,pay_in,P018f…,succeeded,128.80,0.77,2026-03-02T12:00:00+08:00,
    #end,1,128.80,9f86d08…
"""

from __future__ import annotations

import csv
import datetime as dt
import enum
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid
from settlement.money import CEILING, Fen

HEAD: Final = "#shushi-channel-statement/1"
END: Final = "#end"
TEXT_MAX: Final = 128
ID_MAX: Final = 120  # our event of a line is named for it, and has 128
_FIELDS: Final = 8
_HEAD_FIELDS: Final = 3
_END_FIELDS: Final = 4
_YUAN: Final = re.compile(r"(0|[1-9][0-9]{0,13})\.([0-9]{2})")


class Move(enum.StrEnum):
    """What a line is about."""

    PAY_IN = "pay_in"  # 收款
    REFUND = "refund"  # 退款
    PAYOUT = "payout"  # 付款
    CHARGEBACK = "chargeback"  # 拒付: a payment that was taken back for good
    BALANCE = "balance"  # 余额: what stands with a custodian; in no statement of a channel


class Outcome(enum.StrEnum):
    """What the channel says became of it."""

    SUCCEEDED = "succeeded"  # 成功
    FAILED = "failed"  # 失败


class StatementMalformed(Invalid):
    """A line of the file is not as it should be. Nothing of the file was taken."""

    code = "statement_malformed"


class StatementLineDoubled(Invalid):
    """The file has one transaction in two lines. Nothing of the file was taken."""

    code = "statement_line_doubled"


class StatementChecksumWrong(Invalid):
    """The end of the file does not fit what stands before it: it was cut, or changed."""

    code = "statement_checksum_wrong"


class Line(msgspec.Struct, frozen=True):
    """One line: what the channel did, under whose reference, and what it kept for itself."""

    number: int
    transaction_id: str
    move: Move
    reference: str
    outcome: Outcome
    amount_fen: Fen
    fee_fen: int
    happened_at: dt.datetime
    remark: str


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """All that a channel states of a day."""

    channel: str
    stated_on: dt.date
    sha256: str
    lines: tuple[Line, ...]

    @property
    def total_fen(self) -> int:
        """Return the sum of all lines, as the end of the file has it."""
        return sum(line.amount_fen for line in self.lines)


def read(content: bytes) -> Statement:
    """Return what a file states.

    :raises StatementMalformed: if a line is not as it should be; it is named.
    :raises StatementLineDoubled: if a transaction stands there twice; the line is named.
    :raises StatementChecksumWrong: if the end of the file does not fit what is before it.
    """
    body, end = _parted(content)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _malformed(body.count(b"\n", 0, error.start) + 1, "not_utf8") from error
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    channel, stated_on = _head(rows)
    lines = tuple(_lines(rows))
    statement = Statement(
        channel=channel,
        stated_on=stated_on,
        sha256=hashlib.sha256(content).hexdigest(),
        lines=lines,
    )
    told = [END, str(len(lines)), yuan_text(statement.total_fen), _digest(body)]
    if end != told:
        raise StatementChecksumWrong(count=len(lines))
    return statement


def write(channel: str, stated_on: dt.date, lines: Iterable[Line]) -> bytes:
    """Return the file in which a channel states ``lines``; their numbers are given by their order."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([HEAD, channel, stated_on.isoformat()])
    count = total = 0
    for line in lines:
        writer.writerow(
            [
                line.transaction_id,
                line.move.value,
                line.reference,
                line.outcome.value,
                yuan_text(line.amount_fen),
                yuan_text(line.fee_fen),
                line.happened_at.isoformat(),
                line.remark,
            ]
        )
        count, total = count + 1, total + line.amount_fen
    body = out.getvalue().encode()
    return body + f"{END},{count},{yuan_text(total)},{_digest(body)}\n".encode()


def yuan_text(amount_fen: int) -> str:
    """Return an amount as a bank's file has it: ``128.80``."""
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


def _parted(content: bytes) -> tuple[bytes, list[str]]:
    """Return the bytes before the last line, and the fields of that one."""
    before = content.rstrip(b"\n").rfind(b"\n") + 1
    end = content[before:].strip(b"\n").decode("ascii", "replace").split(",")
    if len(end) != _END_FIELDS or end[0] != END:
        raise _malformed(content.count(b"\n") or 1, "end_missing")
    return content[:before], end


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _head(rows: Iterator[list[str]]) -> tuple[str, dt.date]:
    head = next(rows, [])
    if len(head) != _HEAD_FIELDS or head[0] != HEAD or not _is_text(head[1]):
        raise _malformed(1, "head")
    try:
        return head[1], dt.date.fromisoformat(head[2])
    except ValueError as error:
        raise _malformed(1, "date") from error


def _lines(rows: Iterator[list[str]]) -> Iterator[Line]:
    seen: set[tuple[str, str, str]] = set()
    number = 1
    while True:
        number += 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise _malformed(number, "quoting") from error
        if row is None:
            return
        line = _line(number, row)
        key = (line.transaction_id, line.move, line.outcome)
        if key in seen:
            raise StatementLineDoubled(line=number, name=line.transaction_id)
        seen.add(key)
        yield line


def _line(number: int, row: list[str]) -> Line:
    if len(row) != _FIELDS:
        raise _malformed(number, "fields")
    transaction_id, move, reference, outcome, amount, fee, happened_at, remark = row
    if not _is_text(transaction_id, ID_MAX) or len(reference) > TEXT_MAX or len(remark) > TEXT_MAX:
        raise _malformed(number, "text")
    if move not in _MOVES or outcome not in _OUTCOMES:
        raise _malformed(number, "word")
    amount_fen, fee_fen = _fen(number, amount), _fen(number, fee)
    if not 0 < amount_fen <= CEILING or fee_fen > amount_fen:
        raise _malformed(number, "amount")
    try:
        instant = dt.datetime.fromisoformat(happened_at)
    except ValueError as error:
        raise _malformed(number, "instant") from error
    if instant.tzinfo is None:
        raise _malformed(number, "instant")
    return Line(
        number,
        transaction_id,
        _MOVES[move],
        reference,
        _OUTCOMES[outcome],
        Fen(amount_fen),
        fee_fen,
        instant,
        remark,
    )


_MOVES: Final = {move.value: move for move in Move if move is not Move.BALANCE}
_OUTCOMES: Final = {outcome.value: outcome for outcome in Outcome}


def _fen(number: int, text: str) -> int:
    found = _YUAN.fullmatch(text)
    if found is None:
        raise _malformed(number, "amount")
    return int(found[1]) * 100 + int(found[2])


def _is_text(text: str, longest: int = TEXT_MAX) -> bool:
    return 0 < len(text) <= longest and text.isprintable()


def _malformed(line: int, reason: str) -> StatementMalformed:
    return StatementMalformed(line=line, reason=reason)
