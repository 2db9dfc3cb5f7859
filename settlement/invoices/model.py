"""Say what an invoice is made of (发票)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from settlement.invoices.states import State
from settlement.taxes.model import Tax

InvoiceId = NewType("InvoiceId", uuid.UUID)

AmountFen = Annotated[int, Meta(ge=1, le=10**15)]


class For(enum.StrEnum):
    """For what an invoice is (开票内容)."""

    PRODUCT = "product"  # 数据产品价款: the supplier to the buyer
    PLATFORM_FEE = "platform_fee"  # 平台服务费: the platform to the supplier


class InvoiceType(enum.StrEnum):
    """Which kind of invoice is asked for (发票种类)."""

    ORDINARY = "ordinary"  # 增值税普通发票
    SPECIAL = "special"  # 增值税专用发票


class Title(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To whom it is made out (发票抬头)."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    tax_number: Annotated[str, Meta(max_length=20)] = ""  # 纳税人识别号
    address_and_phone: Annotated[str, Meta(max_length=200)] = ""
    bank_and_account: Annotated[str, Meta(max_length=200)] = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for."""

    of: For = For.PRODUCT
    type: InvoiceType = InvoiceType.ORDINARY
    amount_fen: AmountFen
    title: Title


class RedLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A red-letter invoice that takes a part of one back (红字发票)."""

    number: str
    amount_fen: int
    reason: str
    issued_on: dt.date
    tax_fen: int | None = None  # of the amount, if the invoice tells its tax


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice and how far it is."""

    id: InvoiceId
    state: State
    order_id: uuid.UUID
    issuer_party_id: uuid.UUID
    payer_party_id: uuid.UUID
    wanted: Wanted
    version: int
    requested_at: dt.datetime
    updated_at: dt.datetime
    number: str | None = None  # 发票号码
    issued_on: dt.date | None = None
    red_letters: tuple[RedLetter, ...] = ()
    reason: str | None = None  # why it was refused or voided
    # Of the amount asked for, where the order says what of its price is tax (价税分离).
    net_fen: int | None = None  # 不含税金额
    tax_fen: int | None = None  # 税额
    tax: Tax | None = None

    @property
    def reddened_fen(self) -> int:
        """Return what red-letter invoices took back."""
        return sum(red.amount_fen for red in self.red_letters)

    @property
    def counts_fen(self) -> int:
        """Return what it counts for: what is asked for or issued, less what was taken back."""
        if self.state in {State.REQUESTED, State.ISSUED}:
            return self.wanted.amount_fen - self.reddened_fen
        return 0

    @property
    def counts_tax_fen(self) -> int:
        """Return what of that is tax; nothing where the invoice does not tell."""
        if self.state in {State.REQUESTED, State.ISSUED}:
            return (self.tax_fen or 0) - sum(red.tax_fen or 0 for red in self.red_letters)
        return 0
