"""Write the contract of an order as the bytes that both parties sign (合同正文).

RFC 8785, once; nothing is ever written again in order to verify. The split is part of the contract,
so money depends on this document and not on tomorrow's register.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Final

import msgspec

from catalog.audit_log.leaf import instant
from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import PartyId
from catalog.products.model import AiShare, Content, DeliveryMode
from catalog.signing.canonical import canonical
from market.orders.model import GivenPrice, Order, Side
from market.orders.terms import RequestedTerms
from market.pricing import compute
from market.pricing.compute import price_fen
from market.pricing.model import PriceItem, UseCategory
from market.special_prices import equal_terms
from settlement.money import CURRENCY
from settlement.revenue.agreement import Deduction, FrozenSplit, OwedTax
from settlement.revenue.retaining import Retained
from settlement.revenue.split import Share
from settlement.taxes.model import Taxed

FORMAT: Final = "shushi/contract/1"


class ContractAlreadySigned(Refused):
    """This party has signed before."""

    code = "contract_already_signed"


class ContractUnreadable(Invalid):
    """The bytes are no contract of this format."""

    code = "contract_unreadable"


class TheParty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the two, under the name in which it is registered."""

    party_id: PartyId
    name: str


class TheObject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sold (标的)."""

    product_id: uuid.UUID
    product_name: str
    content_version: int
    content_sha256: str
    certificate_number: str | None
    ai_generated: AiShare = AiShare.NONE  # it goes wherever the content goes (AIL-1, AIL-2)


class ThePrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it costs (价款)."""

    item: PriceItem
    quantity: int
    amount_fen: int
    currency: str
    filing_number: str
    bought_before: int = 0  # of a free quota
    special_price: GivenPrice | None = None  # what one buyer pays, and why
    taxed: Taxed | None = None  # what of the amount is tax, if the price says it (价税分离)

    def due_fen(self) -> int:
        """Return what is due: the filed price of the quantity, or the special one that was agreed.

        :raises DomainError: if neither was filed.
        """
        if self.special_price is None:
            return price_fen(self.item, self.quantity, bought_before=self.bought_before)
        equal_terms.check(
            self.item,
            quantity=self.quantity,
            amount_fen=self.amount_fen,
            reason=self.special_price.reason,
        )
        return self.amount_fen


class TheSplit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who shares in the money (收益分配)."""

    digest: str
    shares: tuple[Share, ...]
    version: str
    deductions: tuple[Deduction, ...] = ()  # the fees that come before the shares
    tax: OwedTax | None = None  # the tax in the price, which is nobody's share
    retained: Retained | None = None  # what is kept back of the supplier's share


class TheAgreement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Under which agreement it was ordered (所依据的协议): its terms hold as they were signed."""

    agreement_id: uuid.UUID
    sha256: str


class ContractRead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the bytes of a contract say."""

    format: str
    order_id: uuid.UUID
    order_number: str
    buyer: TheParty
    supplier: TheParty
    object: TheObject
    purpose: str
    scenario: str
    use_category: UseCategory | None
    delivery_mode: DeliveryMode
    price: ThePrice
    terms: RequestedTerms
    split: TheSplit
    drafted_at: dt.datetime
    agreement: TheAgreement | None = None

    def frozen_split(self) -> FrozenSplit:
        """Return the split as it was frozen with the order; its digest is the one that is named."""
        return FrozenSplit(
            version=self.split.version,
            frozen_at=self.drafted_at,
            shares=self.split.shares,
            deductions=self.split.deductions,
            tax=self.split.tax,
            retained=self.split.retained,
        )


def read_document(raw: bytes) -> ContractRead:
    """Return what the bytes of a contract say.

    :raises ContractUnreadable: if they are none of this format.
    """
    try:
        told = msgspec.json.decode(raw, type=ContractRead)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ContractUnreadable(reason=str(error)) from error
    if told.format != FORMAT:
        raise ContractUnreadable(reason=f"the format {told.format} is not known here")
    return told


def document(
    order: Order,
    content: Content,
    split: FrozenSplit,
    *,
    parties: dict[Side, str],
    certificate_number: str | None,
    ai_generated: AiShare,
    drafted_at: dt.datetime,
    agreement: TheAgreement | None = None,
) -> bytes:
    """Return the canonical bytes of the contract.

    ``parties`` are the names under which the two are registered.
    """
    taxed = compute.taxed(order.price_item, order.amount_fen)
    return canonical(
        {
            "format": FORMAT,
            "order_id": order.id,
            "order_number": order.number,
            "buyer": {"party_id": order.buyer_party_id, "name": parties[Side.BUYER]},
            "supplier": {"party_id": order.supplier_party_id, "name": parties[Side.SUPPLIER]},
            "object": {
                "product_id": order.product_id,
                "product_name": order.product_name,
                "content_version": content.version,
                "content_sha256": content.sha256,
                "certificate_number": certificate_number,
                # What no machine made is written as it always was.
                **({} if ai_generated is AiShare.NONE else {"ai_generated": ai_generated}),
            },
            "purpose": order.purpose,
            "scenario": order.scenario,
            "use_category": order.use_category,
            "delivery_mode": order.delivery_mode,
            "price": {
                "item": order.price_item,
                "quantity": order.quantity,
                "amount_fen": order.amount_fen,
                "currency": CURRENCY,
                "filing_number": order.filing_number,
                # What everybody pays is written as it always was.
                **({"bought_before": order.bought_before} if order.bought_before else {}),
                **({"special_price": order.special_price} if order.special_price else {}),
                **({} if taxed is None else {"taxed": taxed}),
            },
            "terms": order.terms,
            "split": {
                "digest": split.digest(),
                "shares": split.shares,
                "version": split.version,
                # What has no fees before the shares is written as it always was.
                **({"deductions": split.deductions} if split.deductions else {}),
                **({} if split.tax is None else {"tax": split.tax}),
                **({} if split.retained is None else {"retained": split.retained}),
            },
            "drafted_at": instant(drafted_at),
            # What was ordered without negotiating is written as it always was.
            **({} if agreement is None else {"agreement": agreement}),
        }
    )


def fingerprint(order: Order, recipient: PartyId, content_sha256: str) -> str:
    """Return what tells this recipient's copy from others' (指纹): derived, so it can be traced."""
    told = f"shushi/fingerprint/1\n{order.id}\n{recipient}\n{content_sha256}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]
