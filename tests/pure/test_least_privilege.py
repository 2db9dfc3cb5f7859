"""No more is agreed than is enforced: columns are held at each access; rows and rates have nobody who does.

Others left out of a policy what they did not know, and enforced the rest (edc-connector #616).
"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from market.contracts import constraints, terms
from market.contracts.policy import OWN, PolicyConstraint, PolicyOffer, PolicyRule
from market.orders import under_agreement
from tests.pure.test_contracts_policy import BUYER, NOW, filing, offer, refusal, use
from tests.pure.test_orders_under_agreement import agreed


def with_constraint(name: str, operator: str, value: Any) -> PolicyOffer:
    made = offer()
    (permission,) = made.permission
    more = PolicyConstraint(name, operator, value)
    held = PolicyRule(permission.action, (*permission.constraint, more))
    return replace(made, permission=(held,))


@pytest.mark.parametrize(
    ("name", "operator", "value"),
    [
        (f"{OWN}rowFilter", "eq", "port = '海口'"),
        (f"{OWN}rows", "isAnyOf", ("海口", "三亚")),
        (f"{OWN}rate", "lteq", "100"),
        ("meteredTime", "lteq", "PT1H"),
        ("elapsedTime", "lteq", "P30D"),
        ("absoluteSize", "lteq", "1000"),
    ],
)
def test_a_limit_on_rows_or_rate_that_nobody_here_enforces_is_never_agreed_on(
    name: str, operator: str, value: Any
) -> None:
    made = with_constraint(name, operator, value)

    refused = refusal(terms.check, made, filing(), recipient=BUYER, now=NOW)
    used = refusal(constraints.check_use, made, use())

    for found in (refused, used):
        assert found.code == "constraint_unknown"
        assert found.facts == {"left_operand": name, "operator": operator}


def test_columns_that_were_agreed_are_those_of_the_grant_and_no_others_are_used() -> None:
    made = offer(fields=("berth", "wind"))
    agreement = agreed(fields=("berth", "wind"))

    assert under_agreement.fields_of(agreement) == ("berth", "wind")
    constraints.check_use(made, use(fields=("wind",)))
    found = refusal(constraints.check_use, made, use(fields=("wind", "crew")))
    assert (found.code, found.facts) == (
        "agreed_terms_not_met",
        {"operands": [constraints.FIELD]},
    )
