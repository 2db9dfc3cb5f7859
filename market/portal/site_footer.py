"""Say what stands at the foot of every page: whose site it is, under which numbers (网站底部标识).

Which lines a government's site has is the guideline's (政府网站发展指引, 国办发〔2017〕47号); what
they say is the operator's, by its settings. A line that is not set is not there: an empty number
would look like one.
"""

from __future__ import annotations

import re
import urllib.parse
from typing import Final

import msgspec

_ICP: Final = "https://beian.miit.gov.cn/"
_POLICE: Final = "https://beian.mps.gov.cn/#/query/webSearch?code="
_DIGITS: Final = re.compile(r"[0-9]{10,}")


class SiteNames(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator set."""

    sponsor: str = ""
    organiser: str = ""
    contact: str = ""
    identifier: str = ""
    icp_number: str = ""
    police_number: str = ""


class FooterLine(msgspec.Struct, frozen=True):
    """One line: the key of its words, what it says, where that can be looked up."""

    key: str
    value: str
    url: str | None = None


def footer_lines(names: SiteNames) -> list[FooterLine]:
    """Return the lines that are set, in the guideline's order."""
    lines = (
        FooterLine("sponsor", names.sponsor),
        FooterLine("organiser", names.organiser),
        FooterLine("contact", names.contact),
        FooterLine("identifier", names.identifier),
        FooterLine("icp", names.icp_number, _ICP),
        FooterLine("police", names.police_number, _police(names.police_number)),
    )
    return [line for line in lines if line.value]


def _police(number: str) -> str | None:
    """Return where the public security's register shows a number, if there are digits in it."""
    found = _DIGITS.search(number)
    return None if found is None else _POLICE + urllib.parse.quote(found.group())
