"""Say what an offer says, term by term, and what the next one says otherwise (要约条款、要约比较)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from market.contracts import constraints, price_duty, templates
from market.contracts.policy import Policy, PolicyConstraint, PolicyOffer
from market.portal import dates, show
from market.portal.change_words import ToldChange
from market.portal.word_diff import Kind, Part, compared
from market.portal.wording import Speaker

# How each operand is called, and of which fixed list its values are.
_OPERANDS: Final[Mapping[str, tuple[str, str | None]]] = {
    constraints.PURPOSE: ("purpose", None),
    constraints.SCENARIO: ("scenario", None),
    constraints.CHANNEL: ("delivery_mode", "delivery"),
    constraints.USE_CATEGORY: ("use_category", "use_category"),
    constraints.COUNT: ("count", None),
    **{name: (f"uses_per_{per.value}", None) for name, per in constraints.RATES.items()},
    constraints.ROWS: ("rows_per_answer", None),
    constraints.REGION: ("regions", None),
    constraints.FIELD: ("fields", None),
    constraints.CROSS_BORDER: ("cross_border", "whether"),
}
_AND: Final = {"zh": "、", "en": ", "}


class Term(msgspec.Struct, frozen=True):
    """One term of an offer: how it is called, what it says, and whether that is prose."""

    name: str
    words: str
    is_prose: bool = False


class Names(msgspec.Struct, frozen=True):
    """What the supplier's own codes are called: of scenarios, of price items."""

    scenarios: Mapping[str, str] = {}
    items: Mapping[str, str] = {}


def terms_of(policy: Policy, speaker: Speaker, names: Names) -> list[Term]:
    """Return the terms of an offer or agreement as people read them, the price first.

    :raises PolicyUnreadable: if it names no price: such a one was never kept here.
    """
    found = [*_price(policy, speaker, names), *_uses(policy, speaker, names)]
    passes_on = any(rule.action == constraints.DISTRIBUTE for rule in policy.permission)
    found.append(_whether("onward_use", speaker, is_so=passes_on))
    destroys = any(rule.action == constraints.DELETE for rule in policy.obligation)
    found.append(_whether("destroys_at_end", speaker, is_so=destroys))
    if isinstance(policy, PolicyOffer):
        until = dates.instant(policy.valid_until, speaker.language)
        found.append(Term(speaker("term.valid_until"), until))
    if policy.succeeds is not None:
        relation = speaker.label("agreement_relation", policy.succeeds.relation)
        found.append(Term(speaker("term.succeeds"), relation))
    return [*found, *_clauses(policy, speaker)]


def differing(before: Sequence[Term], after: Sequence[Term]) -> list[ToldChange]:
    """Return each term that the later offer has otherwise: added, removed or changed."""
    old = {term.name: term for term in before}
    new = {term.name: term for term in after}
    names = [*new, *(name for name in old if name not in new)]
    return [
        ToldChange(field=name, entry="", parts=_parts(old.get(name), new.get(name)))
        for name in names
        if old.get(name) != new.get(name)
    ]


def _parts(old: Term | None, new: Term | None) -> list[Part]:
    if old is not None and new is not None and new.is_prose:
        return compared(old.words, new.words)
    gone = [] if old is None else [Part(Kind.GONE, old.words)]
    return gone if new is None else [*gone, Part(Kind.NEW, new.words)]


def _price(policy: Policy, speaker: Speaker, names: Names) -> Iterator[Term]:
    price = price_duty.read(policy)
    yield Term(speaker("term.amount"), show.yuan(price.amount_fen))
    yield Term(speaker("term.price_item"), names.items.get(price.price_item, price.price_item))
    yield Term(speaker("term.quantity"), show.whole(price.quantity))
    if price.special_price is not None:
        yield Term(speaker("term.special_price"), price.reason or "", is_prose=True)
    filed = speaker("term.filed_as", number=price.filing_number, version=price.filing_version)
    yield Term(speaker("term.filing"), filed)


def _uses(policy: Policy, speaker: Speaker, names: Names) -> Iterator[Term]:
    for held in constraints.use_constraints(policy):
        if held.left_operand == constraints.RECIPIENT:
            continue  # the buyer, whose name stands above
        if held.left_operand == constraints.DATE_TIME:
            yield _when(held, speaker)
            continue
        name, group = _OPERANDS[held.left_operand]
        said = [_value(name, group, value, speaker, names) for value in held.values]
        yield Term(
            speaker(f"term.{name}"), _AND[speaker.language].join(said), is_prose=name == "purpose"
        )


def _when(held: PolicyConstraint, speaker: Speaker) -> Term:
    at = constraints.instant(held.values[0])
    assert at is not None, "what is no instant was refused"
    name = "ends_at" if held.operator in ("lt", "lteq") else "begins_at"
    return Term(speaker(f"term.{name}"), dates.instant(at, speaker.language))


def _value(name: str, group: str | None, value: str, speaker: Speaker, names: Names) -> str:
    if group is not None:
        return speaker.label(group, value)
    return names.scenarios.get(value, value) if name == "scenario" else value


def _whether(name: str, speaker: Speaker, *, is_so: bool) -> Term:
    return Term(speaker(f"term.{name}"), speaker("site.yes" if is_so else "site.no"))


def _clauses(policy: Policy, speaker: Speaker) -> Iterator[Term]:
    chosen = policy.clauses
    template = templates.template_of(chosen)
    yield Term(speaker("term.template"), f"{template.title} {chosen.version}")
    for name in template.parameters:
        words = chosen.parameters.get(name, "")
        yield Term(speaker.label("clause", name), words, is_prose=True)
