"""An offer for some buyers alone names somebody, and says by what a class is told apart."""

from __future__ import annotations

import uuid

import msgspec
import pytest

from catalog.kernel.errors import DomainError
from market.listings.audience import Audience, PartyClass, check
from market.listings.model import Papers
from tests.pure.test_orders import make_listing

SUPPLIER, BUYER = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.mark.parametrize(
    "audience",
    [
        None,
        Audience(party_ids=(BUYER,)),
        Audience(classes=(PartyClass(region_codes=("4601",)),)),
        Audience(classes=(PartyClass(is_certified=True),)),
        Audience(party_ids=(BUYER,), classes=(PartyClass(industry_sections=("G",)),)),
    ],
)
def test_an_offer_is_for_everybody_for_the_named_or_for_a_class(audience: Audience | None) -> None:
    check(audience, supplier=SUPPLIER)


@pytest.mark.parametrize(
    "audience",
    [
        Audience(),
        Audience(party_ids=(BUYER, SUPPLIER)),
        Audience(party_ids=(BUYER,), classes=(PartyClass(),)),
    ],
)
def test_it_is_not_for_nobody_nor_its_supplier_nor_a_class_without_a_mark(
    audience: Audience,
) -> None:
    with pytest.raises(DomainError) as refused:
        check(audience, supplier=SUPPLIER)

    assert refused.value.code == "listing_audience_unfit"


def test_an_offer_that_names_nobody_is_for_everybody() -> None:
    offer = make_listing(Papers())
    for_one = msgspec.structs.replace(offer, audience=Audience(party_ids=(BUYER,)))

    assert offer.is_for_everybody
    assert not for_one.is_for_everybody
