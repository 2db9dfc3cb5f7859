"""Read what somebody asks for from a form, and fill the form with what is on the table (要约表单).

A day is typed where the terms have an instant: the day counts to its end (民法典 203). A day that
was left as it stood keeps its instant, so that nothing changes that nobody touched.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from catalog.kernel.local_time import end_of_day, local_date
from market.contracts import constraints, price_duty
from market.contracts.policy import Policy, PolicyOffer
from market.contracts.terms import TermsWanted
from market.portal.dates import parsed
from market.portal.forms import filled_in
from market.portal.refused_fields import CLAUSE

_DAYS: Final = ("ends_at", "valid_until")
_LINES: Final = ("regions", "fields")
_CHOICES: Final = ("is_cross_border", "onward_use", "destroys_at_end")
_YES: Final = "true"


def wanted(fields: Mapping[str, str], table: PolicyOffer | None) -> TermsWanted:
    """Return the terms that a form asks for.

    :raises FormFieldInvalid: if a field can not hold that, or was left empty and may not be.
    :raises TextUnreadable: if one has characters in it that nobody can read.
    """
    said: dict[str, Any] = dict(fields)
    stood = {} if table is None else _instants(table)
    for name in _DAYS:
        if name in fields:
            said[name] = _end(fields[name], stood.get(name))
    for name in _LINES:
        said[name] = lines(fields.get(name, ""))
    for name in _CHOICES:
        said[name] = fields.get(name) == _YES
    template, _, version = fields.get("template", "").partition(":")
    said["clauses"] = {
        "template": template,
        "version": version,
        "parameters": {
            name.removeprefix(CLAUSE): words
            for name, words in fields.items()
            if name.startswith(CLAUSE)
        },
    }
    said.pop("succeeds", None)
    if fields.get("follows"):
        said["succeeds"] = {
            "agreement": f"urn:uuid:{fields['follows']}",
            "relation": fields.get("relation", ""),
        }
    return filled_in(TermsWanted, said)


def typed(policy: Policy) -> dict[str, str]:
    """Return the fields of the form as they are filled in with these terms."""
    price = price_duty.read(policy)
    instants = _instants(policy)
    special = price_duty.special_price_id(price)
    said = {
        "price_item": price.price_item,
        "special_price_id": "" if special is None else str(special),
        "quantity": str(price.quantity),
        "purpose": _one(policy, constraints.PURPOSE),
        "scenario": _one(policy, constraints.SCENARIO),
        "delivery_mode": _one(policy, constraints.CHANNEL),
        "use_category": _one(policy, constraints.USE_CATEGORY),
        "regions": "\n".join(constraints.values_of(policy, constraints.REGION) or ()),
        "fields": "\n".join(constraints.values_of(policy, constraints.FIELD) or ()),
        **{f"uses_per_{per.value}": _one(policy, name) for name, per in constraints.RATES.items()},
        "rows_per_answer": _one(policy, constraints.ROWS),
        "is_cross_border": _one(policy, constraints.CROSS_BORDER),
        "onward_use": _yes(
            is_so=any(rule.action == constraints.DISTRIBUTE for rule in policy.permission)
        ),
        "destroys_at_end": _yes(
            is_so=any(rule.action == constraints.DELETE for rule in policy.obligation)
        ),
        "template": f"{policy.clauses.template}:{policy.clauses.version}",
    }
    said |= {name: last_day(at).isoformat() for name, at in instants.items()}
    said |= {CLAUSE + name: words for name, words in policy.clauses.parameters.items()}
    if policy.succeeds is not None:
        said["follows"] = policy.succeeds.agreement.removeprefix("urn:uuid:")
        said["relation"] = policy.succeeds.relation.value
    return {name: words for name, words in said.items() if words}


def last_day(at: dt.datetime) -> dt.date:
    """Return the last day that ends at an instant, or in which it lies."""
    return local_date(at - dt.timedelta(microseconds=1))


def lines(text: str) -> list[str]:
    """Return what was typed line by line, without the empty ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _instants(policy: Policy) -> dict[str, dt.datetime]:
    ends_at = constraints.ends_at(policy)
    assert ends_at is not None, "an offer without an end is refused"
    found = {"ends_at": ends_at}
    if isinstance(policy, PolicyOffer):
        found["valid_until"] = policy.valid_until
    return found


def _end(text: str, stood: dt.datetime | None) -> str:
    day = parsed(text)
    if day is None:
        return text  # the field is told so
    at = stood if stood is not None and last_day(stood) == day else end_of_day(day)
    return at.isoformat()


def _one(policy: Policy, operand: str) -> str:
    return next(iter(constraints.values_of(policy, operand) or ()), "")


def _yes(*, is_so: bool) -> str:
    return _YES if is_so else ""
