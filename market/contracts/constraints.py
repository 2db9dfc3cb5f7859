"""Hold a use against the constraints of a policy: the list of operands is the list of evaluators.

Fail closed: an operand, an operator or a value that is not known here is refused before anything
is agreed; and what a use does not tell does not meet a constraint about it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from catalog.kernel.errors import Refused
from catalog.products.model import DeliveryMode
from market.access.rates import Per
from market.contracts.policy import (
    OWN,
    PROFILE,
    ConstraintUnknown,
    Policy,
    PolicyConstraint,
    PolicyUnreadable,
    rules_of,
)
from market.pricing.model import UseCategory

USE: Final = "use"
DISTRIBUTE: Final = "distribute"  # 再流通
COMPENSATE: Final = "compensate"  # 付费
DELETE: Final = "delete"  # 到期销毁 (BJ-27(b))

#: Which actions each kind of rule may have. Of any other nobody would see to it.
ACTIONS: Final = {
    "permission": frozenset({USE, DISTRIBUTE}),
    "prohibition": frozenset({DISTRIBUTE}),
    "obligation": frozenset({COMPENSATE, DELETE}),
}

PURPOSE: Final = "purpose"
DATE_TIME: Final = "dateTime"
COUNT: Final = "count"
REGION: Final = "spatial"
RECIPIENT: Final = "recipient"
CHANNEL: Final = "deliveryChannel"
SCENARIO: Final = f"{OWN}scenario"
USE_CATEGORY: Final = f"{OWN}useCategory"
FIELD: Final = f"{OWN}field"
CROSS_BORDER: Final = f"{OWN}crossBorder"
RATES: Final = {
    f"{OWN}usesPerMinute": Per.MINUTE,
    f"{OWN}usesPerHour": Per.HOUR,
    f"{OWN}usesPerDay": Per.DAY,
}
ROWS: Final = f"{OWN}rowsPerAnswer"

_WHOLE_DIGITS: Final = 10
MOST: Final = 10**9  # of what is limited in a time, or in an answer


class ActionUnknown(PolicyUnreadable):
    """The policy permits, prohibits or asks for something that nobody here could see to."""

    code = "action_unknown"


class TermsNotMet(Refused):
    """The use is not one that the agreed terms allow."""

    code = "agreed_terms_not_met"


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One use, as it is asked for. What is None is not told, and meets no constraint about it."""

    at: dt.datetime
    purpose: str | None = None
    scenario: str | None = None
    use_category: UseCategory | None = None
    mode: DeliveryMode | None = None
    region: str | None = None
    recipient: str | None = None
    fields: tuple[str, ...] = ()  # none named: as many as were agreed
    used_before: int = 0
    uses: int = 1
    used_lately: Mapping[Per, int] | None = None  # in the times in which it lies
    at_once: int = 1  # of ``uses``, those that are asked for together
    rows: int | None = None  # of the answer
    is_cross_border: bool | None = None


class Operand(msgspec.Struct, frozen=True):
    """With which operators an operand stands, what its values are, and whether a use meets it."""

    operators: frozenset[str]
    is_value: Callable[[str], bool]
    is_met: Callable[[str, tuple[str, ...], Use], bool]


def instant(value: str) -> dt.datetime | None:
    """Return the instant that a text names, or None: an instant has its offset."""
    try:
        found = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if found.tzinfo is None else found


def whole(value: str) -> int | None:
    """Return the number that a text names, or None: whole, not negative, at most ten digits."""
    is_whole = value.isascii() and value.isdigit() and len(value) <= _WHOLE_DIGITS
    return int(value) if is_whole else None


def check_known(policy: Policy) -> None:
    """Return if whatever a policy says has somebody here who sees to it.

    :raises PolicyUnreadable: if it is of another profile, or does not permit the use once.
    :raises ActionUnknown: if an action is none of ``ACTIONS``.
    :raises ConstraintUnknown: if a constraint has no evaluator, is of an operator that it does not
        know, or has a value that it can not read.
    """
    if policy.profile != PROFILE:
        raise PolicyUnreadable(reason=f"the profile {policy.profile} is not known here")
    for kind, rule in rules_of(policy):
        if rule.action not in ACTIONS[kind]:
            raise ActionUnknown(reason=f"{kind}: {rule.action}")
        if rule.action == USE:
            for constraint in rule.constraint:
                _check_constraint(constraint)
        elif rule.constraint and rule.action != COMPENSATE:
            # These hold as they stand; those of the price are read by ``price_duty``.
            first = rule.constraint[0]
            raise ConstraintUnknown(left_operand=first.left_operand, operator=first.operator)
    permitted = [rule.action for rule in policy.permission]
    if permitted.count(USE) != 1 or len(set(permitted)) < len(permitted):
        raise PolicyUnreadable(reason="a policy permits the use, and each thing once")


def unmet(constraints: Iterable[PolicyConstraint], use: Use) -> tuple[str, ...]:
    """Return the operands of all constraints that a use does not meet, in their order.

    :raises ConstraintUnknown: if one has no evaluator: it is never taken as met.
    """
    found = []
    for constraint in constraints:
        _check_constraint(constraint)
        operand = OPERANDS[constraint.left_operand]
        if not operand.is_met(constraint.operator, constraint.values, use):
            found.append(constraint.left_operand)
    return tuple(dict.fromkeys(found))


def check_use(policy: Policy, use: Use) -> None:
    """Return if a policy permits a use.

    :raises TermsNotMet: if a constraint is not met; it names all of them.
    :raises ConstraintUnknown: if one has no evaluator.
    """
    found = unmet(use_constraints(policy), use)
    if found:
        raise TermsNotMet(operands=list(found))


def use_constraints(policy: Policy) -> tuple[PolicyConstraint, ...]:
    """Return the constraints of the permission to use."""
    return tuple(
        constraint
        for rule in policy.permission
        if rule.action == USE
        for constraint in rule.constraint
    )


def values_of(policy: Policy, left_operand: str) -> tuple[str, ...] | None:
    """Return what an operand is held to, over all constraints about it; None if there is none."""
    held = [c.values for c in use_constraints(policy) if c.left_operand == left_operand]
    if not held:
        return None
    return tuple(value for value in held[0] if all(value in more for more in held))


def ends_at(policy: Policy) -> dt.datetime | None:
    """Return from which instant on the use is not permitted any more, if it is limited at all."""
    ends = [
        # ``lteq`` allows the instant itself: over by the next whole second.
        at + dt.timedelta(seconds=1) if c.operator == "lteq" else at
        for c in use_constraints(policy)
        if c.left_operand == DATE_TIME and c.operator in ("lt", "lteq")
        for at in (instant(c.values[0]),)
        if at is not None
    ]
    return min(ends, default=None)


def _check_constraint(constraint: PolicyConstraint) -> None:
    operand = OPERANDS.get(constraint.left_operand)
    values = constraint.values
    is_known = (
        operand is not None
        and constraint.operator in operand.operators
        and bool(values)
        and (constraint.operator == "isAnyOf" or isinstance(constraint.right_operand, str))
        and all(operand.is_value(value) for value in values)
    )
    if not is_known:
        raise ConstraintUnknown(left_operand=constraint.left_operand, operator=constraint.operator)


def _is_one(of: Callable[[Use], str | None]) -> Callable[[str, tuple[str, ...], Use], bool]:
    """Return what tells whether a use is one of those that are named."""
    return lambda _, values, use: of(use) in values


def _in_time(operator: str, values: tuple[str, ...], use: Use) -> bool:
    limit = instant(values[0])
    assert limit is not None, "what is no instant was refused"
    return {
        "lt": use.at < limit,
        "lteq": use.at <= limit,
        "gt": use.at > limit,
        "gteq": use.at >= limit,
    }[operator]


def _in_number(operator: str, values: tuple[str, ...], use: Use) -> bool:
    limit = whole(values[0])
    assert limit is not None, "what is no number was refused"
    total = use.used_before + use.uses
    return total < limit if operator == "lt" else total <= limit


def _in_rate(per: Per) -> Callable[[str, tuple[str, ...], Use], bool]:
    """Return what tells whether a use is within so many in a time."""
    return lambda _, values, use: (
        use.used_lately is not None and use.used_lately.get(per, 0) + use.at_once <= int(values[0])
    )


def _in_rows(_: str, values: tuple[str, ...], use: Use) -> bool:
    return use.rows is not None and use.rows <= int(values[0])


def _is_most(value: str) -> bool:
    number = whole(value)
    return number is not None and 1 <= number <= MOST


def _has_text(value: str) -> bool:
    return bool(value.strip())


_NAMED: Final = frozenset({"eq", "isAnyOf"})

#: Every operand that may stand in a policy. What is not here is refused.
OPERANDS: Final[dict[str, Operand]] = {
    PURPOSE: Operand(_NAMED, _has_text, _is_one(lambda use: use.purpose)),
    SCENARIO: Operand(_NAMED, _has_text, _is_one(lambda use: use.scenario)),
    USE_CATEGORY: Operand(
        _NAMED, lambda v: v in set(UseCategory), _is_one(lambda use: use.use_category)
    ),
    CHANNEL: Operand(_NAMED, lambda v: v in set(DeliveryMode), _is_one(lambda use: use.mode)),
    REGION: Operand(_NAMED, _has_text, _is_one(lambda use: use.region)),
    RECIPIENT: Operand(_NAMED, _has_text, _is_one(lambda use: use.recipient)),
    DATE_TIME: Operand(
        frozenset({"lt", "lteq", "gt", "gteq"}), lambda v: instant(v) is not None, _in_time
    ),
    COUNT: Operand(frozenset({"lt", "lteq"}), lambda v: whole(v) is not None, _in_number),
    **{name: Operand(frozenset({"lteq"}), _is_most, _in_rate(per)) for name, per in RATES.items()},
    ROWS: Operand(frozenset({"lteq"}), _is_most, _in_rows),
    FIELD: Operand(_NAMED, _has_text, lambda _, values, use: set(use.fields) <= set(values)),
    CROSS_BORDER: Operand(
        frozenset({"eq"}),
        lambda v: v in ("true", "false"),
        # Who may send it abroad may keep it here as well.
        lambda _, values, use: (
            use.is_cross_border is not None and (values[0] == "true" or not use.is_cross_border)
        ),
    ),
}
