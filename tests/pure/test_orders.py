"""Terms, shares, scope, inspection and compliance facts of an order; listing gate (GD-17); metering."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from catalog.audit_log.leaf import instant
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId, new_id
from catalog.products.model import (
    AiShare,
    Content,
    DataNature,
    DeliveryMode,
    ItemType,
    Level,
    OriginPath,
)
from catalog.products.model import Classification as Class
from catalog.products.model import Item as DictionaryItem
from catalog.profiles.conformance import Reason
from catalog.signing.model import KeyId, Signature
from market.access.decision import Condition, Leg
from market.contracts import buying
from market.listings import eligibility
from market.listings.model import (
    Item,
    Listing,
    ListingId,
    MaskingRecord,
    Papers,
    PersonalBasis,
    PersonalBasisKind,
    PublicRegistration,
    SecrecyReview,
)
from market.listings.states import State as ListingState
from market.orders import (
    cancelling,
    compliance,
    contract,
    destroying,
    inspection,
    scope,
    shares,
    terms,
)
from market.orders.model import (
    AcceptedBy,
    CancellationReason,
    Contract,
    ContractSignature,
    Order,
    OrderId,
    Side,
)
from market.orders.shares import Holder, Rates
from market.orders.states import State
from market.orders.terms import RequestedTerms
from market.pricing.model import Charge, Filing, FilingId, PlanTax
from market.pricing.states import State as FilingState
from market.usage import metering, statement
from market.usage.model import Outcome, StoredEvent, UsageEvent, UsageId
from settlement.fees.deducting import Fee, Payee, Tier
from settlement.money import Bps
from settlement.revenue.agreement import freeze
from settlement.revenue.split import Method, Role, Share, check
from settlement.taxes.model import Tax, ZeroReason
from tests.makers_products import make_description
from tests.pure.test_pricing import make_item, make_terms

NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
SHA = "ab" * 32
CLAUSES = RequestedTerms(
    provider_responsibility="供方负责",
    receiver_responsibility="需方负责",
    confidentiality="保密",
    exit_arrangement="退出",
)


def make_order(**changes: Any) -> Order:
    values: dict[str, Any] = {
        "id": OrderId(new_id()),
        "number": "DD-2026-00000001",
        "state": State.PLACED,
        "buyer_party_id": PartyId(new_id()),
        "supplier_party_id": PartyId(new_id()),
        "product_id": new_id(),
        "product_name": "指数",
        "product_version": 1,
        "level": "general",
        "listing_id": new_id(),
        "filing_id": new_id(),
        "filing_number": "JGBA-2026-000001",
        "price_item": make_item(),
        "quantity": 1,
        "amount_fen": 100,
        "purpose": "停工判断",
        "scenario": "port_safety",
        "use_category": None,
        "delivery_mode": DeliveryMode.API_CALL,
        "terms": CLAUSES,
        "version": 1,
        "placed_at": NOW,
        "updated_at": NOW,
    }
    return Order(**(values | changes))


def make_filing(**changes: Any) -> Filing:
    return Filing(
        id=FilingId(new_id()),
        state=FilingState.EFFECTIVE,
        supplier_party_id=PartyId(new_id()),
        product_id=new_id(),
        terms=make_terms(**changes),
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )


def make_listing(papers: Papers) -> Listing:
    return Listing(
        id=ListingId(new_id()),
        state=ListingState.LISTED,
        product_id=new_id(),
        supplier_party_id=PartyId(new_id()),
        papers=papers,
        certificate_number=None,
        filing_id=None,
        gate=(),
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )


REVIEW = SecrecyReview("保密办", dt.date(2026, 1, 5), may_be_opened=True, evidence_sha256=SHA)
CLOSED = SecrecyReview("保密办", dt.date(2026, 1, 5), may_be_opened=False, evidence_sha256=SHA)
MASKED = MaskingRecord("泛化", SHA, SHA)
CONSENT = PersonalBasis(
    kind=PersonalBasisKind.CONSENT,
    scenario="port_safety",
    ends_on=dt.date(2026, 3, 2),
    evidence_sha256=SHA,
)
ANONYMOUS = PersonalBasis(
    kind=PersonalBasisKind.ANONYMISATION, accepted_by="示例机构", evidence_sha256=SHA
)


def refused(check_it: Any, *args: Any, **named: Any) -> str:
    with pytest.raises(DomainError) as found:
        check_it(*args, **named)
    return found.value.code


# ── terms and scope ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("clause", "code"),
    [
        ("provider_responsibility", "responsibility_clause_missing"),
        ("receiver_responsibility", "responsibility_clause_missing"),
        ("confidentiality", "contract_clause_missing"),
        ("exit_arrangement", "contract_clause_missing"),
    ],
)
def test_every_clause_has_to_be_there(clause: str, code: str) -> None:
    terms.check(CLAUSES)

    assert refused(terms.check, msgspec.structs.replace(CLAUSES, **{clause: " "})) == code


def test_a_contract_says_which_rights_it_gives() -> None:
    assert refused(terms.check, msgspec.structs.replace(CLAUSES, rights=())) == (
        "contract_clause_missing"
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"is_verified": False}, "buyer_not_verified"),
        ({}, None),
        ({"is_operator": True}, None),
        ({"is_operator": True, "is_public_data": True}, "operator_redevelopment_forbidden"),
    ],
)
def test_who_may_buy(changes: dict[str, Any], code: str | None) -> None:
    asked: dict[str, Any] = {
        "buyer": PartyId(new_id()),
        "supplier": PartyId(new_id()),
        "is_verified": True,
        "is_operator": False,
        "is_public_data": False,
    } | changes

    if code is None:
        buying.check_buyer(**asked)
    else:
        assert refused(buying.check_buyer, **asked) == code


def test_raw_public_data_are_ordered_by_nobody() -> None:
    raw = DeliveryMode.RAW_SHARE

    assert refused(buying.check_raw, mode=raw, is_public_data=True) == "raw_export_forbidden"
    buying.check_raw(mode=raw, is_public_data=False)
    buying.check_raw(mode=DeliveryMode.API_CALL, is_public_data=True)


def test_nobody_buys_of_himself() -> None:
    me = PartyId(new_id())

    assert refused(
        buying.check_buyer,
        buyer=me,
        supplier=me,
        is_verified=True,
        is_operator=False,
        is_public_data=False,
    ) == ("own_product_not_orderable")


def test_an_order_keeps_to_what_was_filed() -> None:
    filed, api = make_filing(), DeliveryMode.API_CALL

    scope.check_filed(filed, purpose="x", scenario="port_safety", mode=api)
    assert refused(scope.check_filed, filed, purpose=" ", scenario="port_safety", mode=api) == (
        "order_purpose_missing"
    )
    with pytest.raises(scope.OutsideFiledScope) as found:
        scope.check_filed(filed, purpose="x", scenario="else", mode=DeliveryMode.SANDBOX)
    assert found.value.facts["outside"] == ["scenario", "delivery_mode"]


def test_who_expects_another_amount_is_told() -> None:
    scope.check_expected(300, 300)
    scope.check_expected(300, None)
    assert refused(scope.check_expected, 300, 299) == "order_price_differs"


def test_a_buyer_tries_a_product_once() -> None:
    trial = make_item(charge=Charge.TRIAL)

    scope.check_trial(trial, 0)
    scope.check_trial(make_item(), 5)
    assert refused(scope.check_trial, trial, 1) == "trial_used_before"


# ── shares ──────────────────────────────────────────────────────────────────────────────────────


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=10),
    st.integers(0, 3_000),
    st.integers(0, 3_000),
    st.booleans(),
)
def test_the_shares_of_an_order_make_a_whole(
    weights: list[int], platform: int, treasury: int, is_public: bool
) -> None:
    total = sum(weights)
    holders = [Holder(PartyId(new_id()), Fraction(weight, total)) for weight in weights]
    rates = Rates(
        platform_party_id=PartyId(new_id()),
        platform_bps=platform,
        treasury_party_id=PartyId(new_id()),
        treasury_bps=treasury,
    )

    found = check(shares.shares(holders, rates, is_public_data=is_public))

    by_role = {role: sum(s.share_bps for s in found if s.role is role) for role in Role}
    assert by_role[Role.PLATFORM] == platform
    assert by_role[Role.TREASURY] == (treasury if is_public else 0)
    left = 10_000 - platform - by_role[Role.TREASURY]
    for holder in holders:
        own = sum(s.share_bps for s in found if s.party_id == holder.party_id)
        assert abs(own - holder.part * left) < 1


def test_three_equal_owners_get_what_is_left_in_the_certificates_order() -> None:
    holders = [Holder(PartyId(new_id()), Fraction(1, 3)) for _ in range(3)]
    rates = Rates(
        platform_party_id=PartyId(new_id()),
        platform_bps=500,
        treasury_party_id=PartyId(new_id()),
        treasury_bps=1_000,
    )

    found = shares.shares(holders, rates, is_public_data=False)

    assert [share.share_bps for share in found] == [500, 3_167, 3_167, 3_166]


SHARED_RATES = Rates(
    platform_party_id=PartyId(new_id()),
    platform_bps=500,
    treasury_party_id=PartyId(new_id()),
    treasury_bps=1_000,
)


def test_what_was_agreed_is_shared_behind_platform_and_treasury() -> None:
    agreed = [
        Share(
            party_id=PartyId(new_id()),
            role=Role.RIGHT_HOLDER,
            method=Method.EQUITY,
            share_bps=Bps(part),
        )
        for part in (7_500, 2_500)
    ]

    found = shares.of_agreement(agreed, SHARED_RATES, is_public_data=True)

    assert [(share.role, share.share_bps) for share in found] == [
        (Role.PLATFORM, 500),
        (Role.TREASURY, 1_000),
        (Role.RIGHT_HOLDER, 6_375),
        (Role.RIGHT_HOLDER, 2_125),
    ]
    assert {share.method for share in found[2:]} == {Method.EQUITY}


def test_a_schedule_takes_its_fees_and_nothing_is_shared_with_the_two() -> None:
    untaken = shares.untaken(SHARED_RATES)
    fees = [
        Fee(
            code=payee.value,
            payee=payee,
            tiers=(Tier(above_fen=0, rate_bps=100),),
            is_of_public_data=payee is Payee.TREASURY,
        )
        for payee in Payee
    ]
    supplier = PartyId(new_id())

    taken = shares.deductions(fees, SHARED_RATES, supplier=supplier, is_public_data=False)
    of_public = shares.deductions(fees, SHARED_RATES, supplier=supplier, is_public_data=True)

    assert (untaken.platform_bps, untaken.treasury_bps) == (0, 0)
    assert {each.fee.payee: each.party_id for each in of_public} == {
        Payee.PLATFORM: SHARED_RATES.platform_party_id,
        Payee.TREASURY: SHARED_RATES.treasury_party_id,
        Payee.TAX: supplier,
    }
    assert [each.fee.payee for each in taken] == [Payee.PLATFORM, Payee.TAX]


# ── inspection ──────────────────────────────────────────────────────────────────────────────────


def test_the_inspection_ends_on_a_working_day(calendar: Any) -> None:
    # The seventh day after Monday 2026-03-02 is Monday the 9th; the sixth, a Sunday, rolls to it.
    monday = dt.datetime(2026, 3, 9, 16, tzinfo=dt.UTC)

    assert inspection.ends_at(NOW, 7, calendar) == monday
    assert inspection.ends_at(NOW, 6, calendar) == monday


def test_a_delivery_is_objected_to_before_the_end_and_accepted_by_silence_after_it() -> None:
    order = make_order(state=State.DELIVERING, inspection_ends_at=NOW)
    before = NOW - dt.timedelta(microseconds=1)

    inspection.check_open(order, before)
    assert inspection.accepted_by(order, NOW, used=0) is AcceptedBy.SILENCE
    inspection.check_open(make_order(), NOW)
    assert refused(inspection.check_open, order, NOW) == "inspection_over"
    assert refused(inspection.accepted_by, order, before, used=0) == "inspection_running"
    assert refused(inspection.accepted_by, make_order(), NOW, used=0) == "inspection_running"


def test_whoever_uses_what_was_delivered_more_than_an_inspection_takes_accepts_it() -> None:
    end = dt.datetime(2026, 3, 10, tzinfo=dt.UTC)
    order = make_order(state=State.DELIVERING, inspection_ends_at=end)
    before, looks = end - dt.timedelta(seconds=1), inspection.INSPECTION_USES

    inspection.check_objectable(order, before, used=looks)
    assert refused(inspection.accepted_by, order, before, used=looks) == "inspection_running"
    assert refused(inspection.check_objectable, order, before, used=looks + 1) == (
        "delivery_accepted_by_use"
    )
    assert inspection.accepted_by(order, before, used=looks + 1) is AcceptedBy.USE
    assert inspection.accepted_by(order, end, used=0) is AcceptedBy.SILENCE
    assert refused(inspection.check_objectable, order, end, used=0) == "inspection_over"


@pytest.mark.parametrize("reason", CancellationReason)
def test_each_side_gives_an_order_up_for_its_own_reasons_and_both_for_common_ones(
    reason: CancellationReason,
) -> None:
    of_buyer = {"no_longer_needed", "placed_by_mistake", "supplier_late", "agreed", "other"}
    of_supplier = {"cannot_deliver", "product_withdrawn", "buyer_late", "agreed", "other"}

    for side, own in ((Side.BUYER, of_buyer), (Side.SUPPLIER, of_supplier)):
        if reason.value in own:
            cancelling.check(reason, side)
        else:
            assert refused(cancelling.check, reason, side) == "cancellation_reason_of_other_side"


def test_a_destruction_is_stated_when_the_use_is_over_and_the_contract_asks_for_it() -> None:
    delivered = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
    over = make_order(state=State.COMPLETED, delivered_at=delivered, inspection_ends_at=None)
    day = dt.date(2026, 3, 9)

    def asked(order: Any = over, on: dt.date = day) -> str | None:
        try:
            destroying.check(order, destroyed_on=on, today=day)
        except DomainError as error:
            return error.code
        return None

    kept = msgspec.structs.replace(over.terms, destroys_at_end=False)
    assert asked() is None
    assert asked(on=dt.date(2026, 3, 2)) is None
    assert asked(on=dt.date(2026, 3, 1)) == "destruction_date_impossible"
    assert asked(on=dt.date(2026, 3, 10)) == "destruction_date_impossible"
    assert asked(msgspec.structs.replace(over, state=State.ACCEPTED)) == "use_not_over"
    assert asked(msgspec.structs.replace(over, terms=kept)) == "destruction_not_agreed"
    assert asked(msgspec.structs.replace(over, delivered_at=None)) == "destruction_not_agreed"


def test_whoever_owes_an_overdue_statement_is_told_about_which_orders() -> None:
    destroying.check_none_overdue([])
    with pytest.raises(DomainError) as error:
        destroying.check_none_overdue(["DD-2026-00000001"])
    assert error.value.code == "destruction_record_missing"
    assert error.value.facts == {"order_numbers": ["DD-2026-00000001"]}


def test_accepting_ends_the_inspection_at_once() -> None:
    later = NOW + dt.timedelta(days=7)
    running = inspection.release_facts(
        make_order(state=State.DELIVERING, inspection_ends_at=later), is_held=False
    )
    accepted = inspection.release_facts(
        make_order(state=State.ACCEPTED, inspection_ends_at=later, accepted_at=NOW), is_held=False
    )
    disputed = inspection.release_facts(make_order(state=State.DISPUTED), is_held=False)
    held = inspection.release_facts(make_order(state=State.ACCEPTED), is_held=True)

    assert (running.accepted_at, running.inspection_ends_at) == (None, later)
    assert (accepted.accepted_at, accepted.inspection_ends_at) == (NOW, NOW)
    assert disputed.has_open_dispute
    assert held.has_open_dispute
    assert not accepted.has_open_dispute


# ── the contract ────────────────────────────────────────────────────────────────────────────────


def test_the_contract_is_the_same_bytes_whenever_it_is_written() -> None:
    order = make_order(id=OrderId(new_id()))
    rates = Rates(
        platform_party_id=PartyId(new_id()),
        platform_bps=500,
        treasury_party_id=PartyId(new_id()),
        treasury_bps=0,
    )
    split = freeze(
        version="order-split/1",
        frozen_at=NOW,
        shares=shares.shares(
            [Holder(order.supplier_party_id, Fraction(1))], rates, is_public_data=False
        ),
    )
    content = Content(
        version=1,
        file_id=new_id(),
        sha256=SHA,
        size_bytes=1,
        media_type="text/csv",
        file_name="a.csv",
        attached_at=NOW,
    )
    told = {
        "parties": {Side.BUYER: "需方", Side.SUPPLIER: "供方"},
        "certificate_number": None,
        "ai_generated": AiShare.NONE,
        "drafted_at": NOW,
    }

    first = contract.document(order, content, split, **told)

    assert contract.document(order, content, split, **told) == first
    assert b"ai_generated" not in first
    labelled = contract.document(order, content, split, **told | {"ai_generated": AiShare.FULL})
    assert contract.read_document(labelled).object.ai_generated is AiShare.FULL
    assert contract.read_document(first).object.ai_generated is AiShare.NONE
    read = msgspec.json.decode(first)
    assert read["price"]["amount_fen"] == 100
    assert read["split"]["digest"] == split.digest()
    assert read["terms"]["provider_responsibility"] == "供方负责"
    drafted = Contract(order_id=order.id, document=first, sha256=SHA, split=split, drafted_at=NOW)
    signed = tuple(
        ContractSignature(
            side=side,
            party_id=order.buyer_party_id,
            signature=Signature(key_id=KeyId("k"), value=b"s"),
            signed_at=NOW,
        )
        for side in Side
    )
    assert not drafted.is_concluded
    assert not msgspec.structs.replace(drafted, signatures=signed[:1]).is_concluded
    assert msgspec.structs.replace(drafted, signatures=signed).is_concluded


def test_two_recipients_have_two_fingerprints() -> None:
    order = make_order()

    ours = contract.fingerprint(order, order.buyer_party_id, SHA)
    theirs = contract.fingerprint(order, PartyId(new_id()), SHA)

    assert ours == contract.fingerprint(order, order.buyer_party_id, SHA)
    assert ours != theirs
    assert make_order(amount_fen=0).is_free
    assert not order.is_free


# ── compliance ──────────────────────────────────────────────────────────────────────────────────


def put_together(listing: Listing | None, *, has_record: bool = True, **description: Any) -> Any:
    return compliance.facts(
        make_order(),
        make_description(**description),
        listing,
        is_buyer_verified=True,
        is_buyer_banned=False,
        is_redevelopment=False,
        is_cut_off=False,
        is_certificate_alive=True,
        is_scenario_filed=True,
        may_pass_on=False,
        has_personal_record=has_record,
        today=dt.date(2026, 3, 2),
    )


def test_the_facts_of_an_order_say_whose_data_they_are_and_which_papers_are_there() -> None:
    public = put_together(
        make_listing(
            Papers(
                secrecy_review=REVIEW,
                irreversibility_statement="不可还原",
                masking=MASKED,
                raw_trade_approval_sha256=SHA,
            )
        ),
        data_nature=DataNature.PUBLIC,
        classification=Class("DB11/T 1918", Level.BJ_2, "气象"),
    )
    bare = put_together(None, classification=None)

    assert (public.leg, public.level) == (Leg.ZONE_TO_BUYER, Level.BJ_2)
    assert set(public.conditions) == {
        Condition.PROCESSED,
        Condition.NOT_REVERSIBLE,
        Condition.TIME_LIMITED,
        Condition.RAW_TRADE_APPROVAL,
    }
    assert public.has_secrecy_review
    assert public.has_masking_record
    assert public.has_security_clause
    assert (bare.leg, bare.level) == (Leg.ENTERPRISE_TO_BUYER, None)
    assert not bare.is_listing_alive
    assert not bare.has_secrecy_review
    assert not put_together(make_listing(Papers(secrecy_review=CLOSED))).has_secrecy_review


@pytest.mark.parametrize(
    ("basis", "counts"),
    [
        (None, False),
        (CONSENT, True),
        (msgspec.structs.replace(CONSENT, scenario="marketing"), False),
        (msgspec.structs.replace(CONSENT, ends_on=None), False),
        (msgspec.structs.replace(CONSENT, ends_on=dt.date(2026, 3, 1)), False),
        (ANONYMOUS, True),
        (msgspec.structs.replace(ANONYMOUS, accepted_by=" "), False),
    ],
)
def test_personal_information_needs_its_own_basis(
    basis: PersonalBasis | None, counts: bool
) -> None:
    found = put_together(make_listing(Papers(personal_basis=basis)), contains_personal_info=True)

    assert found.contains_personal_information
    assert found.has_personal_basis is counts
    papers = Papers(personal_basis=basis)
    assert not put_together(make_listing(papers), has_record=False).has_personal_basis


# ── the gate of listings ────────────────────────────────────────────────────────────────────────


NO_PAPERS = Papers()


def gate(papers: Papers = NO_PAPERS, **changes: Any) -> dict[str, bool]:
    described = changes.pop("description", None) or make_description(**changes.pop("described", {}))
    values: dict[str, Any] = {
        "description": described,
        "has_content": True,
        "has_active_certificate": False,
        "certificate_required_for": frozenset({"supermarket_resource"}),
        "filed_scenarios": frozenset({"port_safety"}),
        "papers": papers,
        "today": dt.date(2026, 3, 2),
    }
    found = eligibility.items(eligibility.Facts(**(values | changes)))
    return {item.code: item.passed for item in found}


@pytest.mark.parametrize(
    ("valid_to", "passed"), [(dt.date(2026, 3, 2), True), (dt.date(2026, 3, 1), False)]
)
def test_a_product_is_offered_until_the_last_day_of_its_validity(
    valid_to: dt.date, passed: bool
) -> None:
    assert gate(described={"valid_to": valid_to})["product_expired"] is passed


def test_a_plain_enterprise_product_is_asked_for_four_things() -> None:
    assert gate() == {
        "classification_missing": True,
        "pricing_filing_required": True,
        "content_missing": True,
        "national_core_data_not_marketable": True,
    }
    assert not gate(has_content=False)["content_missing"]
    assert not gate(filed_scenarios=None)["pricing_filing_required"]
    assert not gate(described={"classification": None})["classification_missing"]
    core = gate(described={"contains_national_core_data": True})
    assert not core["national_core_data_not_marketable"]


def test_what_nobody_described_is_not_listed() -> None:
    found = eligibility.items(
        eligibility.Facts(
            description=None,
            has_content=True,
            has_active_certificate=True,
            certificate_required_for=frozenset(),
            filed_scenarios=frozenset(),
            papers=Papers(),
            today=dt.date(2026, 3, 2),
        )
    )

    (missing,) = found
    assert (missing.code, missing.passed) == ("product_not_described", False)
    assert missing.where == "PUT /api/v1/products/{product_id}"


@pytest.mark.parametrize("has", [True, False])
def test_the_supermarkets_resources_need_a_certificate(has: bool) -> None:
    found = gate(
        described={"origin_path": OriginPath.SUPERMARKET_RESOURCE}, has_active_certificate=has
    )

    assert found["certificate_not_active"] is has


@pytest.mark.parametrize(
    ("papers", "reviewed", "marketable"),
    [
        (Papers(), False, True),
        (Papers(secrecy_review=CLOSED), False, True),
        (Papers(secrecy_review=REVIEW), True, True),
        (Papers(secrecy_review=REVIEW, is_raw_public_data=True), True, False),
        (
            Papers(secrecy_review=REVIEW, is_raw_public_data=True, is_lawfully_disclosed=True),
            True,
            True,
        ),
    ],
)
def test_public_data_are_reviewed_and_not_sold_raw(
    papers: Papers, reviewed: bool, marketable: bool
) -> None:
    found = gate(papers, described={"data_nature": DataNature.PUBLIC})

    assert found["secrecy_review_missing"] is reviewed
    assert found["raw_public_data_not_marketable"] is marketable


FIRST, LAST = dt.date(2026, 3, 2), dt.date(2029, 3, 1)
REGISTERED = PublicRegistration(
    registrar="某登记机构",
    code="GGSJ-1",
    registered_on=FIRST,
    ends_on=LAST,
    evidence_sha256="ab" * 32,
)


@pytest.mark.parametrize(
    ("papers", "changes", "registered"),
    [
        (Papers(), {}, False),
        (Papers(), {"is_publicly_registered": True}, True),
        (Papers(public_registration=REGISTERED), {"today": FIRST}, True),
        (Papers(public_registration=REGISTERED), {"today": LAST}, True),
        (Papers(public_registration=REGISTERED), {"today": dt.date(2029, 3, 2)}, False),
        (Papers(public_registration=REGISTERED), {"today": dt.date(2026, 3, 1)}, False),
    ],
)
@pytest.mark.parametrize(
    "described",
    [
        {"data_nature": DataNature.PUBLIC},
        {"data_nature": DataNature.MIXED},
        {"origin_path": OriginPath.SUPERMARKET_RESOURCE},
    ],
)
def test_public_data_are_registered_as_such_with_us_or_elsewhere_and_still(
    papers: Papers, changes: dict[str, Any], registered: bool, described: dict[str, Any]
) -> None:
    found = gate(papers, described=described, **changes)

    assert found["public_registration_required"] is registered
    assert "public_registration_required" not in gate(papers, **changes)


def test_public_data_are_not_offered_to_some_alone() -> None:
    public = {"data_nature": DataNature.PUBLIC}

    assert not gate(described=public, is_for_everybody=False)["public_data_not_for_everybody"]
    assert "public_data_not_for_everybody" not in gate(described=public)
    assert "public_data_not_for_everybody" not in gate(is_for_everybody=False)


@pytest.mark.parametrize(
    ("papers", "code", "passed"),
    [
        (Papers(), "personal_information_basis_missing", False),
        (Papers(personal_basis=ANONYMOUS), "anonymisation_not_accepted", True),
        (
            Papers(personal_basis=msgspec.structs.replace(ANONYMOUS, accepted_by="")),
            "anonymisation_not_accepted",
            False,
        ),
        (Papers(personal_basis=CONSENT), "consent_scope_too_wide", True),
        (
            Papers(personal_basis=msgspec.structs.replace(CONSENT, scenario="all")),
            "consent_scope_too_wide",
            False,
        ),
        (
            Papers(personal_basis=msgspec.structs.replace(CONSENT, ends_on=None)),
            "consent_scope_too_wide",
            False,
        ),
    ],
)
def test_personal_information_is_not_listed_without_its_basis(
    papers: Papers, code: str, passed: bool
) -> None:
    for flag in ("contains_personal_info", "contains_sensitive_personal_info"):
        assert gate(papers, described={flag: True})[code] is passed


def test_a_consent_counts_only_for_a_filed_scenario() -> None:
    found = gate(
        Papers(personal_basis=CONSENT),
        described={"contains_personal_info": True},
        filed_scenarios=None,
    )

    assert not found["consent_scope_too_wide"]


def test_a_dictionary_is_held_against_what_is_known_of_the_file() -> None:
    items = {"items": (DictionaryItem(name="a", type=ItemType.TEXT),)}
    persons = frozenset({Reason.PERSONAL_INFORMATION_UNDECLARED})

    assert "content_not_profiled" not in gate(is_looked_into=False)
    assert not gate(described=items, is_looked_into=False)["content_not_profiled"]
    assert "dictionary_contradicts_file" not in gate(described=items)  # no table that is known
    assert gate(described=items, differing=frozenset())["dictionary_contradicts_file"]
    otherwise = gate(described=items, differing=frozenset({Reason.TYPE_DIFFERS}))
    assert not otherwise["dictionary_contradicts_file"]
    assert gate(described=items, differing=persons)["dictionary_contradicts_file"]
    assert not gate(differing=persons)["personal_information_undeclared"]
    assert "personal_information_undeclared" not in gate(differing=frozenset())


def test_important_and_generated_data_have_their_papers() -> None:
    important = {"contains_important_data": True, "important_data_basis": "目录"}

    assert not gate(described=important)["masking_record_missing"]
    assert gate(Papers(masking=MASKED), described=important)["masking_record_missing"]
    undetermined = gate(described=important | {"important_data_basis": ""})
    assert not undetermined["important_data_undetermined"]
    assert not gate(described={"ai_generated": AiShare.PARTLY})["ai_label_missing"]
    assert gate(Papers(ai_label="AI 合成"), described={"ai_generated": AiShare.FULL})[
        "ai_label_missing"
    ]


def test_the_gate_refuses_with_everything_that_failed() -> None:
    eligibility.check((Item("a", passed=True),))

    with pytest.raises(eligibility.ListingNotEligible) as found:
        eligibility.check(
            (Item("a", passed=False), Item("b", passed=True), Item("c", passed=False))
        )
    assert found.value.facts == {"items": ["a", "c"]}
    assert not make_listing(Papers()).is_certified


# ── metering and statements ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("is_allowed", "is_repeated", "billed"),
    [(True, False, 2), (True, True, 0), (False, False, 0), (False, True, 0)],
)
def test_only_the_first_time_that_a_request_is_let_through_is_billed(
    is_allowed: bool, is_repeated: bool, billed: int
) -> None:
    assert metering.units(is_allowed=is_allowed, is_repeated=is_repeated, asked=2) == billed
    assert metering.next_seq(0) == 1


def make_events(count: int) -> list[StoredEvent]:
    order, previous, found = new_id(), metering.FIRST, []
    for seq in range(1, count + 1):
        event = UsageEvent(
            id=UsageId(new_id()),
            order_id=order,
            order_seq=seq,
            grant_id=order,
            product_id=order,
            product_version=1,
            buyer_party_id=PartyId(order),
            supplier_party_id=PartyId(order),
            actor="a",
            scenario="s",
            purpose="p",
            mode="api_call",
            level=None,
            fields=(),
            bytes=0,
            result_sha256=None,
            fingerprint_id="f",
            request_key="k",
            decision=Outcome.ALLOW if seq % 2 else Outcome.DENY,
            reasons=(),
            price_units=seq % 2,
            at=instant(NOW),
            prev_sha256=previous,
        )
        previous = f"{seq:064x}"
        found.append(
            StoredEvent(event=event, record=b"", record_sha256=previous, entry_id=new_id())
        )
    return found


def draw_up(events: list[StoredEvent]) -> Any:
    party = PartyId(new_id())
    return statement.draw_up(
        events,
        order_id=party,
        buyer_party_id=party,
        supplier_party_id=party,
        product_id=party,
        now=NOW,
    )


def test_a_statement_sums_its_events() -> None:
    found, empty = draw_up(make_events(5)), draw_up([])

    assert (found.event_count, found.allowed_count, found.denied_count) == (5, 3, 2)
    assert found.price_units == 3
    assert found.last_record_sha256 == f"{5:064x}"
    assert (empty.event_count, empty.last_record_sha256) == (0, metering.FIRST)


@given(st.integers(1, 8), st.data())
def test_a_statement_with_an_event_missing_or_moved_is_not_drawn_up(
    count: int, data: st.DataObject
) -> None:
    events = make_events(count + 1)
    gone = data.draw(st.integers(0, count - 1))

    with pytest.raises(statement.ChainBroken):
        draw_up(events[:gone] + events[gone + 1 :])
    swapped = [*events]
    swapped[gone], swapped[gone + 1] = swapped[gone + 1], swapped[gone]
    with pytest.raises(statement.ChainBroken):
        draw_up(swapped)


@pytest.mark.parametrize(
    ("tax", "told"),
    [
        (UNSET, None),
        (PlanTax(is_included=False, rate_bps=600), Tax(rate_bps=600)),
        (
            PlanTax(is_included=True, rate_bps=0, zero_reason=ZeroReason.EXEMPT),
            Tax(rate_bps=0, zero_reason=ZeroReason.EXEMPT),
        ),
    ],
)
def test_an_order_is_taxed_as_its_price_says(tax: Any, told: Tax | None) -> None:
    assert make_order(price_item=make_item(tax=tax)).tax == told
