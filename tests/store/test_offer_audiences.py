"""Whom an offer reaches is asked by the database, by what the register knows of a party at that moment."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from catalog.certificates.states import State as CertificateState
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import PartyId
from market.identity.states import State
from tests.makers_identity import make_party
from tests.makers_products import make_description
from tests.store.test_registration import NOW, ROOT, make_certificate, make_product

NOBODY: dict[str, Any] = {"party_ids": [], "classes": []}


def of_class(**marks: Any) -> dict[str, Any]:
    return NOBODY | {
        "classes": [{"region_codes": [], "is_certified": False, "industry_sections": []} | marks]
    }


async def reaches(db: Database, party: uuid.UUID | None, audience: dict[str, Any]) -> bool:
    async with begin(db, ROOT) as tx:
        found: bool = await tx.fetch_value("SELECT market.addresses($1, $2)", audience, party)
        return found


async def certify(
    db: Database, party: PartyId, *, section: str = "G", serial: int = 1, **changes: Any
) -> None:
    import msgspec

    described = msgspec.to_builtins(make_description(industry_section=section))
    async with begin(db, ROOT) as tx:
        await tx.execute("SELECT set_config('app.remembered', 'yes', true)")
        product_id = await make_product(tx)
        await tx.execute(
            "UPDATE catalog.products SET description = $2 WHERE id = $1", product_id, described
        )
        await make_certificate(
            tx, serial, registrant_party_id=party, product_id=product_id, **changes
        )


async def test_the_named_are_reached_and_nobody_else(db: Database) -> None:
    named = await make_party(db, now=NOW)
    other = await make_party(db, now=NOW)
    audience = NOBODY | {"party_ids": [str(named.id)]}

    assert await reaches(db, named.id, audience)
    assert not await reaches(db, other.id, audience)
    assert not await reaches(db, None, audience)


@pytest.mark.parametrize(
    ("codes", "is_reached"),
    [(["46"], True), (["4600"], True), (["460000"], True), (["11", "46"], True), (["11"], False)],
)
async def test_a_region_is_that_of_the_partys_registrar(
    db: Database, codes: list[str], *, is_reached: bool
) -> None:
    party = await make_party(db, now=NOW)  # registered in 460000

    assert await reaches(db, party.id, of_class(region_codes=codes)) is is_reached
    assert not await reaches(db, None, of_class(region_codes=codes))


async def test_who_was_not_identified_or_is_suspended_is_of_no_class(db: Database) -> None:
    for state in (State.REGISTERED, State.SUSPENDED):
        party = await make_party(db, now=NOW, state=state)
        assert not await reaches(db, party.id, of_class(region_codes=["46"]))


async def test_who_holds_a_certificate_that_counts_is_reached_until_it_does_not(
    db: Database,
) -> None:
    holder = await make_party(db, now=NOW)
    frozen = await make_party(db, now=NOW)
    none = await make_party(db, now=NOW)
    await certify(db, holder.id, serial=1)
    await certify(db, frozen.id, serial=2, state=CertificateState.FROZEN)

    certified = of_class(is_certified=True)
    assert await reaches(db, holder.id, certified)
    assert not await reaches(db, frozen.id, certified)
    assert not await reaches(db, none.id, certified)


async def test_an_industry_is_that_of_a_certified_product_and_all_marks_are_met(
    db: Database,
) -> None:
    carrier = await make_party(db, now=NOW)
    await certify(db, carrier.id, section="G")

    assert await reaches(db, carrier.id, of_class(industry_sections=["A", "G"]))
    assert not await reaches(db, carrier.id, of_class(industry_sections=["A"]))
    both = of_class(industry_sections=["G"], region_codes=["46"], is_certified=True)
    assert await reaches(db, carrier.id, both)
    assert not await reaches(db, carrier.id, of_class(industry_sections=["G"], region_codes=["11"]))
    # One class of several is enough.
    several = NOBODY | {
        "classes": of_class(region_codes=["11"])["classes"]
        + of_class(industry_sections=["G"])["classes"]
    }
    assert await reaches(db, carrier.id, several)
