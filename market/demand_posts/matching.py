"""Judge how well a product that the search found fits a demand, and say why (供需匹配).

The search says what is about the same thing, and in which order; here what the buyer asked for
besides is held against what the product is. What can not be had by this manner of use at all is no
match; all else is told as a reason, for or against, and its points are what they are worth.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Final

from catalog.code_trees.lineage import is_in_subtree
from catalog.code_trees.model import Tree
from catalog.kernel.errors import Invalid
from catalog.products.model import UpdateCycle
from market.access.decision import Answer, Leg, answer
from market.demand_posts.model import (
    About,
    Candidate,
    DemandAsked,
    Judged,
    NotRelevant,
    Reason,
    Verdict,
)

# [P] half of the points are the search's, the rest what the buyer asked for. What nobody asked for is
# no fault of a product's.
_RELEVANCE: Final = 500
POINTS: Final = {
    About.FORM: 100,
    About.INDUSTRY: 100,
    About.REGION: 100,
    About.DELIVERY: 100,
    About.FREQUENCY: 50,
    About.PRICE: 50,
}
# [P] what has less is about something else, or unlike in nearly everything.
LEAST_SCORE: Final = 400
MOST_MATCHES: Final = 50
# What of a match tells the budget.
_CONFIDENTIAL: Final = frozenset({About.PRICE})

# The more often the earlier. What comes irregularly or once is compared with nothing.
_OFTEN: Final = (
    UpdateCycle.REAL_TIME,
    UpdateCycle.HOURLY,
    UpdateCycle.DAILY,
    UpdateCycle.WEEKLY,
    UpdateCycle.MONTHLY,
    UpdateCycle.QUARTERLY,
    UpdateCycle.HALF_YEARLY,
    UpdateCycle.YEARLY,
)


class DemandMatchReasonUnfit(Invalid):
    """Who dismisses a match says why, by a code; who accepts one gives no such code."""

    code = "demand_match_reason_unfit"


def judge(asked: DemandAsked, found: Candidate) -> Judged | None:
    """Return how well a product fits and why; None if it is no match."""
    if found.level is not None and _ways(asked, found) == {Answer.REFUSED}:
        return None
    reasons = [
        each
        for each in (
            _words(found),
            _form(asked, found),
            _industry(asked, found),
            _region(asked, found),
            _delivery(asked, found),
            _frequency(asked, found),
            _price(asked, found),
            _level(asked, found),
            _offer(found),
        )
        if each is not None
    ]
    lost = sum(POINTS.get(reason.about, 0) for reason in reasons if not reason.fits)
    score = _RELEVANCE * found.relevance // 1000 + sum(POINTS.values()) - lost
    if score < LEAST_SCORE:
        return None
    return Judged(candidate=found, score=score, reasons=tuple(reasons))


def best(asked: DemandAsked, found: Iterable[Candidate]) -> list[Judged]:
    """Return the products that fit, best first; of equals the search's order counts."""
    judged = [each for candidate in found if (each := judge(asked, candidate)) is not None]
    judged.sort(key=lambda each: each.score, reverse=True)
    return judged[:MOST_MATCHES]


def gone(known: Sequence[uuid.UUID], now_found: Iterable[Judged]) -> list[uuid.UUID]:
    """Return of the products that were matches those that are none any more."""
    still = {each.candidate.product_id for each in now_found}
    return [product_id for product_id in known if product_id not in still]


def for_supplier(reasons: Sequence[Reason], *, shows_budget: bool) -> tuple[Reason, ...]:
    """Return the reasons that do not tell a budget that is not shown."""
    if shows_budget:
        return tuple(reasons)
    return tuple(reason for reason in reasons if reason.about not in _CONFIDENTIAL)


def check_answer(verdict: Verdict, reason: NotRelevant | None) -> None:
    """Return if an answer to a match says what it must, and no more.

    :raises DemandMatchReasonUnfit: if a dismissal names no reason, or an acceptance one.
    """
    if (verdict is Verdict.DISMISSED) != (reason is not None):
        raise DemandMatchReasonUnfit(verdict=verdict.value)


def _ways(asked: DemandAsked, found: Candidate) -> set[Answer]:
    """Return what the policy says of the manners of use that are wanted (RULES §8)."""
    assert found.level is not None, "without a level nothing is allowed yet"
    leg = Leg.ZONE_TO_BUYER if found.is_public_data else Leg.ENTERPRISE_TO_BUYER
    wanted = set(asked.delivery_modes)
    offered = wanted & set(found.delivery_modes) or wanted
    return {answer(leg, found.level, mode) for mode in offered}


def _reason(about: About, *, fits: bool, zh: str, en: str) -> Reason:
    return Reason(about=about, fits=fits, zh=zh, en=en)


def _words(found: Candidate) -> Reason | None:
    if not found.words:
        return None
    return _reason(
        About.WORDS,
        fits=True,
        zh=f"说到{'、'.join(f'“{word}”' for word in found.words)}",
        en=f"it says {', '.join(f'“{word}”' for word in found.words)}",
    )


def _form(asked: DemandAsked, found: Candidate) -> Reason | None:
    if not asked.forms:
        return None
    if found.form in asked.forms:
        return _reason(About.FORM, fits=True, zh="产品形式相符", en="the form fits")
    return _reason(About.FORM, fits=False, zh="产品形式不同", en="the form is another")


def _industry(asked: DemandAsked, found: Candidate) -> Reason | None:
    if asked.industry is None:
        return None
    if asked.industry in found.industry_codes:
        return _reason(About.INDUSTRY, fits=True, zh="行业相符", en="the industry fits")
    return _reason(About.INDUSTRY, fits=False, zh="行业不同", en="the industry is another")


def _region(asked: DemandAsked, found: Candidate) -> Reason | None:
    if asked.region_code is None:
        return None
    there = found.region_code
    if there is None:
        return _reason(About.REGION, fits=False, zh="未说明覆盖地区", en="it names no region")
    if is_in_subtree(Tree.REGION, asked.region_code, of=there):
        return _reason(About.REGION, fits=True, zh="覆盖所需地区", en="the region is covered")
    if is_in_subtree(Tree.REGION, there, of=asked.region_code):
        return _reason(
            About.REGION, fits=True, zh="覆盖所需地区的一部分", en="a part of the region is covered"
        )
    return _reason(About.REGION, fits=False, zh="地区不同", en="the region is another")


def _delivery(asked: DemandAsked, found: Candidate) -> Reason:
    if set(asked.delivery_modes) & set(found.delivery_modes):
        return _reason(About.DELIVERY, fits=True, zh="交付方式相符", en="the delivery fits")
    return _reason(
        About.DELIVERY, fits=False, zh="不以所需方式交付", en="it is not delivered like that"
    )


def _frequency(asked: DemandAsked, found: Candidate) -> Reason | None:
    if asked.update_cycle not in _OFTEN:
        return None
    if found.update_cycle not in _OFTEN:
        return _reason(
            About.FREQUENCY, fits=False, zh="没有固定的更新周期", en="it is not updated regularly"
        )
    if _OFTEN.index(found.update_cycle) <= _OFTEN.index(asked.update_cycle):
        return _reason(
            About.FREQUENCY, fits=True, zh="更新频率足够", en="it is updated often enough"
        )
    return _reason(About.FREQUENCY, fits=False, zh="更新不够频繁", en="it is updated too seldom")


def _price(asked: DemandAsked, found: Candidate) -> Reason | None:
    if asked.budget_fen is None:
        return None
    price = found.price_from_fen
    if price is None:
        return _reason(
            About.PRICE, fits=False, zh="没有生效的备案价格", en="no filed price is in effect"
        )
    if price > asked.budget_fen:
        return _reason(About.PRICE, fits=False, zh="价格超出预算", en="the price is over budget")
    return _reason(About.PRICE, fits=True, zh="价格在预算之内", en="the price is within budget")


def _level(asked: DemandAsked, found: Candidate) -> Reason | None:
    if found.level is None:
        return None
    ways = _ways(asked, found)
    if Answer.ALLOWED in ways:
        return _reason(
            About.LEVEL, fits=True, zh="级别允许这样使用", en="the level allows such a use"
        )
    return _reason(
        About.LEVEL,
        fits=False,
        zh="该级别须另获有条件授权",
        en="the level needs a grant under conditions that you lack",
    )


def _offer(found: Candidate) -> Reason | None:
    if found.is_on_offer:
        return None
    return _reason(About.OFFER, fits=False, zh="目前未上架", en="it is not on offer now")
