"""What stands in refusals as a code has a name: no reader meets ``bj_2`` or ``fed_back``."""

from __future__ import annotations

import enum

import pytest

from catalog.kernel.errors import DomainError
from catalog.products.model import Level
from market.http.wording import all_names
from market.identity.model import Capacity
from market.identity.permissions import Role
from tests.house import walk


def test_every_state_and_event_of_a_machine_has_a_chinese_name() -> None:
    names = all_names()["zh"]
    nameless = []
    for place, states, table in walk.machines():
        nameless += [(place, each) for each in states if each.value not in names["state"]]
        nameless += [(place, event) for _, event in table if str(event.value) not in names["event"]]

    assert nameless == [], "name them in market/http/names.toml"


@pytest.mark.parametrize(
    ("fact", "values"), [("level", Level), ("role", Role), ("capacity", Capacity)]
)
def test_every_level_and_role_has_a_chinese_name(fact: str, values: type[enum.Enum]) -> None:
    assert {each.value for each in values} - set(all_names()["zh"][fact]) == set()


def test_what_is_called_otherwise_stands_under_a_code_that_there_is() -> None:
    codes = {cls.code for cls in walk.subclasses(DomainError) if "code" in vars(cls)}

    assert set(all_names()["of"]) - codes == set()
