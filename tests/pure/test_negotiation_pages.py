"""What a page says of a negotiation: whose turn, until when, what an offer has otherwise; its form."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from msgspec.structs import replace

from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import end_of_day
from catalog.products.model import DeliveryMode, MeteringUnit
from market.contracts import templates, terms
from market.contracts.policy import (
    ClausesChosen,
    PolicyOffer,
    Relation,
    Succession,
    agreement_of,
)
from market.contracts.terms import TermsWanted
from market.http.wording import words
from market.negotiations import silence
from market.negotiations.model import Copy, Negotiation, NegotiationId, Role
from market.negotiations.states import Event, State
from market.portal import dates, negotiation_turns, offer_words, refused_fields, terms_form
from market.portal.forms import FormFieldInvalid
from market.portal.negotiation_turns import Turn
from market.portal.offer_words import Names
from market.portal.wording import Speaker, names_of
from market.pricing.model import Charge, Filing, FilingId, PriceItem, Terms, UseScope
from market.pricing.states import State as FilingState
from tests.negotiating import make_message

NOW = dt.datetime(2028, 2, 29, 15, 59, 59, tzinfo=dt.UTC)
PRODUCT = uuid.UUID(int=6)
ZH, EN = Speaker("zh"), Speaker("en")
NAMES = Names({"port_safety": "港口安全"}, {"per_call": "每次调用"})
FILING = Filing(
    id=FilingId(uuid.UUID(int=7)),
    state=FilingState.EFFECTIVE,
    supplier_party_id=PartyId(uuid.UUID(int=8)),
    product_id=PRODUCT,
    terms=Terms(
        product_id=PRODUCT,
        price_items=(
            PriceItem(
                code="per_call",
                charge=Charge.PER_UNIT,
                unit=MeteringUnit.API_CALL,
                unit_price_fen=12_345,
            ),
        ),
        scenarios=("port_safety", "typhoon"),
        delivery_modes=(DeliveryMode.API_CALL,),
        use_scope=UseScope(),
        effective_from=NOW.date(),
    ),
    version=3,
    created_at=NOW,
    updated_at=NOW,
    filing_number="JGBA-1",
    record_sha256="0" * 64,
)
TEMPLATE = templates.all_templates()["provision", 1]


def wanted(**changes: Any) -> TermsWanted:
    made = TermsWanted(
        price_item="per_call",
        quantity=3,
        purpose="港口吊装作业停工判断",
        scenario="port_safety",
        delivery_mode=DeliveryMode.API_CALL,
        ends_at=NOW + dt.timedelta(days=365),
        valid_until=NOW + dt.timedelta(days=7),
        clauses=ClausesChosen(
            template="provision",
            version=1,
            parameters=dict.fromkeys(TEMPLATE.parameters, "按示范文本"),
        ),
    )
    return replace(made, **changes)


def offer(**changes: Any) -> PolicyOffer:
    return terms.write(
        wanted(**changes),
        FILING,
        offer_id=uuid.UUID(int=9),
        target=PRODUCT.urn,
        recipient=uuid.UUID(int=5).urn,
    )


def copy(role: Role, state: State, **changes: Any) -> Copy:
    made = Copy(
        role=role,
        own_pid="urn:own",
        other_pid="urn:other",
        state=state,
        offer=offer(),
        offered_by=Role.CONSUMER,
    )
    return replace(made, **changes)


def negotiation(held: Copy) -> Negotiation:
    return Negotiation(
        id=NegotiationId(uuid.UUID(int=1)),
        party_id=PartyId(uuid.UUID(int=2)),
        other_party_id=PartyId(uuid.UUID(int=3)),
        product_id=PRODUCT,
        copy=held,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.mark.parametrize(
    ("state", "buyer", "supplier"),
    [
        (State.REQUESTED, [], [Event.OFFER, Event.AGREE]),
        (State.OFFERED, [Event.REQUEST, Event.ACCEPT], []),
        (State.ACCEPTED, [], [Event.AGREE]),
        (State.AGREED, [Event.VERIFY], []),
        (State.VERIFIED, [], [Event.FINALIZE]),
    ],
)
def test_whose_turn_it_is_follows_from_what_may_be_said(
    state: State, buyer: list[Event], supplier: list[Event]
) -> None:
    for role, said in ((Role.CONSUMER, buyer), (Role.PROVIDER, supplier)):
        held = copy(role, state)

        assert negotiation_turns.moves(held) == [*said, Event.TERMINATE]
        assert negotiation_turns.turn_of(held) is (Turn.MINE if said else Turn.THEIRS)


@pytest.mark.parametrize("state", [State.FINALIZED, State.TERMINATED])
@pytest.mark.parametrize("role", list(Role))
def test_what_is_over_is_nobodys_turn(role: Role, state: State) -> None:
    held = copy(role, state)

    assert negotiation_turns.moves(held) == []
    assert negotiation_turns.turn_of(held) is Turn.OVER
    assert negotiation_turns.ends_unless_answered(negotiation(held)) is None


def test_while_a_message_is_on_its_way_only_an_ending_is_offered_and_none_after_the_last_word() -> (
    None
):
    asked = copy(Role.CONSUMER, State.OFFERED, pending=(make_message(Event.ACCEPT, Role.CONSUMER),))
    final = copy(
        Role.PROVIDER, State.VERIFIED, pending=(make_message(Event.FINALIZE, Role.PROVIDER),)
    )

    assert negotiation_turns.turn_of(asked) is Turn.UNDERWAY
    assert negotiation_turns.moves(asked) == [Event.TERMINATE]
    assert negotiation_turns.moves(final) == []


def test_it_ends_when_the_offer_runs_out_or_silence_has_lasted_whichever_is_first() -> None:
    short = copy(Role.CONSUMER, State.OFFERED)
    long = replace(short, offer=offer(valid_until=NOW + dt.timedelta(days=60)))
    signed = copy(Role.PROVIDER, State.VERIFIED)

    assert negotiation_turns.ends_unless_answered(negotiation(short)) == NOW + dt.timedelta(days=7)
    for held in (long, signed):
        assert negotiation_turns.ends_unless_answered(negotiation(held)) == NOW + silence.LONGEST


def test_why_it_ended_is_told_in_words_unless_the_code_is_the_other_sides_own() -> None:
    assert negotiation_turns.why("price_not_acceptable", ZH) == "价格不能接受"
    assert negotiation_turns.why(silence.CODE, EN) == "No answer in time"
    told = words("offer_target_differs", {})
    assert negotiation_turns.why("offer_target_differs", ZH) == told.zh
    assert negotiation_turns.why("offer_target_differs", EN) == told.en
    assert negotiation_turns.why("x-our-own", ZH) == "x-our-own"


def test_every_term_of_an_offer_is_told_by_name_and_no_code_is_shown() -> None:
    told = {
        term.name: term.words
        for term in offer_words.terms_of(
            offer(
                regions=("海南", "广东"),
                fields=("风级",),
                is_cross_border=True,
                onward_use=True,
                destroys_at_end=False,
                succeeds=Succession(uuid.UUID(int=4).urn, Relation.AMENDS),
            ),
            ZH,
            NAMES,
        )
    }

    assert told["价款"] == "¥370.35"
    assert told["价目"] == "每次调用"
    assert told["使用场景"] == "港口安全"
    assert told["交付方式"] == "调用接口"
    assert told["使用地域"] == "海南、广东"
    assert told["数据项"] == "风级"
    assert (told["可向境外提供"], told["可再流通"], told["到期销毁"]) == ("是", "是", "否")
    assert told["使用至"] == "2029年2月28日 23:59"
    assert told["要约有效至"] == "2028年3月7日 23:59"
    assert told["与前协议的关系"] == "变更原协议"
    assert told["合同示范文本"] == "数据提供合同 1"
    assert told["争议解决"] == "按示范文本"
    assert "urn:" not in "".join(told.values())


def test_an_agreement_has_no_last_day_for_its_acceptance() -> None:
    agreed = agreement_of(
        offer(), agreement_id=uuid.UUID(int=1), assigner="p", assignee="c", now=NOW
    )

    names = [term.name for term in offer_words.terms_of(agreed, EN, NAMES)]

    assert "Offer open until" not in names
    assert "Use until" in names


def test_what_the_next_offer_has_otherwise_is_told_as_added_removed_or_changed() -> None:
    before = offer_words.terms_of(offer(regions=("海南",)), ZH, NAMES)
    after = offer_words.terms_of(
        offer(quantity=4, fields=("风级",), purpose="港口吊装作业停工预警"), ZH, NAMES
    )

    told = {each.field: each for each in offer_words.differing(before, after)}

    kinds = {field: each.kind for field, each in told.items()}
    assert kinds["数量"] == kinds["价款"] == kinds["使用目的"] == "changed"
    assert (kinds["数据项"], kinds["使用地域"]) == ("added", "removed")
    assert [part.text for part in told["数量"].parts] == ["3", "4"]
    # Prose is compared word by word: what stayed is not told as new.
    assert told["使用目的"].parts[0].text == "港口吊装作业停工"
    assert offer_words.differing(before, before) == []


@pytest.mark.parametrize("table", [True, False])
def test_a_form_that_nobody_touched_asks_for_what_stands_on_the_table(*, table: bool) -> None:
    day = end_of_day(dt.date(2029, 3, 1))
    asked = wanted(
        ends_at=wanted().ends_at if table else day,
        valid_until=wanted().valid_until if table else end_of_day(dt.date(2028, 3, 5)),
        regions=("海南",),
        is_cross_border=True,
        succeeds=Succession(uuid.UUID(int=4).urn, Relation.RENEWS),
    )
    stands = terms.write(
        asked, FILING, offer_id=uuid.UUID(int=9), target=PRODUCT.urn, recipient="urn:c"
    )

    again = terms_form.wanted(terms_form.typed(stands), stands if table else None)

    assert again == asked


def test_a_day_counts_to_its_end_and_a_new_day_changes_the_instant() -> None:
    fields = terms_form.typed(offer()) | {"ends_at": "2028-12-31"}

    assert terms_form.wanted(fields, offer()).ends_at == end_of_day(dt.date(2028, 12, 31))
    assert terms_form.last_day(end_of_day(dt.date(2028, 12, 31))) == dt.date(2028, 12, 31)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("ends_at", "tomorrow"),
        ("quantity", "many"),
        ("quantity", "0"),
        ("purpose", ""),
        ("delivery_mode", "by_hand"),
        ("use_category", "any"),
    ],
)
def test_a_field_that_can_not_hold_what_was_typed_is_named(field: str, words: str) -> None:
    fields = terms_form.typed(offer()) | {field: words}
    if not words:
        del fields[field]

    with pytest.raises(FormFieldInvalid) as refused:
        terms_form.wanted(fields, offer())

    assert refused.value.errors[0].pointer == f"/{field}"


def test_a_refusal_that_names_no_field_is_told_beside_the_one_that_it_is_about() -> None:
    outside = terms.OfferOutsideFiledScope(outside=["delivery_mode", "scenario"])
    clauses = templates.ClauseParametersWrong(missing=["venue"], surplus=[])

    assert refused_fields.field_of(outside) == "delivery_mode"
    assert refused_fields.field_of(clauses) == "clause_venue"
    assert refused_fields.field_of(terms.OfferTimesInvalid()) == "ends_at"
    assert refused_fields.field_of(terms.OfferTermsMissing(operands=[])) == ""


@hypothesis.given(
    st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC)),
    st.integers(1, 10**9),
)
def test_days_are_left_as_long_as_it_is_not_over(now: dt.datetime, seconds: int) -> None:
    end = now + dt.timedelta(seconds=seconds % (400 * 86_400) + 1)

    assert dates.days_until(end, now) >= 0
    assert dates.days_until(now, now) < 0


def test_the_last_day_is_today_until_24_oclock() -> None:
    end = end_of_day(dt.date(2028, 3, 1))

    assert dates.days_until(end, end - dt.timedelta(seconds=1)) == 0
    assert dates.days_until(end, end - dt.timedelta(days=1, seconds=1)) == 1
    assert dates.days_until(end, end) == -1


def test_every_parameter_of_a_template_has_a_name() -> None:
    asked = {name for each in templates.all_templates().values() for name in each.parameters}

    assert set(names_of("clause")) == asked
    assert set(names_of("agreement_relation")) == {each.value for each in Relation}
    assert set(names_of("turn")) == {each.value for each in Turn}
