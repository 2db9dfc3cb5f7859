"""Say what a statement of accounts holds (对账单)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Final

import msgspec

from catalog.signing.model import Signature

FORMAT: Final = "shushi/account-statement/2"
#: In which a supplier was not told of the account of its taxes; what was handed out is checked by it.
WITHOUT_TAXES: Final = "shushi/account-statement/1"


class Side(enum.StrEnum):
    """For whom a statement is made."""

    SUPPLIER = "supplier"  # 供方: sales, its share, the tax in them, payouts
    BUYER = "buyer"  # 需方: what was paid, used and given back
    DEPARTMENT = "department"  # 数源部门、国库: shares of public data
    REGULATOR = "regulator"  # 监管: all accounts, by purpose


#: Which accounts a party is told of, by what they are for.
PURPOSES: Final[dict[Side, tuple[str, ...]]] = {
    Side.SUPPLIER: ("payable", "tax_payable", "retention", "payout_in_transit"),
    Side.BUYER: ("buyer_account", "refund_payable"),
    Side.DEPARTMENT: ("department_payable", "treasury_non_tax"),
    Side.REGULATOR: (),
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as it moved one account. What arrives is positive."""

    voucher: str
    key: uuid.UUID
    value_on: dt.date
    kind: str
    order_id: uuid.UUID | None
    reverses: uuid.UUID | None
    amount_fen: int
    balance_fen: int  # what stands on the account after it


class AccountLines(msgspec.Struct, frozen=True, kw_only=True):
    """One account over the months: what stood there, what moved, what stands there."""

    account: str
    purpose: str
    opening_fen: int
    debits_fen: int
    credits_fen: int
    closing_fen: int
    lines: tuple[Line, ...]


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """One payment that was divided, as the one sees it who had a share in it (分账明细)."""

    voucher: str
    key: uuid.UUID
    value_on: dt.date
    order_id: uuid.UUID | None
    gross_fen: int  # 价税合计
    own_fen: int
    platform_fee_fen: int
    tax_fen: int  # 其中税额
    treasury_fen: int
    others_fen: int


class PurposeLine(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts of one purpose together, for the regulator."""

    purpose: str
    accounts: int
    opening_fen: int
    debits_fen: int
    credits_fen: int
    closing_fen: int


class KindSum(msgspec.Struct, frozen=True, kw_only=True):
    """All entries of one kind together: how many, and what they moved."""

    kind: str
    entries: int
    amount_fen: int


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement of accounts, as it is signed."""

    format: str
    side: Side
    book: str
    period: str  # as it was asked for: 2026-11, 2026-Q4, 2026
    first_day: dt.date
    last_day: dt.date
    party_id: uuid.UUID | None  # None: the whole book
    party_name: str
    chain_head: str  # of the last month: what the audit log holds of these books
    opening_fen: int
    debits_fen: int
    credits_fen: int
    closing_fen: int
    accounts: tuple[AccountLines, ...]
    sales: tuple[Sale, ...]
    purposes: tuple[PurposeLine, ...]
    kinds: tuple[KindSum, ...]


class SignedAccountStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement as it is handed out: the bytes that were signed, and the same to be read."""

    type: str
    document: bytes
    sha256: str
    signature: Signature
    statement: Statement
