"""Decide whether data may go to someone, in a mode, for a purpose (策略判定, RULES §8).

Three legs that must not be merged: from a department into a zone (BJ-23), from the zone's operator
to a buyer (BJ-27), and from an enterprise to a buyer. Twelve checks in the order of RULES §8.2; the
first failure names the decision, but all are made and all reasons are kept. An order is decided
when it is checked, and again at every access: by the facts that were kept with it and by what has
become of them since (``asking.py``).
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final

import msgspec

from catalog.products.classification import STRICTNESS
from catalog.products.model import DeliveryMode, Level

M = DeliveryMode

#: Named where nobody's consent, or no longer, allows a use, and no anonymisation does (BJ-21).
PERSONAL_BASIS_MISSING: Final = "personal_information_basis_missing"


class Leg(enum.StrEnum):
    """Between whom the data move (RULES §8.1)."""

    DEPARTMENT_TO_ZONE = "department_to_zone"  # 数据提供部门 → 专区 (共享, BJ-22, 23)
    ZONE_TO_BUYER = "zone_to_buyer"  # 专区运营单位 → 需方 (BJ-21, 27)
    ENTERPRISE_TO_BUYER = "enterprise_to_buyer"  # 企业 → 需方: the contract governs


class Answer(enum.StrEnum):
    """What a table of §8.1 says of a mode."""

    ALLOWED = "allowed"  # Y
    CONDITIONAL = "conditional"  # C
    REFUSED = "refused"  # N


class Condition(enum.StrEnum):
    """What has to be there where a mode is allowed with conditions only."""

    PROCESSED = "processed"  # 加工处理
    NOT_REVERSIBLE = "not_reversible"  # 不可还原为原始数据
    WRITTEN_NEED = "written_need"  # 确有需求
    TECHNICAL_MEANS = "technical_means"  # 数据可用不可见等必要技术手段
    TIME_LIMITED = "time_limited"
    BOTH_SIGN = "both_sign"  # supervisor and provider
    RAW_TRADE_APPROVAL = "raw_trade_approval"  # QD-S2
    EVALUATED_AND_APPROVED = "evaluated_and_approved"  # request, evaluation, approval (BJ-22)


_Y, _C, _N = Answer.ALLOWED, Answer.CONDITIONAL, Answer.REFUSED
_UNSEEN: Final = frozenset({M.SANDBOX, M.PRIVACY_COMPUTING})
_SERVICES: Final = frozenset({M.API_CALL, M.MODEL_DEPLOY, *_UNSEEN})
_RESULTS: Final = frozenset({M.VERIFICATION, M.REPORT_RESULT})
_NEED: Final = frozenset(
    {Condition.WRITTEN_NEED, Condition.TECHNICAL_MEANS, Condition.TIME_LIMITED}
)


def _row(allowed: frozenset[M], conditional: frozenset[M] = frozenset()) -> dict[M, Answer]:
    return {m: _Y if m in allowed else _C if m in conditional else _N for m in M}


# By strictness 1 … 5 (RULES §8.1). Five is national core data: nothing moves (HN-15(2)).
DEPARTMENT_TO_ZONE: Final[dict[int, dict[M, Answer]]] = {
    1: _row(_SERVICES | {M.RAW_SHARE}),
    2: _row(_SERVICES),
    3: _row(_SERVICES),
    4: _row(frozenset(), _UNSEEN),
    5: _row(frozenset()),
}
ZONE_TO_BUYER: Final[dict[int, dict[M, Answer]]] = {
    1: _row(_SERVICES | _RESULTS, frozenset({M.DATASET_PRODUCT})),
    2: _row(_SERVICES | _RESULTS),
    3: _row(_SERVICES | _RESULTS),
    4: _row(frozenset(), _RESULTS | _UNSEEN),
    5: _row(frozenset()),
}
_ENTERPRISE: Final = _row(frozenset(M) - {M.RAW_SHARE}, frozenset({M.RAW_SHARE}))
# Important data: not handed over but used where they are, by default [P] (SIX-1).
_IMPORTANT: Final = _row(_UNSEEN | {M.API_CALL})


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that a decision looks at."""

    leg: Leg
    mode: M
    is_party_verified: bool = True
    is_party_banned: bool = False
    is_redevelopment: bool = False  # the zone's own operator, or its firm, would buy from it (A47)
    is_certificate_alive: bool = True  # or none is needed (A46)
    is_listing_alive: bool = True
    is_cut_off: bool = False  # order, grant, product, agreement, zone or party (BJ-28)
    is_in_arrears: bool = False  # what was used before is not paid, and the days for it are over
    is_begun: bool = True
    is_over: bool = False
    is_use_allowed_now: bool = True  # the order is not disputed, say
    level: Level | None = None
    contains_core_data: bool = False
    contains_important_data: bool = False
    has_masking_record: bool = False
    has_security_clause: bool = False  # provider and receiver (SIX-2)
    conditions: tuple[Condition, ...] = ()  # in one order: they are written down with the order
    is_scenario_granted: bool = True
    is_within_scope: bool = True  # fields, rows, manner of use
    is_quota_left: bool = True
    is_within_rate: bool = True  # so many uses in a minute, an hour, a day
    is_within_rows: bool = True  # so many rows in an answer
    contains_personal_information: bool = False
    has_personal_basis: bool = False  # a consent for this scenario, or an accepted anonymisation
    is_cross_border: bool = False
    has_cross_border_route: bool = False
    needs_secrecy_review: bool = False
    has_secrecy_review: bool = False


class Decision(msgspec.Struct, frozen=True):
    """What was decided, and every reason against it in the order of the checks."""

    allowed: bool
    reasons: tuple[str, ...]
    conditions: tuple[str, ...]  # those under which the mode is allowed
    facts: Facts | None = None  # by which it was decided; older decisions have none

    @property
    def code(self) -> str | None:
        """Return the reason that the decision is named for, None if it is allowed."""
        return self.reasons[0] if self.reasons else None


def answer(leg: Leg, level: Level, mode: M) -> Answer:
    """Return what the tables say of this level and mode on this leg."""
    strictness = STRICTNESS[level]
    if leg is Leg.DEPARTMENT_TO_ZONE:
        return DEPARTMENT_TO_ZONE[strictness][mode]
    if leg is Leg.ZONE_TO_BUYER:
        return ZONE_TO_BUYER[strictness][mode]
    if level is Level.CORE:
        return Answer.REFUSED
    return _IMPORTANT[mode] if level is Level.IMPORTANT else _ENTERPRISE[mode]


def conditions_of(leg: Leg, level: Level, mode: M) -> frozenset[Condition]:
    """Return what has to be there for this level and mode on this leg."""
    found: set[Condition] = set()
    if leg is Leg.DEPARTMENT_TO_ZONE:
        found.add(Condition.EVALUATED_AND_APPROVED)
    if answer(leg, level, mode) is not Answer.CONDITIONAL:
        return frozenset(found)
    if leg is Leg.ENTERPRISE_TO_BUYER:
        found.add(Condition.RAW_TRADE_APPROVAL)
    elif mode is M.DATASET_PRODUCT:
        found |= {Condition.PROCESSED, Condition.NOT_REVERSIBLE}
    else:
        found |= _NEED
        if leg is Leg.DEPARTMENT_TO_ZONE:
            found.add(Condition.BOTH_SIGN)
    return frozenset(found)


def _mode(facts: Facts) -> str | None:
    if facts.leg is Leg.ZONE_TO_BUYER and facts.mode is M.RAW_SHARE:
        return "raw_export_forbidden"  # whatever the level (BJ-27(a), A48)
    if facts.level is None:
        return "delivery_mode_not_allowed"  # no level, no mode
    found = answer(facts.leg, facts.level, facts.mode)
    if found is Answer.REFUSED:
        return "delivery_mode_not_allowed"
    missing = conditions_of(facts.leg, facts.level, facts.mode) - set(facts.conditions)
    if Condition.RAW_TRADE_APPROVAL in missing:
        return "raw_trade_approval_missing"
    return "delivery_condition_missing" if missing else None


def _important(facts: Facts) -> str | None:
    if not facts.contains_important_data:
        return None
    if not facts.has_masking_record:
        return "masking_record_missing"
    if not facts.has_security_clause:
        return "responsibility_clause_missing"
    # The flag counts as the level does: either makes the data important (SIX-1).
    unsuitable = _IMPORTANT[facts.mode] is Answer.REFUSED
    return "delivery_mode_not_allowed" if unsuitable else None


def _if(code: str, stands: Callable[[Facts], bool]) -> Callable[[Facts], str | None]:
    return lambda facts: code if stands(facts) else None


#: RULES §8.2, in this order.
CHECKS: Final[tuple[Callable[[Facts], str | None], ...]] = (
    _if("party_not_verified", lambda f: not f.is_party_verified),
    _if("party_banned", lambda f: f.is_party_banned),
    _if("operator_redevelopment_forbidden", lambda f: f.is_redevelopment),
    _if("certificate_not_active", lambda f: not f.is_certificate_alive),
    _if("product_not_listed", lambda f: not f.is_listing_alive),
    _if("authorisation_cut_off", lambda f: f.is_cut_off),
    _if("usage_in_arrears", lambda f: f.is_in_arrears),
    _if("grant_not_yet_valid", lambda f: not f.is_begun),
    _if("grant_expired", lambda f: f.is_over),
    _if("use_not_allowed_now", lambda f: not f.is_use_allowed_now),
    _if("classification_missing", lambda f: f.level is None),
    _if(
        "national_core_data_not_marketable",
        lambda f: f.contains_core_data or f.level is Level.CORE,
    ),
    _mode,
    _if("purpose_mismatch", lambda f: not f.is_scenario_granted),
    _if("scope_exceeded", lambda f: not f.is_within_scope),
    _if("quota_exhausted", lambda f: not f.is_quota_left),
    _if("rate_exceeded", lambda f: not f.is_within_rate),
    _if("rows_exceeded", lambda f: not f.is_within_rows),
    _if(
        PERSONAL_BASIS_MISSING,
        lambda f: f.contains_personal_information and not f.has_personal_basis,
    ),
    _important,
    _if(  # 默认不出境 (GD-12)
        "cross_border_route_missing",
        lambda f: f.is_cross_border and not f.has_cross_border_route,
    ),
    _if(
        "secrecy_review_missing",
        lambda f: f.needs_secrecy_review and not f.has_secrecy_review,
    ),
)


def decide(facts: Facts) -> Decision:
    """Return the decision with every reason against it, none of them twice."""
    found = [code for check in CHECKS if (code := check(facts)) is not None]
    needed = (
        frozenset[Condition]()
        if facts.level is None
        else conditions_of(facts.leg, facts.level, facts.mode)
    )
    return Decision(
        allowed=not found,
        reasons=tuple(dict.fromkeys(found)),
        conditions=tuple(sorted(condition.value for condition in needed)),
        facts=facts,
    )
