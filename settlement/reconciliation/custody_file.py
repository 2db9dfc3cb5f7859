"""Read and write a custodian's confirmation of a day's balances (存管余额确认).

The money of each channel lies on an account of its own at a licensed institution. Every day it states
what stands there, in whole fen; a file that is not wholly right is not taken at all.

    #shushi-custody-balance/1,hnbank,CG-2026-01,2026-03-02
    bank_transfer,1288000
    #end,1,1288000,9f86d08…
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid
from settlement.money import CEILING

HEAD: Final = "#shushi-custody-balance/1"
END: Final = "#end"
_HEAD_FIELDS: Final = 4
_LINE_FIELDS: Final = 2
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,31}")
_AMOUNT: Final = re.compile(r"0|[1-9][0-9]{0,15}")
#: What stands before the name of an institution where an account outside these books is named.
EXTERNAL: Final = "external:custody:"


class CustodyFileMalformed(Invalid):
    """A line of the confirmation is not as it should be. Nothing of the file was taken."""

    code = "custody_file_malformed"


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """What a custodian states of a day: on which channel's account stands how much."""

    institution: str
    agreement: str
    stated_on: dt.date
    sha256: str
    balances: Mapping[str, int]

    @property
    def total_fen(self) -> int:
        """Return what stands on all accounts together."""
        return sum(self.balances.values())


class Custodian(msgspec.Struct, frozen=True, kw_only=True):
    """The licensed institution that keeps the money, and under which agreement (存管机构)."""

    institution: str  # a short name, as its files say it
    name: str
    licence: str
    agreement: str

    @property
    def account(self) -> str:
        """Return how the account outside these books is named: ``external:custody:hnbank``."""
        return f"{EXTERNAL}{self.institution}"


def write(
    *, institution: str, agreement: str, stated_on: dt.date, balances: Mapping[str, int]
) -> bytes:
    """Return a confirmation; the same balances give the same bytes. The custodian's side of ``read``."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([HEAD, institution, agreement, stated_on.isoformat()])
    writer.writerows(sorted(balances.items()))
    body = out.getvalue().encode()
    return body + _end(body, balances)


def read(content: bytes) -> Confirmed:
    """Return what a confirmation states.

    :raises CustodyFileMalformed: if it was cut or changed, or a line is not as it should be, or names
        a channel again.
    """
    cut = content.rstrip(b"\n").rfind(b"\n") + 1
    body = content[:cut]
    try:
        rows = list(csv.reader(io.StringIO(body.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CustodyFileMalformed(line=1, reason="not_readable") from error
    institution, agreement, stated_on = _head(rows)
    balances: dict[str, int] = {}
    for number, row in enumerate(rows[1:], start=2):
        channel, amount = _line(number, row)
        if channel in balances:
            raise CustodyFileMalformed(line=number, reason="doubled")
        balances[channel] = amount
    if body + _end(body, balances) != content:
        raise CustodyFileMalformed(line=len(rows) + 1, reason="checksum")
    return Confirmed(
        institution=institution,
        agreement=agreement,
        stated_on=stated_on,
        sha256=hashlib.sha256(content).hexdigest(),
        balances=balances,
    )


def differing(
    ours: Mapping[str, int], theirs: Mapping[str, int]
) -> tuple[tuple[str, int, int], ...]:
    """Return the channels of which ledger and custodian say something else, with what each says.

    Who does not name an account says that nothing stands there.
    """
    found = ((each, ours.get(each, 0), theirs.get(each, 0)) for each in sorted({*ours, *theirs}))
    return tuple((name, our, their) for name, our, their in found if our != their)


def _head(rows: list[list[str]]) -> tuple[str, str, dt.date]:
    if not rows or len(rows[0]) != _HEAD_FIELDS or rows[0][0] != HEAD:
        raise CustodyFileMalformed(line=1, reason="head")
    _, institution, agreement, day = rows[0]
    if _NAME.fullmatch(institution) is None or not agreement or not agreement.isprintable():
        raise CustodyFileMalformed(line=1, reason="text")
    try:
        return institution, agreement, dt.date.fromisoformat(day)
    except ValueError as error:
        raise CustodyFileMalformed(line=1, reason="date") from error


def _line(number: int, row: list[str]) -> tuple[str, int]:
    if len(row) != _LINE_FIELDS:
        raise CustodyFileMalformed(line=number, reason="fields")
    channel, amount = row
    if _NAME.fullmatch(channel) is None:
        raise CustodyFileMalformed(line=number, reason="text")
    if _AMOUNT.fullmatch(amount) is None or int(amount) > CEILING:
        raise CustodyFileMalformed(line=number, reason="amount")
    return channel, int(amount)


def _end(body: bytes, balances: Mapping[str, int]) -> bytes:
    digest = hashlib.sha256(body).hexdigest()
    return f"{END},{len(balances)},{sum(balances.values())},{digest}\n".encode()
