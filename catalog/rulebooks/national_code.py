"""Make and read the national code of a registered right (数据产权登记凭证编码): ``SJ4602026110001``.

国数综政策〔2026〕35号 附件六: SJ, two digits of the region (GB/T 2260), one of the registrar, year and
month of the deposit, and a serial of that month from 0001 to 9999. What happens to the ten-thousandth of
a month is not said [P]: the registrar's reserve digit goes on, if one was set; else the issue waits for
the next month. No code ever names another month than that of its deposit.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid, Refused
from catalog.rulebooks.rulebook import Rulebook

MAX_SERIAL: Final = 9_999
_SHAPE: Final = re.compile(r"SJ([0-9]{2})([0-9])([0-9]{4})(0[1-9]|1[0-2])([0-9]{4})")


class NationalCodeExhausted(Refused):
    """The serials of the month are used up; from the first of the next there are new ones."""

    code = "national_code_exhausted"


class NationalCodeMalformed(Invalid):
    """This is no national code."""

    code = "national_code_malformed"


class NationalCode(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a code."""

    region: str  # two digits
    registrar: str  # one digit
    year: int
    month: int
    serial: int

    def __str__(self) -> str:
        return f"SJ{self.region}{self.registrar}{self.year:04d}{self.month:02d}{self.serial:04d}"


def parse(text: str) -> NationalCode:
    """Return the parts of a code.

    :raises NationalCodeMalformed: if it is none.
    """
    found = _SHAPE.fullmatch(text)
    if found is None or found[5] == "0000":
        raise NationalCodeMalformed(given=text[:40])
    region, registrar, year, month, serial = found.groups()
    return NationalCode(
        region=region, registrar=registrar, year=int(year), month=int(month), serial=int(serial)
    )


def is_well_formed(text: str) -> bool:
    """Tell whether ``text`` is a national code."""
    try:
        parse(text)
    except NationalCodeMalformed:
        return False
    return True


def digits(rulebook: Rulebook) -> tuple[str, ...]:
    """Return the registrar's digits in the order in which they are used."""
    return tuple(digit for digit in (rulebook.code_registrar, rulebook.code_reserve) if digit)


def series(rulebook: Rulebook, digit: str, on: dt.date) -> str:
    """Return what a code of this digit and month begins with; its serials count from one."""
    return f"SJ{rulebook.code_region}{digit}{on.year:04d}{on.month:02d}"


def make(series: str, serial: int) -> str:
    """Return the code with a serial of the series."""
    assert 1 <= serial <= MAX_SERIAL, "a month has at most 9,999 codes"
    return f"{series}{serial:04d}"


def exhausted(on: dt.date) -> NationalCodeExhausted:
    """Return the refusal of a month whose serials are used up."""
    year, month0 = divmod(on.year * 12 + on.month, 12)
    return NationalCodeExhausted(possible_from=dt.date(year, month0 + 1, 1).isoformat())
