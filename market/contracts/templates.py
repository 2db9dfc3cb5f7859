"""Find the templates of the four national kinds of contract, and fill one in (合同示范文本).

Templates are data, one file for each version; a version that was ever agreed on is never changed.
What is filled in comes from the terms, so that words and terms can not differ, and from the parties.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
import pathlib
import string
import tomllib
from collections.abc import Mapping
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid
from market.contracts import constraints, limits, price_duty
from market.contracts.policy import ClausesChosen, PolicyAgreement, PolicyOffer

_DIRECTORY: Final = pathlib.Path(__file__).with_name("templates")
_OPEN: Final = "未约定"


class TemplateKind(enum.StrEnum):
    """The four kinds of the national model contracts (数据流通交易合同示范文本, 2025-07-04)."""

    PROVISION = "provision"  # 数据提供
    ENTRUSTED_PROCESSING = "entrusted_processing"  # 数据委托处理服务
    FUSION_DEVELOPMENT = "fusion_development"  # 数据融合开发
    INTERMEDIARY = "intermediary"  # 数据中介服务


class TemplateUnknown(Invalid):
    """There is no template of that kind and version."""

    code = "contract_template_unknown"


class ClauseParametersWrong(Invalid):
    """The template asks for what was not filled in, or does not ask for what was."""

    code = "clause_parameters_wrong"


class Clause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One clause: its heading, and its words with places to fill in (条款)."""

    heading: str
    text: str


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of a template."""

    kind: TemplateKind
    version: int
    title: str
    clauses: tuple[Clause, ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return what the parties fill in, in the order of the words."""
        named = [
            name
            for clause in self.clauses
            for _, name, _, _ in string.Formatter().parse(clause.text)
            if name is not None and name not in FROM_THE_TERMS
        ]
        return tuple(dict.fromkeys(named))


#: What is filled in from the terms themselves and from the register.
FROM_THE_TERMS: Final = frozenset(
    {
        "supplier",
        "buyer",
        "product",
        "target",
        "purpose",
        "scenario",
        "delivery_mode",
        "filing",
        "filing_version",
        "price_item",
        "quantity",
        "amount",
        "ends_at",
    }
)


@functools.cache
def all_templates() -> Mapping[tuple[str, int], Template]:
    """Return every version of every template."""
    found = [
        msgspec.convert(tomllib.loads(path.read_text("utf-8")), Template)
        for path in sorted(_DIRECTORY.glob("*.toml"))
    ]
    return {(template.kind.value, template.version): template for template in found}


def template_of(chosen: ClausesChosen) -> Template:
    """Return the template that was chosen.

    :raises TemplateUnknown: if there is none of that kind and version.
    """
    found = all_templates().get((chosen.template, chosen.version))
    if found is None:
        raise TemplateUnknown(template=chosen.template, version=chosen.version)
    return found


def check(chosen: ClausesChosen) -> None:
    """Return if everything is filled in that the template asks for, and nothing else.

    :raises TemplateUnknown: if there is no such template.
    :raises ClauseParametersWrong: if something is missing, empty or not asked for.
    """
    asked = template_of(chosen).parameters
    given = chosen.parameters
    missing = [name for name in asked if not given.get(name, "").strip()]
    surplus = sorted(set(given) - set(asked))
    if missing or surplus:
        raise ClauseParametersWrong(missing=missing, surplus=surplus)


def render(
    policy: PolicyOffer | PolicyAgreement, *, supplier: str, buyer: str, product: str
) -> str:
    """Return the words of a contract on these terms (合同文本).

    :raises TemplateUnknown: if there is no such template (and the others of ``check``).
    :raises PolicyUnreadable: if the terms name no template or no price.
    """
    check(policy.clauses)
    template = template_of(policy.clauses)
    price = price_duty.read(policy)
    ends_at = constraints.ends_at(policy)
    told = {
        **policy.clauses.parameters,
        "supplier": supplier,
        "buyer": buyer,
        "product": product,
        "target": policy.target,
        "purpose": _values(policy, constraints.PURPOSE),
        "scenario": _values(policy, constraints.SCENARIO),
        "delivery_mode": _values(policy, constraints.CHANNEL),
        "filing": price.filing_number,
        "filing_version": str(price.filing_version),
        "price_item": price.price_item,
        "quantity": str(price.quantity),
        "amount": price_duty.yuan(price.amount_fen),
        "ends_at": _OPEN if ends_at is None else ends_at.astimezone(dt.UTC).isoformat(),
    }
    lines = [template.title]
    for number, clause in enumerate(template.clauses, 1):
        lines += ["", f"第{number}条 {clause.heading}", clause.text.format_map(told)]
    limited = limits.words(policy)
    if limited:  # what no template has a place for; without any the words are those of before
        lines += ["", f"第{len(template.clauses) + 1}条 {limits.HEADING}", limited]
    return "\n".join(lines) + "\n"


def _values(policy: PolicyOffer | PolicyAgreement, left_operand: str) -> str:
    return "、".join(constraints.values_of(policy, left_operand) or (_OPEN,))
