"""Name the accounts: for what, whose, on which side, and how they are guarded (科目).

An account is a purpose and an owner. The chart says the rest; it is data, and the database repeats
what it says about owners and guarding (``settlement.purposes``).
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from catalog.kernel.errors import Invalid, Refused


class Book(enum.StrEnum):
    """Whose books an entry stands in: no entry moves money from one to the other (账套)."""

    MARKET = "market"  # 市场账套
    PUBLIC_DATA = "public_data"  # 公共数据授权运营账套: the whole line of such an order


BOOK: Final = Book.MARKET


class Purpose(enum.StrEnum):
    """What an account is for."""

    __hash__ = str.__hash__  # equal as texts are; an enum's own is looked up by name, in Python

    CHANNEL_CLEARING = "channel_clearing"  # 待清算渠道款
    ORDER_ESCROW = "order_escrow"  # 订单托管款
    PAYABLE = "payable"  # 应付权利人款
    DEPARTMENT_PAYABLE = "department_payable"  # 应付数源部门款
    REFUND_PAYABLE = "refund_payable"  # 应退买方款
    PLATFORM_FEE = "platform_fee"  # 平台服务费
    TREASURY_NON_TAX = "treasury_non_tax"  # 应缴国库非税收入 (JX-3)
    TAX_PAYABLE = "tax_payable"  # 应交税费
    ROUNDING_RESIDUAL = "rounding_residual"  # 尾差
    BUYER_ACCOUNT = "buyer_account"  # 买方预存款
    PAYOUT_IN_TRANSIT = "payout_in_transit"  # 在途付款
    RETENTION = "retention"  # 质保金
    CHARGEBACK_HOLD = "chargeback_hold"  # 拒付争议款
    SUSPENSE = "suspense"  # 待查款项
    CHANNEL_FEE = "channel_fee"  # 渠道手续费
    PLATFORM_LOSS = "platform_loss"  # 平台垫付


class Side(enum.StrEnum):
    """On which side an account normally stands."""

    DEBIT = "debit"  # 借: negative in the journal
    CREDIT = "credit"  # 贷: positive in the journal


class OwnerKind(enum.StrEnum):
    """What an account belongs to."""

    ORDER = "order"
    PARTY = "party"
    CHANNEL = "channel"
    MARKET = "market"


class Guarding(enum.StrEnum):
    """How it is kept that an account gives out no more than it has."""

    AT_ONCE = "at_once"  # debits and credits move the guard with the entry
    ROLLED_UP = "rolled_up"  # debits with the entry, credits with the next roll-up: never hot
    NONE = "none"  # it may stand anywhere; all of it waits for the roll-up


class Rule(msgspec.Struct, frozen=True):
    """What the chart says of all accounts of a purpose."""

    owner: OwnerKind
    guarding: Guarding
    may_be_overdrawn: bool = False  # down to a floor that a contract sets (透支)


_ORDER, _PARTY, _CHANNEL = OwnerKind.ORDER, OwnerKind.PARTY, OwnerKind.CHANNEL

RULES: Final[Mapping[Purpose, Rule]] = {
    Purpose.CHANNEL_CLEARING: Rule(_CHANNEL, Guarding.NONE),
    Purpose.ORDER_ESCROW: Rule(_ORDER, Guarding.AT_ONCE),
    Purpose.PAYABLE: Rule(_PARTY, Guarding.ROLLED_UP, may_be_overdrawn=True),
    Purpose.DEPARTMENT_PAYABLE: Rule(_PARTY, Guarding.ROLLED_UP),
    Purpose.REFUND_PAYABLE: Rule(_PARTY, Guarding.AT_ONCE),
    Purpose.PLATFORM_FEE: Rule(_PARTY, Guarding.ROLLED_UP),
    Purpose.TREASURY_NON_TAX: Rule(_PARTY, Guarding.ROLLED_UP),
    Purpose.TAX_PAYABLE: Rule(_PARTY, Guarding.ROLLED_UP),
    Purpose.ROUNDING_RESIDUAL: Rule(_ORDER, Guarding.AT_ONCE),
    Purpose.BUYER_ACCOUNT: Rule(_PARTY, Guarding.AT_ONCE, may_be_overdrawn=True),
    Purpose.PAYOUT_IN_TRANSIT: Rule(_PARTY, Guarding.AT_ONCE),
    Purpose.RETENTION: Rule(_PARTY, Guarding.AT_ONCE),
    Purpose.CHARGEBACK_HOLD: Rule(_ORDER, Guarding.AT_ONCE),
    Purpose.SUSPENSE: Rule(_CHANNEL, Guarding.NONE),
    Purpose.CHANNEL_FEE: Rule(_CHANNEL, Guarding.NONE),
    Purpose.PLATFORM_LOSS: Rule(OwnerKind.MARKET, Guarding.NONE),
}


#: What is for one order alone.
OF_AN_ORDER: Final = frozenset(
    purpose for purpose, rule in RULES.items() if rule.owner is OwnerKind.ORDER
)


class AccountUnknown(Invalid):
    """The text names no account of the chart."""

    code = "account_unknown"


class OrderOfAnotherBook(Refused):
    """The order's money stands in another book, and no order has money in two (单独核算)."""

    code = "order_of_another_book"


class ChartInvalid(Invalid):
    """The chart of accounts misses a purpose, knows too many, or contradicts ``RULES``."""

    code = "chart_of_accounts_invalid"


class Account(msgspec.Struct, frozen=True, order=True):
    """One account: what it is for and whose it is."""

    purpose: Purpose
    owner: str

    @property
    def code(self) -> str:
        """Return the name under which records and outsiders know it: ``order_escrow/018f…``."""
        return self.purpose + "/" + self.owner  # many a posting: a third of what a format takes

    @property
    def guarding(self) -> Guarding:
        """Return how it is kept from giving out more than it has."""
        return RULES[self.purpose].guarding

    @property
    def is_of_an_order(self) -> bool:
        """Tell whether it belongs to one order, and only entries of that order move it."""
        return self.purpose in OF_AN_ORDER


class Title(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the chart (科目)."""

    number: str
    zh: str
    en: str
    side: Side
    guarding: Guarding
    owner: OwnerKind
    may_be_overdrawn: bool = False


Chart = Mapping[Purpose, Title]


def account(code: str) -> Account:
    """Return the account with this code.

    :raises AccountUnknown: if its purpose is not in the chart or it has no owner.
    """
    purpose, _, owner = code.partition("/")
    if purpose not in set(Purpose) or not owner:
        raise AccountUnknown(account=code)
    return Account(Purpose(purpose), owner)


def escrow_of(order_id: uuid.UUID) -> Account:
    """Return the account that holds the money of one order (订单托管款)."""
    return Account(Purpose.ORDER_ESCROW, str(order_id))


def residual_of(order_id: uuid.UUID) -> Account:
    """Return the account of what nobody is entitled to yet of an order that is charged in parts (尾差)."""
    return Account(Purpose.ROUNDING_RESIDUAL, str(order_id))


def chargeback_of(order_id: uuid.UUID) -> Account:
    """Return the account of what a channel wants to take back of an order, undecided yet (拒付争议款)."""
    return Account(Purpose.CHARGEBACK_HOLD, str(order_id))


def clearing_of(channel: str) -> Account:
    """Return the account of what a channel has collected and not yet paid on."""
    return Account(Purpose.CHANNEL_CLEARING, channel)


def refund_owed_to(party_id: uuid.UUID) -> Account:
    """Return the account of what is to be paid back to a buyer."""
    return Account(Purpose.REFUND_PAYABLE, str(party_id))


def chart(raw: Mapping[str, Any]) -> Chart:
    """Return the chart of accounts from its parsed file.

    :raises ChartInvalid: if a purpose is missing or unknown, a title is malformed, a number stands
        twice, or the file and ``RULES`` disagree.
    """
    if set(raw) != set(Purpose):
        raise ChartInvalid(purposes=sorted(set(raw) ^ set(Purpose)))
    try:
        titles = {Purpose(name): msgspec.convert(title, Title) for name, title in raw.items()}
    except msgspec.ValidationError as malformed:
        raise ChartInvalid(purposes=[], reason=str(malformed)) from malformed
    wrong = [purpose for purpose, title in titles.items() if _rule(title) != RULES[purpose]]
    if wrong or len({title.number for title in titles.values()}) != len(titles):
        raise ChartInvalid(purposes=sorted(wrong))
    return titles


def _rule(title: Title) -> Rule:
    return Rule(title.owner, title.guarding, title.may_be_overdrawn)
