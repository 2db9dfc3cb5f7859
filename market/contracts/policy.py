"""Say what an offer and an agreement are: policies of ODRL as the Dataspace Protocol 2025-1 has them.

The structs are the JSON-LD itself: an action is a text, a constraint an object with texts, rules
have no target of their own. What stands in a policy and is not known here is refused, never
dropped (``constraint_unknown``): a program that reads the rest would enforce less than was agreed.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from catalog.kernel.errors import Invalid
from catalog.signing.canonical import canonical, sha256_hex

#: What this house says beyond the vocabulary of ODRL, each word under its own name.
PROFILE: Final = "urn:shushi:odrl:1"
OWN: Final = "urn:shushi:odrl:"

Word = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=2_000)]
Values = tuple[Annotated[str, Meta(max_length=500)], ...]

#: Constraints in which others are nested (ODRL 2.2 §2.5.2). None of them has an evaluator.
LOGICAL: Final = ("and", "or", "xone", "andSequence")
_RULES: Final = ("permission", "prohibition", "obligation")
_TERMS: Final = ("target", "profile", *_RULES, "clauses", "succeeds")


class PolicyUnreadable(Invalid):
    """The policy is none in the profile of the protocol."""

    code = "policy_unreadable"


class ConstraintUnknown(Invalid):
    """The policy has a constraint that nobody here could enforce."""

    code = "constraint_unknown"


class PolicyConstraint(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What must hold: an operand, an operator, a value or several (约束)."""

    left_operand: Word
    operator: Word
    right_operand: Annotated[str, Meta(max_length=2_000)] | Annotated[Values, Meta(max_length=200)]

    @property
    def values(self) -> tuple[str, ...]:
        """Return the values, one or several."""
        right = self.right_operand
        return (right,) if isinstance(right, str) else right


class PolicyRule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is permitted, prohibited or owed, and under which constraints (许可、禁止、义务)."""

    action: Word
    constraint: Annotated[tuple[PolicyConstraint, ...], Meta(max_length=50)] = ()


Rules = Annotated[tuple[PolicyRule, ...], Meta(max_length=20)]


class ClausesChosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which template the words for people are, and what is filled in (合同示范文本)."""

    template: Word
    version: Annotated[int, Meta(ge=1, le=10**6)]
    parameters: dict[Word, Text]


class Relation(enum.StrEnum):
    """How an agreement follows another (协议沿革)."""

    AMENDS = "amends"  # 变更: it takes its place, with other terms
    RENEWS = "renews"  # 续签: it begins where the other is over, which keeps its end
    REPLACES = "replaces"  # 代替: it takes its place as a whole


class Succession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which agreement is followed, and how."""

    agreement: Word  # its URN
    relation: Relation


class PolicyOffer(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="@type",
    tag="Offer",
):
    """What one side offers (要约): a policy for one dataset, and until when it may be accepted."""

    id: Word = msgspec.field(name="@id")
    target: Word
    profile: Word
    permission: Rules
    prohibition: Rules = ()
    obligation: Rules = ()
    clauses: ClausesChosen = msgspec.field(name=f"{OWN}clauses")
    succeeds: Succession | None = msgspec.field(name=f"{OWN}succeeds", default=None)
    valid_until: dt.datetime = msgspec.field(name=f"{OWN}validUntil")


class PolicyAgreement(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="@type",
    tag="Agreement",
):
    """What both agreed on (协议): the terms of the last offer, who they are, and since when."""

    id: Word = msgspec.field(name="@id")
    target: Word
    profile: Word
    assigner: Word
    assignee: Word
    timestamp: dt.datetime
    permission: Rules
    prohibition: Rules = ()
    obligation: Rules = ()
    clauses: ClausesChosen = msgspec.field(name=f"{OWN}clauses")
    succeeds: Succession | None = msgspec.field(name=f"{OWN}succeeds", default=None)


Policy = PolicyOffer | PolicyAgreement


def read(raw: Any) -> PolicyOffer | PolicyAgreement:
    """Return the policy that a message holds.

    :raises ConstraintUnknown: if constraints are nested in one another.
    :raises PolicyUnreadable: if it is no policy, or says what is not known here.
    """
    for constraint in _constraints(raw):
        nested = [name for name in LOGICAL if name in constraint]
        if nested:
            raise ConstraintUnknown(left_operand=nested[0], operator="")
    try:
        found: PolicyOffer | PolicyAgreement = msgspec.convert(raw, Policy)
    except msgspec.ValidationError as error:
        raise PolicyUnreadable(reason=str(error)) from error
    return found


def agreement_of(
    offer: PolicyOffer, *, agreement_id: uuid.UUID, assigner: str, assignee: str, now: dt.datetime
) -> PolicyAgreement:
    """Return the agreement on exactly the terms of an offer."""
    return PolicyAgreement(
        id=agreement_id.urn,
        target=offer.target,
        profile=offer.profile,
        assigner=assigner,
        assignee=assignee,
        timestamp=now.replace(microsecond=0),
        permission=offer.permission,
        prohibition=offer.prohibition,
        obligation=offer.obligation,
        clauses=offer.clauses,
        succeeds=offer.succeeds,
    )


def terms_sha256(policy: Policy) -> str:
    """Return the digest of what is agreed, without whose and when: of an offer and its agreement the same."""
    said = {name: getattr(policy, name) for name in _TERMS}
    return sha256_hex(canonical(said))


def rules_of(policy: Policy) -> Iterator[tuple[str, PolicyRule]]:
    """Yield every rule of a policy with its kind."""
    for kind in _RULES:
        for rule in getattr(policy, kind):
            yield kind, rule


def _constraints(raw: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(raw, dict):
        return
    for kind in _RULES:
        rules = raw.get(kind)
        for rule in rules if isinstance(rules, list) else ():
            held = rule.get("constraint") if isinstance(rule, dict) else None
            for constraint in held if isinstance(held, list) else ():
                if isinstance(constraint, dict):
                    yield constraint
