"""Give a certificate its number (编号、赋码): gap-free, in the series that its rulebook names.

The row of the series is held until the issue is committed or undone, so that two at once get
neighbours, and an issue that fails uses none up.
"""

from __future__ import annotations

import datetime as dt

from catalog.certificates import number
from catalog.certificates.number import CertificateNumber
from catalog.certificates.store import serials
from catalog.kernel.db import Tx
from catalog.rulebooks import national_code
from catalog.rulebooks.rulebook import CodeScheme, Rulebook


async def next_number(tx: Tx, rulebook: Rulebook, on: dt.date) -> CertificateNumber:
    """Return the next number of a registration that is made on a day.

    :raises NationalCodeExhausted: if the month's serials are used up, and no digit is in reserve.
    """
    match rulebook.code_scheme:
        case CodeScheme.PROVINCE:
            return number.make(on.year, await serials.next_serial(tx, on.year))
        case CodeScheme.QUERY:
            register = rulebook.code_prefix
            series = f"{number.PROVINCE}-{register}-{on.year}"
            serial = await serials.next_of_series(tx, series, most=number.MAX_SERIAL)
            assert serial is not None, "a year has at most 9,999,999 codes"
            return number.make(on.year, serial, register=register)
        case CodeScheme.NATIONAL:
            return await _national(tx, rulebook, on)


async def _national(tx: Tx, rulebook: Rulebook, on: dt.date) -> CertificateNumber:
    for digit in national_code.digits(rulebook):
        series = national_code.series(rulebook, digit, on)
        serial = await serials.next_of_series(tx, series, most=national_code.MAX_SERIAL)
        if serial is not None:
            return CertificateNumber(national_code.make(series, serial))
    raise national_code.exhausted(on)
