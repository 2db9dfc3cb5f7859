"""Hold all that a document in any vocabulary may say of a product: what is public, and no more."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec

from catalog.products.model import (
    Content,
    Description,
    Form,
    Imported,
    MeteringUnit,
    UpdateCycle,
)

NAME_ZH: Final = "数市 数据产品超市"
NAME_EN: Final = "Shushi data-product supermarket"
ABOUT: Final = (
    "已公开的数据产品：描述、凭证、备案价格。"
    " Public data products: descriptions, certificates, filed prices."
)
# DCAT wants a description of everything; not everybody gave one.
NO_DESCRIPTION: Final = "（提供者没有描述。 The publisher gave no description.）"


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """A price in force, as it was filed (备案价格): so many fen for one unit."""

    code: str
    charge: str  # one_off, per_unit, period
    unit: MeteringUnit
    amount_fen: int
    quantity_min: int = 1
    quantity_max: int | None = None
    included_uses: int | None = None
    note: str = ""
    filing_number: str
    effective_from: dt.date
    effective_to: dt.date | None = None
    is_tax_included: bool = True  # 含税; False: the tax comes on top (价外税)
    tax_rate_bps: int | None = None  # None: it does not say at which rate

    @property
    def has_tax(self) -> bool:
        """Tell whether there is anything that a tax could be in, or on top of."""
        return self.amount_fen > 0


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """Who may use it for what, and how far, as it was filed (使用范围)."""

    audience: str = ""
    regions: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    volume: str = ""
    period: str = ""
    onward_use: bool = False
    free_if: str = ""


class Origin(msgspec.Struct, frozen=True):
    """What a product was made from; ``product_id`` if that is a public product of ours."""

    name: str
    product_id: uuid.UUID | None = None


class OpenLicence(msgspec.Struct, frozen=True):
    """Under which licence a product is open to everybody (开放许可)."""

    code: str
    zh: str
    en: str
    url: str  # of a page of ours if it begins with a stroke


class Quality(msgspec.Struct, frozen=True):
    """How good the data are, of a hundred points, on the dimensions that could be measured (BJ-24)."""

    overall: int
    dimensions: tuple[tuple[str, int], ...]


class Earlier(msgspec.Struct, frozen=True):
    """A version that the public saw before the present one."""

    version: int
    name: str
    shown_at: dt.datetime


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A public product with what is public around it."""

    id: uuid.UUID
    name: str
    supplier_name: str
    supplier_party_id: uuid.UUID | None = None
    form: Form | None = None
    told: Description | None = None  # as everybody may read it
    foreign: Imported | None = None  # the record of a foreign catalogue
    source: str | None = None
    source_id: str | None = None
    content: Content | None = None
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
    certificate_number: str | None = None
    is_listed: bool = False
    prices: tuple[Price, ...] = ()
    use: Use | None = None
    origins: tuple[Origin, ...] = ()
    open_licence: OpenLicence | None = None  # it is open data
    quality: Quality | None = None
    earlier: tuple[Earlier, ...] = ()  # the newest of them first

    @property
    def description(self) -> str:
        """Return what is said of it, which may be nothing."""
        if self.told is not None:
            return self.told.description or self.told.value_statement
        return self.foreign.description if self.foreign is not None else ""

    @property
    def keywords(self) -> tuple[str, ...]:
        """Return its keywords, each once."""
        said = self.told or self.foreign
        return tuple(dict.fromkeys(word for word in said.keywords if word)) if said else ()

    @property
    def region(self) -> str:
        """Return the region as people call it."""
        said = self.told or self.foreign
        return said.region if said is not None else ""

    @property
    def cycle(self) -> UpdateCycle | None:
        """Return how often it changes, in our own words."""
        return None if self.told is None else self.told.update_cycle

    @property
    def lowest(self) -> Price | None:
        """Return the lowest price in force."""
        return min(self.prices, key=lambda price: price.amount_fen, default=None)


class Tombstone(msgspec.Struct, frozen=True, kw_only=True):
    """That a public product was taken back."""

    id: uuid.UUID
    name: str
    withdrawn_at: dt.datetime
    reason: str


class Site(msgspec.Struct, frozen=True):
    """Where we are on the web; every address of a document begins there."""

    url: str

    def product(self, product_id: uuid.UUID) -> str:
        """Return the page of a product, which names it too."""
        return f"{self.url}/products/{product_id}"

    @property
    def catalogue(self) -> str:
        """Return what names the catalogue."""
        return f"{self.url}/catalogue"

    def licence(self, licence: OpenLicence) -> str:
        """Return where a licence is read."""
        return f"{self.url}{licence.url}" if licence.url.startswith("/") else licence.url

    def open_content(self, product_id: uuid.UUID) -> str:
        """Return where everybody fetches what is open."""
        return f"{self.url}/api/v1/open-data/{product_id}/content"

    def version(self, product_id: uuid.UUID, version: int) -> str:
        """Return where a version of a product is told, and what names it."""
        return f"{self.url}/api/v1/products/{product_id}/revisions/{version}"


def yuan(fen: int) -> str:
    """Return an amount of money in yuan with two places, exactly."""
    return f"{fen // 100}.{fen % 100:02d}"
