"""Say what a register of companies is to this room (企业登记机关): a port that gives excerpts.

Whoever has an interface of a register puts it behind this; ``market/channels/company_register.py`` reads files.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from catalog.kernel.errors import Invalid
from market.affiliations.model import Excerpt


class ExcerptUnreadable(Invalid):
    """What came from the register is no excerpt."""

    code = "affiliation_excerpt_unreadable"


class CompanyRegister(Protocol):
    """A register of companies that gives excerpts."""

    def excerpts(self) -> Iterator[Excerpt]:
        """Yield the excerpts that there are, one for each organisation.

        :raises ExcerptUnreadable: if one is none.
        """
