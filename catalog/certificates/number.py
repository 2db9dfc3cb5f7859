"""Make and check the registration number (登记编号): ``HN-QQ-2026-0000001X``.

Province, register (QQ, 确权; another for the query codes of public data), year, seven digits counted from 1 each year, and a check character
by ISO 7064 MOD 37,36 over everything before it, hyphens left out. One mistyped character, or two
neighbours exchanged, is always noticed. HN-17 asks for a number and gives no pattern; this one is
ours [P].
"""

from __future__ import annotations

import re
from typing import Final, NewType

from catalog.rulebooks import national_code

CertificateNumber = NewType("CertificateNumber", str)

REGISTER: Final = "QQ"  # 确权
PROVINCE: Final = "HN"
MAX_SERIAL: Final = 9_999_999

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MODULUS: Final = 36
_SHAPE: Final = re.compile(r"([A-Z]{2})-([A-Z]{2})-([0-9]{4})-([0-9]{7})([0-9A-Z])")


def check_character(text: str) -> str:
    """Return the ISO 7064 MOD 37,36 check character for ``text`` (digits and capital letters).

    :raises ValueError: if a character is neither.
    """
    product = _MODULUS
    for character in text:
        product = (product + _ALPHABET.index(character)) % _MODULUS or _MODULUS
        product = product * 2 % (_MODULUS + 1)
    return _ALPHABET[(_MODULUS + 1 - product) % _MODULUS]


def make(
    year: int, serial: int, province: str = PROVINCE, register: str = REGISTER
) -> CertificateNumber:
    """Return the number of the ``serial``-th certificate of ``year`` in a register."""
    assert 1 <= serial <= MAX_SERIAL, "a year has at most 9,999,999 certificates"
    body = f"{province}{register}{year:04d}{serial:07d}"
    return CertificateNumber(
        f"{province}-{register}-{year:04d}-{serial:07d}{check_character(body)}"
    )


def is_well_formed(text: str) -> bool:
    """Tell whether ``text`` is a registration number with a right check character, or a national code."""
    if national_code.is_well_formed(text):
        return True
    found = _SHAPE.fullmatch(text)
    if found is None:
        return False
    *body, check = found.groups()
    return check_character("".join(body)) == check
