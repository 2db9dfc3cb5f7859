"""What a zone of each type may say of itself, who operates it, who supervises it (BJ-03, BJ-06, BJ-07, GD-15)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from catalog.kernel.ids import PartyId, new_id
from market.identity.model import Capacity, Kind, Party
from market.identity.states import State
from market.zones import founding
from market.zones.founding import (
    SupervisorMissing,
    SupervisorOperatorConflict,
    ZoneOperatorUnfit,
    ZoneTypeConflict,
)
from market.zones.model import Domain, Foundation, Said
from market.zones.model import Kind as ZoneKind

OWN, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


def party(*capacities: Capacity, state: State = State.VERIFIED) -> Party:
    return Party(
        id=PartyId(new_id()),
        kind=Kind.LEGAL_PERSON,
        name="示例主体",
        uscc=None,
        capacities=capacities,
        state=state,
        registered_at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
    )


def foundation(kind: ZoneKind, supervisor: uuid.UUID | None = None) -> Foundation:
    return Foundation(
        code="finance",
        kind=kind,
        said=Said(name="金融专区"),
        operator_party_id=new_id(),
        supervisor_party_id=supervisor,
    )


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (ZoneKind.DOMAIN, {"domains": (Domain.FINANCE, Domain.CREDIT)}),
        (ZoneKind.REGIONAL, {"region_code": "4602"}),
        (ZoneKind.COMPREHENSIVE_BASIC, {}),
        (ZoneKind.COMPREHENSIVE_BASIC, {"serves_zone_ids": (OTHER,)}),
    ],
)
def test_a_zone_that_says_what_belongs_to_its_type_is_founded(
    kind: ZoneKind, said: dict[str, Any]
) -> None:
    founding.check_kind(kind, Said(name="专区", **said), own_id=OWN, known={OTHER})


@pytest.mark.parametrize(
    ("kind", "said", "fields"),
    [
        (ZoneKind.DOMAIN, {}, "domains"),
        (ZoneKind.DOMAIN, {"domains": (Domain.FINANCE,) * 2}, "domains"),
        (ZoneKind.DOMAIN, {"region_code": "46"}, "domains, region_code"),
        (
            ZoneKind.DOMAIN,
            {"domains": (Domain.FINANCE,), "serves_zone_ids": (OTHER,)},
            "serves_zone_ids",
        ),
        (ZoneKind.REGIONAL, {}, "region_code"),
        (ZoneKind.REGIONAL, {"region_code": "46", "domains": (Domain.OTHER,)}, "domains"),
        (ZoneKind.COMPREHENSIVE_BASIC, {"domains": (Domain.OTHER,)}, "domains"),
        (ZoneKind.COMPREHENSIVE_BASIC, {"serves_zone_ids": (OWN,)}, "serves_zone_ids"),
        (ZoneKind.COMPREHENSIVE_BASIC, {"serves_zone_ids": (OTHER, OTHER)}, "serves_zone_ids"),
        (ZoneKind.COMPREHENSIVE_BASIC, {"serves_zone_ids": (new_id(),)}, "serves_zone_ids"),
    ],
)
def test_what_does_not_belong_to_the_type_is_named_field_by_field(
    kind: ZoneKind, said: dict[str, Any], fields: str
) -> None:
    with pytest.raises(ZoneTypeConflict) as refused:
        founding.check_kind(kind, Said(name="专区", **said), own_id=OWN, known={OWN, OTHER})

    assert refused.value.facts["fields"] == fields
    assert [e.pointer for e in refused.value.errors] == [f"/said/{f}" for f in fields.split(", ")]


def test_a_verified_trader_operates_a_zone_and_nobody_else() -> None:
    founding.check_operator(party(Capacity.TRADER))

    for unfit in (
        None,
        party(Capacity.TRADER, state=State.REGISTERED),
        party(Capacity.PROVINCIAL_AUTHORITY),
    ):
        with pytest.raises(ZoneOperatorUnfit):
            founding.check_operator(unfit)


def test_a_comprehensive_zone_is_supervised_by_the_authority_if_nobody_is_named() -> None:
    authority, district = party(Capacity.PROVINCIAL_AUTHORITY), party(Capacity.OTHER_REGULATOR)
    basic = ZoneKind.COMPREHENSIVE_BASIC

    assert founding.supervisor_of(foundation(basic), named=None, authority=authority) is authority
    named = foundation(basic, district.id)
    assert founding.supervisor_of(named, named=district, authority=authority) is district


def test_a_zone_of_a_field_or_a_region_has_its_own_supervisor() -> None:
    authority = party(Capacity.PROVINCIAL_AUTHORITY)

    for kind in (ZoneKind.DOMAIN, ZoneKind.REGIONAL):
        with pytest.raises(SupervisorMissing):
            founding.supervisor_of(foundation(kind), named=None, authority=authority)
        named = foundation(kind, authority.id)
        found = founding.supervisor_of(named, named=authority, authority=authority)
        assert found is authority
    with pytest.raises(SupervisorMissing):
        founding.check_supervisor(party(Capacity.TRADER))


def test_nobody_supervises_the_zone_that_it_operates() -> None:
    both = party(Capacity.TRADER, Capacity.OTHER_REGULATOR)

    founding.check_apart(both, operator_id=PartyId(new_id()))
    with pytest.raises(SupervisorOperatorConflict):
        founding.check_apart(both, operator_id=both.id)
