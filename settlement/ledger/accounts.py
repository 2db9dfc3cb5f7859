"""Name the accounts: for what, whose, on which side, and which are guarded (科目).

An account is a purpose and an owner. The chart says the rest; it is data, and the database repeats
what it says about guarding.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from catalog.kernel.errors import Invalid

BOOK: Final = "market"


class Purpose(enum.StrEnum):
    """What an account is for."""

    CHANNEL_CLEARING = "channel_clearing"  # 待清算渠道款
    ORDER_ESCROW = "order_escrow"  # 订单托管款
    PAYABLE = "payable"  # 应付权利人款
    DEPARTMENT_PAYABLE = "department_payable"  # 应付数源部门款
    REFUND_PAYABLE = "refund_payable"  # 应退买方款
    PLATFORM_FEE = "platform_fee"  # 平台服务费
    TREASURY_NON_TAX = "treasury_non_tax"  # 应缴国库非税收入 (JX-3)
    TAX_PAYABLE = "tax_payable"  # 应交税费
    ROUNDING_RESIDUAL = "rounding_residual"  # 尾差


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


GUARDED: Final = frozenset(
    {
        Purpose.ORDER_ESCROW,
        Purpose.PAYABLE,
        Purpose.DEPARTMENT_PAYABLE,
        Purpose.REFUND_PAYABLE,
    }
)


class AccountUnknown(Invalid):
    """The text names no account of the chart."""

    code = "account_unknown"


class ChartInvalid(Invalid):
    """The chart of accounts misses a purpose, knows too many, or contradicts the guarding."""

    code = "chart_of_accounts_invalid"


class Account(msgspec.Struct, frozen=True, order=True):
    """One account: what it is for and whose it is."""

    purpose: Purpose
    owner: str

    @property
    def code(self) -> str:
        """Return the name under which records and outsiders know it: ``order_escrow/018f…``."""
        return f"{self.purpose}/{self.owner}"

    @property
    def is_guarded(self) -> bool:
        """Tell whether it may not fall below its floor."""
        return self.purpose in GUARDED


class Title(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the chart (科目)."""

    number: str
    zh: str
    en: str
    side: Side
    guarded: bool
    owner: OwnerKind


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


def clearing_of(channel: str) -> Account:
    """Return the account of what a channel has collected and not yet paid on."""
    return Account(Purpose.CHANNEL_CLEARING, channel)


def refund_owed_to(party_id: uuid.UUID) -> Account:
    """Return the account of what is to be paid back to a buyer."""
    return Account(Purpose.REFUND_PAYABLE, str(party_id))


def chart(raw: Mapping[str, Any]) -> Chart:
    """Return the chart of accounts from its parsed file.

    :raises ChartInvalid: if a purpose is missing or unknown, a title is malformed, a number stands
        twice, or the file and ``GUARDED`` disagree.
    """
    if set(raw) != set(Purpose):
        raise ChartInvalid(purposes=sorted(set(raw) ^ set(Purpose)))
    try:
        titles = {Purpose(name): msgspec.convert(title, Title) for name, title in raw.items()}
    except msgspec.ValidationError as malformed:
        raise ChartInvalid(purposes=[], reason=str(malformed)) from malformed
    wrong = [purpose for purpose, title in titles.items() if title.guarded != (purpose in GUARDED)]
    if wrong or len({title.number for title in titles.values()}) != len(titles):
        raise ChartInvalid(purposes=sorted(wrong))
    return titles
