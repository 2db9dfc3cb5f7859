"""Say what a pricing filing is made of (FIELDS §5, E4, E18–E22)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import UNSET, Meta, UnsetType

from catalog.kernel.ids import PartyId
from catalog.products.model import DeliveryMode, MeteringUnit
from catalog.signing.model import Signature
from market.pricing.states import State
from settlement.taxes.model import RateBps, Tax, ZeroReason

FilingId = NewType("FilingId", uuid.UUID)

Line = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=5_000)]
Code = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,63}$")]
# Ten trillion yuan, as everywhere where money is counted.
PriceFen = Annotated[int, Meta(ge=0, le=10**15)]
Quantity = Annotated[int, Meta(ge=1, le=10**9)]


class UseCategory(enum.StrEnum):
    """What public data are used for (用途类别, E20, GD-07)."""

    PUBLIC_GOVERNANCE = "public_governance"  # 公共治理
    PUBLIC_WELFARE = "public_welfare"  # 公益事业
    INDUSTRIAL_DEVELOPMENT = "industrial_development"  # 产业发展
    SECTOR_DEVELOPMENT = "sector_development"  # 行业发展


class Regime(enum.StrEnum):
    """How the price comes about (价格形式, E21)."""

    FREE_CONDITIONAL = "free_conditional"  # 有条件无偿
    GOVERNMENT_GUIDED = "government_guided"  # 政府指导价
    MARKET_AUTONOMOUS = "market_autonomous"  # 市场自主定价
    NEGOTIATED = "negotiated"  # 磋商定价
    OPEN_FREE = "open_free"  # 开放免费


class BasisMethod(enum.StrEnum):
    """On what the price rests (定价依据, E18)."""

    COST = "cost"  # 成本
    INCOME = "income"  # 收益
    MARKET = "market"  # 市场比较
    GUIDED = "guided"  # 政府指导价
    AGREEMENT = "agreement"  # 协议


class Charge(enum.StrEnum):
    """For what one pays (计费方式)."""

    ONE_OFF = "one_off"  # 一次性
    PER_UNIT = "per_unit"  # 按次、按量
    PERIOD = "period"  # 包期
    TRIAL = "trial"  # 试用: once per buyer and product
    QUOTE = "quote"  # 一户一价: within the filed limits, by a special price to one buyer


class Banding(enum.StrEnum):
    """How prices that change with the quantity are applied (阶梯计价方式)."""

    PER_BAND = "per_band"  # 分档累进: each unit at the price of its own band
    CUMULATIVE = "cumulative"  # 全量分档: every unit at the price of the band that all reach


class Billing(enum.StrEnum):
    """When a price by use is charged (结算方式)."""

    AS_USED = "as_used"  # 按实际用量计费: what is paid first is drawn on as it is used


class Band(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From where on another price holds (阶梯): for the units that come after ``above``."""

    above: Quantity
    unit_price_fen: PriceFen


class PlanTax(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the prices of a plan have the tax in them, and at which rate (含税、不含税)."""

    is_included: bool  # True: 价内税, what is told is paid; False: 价外税, the tax comes on top
    rate_bps: RateBps
    zero_reason: ZeroReason | UnsetType = UNSET  # of a rate of zero

    @property
    def tax(self) -> Tax:
        """Return the tax alone: what of a gross amount it is, is the same either way."""
        return Tax(rate_bps=self.rate_bps, zero_reason=self.zero_reason)


class PriceItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the price list: so many fen for one unit (价目).

    What only some plans have is left out where it is not said, so that an item without it is
    written, hashed and signed as it always was.
    """

    code: Code
    charge: Charge
    unit: MeteringUnit
    unit_price_fen: PriceFen  # of the first band; of a quote, the least
    quantity_min: Quantity = 1
    quantity_max: Quantity | None = None
    included_uses: Quantity | None = None  # uses per unit; None: any
    note: Line = ""
    bands: Annotated[tuple[Band, ...], Meta(min_length=1, max_length=50)] | UnsetType = UNSET
    banding: Banding | UnsetType = UNSET
    free_quantity: Quantity | UnsetType = UNSET  # 免费额度, once per buyer and filing
    cap_fen: Annotated[int, Meta(ge=1, le=10**15)] | UnsetType = UNSET  # 封顶, per order
    trial_days: Annotated[int, Meta(ge=1, le=365)] | UnsetType = UNSET  # how long a trial lasts
    highest_unit_price_fen: PriceFen | UnsetType = UNSET  # of a quote
    billing: Billing | UnsetType = UNSET  # of a price by use; left out, its quantity is bought
    # Left out: its prices have the tax in them, as all had before rates were told.
    tax: PlanTax | UnsetType = UNSET


class Basis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On what the prices rest (定价依据, BJ-17)."""

    method: BasisMethod
    explanation: Text = ""
    document_sha256s: Annotated[tuple[str, ...], Meta(max_length=20)] = ()
    # Files that were uploaded, for the supervisor to read (附件); each has its digest among those above.
    attachments: Annotated[tuple[uuid.UUID, ...], Meta(max_length=20)] | UnsetType = UNSET


class UseScope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may use it, where, and how far (使用范围, BJ-17)."""

    audience: Line = ""
    regions: Annotated[tuple[Line, ...], Meta(max_length=50)] = ()
    fields: Annotated[tuple[Line, ...], Meta(max_length=200)] = ()
    volume: Line = ""
    period: Line = ""
    onward_use: bool = False


class CeilingReference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The guided price that must not be exceeded (指导价依据, GD-07)."""

    document_number: Line
    authority: Line
    unit: MeteringUnit
    amount_fen: PriceFen
    valid_from: dt.date
    valid_to: dt.date | None = None  # the last day
    is_trial: bool = False  # 试行收费标准


class Ceiling(msgspec.Struct, frozen=True, kw_only=True):
    """A ceiling that the price authority laid down for a product (上限收费标准, 65号)."""

    id: uuid.UUID
    product_id: uuid.UUID
    unit: MeteringUnit
    amount_fen: int
    document_number: str
    authority: str
    valid_from: dt.date
    valid_to: dt.date | None  # the last day
    is_trial: bool  # 试行收费标准: there is no full year of operation yet
    laid_down_at: dt.datetime
    applied_at: dt.datetime | None = None  # filings were held under it


class Inquiry(msgspec.Struct, frozen=True, kw_only=True):
    """What the supervisor asked about a filing, and what came of it (问询)."""

    question: str
    asked_at: dt.datetime
    due_on: dt.date
    reply: str | None = None
    replied_at: dt.datetime | None = None
    decision: str | None = None
    decided_at: dt.datetime | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The receipt of a filing (备案回执): its exact bytes, and the service's signature."""

    type: str
    document: bytes  # base64 in JSON
    signature: Signature
    sha256: str


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is filed (备案内容). Whether it is enough is asked in ``filing.py``."""

    product_id: uuid.UUID
    agreement_reference: Line = ""
    price_items: Annotated[tuple[PriceItem, ...], Meta(max_length=50)] = ()
    basis: Basis | None = None
    scenarios: Annotated[tuple[Code, ...], Meta(max_length=50)] = ()
    use_scope: UseScope = UseScope()
    delivery_modes: Annotated[tuple[DeliveryMode, ...], Meta(max_length=8)] = ()
    use_category: UseCategory | None = None
    pricing_regime: Regime | None = None
    free_use_conditions: Text = ""
    ceiling: CeilingReference | None = None
    effective_from: dt.date
    effective_to: dt.date | None = None  # the last day


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """A pricing filing and how far it is."""

    id: FilingId
    state: State
    supplier_party_id: PartyId
    product_id: uuid.UUID
    terms: Terms
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
    filing_number: str | None = None
    filed_at: dt.datetime | None = None
    recorded_at: dt.datetime | None = None
    record_sha256: str | None = None  # of what was filed: fixed by filing
    returned_for: tuple[str, ...] = ()
    edition: int = 1  # 版次: how often the prices were amended, and once
    amends: FilingId | None = None  # of which filing it is the new version
    inquiry: Inquiry | None = None  # the last one
    needs_recording: bool = True  # False: it begins once it is filed (备案不是审批)
    receipt: Receipt | None = None  # from the day on which it is recorded

    def item(self, code: str) -> PriceItem | None:
        """Return the price item of that code, or None."""
        return next((item for item in self.terms.price_items if item.code == code), None)


class PriceListLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the public price list: scenario → product → unit → price (价格清单, GD-07)."""

    scenario: str
    product_id: uuid.UUID
    product_name: str
    filing_id: FilingId
    filing_number: str
    use_category: UseCategory | None
    pricing_regime: Regime
    item: PriceItem
    is_free: bool
    free_use_conditions: str
    ceiling: CeilingReference | None
    effective_from: dt.date
    effective_to: dt.date | None


class SignedPriceList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the price list as exact bytes, with the service's signature (价格清单)."""

    type: str
    document: bytes  # base64 in JSON
    signature: Signature
    sha256: str
    next_cursor: str | None  # it stands in the document too
