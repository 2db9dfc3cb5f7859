"""Make and read the national code of a registered right (数据产权登记凭证编码): ``SJ4602026110001``.

国数综政策〔2026〕35号 附件六: SJ, two digits of the region (GB/T 2260), one of the registrar, year and
month, and a serial of that month from 0001 to 9999. What happens to the ten-thousandth registration of a
month is not said: it waits for the next month, or is refused by name. That is a setting [P].
"""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid, Refused

MAX_SERIAL: Final = 9_999
_SHAPE: Final = re.compile(r"SJ([0-9]{2})([0-9])([0-9]{4})(0[1-9]|1[0-2])([0-9]{4})")


class Overflow(enum.StrEnum):
    """What is done when a month's serials are used up (编码用尽)."""

    NEXT_MONTH = "next_month"  # the next free month's first serials
    REFUSE = "refuse"


class NationalCodeExhausted(Refused):
    """The serials of the month are used up."""

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


def following(last: NationalCode, *, year: int, month: int, overflow: Overflow) -> NationalCode:
    """Return the code after ``last`` for a registration in ``year`` and ``month``.

    A month that was reached ahead of time, because the one before ran over, goes on counting.

    :raises NationalCodeExhausted: if the serials are used up and nothing else is to be done.
    """
    if (last.year, last.month) < (year, month):
        return msgspec.structs.replace(last, year=year, month=month, serial=1)
    if last.serial < MAX_SERIAL:
        return msgspec.structs.replace(last, serial=last.serial + 1)
    if overflow is Overflow.REFUSE:
        raise NationalCodeExhausted(year=last.year, month=last.month)
    year, month0 = divmod(last.year * 12 + last.month, 12)
    return msgspec.structs.replace(last, year=year, month=month0 + 1, serial=1)
