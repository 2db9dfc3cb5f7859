"""Say what may be corrected by hand (可调账科目), and with which words."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.errors import Forbidden, Invalid, Refused
from settlement.adjustments.model import Proposed
from settlement.ledger.accounts import Account, Purpose, account
from settlement.ledger.journal import FIRST_DAY
from settlement.money import fen

TEXT_MAX: Final = 1_000

#: Accounts that stand for what parties are owed, and for what the market itself gains or bears. The
#: others have a life of their own in another room (an order, a payment, a refund, a payout, a
#: chargeback), which an entry by hand would contradict: they are corrected there.
ADJUSTABLE: Final = frozenset(
    {
        Purpose.PAYABLE,
        Purpose.DEPARTMENT_PAYABLE,
        Purpose.PLATFORM_FEE,
        Purpose.TREASURY_NON_TAX,
        Purpose.TAX_PAYABLE,
        Purpose.BUYER_ACCOUNT,
        Purpose.RETENTION,
        Purpose.SUSPENSE,
        Purpose.CHANNEL_FEE,
        Purpose.PLATFORM_LOSS,
    }
)
LOSS: Final = Account(Purpose.PLATFORM_LOSS, "platform")  # it is opened with the first loss


class AdjustmentReasonMissing(Invalid):
    """An adjustment says why, and which document shows it."""

    code = "adjustment_reason_missing"


class AdjustmentOfOneAccount(Invalid):
    """Both accounts are the same one, so nothing would be corrected."""

    code = "adjustment_of_one_account"


class AdjustmentDateInvalid(Invalid):
    """The date lies in the future or before the books, or ``adjusts`` is no earlier month."""

    code = "adjustment_date_invalid"


class AccountNotAdjustable(Refused):
    """The account has a life of its own in another room and is corrected there."""

    code = "account_not_adjustable"


class AdjustmentAccountUnknown(Invalid):
    """Nothing was ever booked on this account of this book."""

    code = "adjustment_account_unknown"


class AdjustmentSamePerson(Forbidden):
    """Whoever proposed an adjustment does not decide on it."""

    code = "adjustment_second_person_needed"


def accounts_of(wanted: Proposed) -> tuple[Account, Account]:
    """Return the debited and the credited account.

    :raises AccountUnknown: if a code names no account of the chart.
    :raises AccountNotAdjustable: if one of them is corrected elsewhere.
    :raises AdjustmentOfOneAccount: if both are the same.
    """
    source, target = account(wanted.source), account(wanted.target)
    for each in (source, target):
        if each.purpose not in ADJUSTABLE:
            raise AccountNotAdjustable(account=each.code)
    if source == target:
        raise AdjustmentOfOneAccount(account=source.code)
    return source, target


def check(wanted: Proposed, *, today: dt.date) -> None:
    """Return if somebody may decide on it.

    :raises AdjustmentReasonMissing: if reason or evidence is blank or longer than 1000 characters.
    :raises AmountNotPositive: if the amount is zero or negative.
    :raises AmountTooLarge: if it is above what the books hold.
    :raises AdjustmentDateInvalid: if its day is to come or before 2023, or ``adjusts`` is not the
        first day of an earlier month.
    """
    for told in (wanted.reason, wanted.evidence):
        if not told.strip() or len(told) > TEXT_MAX:
            raise AdjustmentReasonMissing(maximum=TEXT_MAX)
    fen(wanted.amount_fen)
    adjusts = wanted.adjusts
    is_of_a_month = adjusts is None or (
        adjusts.day == 1 and FIRST_DAY <= adjusts < wanted.value_on.replace(day=1)
    )
    if not FIRST_DAY <= wanted.value_on <= today or not is_of_a_month:
        raise AdjustmentDateInvalid(value_on=wanted.value_on.isoformat())
