"""Split an amount by shares, to the fen (收益分配).

How the fen go out that are left is written in ``dividing.py``; what the fees of a schedule take
before anyone shares stands beside the shares in ``agreement.py``.

「谁投入、谁贡献、谁受益」 (ZJ-2, GS-5): the shares sum to 10,000 ten-thousandths.
「成本分摊、利润分成、股权参股、知识产权共享」 (QD-11): each share says by which of these it was agreed.
「有偿使用收入纳入非税收入管理」 (JX-3): the treasury's share is non-tax revenue.
"""

from __future__ import annotations

import enum
import uuid
from fractions import Fraction
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid
from settlement.ledger.accounts import Account, Purpose
from settlement.ledger.journal import LEGS_MAX
from settlement.money import WHOLE, Bps, Fen, bps, fen
from settlement.revenue.dividing import divide

# One leg is the escrow that is emptied; another may be what waits there as a residual (尾差).
SHARES_MAX: Final = LEGS_MAX - 2


class Role(enum.StrEnum):
    """As what someone shares."""

    RIGHT_HOLDER = "right_holder"  # 权利人
    DEPARTMENT = "department"  # 数源部门
    PLATFORM = "platform"  # 平台运营者
    TREASURY = "treasury"  # 国库 (非税收入, JX-3)
    TAX = "tax"  # 税务机关
    AGENCY = "agency"  # 服务机构: who registered, appraised or operated
    BROKER = "broker"  # 数据经纪人


class Method(enum.StrEnum):
    """By which of the four ways a share was agreed (收益分配方式, QD-11)."""

    COST_SHARING = "cost_sharing"  # 成本分摊
    PROFIT_SHARING = "profit_sharing"  # 利润分成
    EQUITY = "equity"  # 股权参股
    IP_SHARING = "ip_sharing"  # 知识产权共享


PURPOSES: Final[dict[Role, Purpose]] = {
    Role.RIGHT_HOLDER: Purpose.PAYABLE,
    Role.DEPARTMENT: Purpose.DEPARTMENT_PAYABLE,
    Role.PLATFORM: Purpose.PLATFORM_FEE,
    Role.TREASURY: Purpose.TREASURY_NON_TAX,
    Role.TAX: Purpose.TAX_PAYABLE,
    Role.AGENCY: Purpose.PAYABLE,
    Role.BROKER: Purpose.PAYABLE,
}


class SharesNotWhole(Invalid):
    """The shares do not sum to 100 % (ZJ-2)."""

    code = "revenue_share_not_100"


class ShareTwice(Invalid):
    """One party would be paid twice on the same account."""

    code = "revenue_share_twice"


class TooManyShares(Invalid):
    """More parties share than one entry of the journal has legs."""

    code = "revenue_too_many_shares"


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What one party gets of each sale, as what, and by which method."""

    party_id: uuid.UUID
    role: Role
    method: Method
    share_bps: Bps

    @property
    def account(self) -> Account:
        """Return the account on which the share arrives."""
        return Account(PURPOSES[self.role], str(self.party_id))

    @property
    def is_non_tax_revenue(self) -> bool:
        """Tell whether the share is the treasury's non-tax revenue (非税收入, JX-3)."""
        return self.role is Role.TREASURY


class Portion(msgspec.Struct, frozen=True):
    """One share and the fen that it came to; zero where the amount was too small."""

    share: Share
    amount_fen: int


def check(shares: tuple[Share, ...]) -> tuple[Share, ...]:
    """Return ``shares`` if they divide a whole.

    :raises SharesNotWhole: if they do not sum to 10,000 ten-thousandths; none at all do not.
    :raises ShareOutOfRange: if one is not positive.
    :raises ShareTwice: if a party stands twice on one account.
    :raises TooManyShares: if there are more than 14.
    """
    if len(shares) > SHARES_MAX:
        raise TooManyShares(shares=len(shares), maximum=SHARES_MAX)
    total = sum(bps(share.share_bps) for share in shares)
    if total != WHOLE:
        raise SharesNotWhole(sum_bps=total)
    seen: set[Account] = set()
    for share in shares:
        if share.account in seen:
            raise ShareTwice(party_id=str(share.party_id), role=str(share.role))
        seen.add(share.account)
    return shares


def split(amount_fen: Fen, shares: tuple[Share, ...]) -> tuple[Portion, ...]:
    """Return what each share comes to, in the order of the shares; the sum is the amount.

    :raises SharesNotWhole: if the shares divide no whole (and the others of ``check``).
    :raises AmountNotPositive: if there is nothing to split.
    """
    amount = fen(amount_fen)
    parts = divide([Fraction(amount * share.share_bps, WHOLE) for share in check(shares)])
    return tuple(Portion(share, part.amount_fen) for share, part in zip(shares, parts, strict=True))
