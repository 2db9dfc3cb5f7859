"""Every word that outsiders see: codes, wordings, events, states, rule ids."""

from __future__ import annotations

import pathlib
import re

import pytest

from catalog.audit_log.events import Event
from catalog.kernel.errors import DomainError
from market.http.wording import all_wordings
from tests.house import walk

RULES = pathlib.Path("../shared/rules/RULES.md")


def _codes() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for cls in walk.subclasses(DomainError):
        if "code" in vars(cls):
            found.setdefault(cls.code, []).append(f"{cls.__module__}.{cls.__qualname__}")
    return found


def test_every_code_names_one_refusal() -> None:
    doubled = {
        code: classes
        for code, classes in _codes().items()
        if len(classes) > 1 and code != "not_found"
    }

    assert doubled == {}


def test_every_code_is_worded_in_chinese_and_english() -> None:
    wordings = all_wordings()

    missing = sorted(set(_codes()) - set(wordings))

    assert missing == []


def test_chinese_wordings_are_chinese() -> None:
    han = re.compile(r"[\u4e00-\u9fff]")

    plain = [code for code, w in all_wordings().items() if not han.search(w.zh) or han.search(w.en)]

    assert plain == []


def test_no_wording_is_left_over() -> None:
    source = "\n".join(
        path.read_text("utf-8")
        for package in ("catalog", "settlement", "market")
        for path in pathlib.Path(package).rglob("*.py")
    )

    unused = [code for code in all_wordings() if f'"{code}"' not in source]

    assert unused == []


def test_every_event_is_used_and_is_spelt_noun_past() -> None:
    source = "\n".join(
        path.read_text("utf-8")
        for package in ("catalog", "settlement", "market")
        for path in pathlib.Path(package).rglob("*.py")
        if path.name != "events.py"
    )

    # Beside a room's own ``Event`` the log's goes by another name, so only the member is looked for.
    unused = [event.name for event in Event if not re.search(rf"\.{event.name}\b", source)]

    assert unused == []
    assert all(re.fullmatch(r"[a-z_]+:[a-z_]+", event.value) for event in Event)
    assert len({event.value for event in Event}) == len(Event)


@pytest.mark.parametrize(
    ("name", "states", "transitions"), walk.machines(), ids=lambda v: str(v)[:60]
)
def test_every_state_is_reachable_and_in_the_table(
    name: str, states: type, transitions: dict
) -> None:
    used = {state for state, _ in transitions} | set(transitions.values())
    entered = set(transitions.values())
    first = next(iter(states))

    assert used == set(states), f"{name}: {set(states) - used} stand in no row"
    assert set(states) - entered <= {first}, f"{name}: nothing leads to {set(states) - entered}"


@pytest.mark.skipif(not RULES.exists(), reason="the rules lie beside the project; not here")
def test_every_rule_that_the_code_cites_exists() -> None:
    rules = RULES.read_text("utf-8")
    known = set(
        re.findall(r"\b((?:HN|BJ|GD|GZF|JL|QD|HK|SIX|ZJ|JX|TJ|HA|NP|HNP|PIR|AIL)-\d+)", rules)
    )
    cited: dict[str, str] = {}
    for package in ("catalog", "settlement", "market"):
        for path in pathlib.Path(package).rglob("*.py"):
            for rule in re.findall(
                r"\b((?:HN|BJ|GD|GZF|JL|QD|HK|SIX|ZJ|JX|TJ|HA|NP|HNP|PIR|AIL)-\d+)",
                path.read_text("utf-8"),
            ):
                cited[rule] = str(path)

    assert {rule: path for rule, path in cited.items() if rule not in known} == {}
    assert len([r for r in cited if r.startswith("HN-")]) >= 20
