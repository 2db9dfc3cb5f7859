"""What nobody can undo is done by two people, each signed in."""

from __future__ import annotations

import uuid

import pytest

from catalog.kernel.actor import PUBLIC, Actor, NotPermitted, system
from catalog.key_custody.two_people import TwoPeopleNeeded, check_two
from tests.order_in_memory import actor_of

ONE, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
MAY, SEES = "key:destroy", "key:confirm_destruction"


def test_two_who_are_not_the_same_are_written_down_with_what_each_did() -> None:
    told = check_two(actor_of(ONE, MAY), actor_of(OTHER, SEES))

    assert [(each["account_id"], each["does"]) for each in told] == [
        (str(ONE), "destroys"),
        (str(OTHER), "confirms"),
    ]
    assert all(each["name"] for each in told)


@pytest.mark.parametrize(
    ("doing", "seeing"),
    [
        (actor_of(ONE, MAY, SEES), actor_of(ONE, MAY, SEES)),
        (actor_of(ONE, MAY), system("keys", SEES)),
        (system("keys", MAY), actor_of(ONE, SEES)),
    ],
    ids=["the same", "confirmed by no account", "done by no account"],
)
def test_one_alone_or_nobody_s_account_is_not_two(doing: Actor, seeing: Actor) -> None:
    with pytest.raises(TwoPeopleNeeded):
        check_two(doing, seeing)


@pytest.mark.parametrize(
    ("doing", "seeing"),
    [
        (actor_of(ONE), actor_of(OTHER, SEES)),
        (actor_of(ONE, SEES), actor_of(OTHER, MAY)),
        (actor_of(ONE, MAY), actor_of(OTHER, MAY)),
        (PUBLIC, actor_of(OTHER, SEES)),
    ],
)
def test_both_must_be_permitted(doing: Actor, seeing: Actor) -> None:
    with pytest.raises(NotPermitted):
        check_two(doing, seeing)
