"""Who may know of a cut-off, and who may lift it."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog.kernel.actor import Clearance
from catalog.kernel.ids import PartyId, new_id
from market.cut_offs.lifting import CutOffOfAnother, check, may_know
from market.cut_offs.model import CutOff, CutOffId, Level
from market.cut_offs.states import State

SUPPLIER, OTHER = PartyId(new_id()), PartyId(new_id())
STANDING = CutOff(
    id=CutOffId(new_id()),
    level=Level.PRODUCT,
    subject_id=new_id(),
    state=State.STANDING,
    reason="a leak is looked into",
    ordered_by_party_id=SUPPLIER,
    ordered_at=dt.datetime(2026, 11, 28, tzinfo=dt.UTC),
    orders_reached=2,
    version=1,
)


@pytest.mark.parametrize("clearance", list(Clearance))
def test_only_a_trader_that_did_not_order_it_may_not_know_of_it(clearance: Clearance) -> None:
    assert may_know(STANDING, party=SUPPLIER, clearance=clearance)
    assert may_know(STANDING, party=OTHER, clearance=clearance) is (
        clearance is not Clearance.PARTY
    )


@pytest.mark.parametrize("clearance", list(Clearance))
def test_who_ordered_it_lifts_it(clearance: Clearance) -> None:
    check(STANDING, party=SUPPLIER, clearance=clearance)


def test_the_authority_lifts_what_another_ordered() -> None:
    check(STANDING, party=OTHER, clearance=Clearance.REGULATOR)


@pytest.mark.parametrize("clearance", [c for c in Clearance if c is not Clearance.REGULATOR])
def test_nobody_else_lifts_it(clearance: Clearance) -> None:
    with pytest.raises(CutOffOfAnother):
        check(STANDING, party=OTHER, clearance=clearance)
