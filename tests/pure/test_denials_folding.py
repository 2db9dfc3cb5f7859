"""Which refusals are the same, and that none of them goes uncounted."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.denials import folding
from catalog.denials.model import Asked, Denial, Folded
from catalog.kernel.actor import PUBLIC, Actor, Clearance
from catalog.kernel.ids import AccountId, PartyId, new_id

NOW = dt.datetime(2026, 3, 2, 1, 2, 3, tzinfo=dt.UTC)


def account(name: str = "wang.fang") -> Actor:
    return Actor(
        account_id=AccountId(new_id()),
        party_id=PartyId(new_id()),
        name=name,
        roles=frozenset({"supplier", "buyer"}),
        permissions=frozenset({"order:read"}),
        clearance=Clearance.PARTY,
    )


WANG = account()


def denial(**said: Any) -> Denial:
    standard: dict[str, Any] = {
        "event": Event.OBJECT_DENIED,
        "actor": WANG,
        "facts": {"route": "/api/v1/orders/{order_id}", "code": "not_found"},
        "at": NOW,
        "request_id": "r-1",
    }
    return Denial(**standard | said)


def test_the_same_refusal_within_a_minute_is_one_and_says_how_often() -> None:
    same = [denial(asked={"order_id": "1"}, request_id=f"r-{i}") for i in range(5)]

    ((_, one),) = folding.folded(same)

    assert (one.times, one.first_request_id, one.last_request_id) == (5, "r-0", "r-4")
    assert one.asked == (Asked({"order_id": "1"}, 5),)


@pytest.mark.parametrize(
    "other",
    [
        {"event": Event.ACCESS_DENIED},
        {"actor": account()},
        {"actor": msgspec.structs.replace(WANG, acting_for=PartyId(new_id()))},
        {"facts": {"route": "/api/v1/orders/{order_id}", "code": "permission_missing"}},
        {"at": NOW + dt.timedelta(minutes=1)},
        {"rules": ("HN-28",)},
    ],
)
def test_what_differs_in_kind_actor_facts_or_minute_is_another(other: dict[str, Any]) -> None:
    assert len(folding.folded([denial(), denial(**other)])) == 2


def test_the_roles_of_an_account_are_written_in_no_order_and_make_no_difference() -> None:
    turned = msgspec.structs.replace(WANG, roles=frozenset({"buyer", "supplier"}))

    assert len(folding.folded([denial(), denial(actor=turned)])) == 1


def test_twenty_things_asked_for_are_kept_and_the_others_counted() -> None:
    asked = [denial(asked={"order_id": str(i % 25)}, subject=subject(i % 25)) for i in range(50)]

    ((_, one),) = folding.folded(asked)

    assert one.times == 50
    assert [each.times for each in one.asked] == [2] * 20
    assert one.asked_more == 10
    assert (len(one.subjects), one.subjects_more) == (20, True)


def subject(number: int) -> Subject:
    return Subject("file", str(number))


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(0, 180)), max_size=120),
    st.integers(1, 120),
)
def test_however_refusals_come_together_every_one_is_counted(
    what: list[tuple[int, int, int]], cut: int
) -> None:
    asked = [
        denial(
            facts={"route": str(route)},
            asked=None if number == 40 else {"id": str(number)},
            at=NOW + dt.timedelta(seconds=second),
        )
        for route, number, second in what
    ]

    apart: dict[bytes, Folded] = {}
    for batch in (asked[:cut], asked[cut:]):
        for key, one in folding.folded(batch):
            apart[key] = folding.merged(apart[key], one) if key in apart else one
    together = dict(folding.folded(asked))

    assert apart == together
    assert sum(one.times for one in together.values()) == len(asked)
    for one in together.values():
        told = sum(each.times for each in one.asked) + one.asked_more
        mute = sum(
            d.asked is None for d in asked if folding.key_of_denial(d) == folding.key_of(one)
        )
        assert told + mute == one.times


def test_after_its_entry_counting_begins_from_nothing() -> None:
    ((key, one),) = folding.folded([denial(asked={"order_id": "1"}, subject=subject(1))])

    nothing = folding.counted_from_here(one)
    again = folding.merged(nothing, one)

    assert folding.key_of(nothing) == key
    assert (nothing.times, nothing.asked, nothing.subjects) == (0, (), ())
    assert again == one


def test_what_the_entry_says_is_exact_and_holds_the_facts() -> None:
    ((_, one),) = folding.folded([denial()] * 3)

    facts = folding.facts_of(one, is_first=False)

    assert (facts["times"], facts["is_first"], facts["code"]) == (3, False, "not_found")
    assert facts["minute"] == dt.datetime(2026, 3, 2, 1, 2, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("testclient", "unknown"),
        ("", "unknown"),
    ],
)
def test_who_is_not_known_is_told_apart_by_its_network(address: str, network: str) -> None:
    assert folding.network_of(address) == network


def test_more_networks_in_a_minute_than_there_can_be_are_counted_as_one() -> None:
    seen: set[str] = set()

    def ask(network: str) -> Any:
        asked = denial(actor=PUBLIC, facts={"network": network})
        return folding.told_apart(asked, seen).facts["network"]

    networks = [ask(f"n-{i}") for i in range(folding.NETWORKS_MAX + 5)]

    assert networks[: folding.NETWORKS_MAX] == [f"n-{i}" for i in range(folding.NETWORKS_MAX)]
    assert networks[folding.NETWORKS_MAX :] == ["many"] * 5
    assert ask("n-3") == "n-3"


def test_an_account_is_told_apart_by_itself() -> None:
    seen = {str(i) for i in range(folding.NETWORKS_MAX)}

    assert folding.told_apart(denial(), seen) == denial()
