"""Read how standards are cited, and ask whether a description cites them soundly (遵循标准, GD-02(b))."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from catalog.kernel.errors import FieldError, Invalid
from catalog.products.known_standards import STANDARDS, KnownStandard, Standing
from catalog.products.model import Description, Standard

_CITED: Final = re.compile(r"(.+?)\s*[-—–－:：]\s*([0-9]{4})")
_WEB: Final = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)
_NUMBER: Final = r"[0-9]{1,6}(\.[0-9]{1,3})*"
# How the bodies number that everybody here cites; who begins like them is numbered like them.
_NUMBERED: Final = (
    (re.compile(r"GB"), re.compile(rf"GB(/[TZ])? ?{_NUMBER}")),
    (re.compile(r"DB ?[0-9]"), re.compile(rf"DB ?[0-9]{{2,6}}(/T)? ?{_NUMBER}")),
    (re.compile(r"[A-Z]{2}/[TZ]"), re.compile(rf"[A-Z]{{2}}/[TZ] ?{_NUMBER}")),
    (re.compile(r"T/"), re.compile(rf"T/[A-Z0-9]{{2,12}} ?{_NUMBER}")),
    (
        re.compile(r"(ISO|IEC)\b"),
        re.compile(r"(ISO|IEC)(/(IEC|IEEE|TS|TR|PAS))*( (TS|TR|PAS))? ?[0-9]{1,6}(-[0-9]{1,4})*"),
    ),
    (re.compile(r"(IETF )?RFC"), re.compile(r"(IETF )?RFC ?[0-9]{1,5}")),
)
# A year, of old ones its last two digits, and what amended it.
_YEAR: Final = re.compile(r"([0-9]{2}|[0-9]{4})([+/ ].+)?")


class StandardDoubled(Invalid):
    """A standard is cited twice, and it is open which of its versions the product follows."""

    code = "standard_doubled"


class StandardAddressUnclear(Invalid):
    """What should be the address of a standard is none of the web."""

    code = "standard_address_unclear"


class StandardMalformed(Invalid):
    """What should be the number of a standard is none, or its year stands in it."""

    code = "standard_malformed"


class StandardWithdrawn(Invalid):
    """The standard was withdrawn; what replaced it is cited."""

    code = "standard_withdrawn"


def read_standard(text: str, *, title: str = "", address: str = "") -> Standard:
    """Return a standard as people cite it: ``GB/T 36344-2018``, ``ISO 19115-1:2014``."""
    found = _CITED.fullmatch(text.strip())
    code, version = (text.strip(), "") if found is None else (found[1], found[2])
    return Standard(code=code, version=version, title=title, address=address)


def find_known(standard: Standard) -> KnownStandard | None:
    """Return what is known of a standard that is cited; without a year, of the version that counts."""
    versions = [each for each in STANDARDS if key_of(each.code) == key_of(standard.code)]
    if standard.version:
        return next((each for each in versions if each.version == standard.version), None)
    in_force = [each for each in versions if each.standing is Standing.IN_FORCE]
    return next(iter([*in_force, *versions]), None)


def key_of(code: str) -> str:
    """Return a number as it is compared: however its letters are written, without spaces."""
    return "".join(unicodedata.normalize("NFKC", code).casefold().split())


def check_standards(description: Description) -> None:
    """Return if each standard is cited once, by a number that there can be and that still counts.

    :raises StandardDoubled: if one is cited twice, in whichever version.
    :raises StandardAddressUnclear: if an address is none.
    :raises StandardMalformed: if a number is none, or its year stands in it.
    :raises StandardWithdrawn: if one was withdrawn.
    """
    cited = description.conforms_to
    keys = [key_of(each.code) for each in cited]
    doubled = {i: each.code for i, each in enumerate(cited) if keys[i] in keys[:i]}
    if doubled:
        errors = _errors("code", StandardDoubled.code, doubled)
        raise StandardDoubled(standards=_named(doubled), errors=errors)
    unclear = {
        i: each.address
        for i, each in enumerate(cited)
        if each.address and not _WEB.fullmatch(each.address)
    }
    if unclear:
        errors = _errors("address", StandardAddressUnclear.code, unclear)
        raise StandardAddressUnclear(addresses=_named(unclear), errors=errors)
    malformed = {i: each.number for i, each in enumerate(cited) if not is_well_formed(each)}
    if malformed:
        errors = _errors("code", StandardMalformed.code, malformed)
        raise StandardMalformed(standards=_named(malformed), errors=errors)
    _check_in_force(cited)


def _check_in_force(cited: Sequence[Standard]) -> None:
    known = {i: find_known(each) for i, each in enumerate(cited)}
    gone = {
        i: each
        for i, each in known.items()
        if each is not None and each.standing is Standing.WITHDRAWN
    }
    if gone:
        numbers = {i: each.number for i, each in gone.items()}
        raise StandardWithdrawn(
            standards=_named(numbers),
            successors=", ".join(number for each in gone.values() for number in each.replaced_by),
            errors=_errors("version", StandardWithdrawn.code, numbers),
        )


def _errors(field: str, code: str, told: Mapping[int, str]) -> tuple[FieldError, ...]:
    return tuple(
        FieldError(f"/conforms_to/{index}/{field}", code, text) for index, text in told.items()
    )


def _named(told: Mapping[int, str]) -> str:
    return ", ".join(told.values())


def is_well_formed(standard: Standard) -> bool:
    """Tell whether a body numbers its standards like that, as far as we know how it does."""
    code = " ".join(unicodedata.normalize("NFKC", standard.code).upper().split())
    for begins, numbered in _NUMBERED:
        if begins.match(code):
            is_dated = not standard.version or _YEAR.fullmatch(standard.version) is not None
            return numbered.fullmatch(code) is not None and is_dated
    return re.search(r"[^\W\d_]", code) is not None  # of other bodies, whatever has a letter
