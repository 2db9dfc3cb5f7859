"""Turn what parties agreed into shares, by each of the four methods of the law (收益分配方式, QD-11).

「成本分摊、利润分成、股权参股、知识产权共享」. Each method asks for other facts, and each has one rule:

- cost sharing (成本分摊): by the cost that each bore.
- profit sharing (利润分成): an agreed part of each sale covers the cost of who bore it; the rest, the
  profit, goes by the agreed shares.
- equity (股权参股): the joint company keeps its reserve (公积金); the rest goes by what each put in.
- joint IP (知识产权共享): the owners of the rights get the agreed royalty by the weight of their
  rights; who exploits the rights keeps the rest.

Before them come claims that are no investment: of source departments (数源部门), of agencies (服务机构)
and brokers (数据经纪人). Shares are whole ten-thousandths, because a contract says them so; each gets the
whole ones of its fraction, the rest goes out one each, the largest remainder first.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from catalog.kernel.errors import Invalid
from settlement.money import WHOLE, Bps
from settlement.revenue.dividing import divide
from settlement.revenue.split import Method, Role, Share

PARTIES_MAX: Final = 6  # with claims and fees they stay within one entry of the journal

Part = Annotated[int, Meta(ge=1, le=10_000)]
Weight = Annotated[int, Meta(ge=1, le=10**15)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class ClaimRole(enum.StrEnum):
    """Who has a claim before the investors share."""

    DEPARTMENT = "department"  # 数源部门
    AGENCY = "agency"  # 服务机构
    BROKER = "broker"  # 数据经纪人


class RightKind(enum.StrEnum):
    """What kind of right somebody brings in (知识产权类型)."""

    PATENT = "patent"  # 专利权
    COPYRIGHT = "copyright"  # 著作权
    TRADE_SECRET = "trade_secret"  # noqa: S105 — 商业秘密
    DATA = "data"  # 数据知识产权


class MethodUnfit(Invalid):
    """The terms of a method name a party twice, or parts that make no whole."""

    code = "revenue_method_unfit"


class Borne(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What cost one party bore (成本投入)."""

    party_id: uuid.UUID
    cost_fen: Weight


class CostSharing(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="cost_sharing"
):
    """Share by the cost that each bore (成本分摊)."""

    costs: Annotated[tuple[Borne, ...], Meta(min_length=1, max_length=PARTIES_MAX)]
    audited_by: Annotated[str, Meta(max_length=200)] = ""  # 成本核算机构

    def parts(self) -> dict[uuid.UUID, Fraction]:
        """Return what part each party has."""
        total = sum(each.cost_fen for each in self.costs)
        return _parts((each.party_id, Fraction(each.cost_fen, total)) for each in self.costs)


class ProfitPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What part of the profit one party gets (分成比例)."""

    party_id: uuid.UUID
    share_bps: Part


class ProfitSharing(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    tag_field="method",
    tag="profit_sharing",
):
    """Cover the cost of who bore it, then share the profit (利润分成)."""

    profit: Annotated[tuple[ProfitPart, ...], Meta(min_length=1, max_length=PARTIES_MAX)]
    cost_bps: Annotated[int, Meta(ge=0, le=9_999)] = 0  # of each sale: its cost (成本率)
    cost_party_id: uuid.UUID | None = None  # who bears it

    def parts(self) -> dict[uuid.UUID, Fraction]:
        """Return what part each party has.

        :raises MethodUnfit: if the shares are no whole, or there is a cost that nobody bears.
        """
        total = sum(each.share_bps for each in self.profit)
        if total != WHOLE or (self.cost_bps > 0) is (self.cost_party_id is None):
            raise MethodUnfit(method="profit_sharing", sum_bps=total)
        profit = Fraction(WHOLE - self.cost_bps, WHOLE)
        parts = _parts(
            (each.party_id, profit * Fraction(each.share_bps, WHOLE)) for each in self.profit
        )
        if self.cost_party_id is not None:
            covered = Fraction(self.cost_bps, WHOLE)
            parts[self.cost_party_id] = parts.get(self.cost_party_id, Fraction(0)) + covered
        return parts


class Stake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one party put into the joint company (出资)."""

    party_id: uuid.UUID
    capital_fen: Weight


class Equity(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="equity"
):
    """Let the joint company keep its reserve, and pay the rest by what each put in (股权参股)."""

    company_party_id: uuid.UUID
    stakes: Annotated[tuple[Stake, ...], Meta(min_length=1, max_length=PARTIES_MAX)]
    reserve_bps: Annotated[int, Meta(ge=0, le=9_999)] = 1_000  # 法定公积金 10 %, 公司法 210

    def parts(self) -> dict[uuid.UUID, Fraction]:
        """Return what part each party has.

        :raises MethodUnfit: if the company is its own shareholder.
        """
        if any(each.party_id == self.company_party_id for each in self.stakes):
            raise MethodUnfit(method="equity", party_id=str(self.company_party_id))
        total = sum(each.capital_fen for each in self.stakes)
        reserve = Fraction(self.reserve_bps, WHOLE)
        parts = _parts(
            (each.party_id, (1 - reserve) * Fraction(each.capital_fen, total))
            for each in self.stakes
        )
        return {self.company_party_id: reserve} | parts if reserve else parts


class Right(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A right that one party brings in, and its weight among them (知识产权)."""

    party_id: uuid.UUID
    kind: RightKind
    number: Annotated[str, Meta(max_length=100)]  # 登记号, of what is registered
    weight: Weight


class IpSharing(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="ip_sharing"
):
    """Pay the owners of the rights a royalty, and leave the rest to who exploits them (知识产权共享)."""

    exploiter_party_id: uuid.UUID
    royalty_bps: Part
    rights: Annotated[tuple[Right, ...], Meta(min_length=1, max_length=PARTIES_MAX)]

    def parts(self) -> dict[uuid.UUID, Fraction]:
        """Return what part each party has; whoever brings in two rights has both weights."""
        total = sum(each.weight for each in self.rights)
        royalty = Fraction(self.royalty_bps, WHOLE)
        parts: dict[uuid.UUID, Fraction] = {}
        for each in self.rights:
            part = royalty * Fraction(each.weight, total)
            parts[each.party_id] = parts.get(each.party_id, Fraction(0)) + part
        if royalty < 1:
            rest = parts.get(self.exploiter_party_id, Fraction(0)) + 1 - royalty
            parts[self.exploiter_party_id] = rest
        return parts


Terms = CostSharing | ProfitSharing | Equity | IpSharing


class PriorClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one party gets before the investors share, of what the fees leave."""

    party_id: uuid.UUID
    role: ClaimRole
    share_bps: Annotated[int, Meta(ge=1, le=9_999)]


class Agreed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the parties agreed on for one product (收益分配约定)."""

    terms: Terms
    claims: Annotated[tuple[PriorClaim, ...], Meta(max_length=4)] = ()
    document_sha256: Sha256  # of the agreement that they signed among themselves

    @property
    def method(self) -> Method:
        """Return by which of the four methods they share."""
        return _METHODS[type(self.terms)]

    def parties(self) -> tuple[uuid.UUID, ...]:
        """Return everyone who shares, each once: all of them have to agree."""
        named = (*self.terms.parts(), *(claim.party_id for claim in self.claims))
        return tuple(dict.fromkeys(named))

    def shares(self) -> tuple[Share, ...]:
        """Return the shares: the claims, then who invested; together a whole.

        :raises MethodUnfit: if the claims leave nothing, a party has two claims on one account, or the
            terms of the method make no whole.
        """
        claimed = sum(claim.share_bps for claim in self.claims)
        if claimed >= WHOLE:
            raise MethodUnfit(method=str(self.method), sum_bps=claimed)
        before = tuple(
            Share(
                party_id=claim.party_id,
                role=Role(claim.role.value),
                method=self.method,
                share_bps=Bps(claim.share_bps),
            )
            for claim in self.claims
        )
        parts = self.terms.parts()
        shared = tuple(
            Share(
                party_id=party, role=Role.RIGHT_HOLDER, method=self.method, share_bps=Bps(share_bps)
            )
            for party, share_bps in zip(
                parts, in_ten_thousandths(list(parts.values()), WHOLE - claimed), strict=True
            )
            if share_bps
        )
        return (*before, *shared)


_METHODS: Final[dict[type, Method]] = {
    CostSharing: Method.COST_SHARING,
    ProfitSharing: Method.PROFIT_SHARING,
    Equity: Method.EQUITY,
    IpSharing: Method.IP_SHARING,
}


def in_ten_thousandths(parts: Sequence[Fraction], whole_bps: int) -> tuple[int, ...]:
    """Return the parts of ``whole_bps`` as whole ten-thousandths; together they are all of it."""
    return tuple(each.amount_fen for each in divide([part * whole_bps for part in parts]))


def _parts(named: Iterable[tuple[uuid.UUID, Fraction]]) -> dict[uuid.UUID, Fraction]:
    parts: dict[uuid.UUID, Fraction] = {}
    for party, part in named:
        if party in parts:
            raise MethodUnfit(party_id=str(party))
        parts[party] = part
    return parts
