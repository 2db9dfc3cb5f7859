"""What a route does not know is not passed over: each of our addresses refuses it, and names what it knows."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from market.http import policy
from market.http.parameters import ParameterRepeated, ParameterUnknown, check
from tests.api import Api, code

PATH = "/api/v1/products"
OPEN = sorted(
    path
    for (method, path), rule in policy.API.items()
    if method == "GET" and rule.permission is None and path.startswith("/api/v1/")
)


def something(parameter: re.Match[str]) -> str:
    """Return what may stand in the place of a path's parameter."""
    return str(uuid.UUID(int=7)) if parameter[1].endswith("_id") else "7"


async def test_every_open_address_refuses_what_it_does_not_know(api: Api) -> None:
    answered = {}
    for path in OPEN:
        filled = re.sub(r"\{(\w+)\}", something, path)
        refused = await api.http.get(filled, params={"regoin": "海南"})
        answered[path] = refused.status_code, code(refused)

    assert len(answered) > 50
    assert set(answered.values()) == {(400, "parameter_unknown")}, answered


async def test_a_slip_in_a_filter_is_told_with_the_names_that_are_known(api: Api) -> None:
    refused = (await api.get(PATH, regoin="海南")).json()

    assert refused["facts"]["parameters"] == ["regoin"]
    assert {"q", "region", "region_code", "price_from_fen"} <= set(refused["facts"]["known"])
    assert "regoin" in refused["wording"]["zh"]
    assert "region_code" in refused["wording"]["en"]


async def test_a_filter_that_comes_twice_is_refused(api: Api) -> None:
    twice = await api.http.get(PATH, params=[("region", "海南"), ("region", "广东")])
    often = await api.http.get(PATH, params=[("industry", "A")] * 1000)

    assert (twice.status_code, code(twice)) == (400, "parameter_repeated")
    assert (often.status_code, code(often)) == (400, "parameter_repeated")


async def test_who_may_not_ask_at_all_is_told_so_first(api: Api) -> None:
    refused = await api.get("/api/v1/affiliations", tie="7")

    assert (refused.status_code, code(refused)) == (401, "unauthenticated")


async def test_pages_pass_over_what_addresses_gather(api: Api) -> None:
    page = await api.http.get("/notices?utm_source=letter", headers={"accept": "text/html"})

    assert page.status_code == 200


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (["a", "x"], ParameterUnknown),
        (["x" * 200] * 20, ParameterUnknown),
        (["a", "a"], ParameterRepeated),
        (["b", "b"], None),
        ([], None),
    ],
)
def test_names_are_looked_at_one_by_one(given: list[str], refusal: Any) -> None:
    asked = {"known": frozenset({"a", "b"}), "often": frozenset({"b"})}

    if refusal is None:
        check(given, **asked)
        return
    with pytest.raises(refusal) as caught:
        check(given, **asked)
    told = caught.value.facts["parameters"]
    assert len(told) <= 10
    assert max(map(len, told)) <= 100
