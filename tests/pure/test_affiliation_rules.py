"""How two parties are related, from the ties that were stated; what may be stated, and what follows."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId
from market.affiliations import holding, relating, stating
from market.affiliations.model import (
    Dealing,
    DealingId,
    Excerpt,
    Matter,
    Named,
    Relation,
    RelationKind,
    Source,
    Stated,
    Step,
    Tie,
    TieId,
    TieKind,
)
from market.affiliations.relating import CONTROL_FROM, HOLDING_FROM
from market.affiliations.states import State
from market.auctions import bidding
from market.quotes import inviting

DAY = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
KEY = b"k" * 32
PARTY = PartyId(uuid.UUID(int=7))
USCC = "91460000MA5T00001F"


def refusal(call: Callable[..., object], *args: Any, **named: Any) -> str | None:
    try:
        call(*args, **named)
    except DomainError as error:
        return error.code
    return None


def tie(holder: str, held: str, share: int | None = None, **changes: Any) -> Tie:
    kind = TieKind.SHAREHOLDING if share is not None else TieKind.ACTUAL_CONTROL
    made = Tie(
        id=TieId(uuid.uuid4()),
        kind=kind,
        holder=holder,
        holder_name=holder,
        held=held,
        held_name=held,
        share_bps=share,
        is_state_investor=False,
        valid_from=dt.date(2020, 1, 1),
        valid_until=None,
        source=Source.DECLARED,
        stated_by_party_id=PARTY,
        basis="章程",
        stated_at=NOW,
    )
    return msgspec.structs.replace(made, **changes)


def head(person: str, of: str) -> Tie:
    return tie(f"person:{person}", of, kind=TieKind.LEGAL_REPRESENTATIVE)


def found(ties: list[Tie], a: str = "a", b: str = "b", on: dt.date = DAY) -> str | None:
    relation = relating.find(a, b, ties, on=on)
    return None if relation is None else relation.kind.value


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        ([], None),
        ([tie("a", "b", 5_001)], "controls"),
        ([tie("a", "b", 5_000)], "holding"),
        ([tie("a", "b", 2_500)], "holding"),
        ([tie("a", "b", 2_499)], None),
        ([tie("b", "a", 5_001)], "controlled_by"),
        ([tie("b", "a", 3_000)], "holding"),
        ([tie("a", "b")], "controls"),
        ([tie("a", "b", kind=TieKind.MANAGEMENT)], "controls"),
        ([tie("a", "c", 6_000), tie("c", "b", 6_000)], "controls"),
        ([tie("a", "c", 6_000), tie("c", "b", 5_000)], "holding"),
        # Three tenths by itself and three by what it controls: more than half together.
        ([tie("a", "b", 3_000), tie("a", "c", 9_000), tie("c", "b", 3_000)], "controls"),
        # What it does not control does not count with it.
        ([tie("a", "b", 3_000), tie("a", "c", 2_000), tie("c", "b", 3_000)], "holding"),
        ([tie("x", "a", 5_001), tie("x", "b", 5_001)], "same_controller"),
        ([tie("x", "a", 5_001), tie("x", "y", 5_001), tie("y", "b", 8_000)], "same_controller"),
        ([tie("x", "a", 2_500), tie("x", "b", 2_500)], "holding"),
        ([tie("x", "a", 2_500), tie("x", "b", 2_499)], None),
        ([head("p", "a"), head("p", "b")], "same_legal_representative"),
        ([head("p", "a"), head("q", "b")], None),
        ([head("p", "a"), tie("person:p", "b", 6_000)], "same_person"),
        ([head("p", "a"), tie("person:p", "b", 2_000)], None),
    ],
)
def test_two_are_related_by_what_was_stated(ties: list[Tie], expected: str | None) -> None:
    assert found(ties) == expected


def test_a_holding_by_two_sources_counts_once() -> None:
    twice = [tie("a", "b", 2_600), tie("a", "b", 2_600, source=Source.REGISTER)]
    higher = [tie("a", "b", 2_600), tie("a", "b", 5_100, source=Source.REGISTER)]

    assert found(twice) == "holding"
    assert found(higher) == "controls"
    assert found(higher[::-1]) == "controls"


def test_the_state_ties_no_two_firms_by_holding_both() -> None:
    """公司法 265(4)."""
    ties = [tie("s", "a", 10_000, is_state_investor=True), tie("s", "b", 10_000)]

    assert found(ties) is None
    assert found([*ties, tie("g", "a", 6_000), tie("g", "b", 6_000)]) == "same_controller"


def test_what_the_state_holds_itself_is_controlled_all_the_same() -> None:
    assert found([tie("a", "b", 10_000, is_state_investor=True)]) == "controls"


@pytest.mark.parametrize("kind", [TieKind.SPOUSE, TieKind.KIN])
def test_kin_count_only_if_they_are_declared_and_in_both_directions(kind: TieKind) -> None:
    heads = [head("p", "a"), tie("person:q", "b", 9_000)]
    one = tie("person:p", "person:q", kind=kind)
    other = tie("person:q", "person:p", kind=kind)

    assert found(heads) is None
    assert found([*heads, one]) == "kin"
    assert found([*heads, other]) == "kin"
    assert found([*heads, tie("person:p", "person:r", kind=kind)]) is None


def test_a_person_that_trades_itself_is_its_own_head() -> None:
    ties = [head("p", "b"), tie("person:p", "person:q", kind=TieKind.SPOUSE)]

    assert found(ties, "person:p", "b") == "same_person"
    assert found(ties, "person:q", "b") == "kin"


def test_a_ring_of_holdings_ends() -> None:
    ring = [tie("a", "b", 6_000), tie("b", "c", 6_000), tie("c", "a", 6_000), tie("c", "d", 6_000)]

    assert found(ring) == "controls"
    assert found(ring, "c", "b") == "controls"
    assert found(ring, "d", "a") == "controlled_by"
    assert found([tie("a", "a", 9_000)]) is None


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (dt.date(2026, 1, 31), None),
        (dt.date(2026, 2, 1), "controls"),
        (dt.date(2026, 2, 28), "controls"),
        (dt.date(2026, 3, 1), None),
    ],
)
def test_a_tie_counts_from_its_first_day_to_its_last(day: dt.date, expected: str | None) -> None:
    february = tie(
        "a", "b", 9_000, valid_from=dt.date(2026, 2, 1), valid_until=dt.date(2026, 2, 28)
    )

    assert found([february], on=day) == expected


def test_the_way_is_told_tie_by_tie_from_above() -> None:
    relation = relating.find(
        "甲", "丙", [tie("乙", "丙", 5_050), tie("甲", "乙"), tie("丁", "丙", 100)], on=DAY
    )

    assert relation is not None
    assert relating.in_words(relation) == "甲 —实际控制→ 乙；乙 —持股 50.50%→ 丙"
    assert relation.is_of_control
    assert not Relation(RelationKind.HOLDING, ()).is_of_control


def test_a_way_with_a_diamond_tells_each_tie_once() -> None:
    ties = [tie("x", "y", 9_000), tie("x", "z", 9_000), tie("y", "b", 3_000), tie("z", "b", 3_000)]

    relation = relating.controls("x", "b", ties, on=DAY)

    assert relation is not None
    assert len(relation.path) == len(set(relation.path)) == 4
    assert relation.path[-2:] == (
        Step("z", TieKind.SHAREHOLDING, "b", 3_000),
        Step("y", TieKind.SHAREHOLDING, "b", 3_000),
    )


def test_nobody_is_related_to_itself() -> None:
    assert relating.find("a", "a", [tie("x", "a", 9_000)], on=DAY) is None
    assert relating.controls("a", "a", [tie("x", "a", 9_000)], on=DAY) is None
    assert relating.controls("a", "b", [], on=DAY) is None


NODES = ["a", "b", "c", "d", "person:e"]
TIES = st.lists(
    st.builds(
        tie,
        st.sampled_from(NODES),
        st.sampled_from(NODES[:4]),
        st.none() | st.integers(1, 10_000),
    ),
    max_size=12,
)


def _controls_slowly(a: str, b: str, ties: list[Tie], least: int) -> bool:
    """Say it a second time, without the ways: add whatever is decided on until nothing is added."""
    best: dict[tuple[str, str], int] = {}
    for each in ties:
        if each.holder != each.held:
            share = 10_000 if each.share_bps is None else each.share_bps
            best[each.holder, each.held] = max(share, best.get((each.holder, each.held), 0))
    reached = {a}
    for _ in NODES:
        for node in NODES:
            if sum(s for (h, n), s in best.items() if n == node and h in reached) >= least:
                reached.add(node)
    return a != b and b in reached


@given(TIES)
def test_control_is_what_a_second_reading_finds_and_the_same_from_both_sides(
    ties: list[Tie],
) -> None:
    mirror = {
        None: None,
        RelationKind.CONTROLS: RelationKind.CONTROLLED_BY,
        RelationKind.CONTROLLED_BY: RelationKind.CONTROLS,
    }

    one, other = relating.find("a", "b", ties, on=DAY), relating.find("b", "a", ties, on=DAY)

    above = _controls_slowly("a", "b", ties, CONTROL_FROM)
    below = _controls_slowly("b", "a", ties, CONTROL_FROM)
    assert (relating.controls("a", "b", ties, on=DAY) is not None) is above
    assert (one is None) is (other is None)
    if one is not None and other is not None and not (above and below):
        assert mirror.get(one.kind, one.kind) is other.kind
    if one is None:
        assert not _controls_slowly("a", "b", ties, HOLDING_FROM)


# ── what may be stated ──────────────────────────────────────────────────────────────────────

PERSON = Named(name="张三", identity_number="11010519491231002X")
FIRM = Named(name="某公司", uscc=USCC)


def stated(**changes: Any) -> Stated:
    return Stated(
        **{
            "kind": TieKind.SHAREHOLDING,
            "holder": PERSON,
            "held": FIRM,
            "valid_from": DAY,
            "share_bps": 100,
            "basis": "章程",
        }
        | changes
    )


def test_a_node_is_a_code_or_the_keyed_hash_of_a_number() -> None:
    person = stating.node_of(PERSON, KEY)

    assert stating.node_of(FIRM, KEY) == f"uscc:{USCC}"
    assert person.startswith("person:")
    assert "11010519491231002X" not in person
    assert person != stating.node_of(PERSON, b"x" * 32)


@pytest.mark.parametrize(
    ("named", "code"),
    [
        (Named(name="x"), "affiliation_end_unnamed"),
        (Named(name="x", uscc=USCC, identity_number="1"), "affiliation_end_unnamed"),
        (Named(name="x", uscc="1"), "uscc_malformed"),
        (Named(name="x", identity_number="1"), "identity_number_malformed"),
        (Named(name=" ", uscc=USCC), "name_malformed"),
    ],
)
def test_an_end_that_is_not_named_is_refused(named: Named, code: str) -> None:
    assert refusal(stating.node_of, named, KEY) == code


@pytest.mark.parametrize(
    ("changes", "ends", "code"),
    [
        ({}, ("person:p", "uscc:f"), None),
        ({}, ("uscc:f", "person:p"), "affiliation_ends_unfit"),
        ({}, ("uscc:f", "uscc:f"), "affiliation_ends_unfit"),
        ({"kind": TieKind.KIN}, ("person:p", "uscc:f"), "affiliation_ends_unfit"),
        ({"kind": TieKind.KIN}, ("person:p", "person:q"), "affiliation_share_unfit"),
        ({"kind": TieKind.SPOUSE, "share_bps": None}, ("person:p", "person:q"), None),
        ({"kind": TieKind.LEGAL_REPRESENTATIVE, "share_bps": None}, ("person:p", "uscc:f"), None),
        (
            {"kind": TieKind.LEGAL_REPRESENTATIVE, "share_bps": None},
            ("uscc:g", "uscc:f"),
            "affiliation_ends_unfit",
        ),
        ({"kind": TieKind.ACTUAL_CONTROL}, ("uscc:g", "uscc:f"), "affiliation_share_unfit"),
        ({"share_bps": None}, ("uscc:g", "uscc:f"), "affiliation_share_unfit"),
        ({"valid_until": DAY - dt.timedelta(days=1)}, ("uscc:g", "uscc:f"), "affiliation_dates_unfit"),
        ({"valid_until": DAY}, ("uscc:g", "uscc:f"), None),
        ({"basis": " "}, ("uscc:g", "uscc:f"), "affiliation_basis_missing"),
    ],
)  # fmt: skip
def test_a_tie_says_what_such_a_tie_says(
    changes: dict[str, Any], ends: tuple[str, str], code: str | None
) -> None:
    assert refusal(stating.check, stated(**changes), *ends) == code


def test_a_party_states_its_own_ties_and_those_above_them() -> None:
    own = tie("uscc:parent", "uscc:own", 6_000)

    assert refusal(stating.check_own, "uscc:parent", "uscc:own", "uscc:own", []) is None
    above = ("uscc:grand", "uscc:parent", "uscc:own")
    assert refusal(stating.check_own, *above, []) == "affiliation_not_own"
    assert refusal(stating.check_own, *above, [own]) is None


def test_the_same_tie_is_stated_once_for_the_same_days() -> None:
    old = tie("a", "b", 6_000, valid_until=DAY)

    assert refusal(stating.check_new, tie("a", "b", 7_000), [old]) == "affiliation_stated_before"
    later = tie("a", "b", 7_000, valid_from=DAY + dt.timedelta(days=1))
    earlier = tie("a", "b", 1, valid_from=dt.date(2019, 1, 1), valid_until=dt.date(2019, 12, 31))
    for new in (later, earlier, tie("a", "c", 1), tie("a", "b")):
        assert refusal(stating.check_new, new, [old]) is None


def test_a_party_ends_its_own_tie_from_today_on_and_the_operator_any_day() -> None:
    stands = tie("a", "b", 6_000, valid_from=dt.date(2026, 1, 1))
    ended = msgspec.structs.replace(stands, ended_at=NOW)
    past = DAY - dt.timedelta(days=1)

    def end(of: Tie, day: dt.date, *, may_backdate: bool) -> str | None:
        return refusal(stating.check_end, of, day, today=DAY, may_backdate=may_backdate)

    assert end(stands, DAY, may_backdate=False) is None
    assert end(stands, past, may_backdate=True) is None
    assert end(stands, past, may_backdate=False) == "affiliation_end_backdated"
    assert end(stands, dt.date(2025, 12, 31), may_backdate=True) == "affiliation_dates_unfit"
    assert end(ended, DAY, may_backdate=True) == "affiliation_ended_before"


def test_an_excerpt_tells_of_one_organisation_and_no_more_than_the_whole() -> None:
    def excerpt(*shares: int) -> Excerpt:
        ties = tuple(stated(share_bps=share) for share in shares)
        return Excerpt(organisation=FIRM, as_of=DAY, number="摘录1", ties=ties)

    def check(of: Excerpt, held: list[str]) -> str | None:
        return refusal(stating.check_excerpt, of, "uscc:f", held)

    assert check(excerpt(4_000, 6_000), ["uscc:f", "uscc:f"]) is None
    assert check(excerpt(4_001, 6_000), ["uscc:f"]) == "affiliation_excerpt_unfit"
    assert check(excerpt(4_000), ["uscc:g"]) == "affiliation_excerpt_unfit"


# ── what follows ────────────────────────────────────────────────────────────────────────────

CONTROL = Relation(RelationKind.SAME_CONTROLLER, (Step("甲", TieKind.SHAREHOLDING, "乙", 6_000),))
KIN = Relation(RelationKind.KIN, ())
QUARTER = Relation(RelationKind.HOLDING, ())


def dealing(**changes: Any) -> Dealing:
    return Dealing(
        **{
            "id": DealingId(uuid.uuid4()),
            "state": State.OPEN,
            "matter": Matter.SPECIAL_PRICE,
            "matter_id": uuid.uuid4(),
            "product_id": uuid.uuid4(),
            "supplier_party_id": PARTY,
            "buyer_party_id": PARTY,
            "relation": RelationKind.KIN,
            "path": (),
            "in_words": "",
            "is_held": True,
            "found_at": NOW,
        }
        | changes
    )


def test_only_a_price_of_its_own_between_those_under_one_control_waits() -> None:
    assert holding.is_held(CONTROL, Matter.SPECIAL_PRICE)
    assert not holding.is_held(QUARTER, Matter.SPECIAL_PRICE)
    assert not holding.is_held(CONTROL, Matter.ORDER)


def test_what_is_held_goes_on_when_it_is_released() -> None:
    assert refusal(holding.check_free, None) is None
    assert refusal(holding.check_free, dealing(is_held=False)) is None
    assert refusal(holding.check_free, dealing(state=State.RELEASED)) is None
    for state in (State.OPEN, State.REFUSED):
        assert refusal(holding.check_free, dealing(state=state)) == "related_dealing_held"
    assert refusal(holding.check_reason, " ") == "related_dealing_reason_missing"
    assert refusal(holding.check_reason, "已核实") is None


def test_a_bidder_is_told_the_way_to_the_supplier_and_nobody_else_s() -> None:
    def facts(found: Relation, *, is_to_supplier: bool) -> Any:
        with pytest.raises(bidding.BidderRelated) as refused:
            bidding.check_relation(found, is_to_supplier=is_to_supplier)
        return refused.value.facts

    assert facts(CONTROL, is_to_supplier=True)["path"] == "甲 —持股 60.00%→ 乙"
    assert facts(CONTROL, is_to_supplier=False) == {
        "tied_to": "bidder",
        "relation": "same_controller",
        "path": "",
    }
    assert facts(KIN, is_to_supplier=True)["path"] == ""
    bidding.check_relation(QUARTER, is_to_supplier=True)


def test_an_invited_supplier_is_tied_to_nobody_who_takes_part() -> None:
    assert refusal(inviting.check_unrelated, PARTY, None) is None
    assert refusal(inviting.check_unrelated, PARTY, (PARTY, KIN)) == "quote_invitee_related"
