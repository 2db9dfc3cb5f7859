"""Items, shared resources and reclassification: what a product may be made from, and claim."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest

from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.products.items import ItemDoubled, ItemSourceUnknown, check_items, claimed, key_of
from catalog.products.metadata import PersonalInformationUnfounded, check_complete
from catalog.products.model import Classification, DataNature, Item, ItemType, Level, SharingType
from catalog.products.provenance import MAX_LINKS, Direction, Link, arranged
from catalog.products.sharing import (
    Resource,
    SourceAuthorisationUnstated,
    SourceCircular,
    SourceLevelBelowResource,
    SourceResourceNotShared,
    check_not_circular,
    check_resources,
)
from catalog.reclassifications.lowering import (
    CoreDataNotReclassified,
    ReclassificationByOneself,
    ReclassificationNotNeeded,
    ReclassificationOutdated,
    check_second_person,
    lowered,
    proposed_for,
)
from catalog.reclassifications.model import Proposal, ReclassificationId, ReclassificationRecord
from catalog.reclassifications.states import (
    Event,
    ReclassificationEventNotAllowed,
    State,
    advance,
)
from tests.makers_products import make_actor, make_description, make_source

SUPPLIER, OTHER = PartyId(new_id()), PartyId(new_id())
RESOURCE = new_id()


def item(name: str, **changes: Any) -> Item:
    return Item(name=name, type=ItemType.TEXT, **changes)


def resource(**changes: Any) -> dict[uuid.UUID, Resource]:
    values: dict[str, Any] = {
        "product_id": RESOURCE,
        "supplier_party_id": OTHER,
        "sharing_type": SharingType.UNCONDITIONAL,
        "level": Level.BJ_2,
    }
    return {RESOURCE: Resource(**(values | changes))}


def made_from(**changes: Any):
    source = make_source(
        **({"resource_id": RESOURCE, "classification_level": Level.BJ_2} | changes)
    )
    return make_description(sources=(make_source(source_id="own"), source))


# items


def test_width_case_and_blanks_make_no_other_item() -> None:
    assert key_of(" Ｐｈｏｎｅ 号码 ") == key_of("phone号码")


def test_what_is_claimed_goes_by_the_name_that_people_use() -> None:
    described = make_description(
        items=(
            item("xm", title="姓名", is_authoritative=True),
            item("dz", title="地址"),
            item("usci", is_authoritative=True),
        )
    )

    assert claimed(described) == {"姓名": "姓名", "usci": "usci"}


def test_items_of_listed_sources_that_stand_there_once_are_taken() -> None:
    check_items(make_description(items=(item("a", source_id="s1"), item("b"))))


def test_an_item_from_two_sources_is_refused_by_its_place() -> None:
    with pytest.raises(ItemDoubled) as refusal:
        check_items(make_description(items=(item("a"), item("b"), item("Ａ"))))

    assert [error.pointer for error in refusal.value.errors] == ["/items/2/name"]


def test_an_item_from_a_source_that_is_not_listed_is_refused_by_its_place() -> None:
    with pytest.raises(ItemSourceUnknown) as refusal:
        check_items(make_description(items=(item("a", source_id="s9"),)))

    assert refusal.value.errors[0].pointer == "/items/0/source_id"


# shared resources


@pytest.mark.parametrize(
    ("known", "source"),
    [
        (resource(), {}),
        (resource(sharing_type=None), {}),
        (resource(level=None), {"classification_level": None}),
        (resource(), {"classification_level": Level.IMPORTANT}),
        (
            resource(sharing_type=SharingType.CONDITIONAL),
            {"authorisation_required": True, "authorisation_scope": "用于风险计算"},
        ),
        (resource(sharing_type=SharingType.NOT_SHARED, supplier_party_id=SUPPLIER), {}),
        ({}, {}),
    ],
)
def test_a_resource_that_is_shared_with_its_level_told_is_taken(known, source) -> None:
    check_resources(made_from(**source), known, supplier=SUPPLIER)


@pytest.mark.parametrize(
    ("known", "source", "refusal", "field"),
    [
        (
            resource(sharing_type=SharingType.NOT_SHARED),
            {},
            SourceResourceNotShared,
            "resource_id",
        ),
        (
            resource(sharing_type=SharingType.CONDITIONAL),
            {"authorisation_required": True, "authorisation_scope": " "},
            SourceAuthorisationUnstated,
            "authorisation_scope",
        ),
        (
            resource(sharing_type=SharingType.CONDITIONAL),
            {"authorisation_scope": "用于风险计算"},
            SourceAuthorisationUnstated,
            "authorisation_scope",
        ),
        (
            resource(),
            {"classification_level": Level.BJ_1},
            SourceLevelBelowResource,
            "classification_level",
        ),
        (
            resource(supplier_party_id=SUPPLIER),
            {"classification_level": None},
            SourceLevelBelowResource,
            "classification_level",
        ),
    ],
)
def test_a_resource_that_is_not_shared_or_made_less_of_is_refused(
    known, source, refusal, field
) -> None:
    with pytest.raises(refusal) as refused:
        check_resources(made_from(**source), known, supplier=SUPPLIER)

    assert [error.pointer for error in refused.value.errors] == [f"/sources/1/{field}"]


def test_a_product_is_not_made_from_itself_nor_from_what_was_made_of_it() -> None:
    product = new_id()

    check_not_circular(made_from(), product, {new_id()})
    with pytest.raises(SourceCircular):
        check_not_circular(made_from(), RESOURCE, set())
    with pytest.raises(SourceCircular):
        check_not_circular(made_from(), product, {RESOURCE})


def test_personal_information_is_had_on_a_ground_or_not_at_all() -> None:
    personal = make_source(contains_personal_info=True, legal_basis=" ")

    check_complete(make_description(sources=(make_source(contains_personal_info=True),)))
    with pytest.raises(PersonalInformationUnfounded) as refused:
        check_complete(make_description(sources=(personal,)))
    assert refused.value.facts == {"sources": [personal.name]}


# provenance


def link(direction: Direction, depth: int = 1) -> Link:
    return Link(
        direction=direction,
        depth=depth,
        product_id=new_id(),
        product_name="产品",
        product_level=None,
        source_id="s1",
        source_name="来源",
        nature=DataNature.PUBLIC,
        source_level=None,
        resource_id=None,
        resource_name=None,
    )


def test_links_are_told_by_their_direction_and_that_there_are_more() -> None:
    up, down = link(Direction.UPSTREAM), link(Direction.DOWNSTREAM)
    few = arranged(RESOURCE, "资源", [up, down])
    many = arranged(RESOURCE, "资源", [up] * (MAX_LINKS + 1))

    assert (few.upstream, few.downstream, few.is_whole) == ([up], [down], True)
    assert (len(many.upstream), many.is_whole) == (MAX_LINKS, False)


# a level below the sources

PROPOSAL = Proposal(
    scheme="DB11/T 1918",
    level=Level.BJ_1,
    category="行业数据",
    reason="聚合后不可还原",
    evidence_file_id=new_id(),
)
NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


def of_level(level: Level | None, **changes: Any):
    return make_description(sources=(make_source(classification_level=level),), **changes)


def record(**changes: Any) -> ReclassificationRecord:
    values: dict[str, Any] = {
        "id": ReclassificationId(new_id()),
        "product_id": new_id(),
        "supplier_party_id": SUPPLIER,
        "state": State.PROPOSED,
        "scheme": PROPOSAL.scheme,
        "level": PROPOSAL.level,
        "category": PROPOSAL.category,
        "level_of_sources": Level.BJ_3,
        "reason": PROPOSAL.reason,
        "evidence_file_id": PROPOSAL.evidence_file_id,
        "evidence_sha256": "ab" * 32,
        "proposed_by": AccountId(new_id()),
        "proposed_by_name": "甲",
        "proposed_at": NOW,
    }
    return ReclassificationRecord(**(values | changes))


def test_only_what_is_below_the_sources_is_proposed() -> None:
    assert proposed_for(of_level(Level.BJ_3), PROPOSAL) is Level.BJ_3
    for level in (Level.BJ_1, Level.GENERAL, None):
        with pytest.raises(ReclassificationNotNeeded):
            proposed_for(of_level(level), PROPOSAL)


def test_core_data_stay_core_data_whoever_asks() -> None:
    for described in (of_level(Level.CORE), of_level(Level.BJ_3, contains_national_core_data=True)):
        with pytest.raises(CoreDataNotReclassified):
            proposed_for(described, PROPOSAL)


def test_the_second_person_is_another_one_and_not_of_the_supplier() -> None:
    waiting = record()
    second = make_actor()

    check_second_person(waiting, second)
    for actor in (
        make_actor(party_id=SUPPLIER),
        msgspec.structs.replace(second, acting_for=SUPPLIER),
        msgspec.structs.replace(second, account_id=waiting.proposed_by),
        msgspec.structs.replace(second, account_id=None),
    ):
        with pytest.raises(ReclassificationByOneself):
            check_second_person(waiting, actor)


def test_what_is_confirmed_says_why_by_whom_and_for_which_sources() -> None:
    found = lowered(record(), of_level(Level.BJ_3), "乙")

    assert isinstance(found, Classification)
    assert found.level is Level.BJ_1
    assert found.reclassification is not None
    assert found.reclassification.decided_by == "甲、乙"
    assert found.reclassification.of_sources is Level.BJ_3
    for level in (Level.BJ_4, Level.BJ_2, None):
        with pytest.raises(ReclassificationOutdated):
            lowered(record(), of_level(level), "乙")


def test_a_proposal_is_decided_or_taken_back_once() -> None:
    ends = {
        Event.CONFIRM: State.CONFIRMED,
        Event.REFUSE: State.REFUSED,
        Event.WITHDRAW: State.WITHDRAWN,
    }

    for event, end in ends.items():
        assert advance(State.PROPOSED, event) is end
        for later in Event:
            with pytest.raises(ReclassificationEventNotAllowed):
                advance(end, later)
