"""Whatever the log remembers has words on the page that searches it, and is offered there."""

from __future__ import annotations

import pathlib
import re

import pytest

from catalog.audit_log.events import Event
from catalog.case_access.model import CaseKind
from catalog.key_custody import transcript
from catalog.subject_heads.model import HEADS
from catalog.timestamps.model import TIMESTAMP
from market.http.readings import READINGS
from market.identity.permissions import Role
from market.portal import audit_actions
from market.portal.wording import LANGUAGES, all_words, names_of

EVENTS = [event.value for event in Event]
NAMED = [name for names in audit_actions.GROUPS.values() for name in names]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_event_has_words_of_its_own_in_both_languages(language: str) -> None:
    words = all_words(language)
    prefix = "label.event."
    worded = {key.removeprefix(prefix) for key in words if key.startswith(prefix)}

    said = [words[f"{prefix}{event}"] for event in EVENTS]

    assert worded == set(EVENTS)
    assert len(set(said)) == len(said)


def test_every_event_is_offered_in_one_group_and_every_group_has_words() -> None:
    grouped = audit_actions.grouped(None)

    assert sorted(event for group in grouped.values() for event in group) == sorted(EVENTS)
    assert list(grouped) == list(audit_actions.GROUPS) == names_of("event_group")


def test_no_group_names_what_another_names_or_what_is_no_event() -> None:
    nouns = {event.partition(":")[0] for event in EVENTS}

    assert len(set(NAMED)) == len(NAMED)
    assert set(NAMED) <= nouns | set(EVENTS)


def test_who_finds_a_part_of_the_log_is_offered_that_part() -> None:
    offered = audit_actions.grouped({"key:used", "material:denied", "material:read"})

    assert offered == {
        "refusals": ["material:denied"],
        "readings": ["material:read"],
        "keys": ["key:used"],
    }


def test_every_kind_of_thing_that_the_log_names_has_a_name() -> None:
    named = {kind.value for kind in CaseKind} | {TIMESTAMP, HEADS, transcript.KIND}
    named |= {reading.subject for reading in READINGS.values() if reading.subject is not None}
    for package in ("catalog", "settlement", "market"):
        for path in pathlib.Path(package).rglob("*.py"):
            named |= set(re.findall(r'\bSubject\(\s*"(\w+)"', path.read_text("utf-8")))

    assert named - set(names_of("subject_kind")) == set()
    assert len(named) > 40


def test_every_role_has_a_name() -> None:
    assert set(names_of("account_role")) == {role.value for role in Role} | {"system"}
