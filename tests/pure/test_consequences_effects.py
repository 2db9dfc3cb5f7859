"""What in the trade follows from what happened to a certificate."""

from __future__ import annotations

import pytest

from catalog.certificates.states import State
from market.consequences.effects import Effects, OfferEffect, effects_of
from market.listings.eligibility import Item, passes


@pytest.mark.parametrize(
    ("state", "has_successor", "registrant_changed", "ground", "expected"),
    [
        (State.ACTIVE, False, False, "", Effects(OfferEffect.KEEP)),
        (State.FROZEN, False, False, "", Effects(OfferEffect.SUSPEND)),
        (State.LAPSED, False, False, "", Effects(OfferEffect.DELIST)),
        (State.REVOKED, False, False, "", Effects(OfferEffect.DELIST, cuts_off=True)),
        (State.DEREGISTERED, False, False, "voluntary", Effects(OfferEffect.DELIST)),
        (State.DEREGISTERED, False, False, "instrument", Effects(OfferEffect.DELIST)),
        (
            State.DEREGISTERED,
            False,
            False,
            "no_holder",
            Effects(OfferEffect.DELIST, cuts_off=True),
        ),
        (State.SUPERSEDED, True, False, "", Effects(OfferEffect.FOLLOW)),
        (State.SUPERSEDED, False, False, "", Effects(OfferEffect.SUSPEND)),
        (State.TRANSFERRED, True, True, "", Effects(OfferEffect.SUSPEND)),
    ],
)
def test_running_contracts_end_only_with_rights_that_ended_for_everybody(
    *,
    state: State,
    has_successor: bool,
    registrant_changed: bool,
    ground: str,
    expected: Effects,
) -> None:
    found = effects_of(
        state,
        has_successor=has_successor,
        registrant_changed=registrant_changed,
        ground=ground,
    )

    assert found == expected


def test_an_offer_goes_on_only_if_every_item_of_its_gate_passed() -> None:
    good, bad = Item("a", passed=True), Item("b", passed=False)

    assert passes((good, good))
    assert not passes((good, bad))
