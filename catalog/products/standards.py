"""Read how standards are cited, and ask whether a description cites them soundly (遵循标准, GD-02(b))."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from catalog.kernel.errors import FieldError, Invalid
from catalog.products.model import Description, Standard

_CITED: Final = re.compile(r"(.+?)\s*[-—–－:：]\s*([0-9]{4})")
_WEB: Final = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)


class StandardDoubled(Invalid):
    """A standard is cited twice, and it is open which of its versions the product follows."""

    code = "standard_doubled"


class StandardAddressUnclear(Invalid):
    """What should be the address of a standard is none of the web."""

    code = "standard_address_unclear"


def read_standard(text: str, *, title: str = "", address: str = "") -> Standard:
    """Return a standard as people cite it: ``GB/T 36344-2018``, ``ISO 19115-1:2014``."""
    found = _CITED.fullmatch(text.strip())
    code, version = (text.strip(), "") if found is None else (found[1], found[2])
    return Standard(code=code, version=version, title=title, address=address)


def check_standards(description: Description) -> None:
    """Return if each standard is cited once, and where it is had can be gone to.

    :raises StandardDoubled: if one is cited twice, in whichever version.
    :raises StandardAddressUnclear: if an address is none.
    """
    seen: set[str] = set()
    doubled, unclear = [], []
    for index, standard in enumerate(description.conforms_to):
        key = "".join(unicodedata.normalize("NFKC", standard.code).casefold().split())
        if key in seen:
            place = f"/conforms_to/{index}/code"
            doubled.append(FieldError(place, StandardDoubled.code, standard.code))
        seen.add(key)
        if standard.address and not _WEB.fullmatch(standard.address):
            place = f"/conforms_to/{index}/address"
            unclear.append(FieldError(place, StandardAddressUnclear.code, standard.address))
    if doubled:
        named = ", ".join(each.message for each in doubled)
        raise StandardDoubled(standards=named, errors=tuple(doubled))
    if unclear:
        named = ", ".join(each.message for each in unclear)
        raise StandardAddressUnclear(addresses=named, errors=tuple(unclear))
