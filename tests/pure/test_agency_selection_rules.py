"""Public comparison of agencies: announcement, sealed bids, panel, scores, ranking, award (HN-23)."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.agency_selection import announcing, award, bidding, check, panel, ranking, scoring
from catalog.agency_selection.model import (
    Bid,
    BidId,
    BidScore,
    Criterion,
    Expert,
    Panel,
    PanelCommitment,
    PanelDrawRecord,
    PanelRecusal,
    Qualification,
    Remark,
    RemarkKind,
    ScoreSheet,
    Selection,
    SelectionId,
)
from catalog.agency_selection.states import (
    TRANSITIONS,
    AgencySelectionEventNotAllowed,
    Event,
    State,
    advance,
)
from catalog.audit_log import merkle
from catalog.audit_log.model import Digest, Subject
from catalog.audit_log.verdict import Unreadable
from catalog.draws.model import EarlierCheckpoint, ProvenEntry
from catalog.draws.seats import seed_of
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.kernel.local_time import end_of_day
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from market.supervision.check import check_document
from seeds.workdays import load_calendar
from tests.makers_agencies import CRITERIA, QUALIFICATIONS
from tests.makers_draws import LOG_KEY, entry_of, log_with, signed
from tests.makers_products import make_file

NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
LAST_DAY = dt.date(2026, 3, 12)
NAME = str(uuid.UUID(int=7))
EXPERTS = tuple(sorted(str(uuid.UUID(int=n)) for n in range(101, 107)))


def refusal(code: str) -> Any:
    """Expect a refusal with this code."""
    return pytest.raises(DomainError, check=lambda error: error.code == code)


def make_selection(**changes: Any) -> Selection:
    values: dict[str, Any] = {
        "id": SelectionId(uuid.UUID(int=7)),
        "selection_number": "比选〔2026〕1号",
        "title": "公开比选",
        "operator_party_id": PartyId(new_id()),
        "rulebook": "hn-2023-interim",
        "state": State.OPEN,
        "criteria": CRITERIA,
        "qualifications": QUALIFICATIONS,
        "panel_size": 3,
        "seats": 2,
        "announced_at": NOW,
        "announced_by": None,
        "bids_until": LAST_DAY,
        "closes_at": end_of_day(LAST_DAY),
    }
    return Selection(**(values | changes))


def make_bid(n: int = 1, **changes: Any) -> Bid:
    values: dict[str, Any] = {
        "id": BidId(uuid.UUID(int=n)),
        "selection_id": SelectionId(uuid.UUID(int=7)),
        "agency_party_id": PartyId(uuid.UUID(int=1000 + n)),
        "sha256": f"{n:064x}",
        "handed_in_at": NOW + dt.timedelta(minutes=n),
        "handed_in_by": None,
    }
    return Bid(**(values | changes))


def make_sheet(given: dict[int, tuple[int, int]], *, qualified: bool = True) -> ScoreSheet:
    """Return a sheet that gives bids points for the two criteria."""
    return ScoreSheet(
        id=new_id(),
        selection_id=SelectionId(uuid.UUID(int=7)),
        expert=AccountId(new_id()),
        scores=tuple(
            BidScore(
                bid_id=uuid.UUID(int=n),
                is_qualified=qualified,
                points={"competence": competence, "price": price},
            )
            for n, (competence, price) in given.items()
        ),
        handed_in_at=NOW,
    )


def order(ranked: tuple[Any, ...]) -> list[int]:
    return [each.bid_id.int for each in ranked]


# ── the life ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_pair_of_state_and_event(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(AgencySelectionEventNotAllowed) as refused:
            advance(state, event)
        assert refused.value.facts == {"state": state.value, "event": event.value}


# ── the announcement ────────────────────────────────────────────────────────────────────────


def announce(**changes: Any) -> None:
    values: dict[str, Any] = {
        "title": "公开比选",
        "criteria": CRITERIA,
        "qualifications": QUALIFICATIONS,
        "panel_size": 3,
        "seats": 2,
        "rulebook": HAINAN_2023,
    }
    announcing.check_announcement(**(values | changes))


ONE = Criterion(code="a", name="甲", weight_bps=10_000)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"title": " "}, ["title"]),
        ({"criteria": ()}, ["criteria", "weights"]),
        ({"criteria": (*CRITERIA, CRITERIA[0])}, ["criteria", "weights"]),
        ({"criteria": (msgspec.structs.replace(ONE, weight_bps=9_999),)}, ["weights"]),
        (
            {"criteria": (ONE, Criterion(code="b", name="乙", weight_bps=0))},
            ["weights"],
        ),
        ({"criteria": (msgspec.structs.replace(ONE, is_past_performance=True),)}, ["criteria"]),
        (
            {
                "criteria": (
                    Criterion(code="a", name="甲", weight_bps=8_000),
                    *(
                        Criterion(code=c, name=c, weight_bps=1_000, is_past_performance=True)
                        for c in "bc"
                    ),
                )
            },
            ["criteria"],
        ),
        ({"qualifications": ()}, ["qualifications"]),
        ({"qualifications": QUALIFICATIONS * 2}, ["qualifications"]),
        ({"qualifications": (Qualification(code=" ", name="空"),)}, ["qualifications"]),
        ({"panel_size": 1}, ["panel_size"]),
        ({"panel_size": 4}, ["panel_size"]),
        ({"seats": 1}, ["seats"]),
    ],
)
def test_an_announcement_lacks_nothing(changes: dict[str, Any], missing: list[str]) -> None:
    announce()

    with refusal("selection_announcement_incomplete") as refused:
        announce(**changes)
    assert refused.value.facts["missing"] == missing


def test_bids_may_come_in_for_five_working_days_at_least() -> None:
    calendar = load_calendar()
    friday = dt.date(2026, 2, 13)  # Saturday works, then Spring Festival through the 23rd

    announcing.check_days(friday, dt.date(2026, 2, 27), HAINAN_2023, calendar)
    with refusal("bid_window_too_short") as refused:
        announcing.check_days(friday, dt.date(2026, 2, 26), HAINAN_2023, calendar)
    assert refused.value.facts["earliest"] == "2026-02-27"


def test_a_selection_is_announced_under_a_number_of_its_own() -> None:
    earlier = [make_selection(selection_number="比选〔2026〕1号")]

    announcing.check_beside(earlier, selection_number="比选〔2026〕2号", follows=None)

    with refusal("selection_number_used"):
        announcing.check_beside(earlier, selection_number="比选〔2026〕1号", follows=None)


@pytest.mark.parametrize("state", State)
def test_only_a_selection_that_failed_is_announced_again(state: State) -> None:
    before = make_selection(state=state)

    with contextlib.nullcontext() if state is State.FAILED else refusal("not_found"):
        announcing.check_beside([before], selection_number="比选〔2026〕2号", follows=before.id)
    with refusal("not_found"):
        announcing.check_beside([before], selection_number="比选〔2026〕2号", follows=new_id())


# ── the bids ────────────────────────────────────────────────────────────────────────────────


def test_the_last_second_of_the_window_is_in_time_and_the_next_is_too_late() -> None:
    selection = make_selection()
    last = selection.closes_at - dt.timedelta(seconds=1)

    bidding.check_open(selection, last)
    with refusal("bid_window_open"):
        bidding.check_over(selection, last)
    bidding.check_over(selection, selection.closes_at)
    with refusal("bid_window_closed"):
        bidding.check_open(selection, selection.closes_at)


def test_neither_operator_nor_bureau_nor_who_is_bound_to_them_bids() -> None:
    operator, bureau, agency, other = (PartyId(new_id()) for _ in range(4))
    institutions = (operator, bureau)

    bidding.check_bidder(agency, institutions=institutions, related=(other,))
    for bidder, related in ((operator, ()), (bureau, ()), (agency, (operator,)), (agency, (other, bureau))):  # fmt: skip
        with refusal("bidder_is_related"):
            bidding.check_bidder(bidder, institutions=institutions, related=related)


def test_every_qualification_is_shown_by_a_file_that_nobody_could_read() -> None:
    sealed = make_file(sealed_for=uuid.UUID(int=7))
    shown = {"licence": sealed, "staff": sealed}
    selection_id = uuid.UUID(int=7)

    bidding.check_evidence(QUALIFICATIONS, shown, selection_id)
    for files, missing, unknown in (
        ({"licence": sealed}, ["staff"], []),
        ({**shown, "more": sealed}, [], ["more"]),
    ):
        with refusal("bid_evidence_missing") as refused:
            bidding.check_evidence(QUALIFICATIONS, files, selection_id)
        assert (refused.value.facts["missing"], refused.value.facts["unknown"]) == (
            missing,
            unknown,
        )
    for other in (make_file(), make_file(sealed_for=uuid.UUID(int=8))):
        with refusal("bid_evidence_not_sealed") as refused:
            bidding.check_evidence(QUALIFICATIONS, shown | {"staff": other}, selection_id)
        assert refused.value.facts["qualification"] == "staff"


def draw_up(**changes: Any) -> Any:
    values: dict[str, Any] = {
        "proposal": "方案",
        "price_fen": 1,
        "files": {"licence": make_file(id=uuid.UUID(int=1))},
        "related": (),
        "nonce": "00" * 32,
    }
    return bidding.draw_up(make_selection(), PartyId(uuid.UUID(int=9)), **(values | changes))


def test_a_digest_tells_nothing_and_is_of_this_bid_alone() -> None:
    document, digest = bidding.seal(draw_up())

    assert bidding.seal(draw_up()) == (document, digest)
    for changes in ({"nonce": "01" * 32}, {"price_fen": 2}, {"proposal": "别的"}):
        assert bidding.seal(draw_up(**changes))[1] != digest
    with refusal("bid_text_missing"):
        draw_up(proposal=" \n")


# ── the panel ───────────────────────────────────────────────────────────────────────────────


def test_nobody_who_is_bound_to_a_bidder_can_be_drawn() -> None:
    mine, theirs = PartyId(new_id()), PartyId(new_id())
    experts = [
        Expert(account_id=AccountId(uuid.UUID(int=n)), party_id=party)
        for n, party in ((2, mine), (1, mine), (3, theirs))
    ]

    assert panel.directory(experts, {theirs}) == (str(uuid.UUID(int=1)), str(uuid.UUID(int=2)))
    with refusal("too_few_experts"):
        panel.check_size(panel.directory(experts, {theirs}), 3)
    panel.check_size(panel.directory(experts, set()), 3)


def make_commitment(**changes: Any) -> PanelCommitment:
    values: dict[str, Any] = {
        "format": panel.FORMAT,
        "selection_id": NAME,
        "experts": EXPERTS,
        "panel_size": 3,
        "bids": ("ab" * 32,),
        "nonce": "cd" * 32,
    }
    return PanelCommitment(**(values | changes))


def make_panel(**changes: Any) -> Panel:
    commitment = changes.pop("commitment", make_commitment())
    seed = bytes(32)
    values: dict[str, Any] = {
        "selection_id": SelectionId(uuid.UUID(int=7)),
        "commitment": commitment,
        "commitment_sha256": panel.commitment_sha256(commitment),
        "entry_id": new_id(),
        "seed": seed.hex(),
        "experts": panel.draw_experts(seed, commitment),
    }
    return Panel(**(values | changes))


def test_only_who_was_drawn_scores_or_stands_aside() -> None:
    drawn = make_panel()
    outside = next(each for each in EXPERTS if each not in drawn.experts)

    panel.check_member(drawn, AccountId(uuid.UUID(drawn.experts[0])))
    for account in (AccountId(uuid.UUID(outside)), None):
        with refusal("not_on_the_panel"):
            panel.check_member(drawn, account)


def test_whoever_stands_aside_says_why_and_is_replaced_while_somebody_is_left() -> None:
    drawn = make_panel()

    assert panel.replacement(drawn, "与应选机构有亲属关系") not in drawn.experts
    with refusal("recusal_reason_missing"):
        panel.replacement(drawn, " ")
    used_up = make_panel(commitment=make_commitment(experts=EXPERTS[:3]))
    with refusal("no_expert_left"):
        panel.replacement(used_up, "回避")


# ── the sheets ──────────────────────────────────────────────────────────────────────────────


def test_a_sheet_scores_every_bid_by_every_criterion_within_bounds() -> None:
    bids = (make_bid(1), make_bid(2))
    whole = make_sheet({1: (0, 100), 2: (50, 50)}).scores

    scoring.check_sheet(whole, bids, CRITERIA)
    for scores in (whole[:1], whole[:1] * 2, (*whole, whole[0]), ()):
        with refusal("score_missing"):
            scoring.check_sheet(scores, bids, CRITERIA)
    for points, criteria in (
        ({"competence": 1}, ["price"]),
        ({"competence": 1, "price": 1, "charm": 1}, ["charm"]),
        ({"competence": 101, "price": 1}, ["competence"]),
        ({"competence": 1, "price": -1}, ["price"]),
    ):
        wrong = (whole[0], msgspec.structs.replace(whole[1], points=points))
        with refusal("score_missing") as refused:
            scoring.check_sheet(wrong, bids, CRITERIA)
        assert refused.value.facts == {"bid_id": str(bids[1].id), "criteria": criteria}


def test_nothing_is_ranked_before_every_expert_has_scored() -> None:
    sheets = [make_sheet({1: (1, 1)}) for _ in range(3)]
    experts = [str(sheet.expert) for sheet in sheets]

    scoring.check_all_in(experts, sheets)
    with refusal("score_sheets_missing") as refused:
        scoring.check_all_in(experts, sheets[1:])
    assert refused.value.facts == {"missing": 1}


# ── the ranking ─────────────────────────────────────────────────────────────────────────────


def test_the_mean_of_all_sheets_counts_by_weight_in_hundredths() -> None:
    bids = (make_bid(1), make_bid(2))
    sheets = [make_sheet({1: (90, 50), 2: (80, 100)}), make_sheet({1: (91, 50), 2: (80, 100)})]

    ranked = ranking.rank(bids, sheets, CRITERIA, {})

    # 0.6 · 80 + 0.4 · 100 = 88.00; 0.6 · 90.5 + 0.4 · 50 = 74.30
    assert [(each.bid_id.int, each.points, each.rank) for each in ranked] == [
        (2, 8_800, 1),
        (1, 7_430, 2),
    ]


def test_of_equal_bids_the_heaviest_criterion_decides_then_the_time_then_the_digest() -> None:
    by_weight = ranking.rank(
        (make_bid(1), make_bid(2)), [make_sheet({1: (50, 65), 2: (60, 50)})], CRITERIA, {}
    )
    by_time = ranking.rank(
        (make_bid(2), make_bid(1)), [make_sheet({1: (50, 50), 2: (50, 50)})], CRITERIA, {}
    )
    at_once = (make_bid(1, handed_in_at=NOW, sha256="f" * 64), make_bid(2, handed_in_at=NOW))
    by_digest = ranking.rank(at_once, [make_sheet({1: (50, 50), 2: (50, 50)})], CRITERIA, {})

    assert {each.points for each in by_weight} == {5_600}
    assert (order(by_weight), order(by_time), order(by_digest)) == ([2, 1], [1, 2], [2, 1])


def test_who_does_not_qualify_for_half_of_the_panel_has_no_rank() -> None:
    bids = (make_bid(1), make_bid(2))
    good, bad = make_sheet({1: (90, 90), 2: (10, 10)}), make_sheet({1: (90, 90)}, qualified=False)
    split = msgspec.structs.replace(good, scores=(bad.scores[0], good.scores[1]))

    ranked = ranking.rank(bids, [good, split], CRITERIA, {})

    assert [(e.bid_id.int, e.is_qualified, e.rank) for e in ranked] == [
        (2, True, 1),
        (1, False, None),
    ]


def test_past_performance_has_the_points_of_the_last_evaluation_or_a_newcomers() -> None:
    criteria = (
        Criterion(code="competence", name="专业能力", weight_bps=5_000),
        Criterion(code="past", name="履约评价", weight_bps=5_000, is_past_performance=True),
    )
    sheets = [
        ScoreSheet(
            id=new_id(),
            selection_id=SelectionId(uuid.UUID(int=7)),
            expert=AccountId(new_id()),
            scores=tuple(
                BidScore(bid_id=uuid.UUID(int=n), is_qualified=True, points={"competence": 80})
                for n in (1, 2)
            ),
            handed_in_at=NOW,
        )
    ]
    scoring.check_sheet(sheets[0].scores, (make_bid(1), make_bid(2)), criteria)

    ranked = ranking.rank(
        (make_bid(1), make_bid(2)), sheets, criteria, {PartyId(uuid.UUID(int=1002)): 90}
    )

    assert [(each.bid_id.int, each.points) for each in ranked] == [(2, 8_500), (1, 7_000)]


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=6),
    st.randoms(),
)
def test_the_order_in_which_bids_and_sheets_are_read_changes_nothing(
    points: list[tuple[int, int]], chance: Any
) -> None:
    bids = [make_bid(n) for n in range(len(points))]
    sheets = [make_sheet(dict(enumerate(points))), make_sheet(dict(enumerate(points[::-1])))]
    expected = ranking.rank(bids, sheets, CRITERIA, {})
    chance.shuffle(bids)
    chance.shuffle(sheets)

    assert ranking.rank(bids, sheets, CRITERIA, {}) == expected
    assert [each.points for each in expected] == sorted((e.points for e in expected), reverse=True)


def test_the_first_of_the_ranking_win_and_one_is_not_enough() -> None:
    bids = [make_bid(n) for n in (1, 2, 3)]
    ranked = ranking.rank(bids, [make_sheet({1: (1, 1), 2: (3, 3), 3: (2, 2)})], CRITERIA, {})

    assert ranking.winners(ranked, 2, HAINAN_2023) == tuple(bids[n].agency_party_id for n in (1, 2))
    assert len(ranking.winners(ranked, 5, HAINAN_2023)) == 3
    with refusal("fewer_than_two_agencies"):
        ranking.winners(ranked[:1], 2, HAINAN_2023)


def test_a_selection_fails_only_with_fewer_than_two() -> None:
    ranking.check_failed(1, HAINAN_2023)
    with refusal("selection_not_failed"):
        ranking.check_failed(2, HAINAN_2023)
    ranking.check_result("定选结果")
    with refusal("selection_result_missing"):
        ranking.check_result(" ")


# ── the award ───────────────────────────────────────────────────────────────────────────────


def make_remark(kind: RemarkKind = RemarkKind.OBJECTION, **changes: Any) -> Remark:
    values: dict[str, Any] = {
        "id": new_id(),
        "selection_id": SelectionId(uuid.UUID(int=7)),
        "kind": kind,
        "text": "评分理由不足",
        "authority_party_id": PartyId(new_id()),
        "made_by": None,
        "made_at": NOW,
    }
    return Remark(**(values | changes))


def test_only_a_winner_of_an_award_without_objection_is_contracted() -> None:
    winner, loser = PartyId(new_id()), PartyId(new_id())
    awarded = make_selection(state=State.AWARDED, winners=(winner,))
    settled = make_remark(settled_at=NOW, settlement="已补充说明")

    award.check_winner(awarded, winner, [make_remark(RemarkKind.COMMENT), settled])
    with refusal("agency_not_selected"):
        award.check_winner(awarded, loser, [])
    with refusal("award_objected"):
        award.check_winner(awarded, winner, [settled, make_remark()])
    for state in set(State) - {State.AWARDED}:
        with refusal("selection_not_awarded"):
            award.check_winner(make_selection(state=state), winner, [])


def test_only_an_objection_that_stands_is_settled() -> None:
    award.check_settling(make_remark())
    for other in (
        make_remark(RemarkKind.COMMENT),
        make_remark(settled_at=NOW, settlement="已补充说明"),
    ):
        with refusal("nothing_to_settle"):
            award.check_settling(other)
    award.check_text("说明")
    with refusal("selection_remark_text_missing"):
        award.check_text("\t")


# ── the record of the draw ──────────────────────────────────────────────────────────────────


def make_record(recusal_count: int = 1, previous: int | None = 1) -> PanelDrawRecord:
    commitment = make_commitment()
    digest = panel.commitment_sha256(commitment)
    subjects = [Subject("agency_selection", NAME)]
    log = log_with(
        "agency_bids:opened",
        subjects=subjects,
        digests=[Digest(panel.COMMITTED, NAME, digest)],
        previous=previous,
    )
    seed = seed_of(digest, log.root)
    drawn = make_panel(seed=seed.hex(), experts=panel.draw_experts(seed, commitment))
    for _ in range(recusal_count):
        aside, instead = drawn.experts[0], panel.replacement(drawn, "回避")
        drawn = msgspec.structs.replace(
            drawn,
            experts=(instead, *drawn.experts[1:]),
            recusals=(
                *drawn.recusals,
                PanelRecusal(expert=aside, replaced_by=instead, reason="", at=NOW),
            ),
        )
    sealed = Digest(panel.RECUSALS, NAME, panel.recusals_sha256(drawn.recusals))
    return PanelDrawRecord(
        format=panel.FORMAT,
        commitment=commitment,
        commitment_sha256=digest,
        committed=entry_of(log),
        seed=seed.hex(),
        experts=drawn.experts,
        recusals=drawn.recusals,
        concluded=entry_of(log_with("agency_bids:ranked", subjects=subjects, digests=[sealed])),
        before=EarlierCheckpoint(
            checkpoint=signed(1, log.proof[0]), consistency=(merkle.leaf_hash(log.leaf),)
        ),
    )


@pytest.mark.parametrize("recusal_count", [0, 1, 3])
def test_the_draw_of_a_panel_is_computed_again_by_anybody(recusal_count: int) -> None:
    raw = msgspec.json.encode(make_record(recusal_count))

    verdict = check_document(raw, keys=None, trusted=LOG_KEY)

    assert verdict.problems == ()
    assert verdict.counts["experts drawn again"] == 3
    assert verdict.counts["recusals sealed"] == recusal_count
    assert verdict.counts["first checkpoints"] == 1


def test_a_checkpoint_that_was_passed_over_or_not_told_is_found() -> None:
    passed_over = check.check(make_record(previous=2), LOG_KEY)
    not_told = check.check(msgspec.structs.replace(make_record(), before=None), LOG_KEY)

    assert [p.reason for p in passed_over.problems] == [
        "a checkpoint over the commitment was signed before the one that was used"
    ]
    assert [p.reason for p in not_told.problems] == [
        "the checkpoint before the one that was used is missing, or is another one"
    ]


def test_a_record_from_before_the_ranking_says_that_recusals_are_not_sealed() -> None:
    verdict = check.check(msgspec.structs.replace(make_record(), concluded=None), LOG_KEY)

    assert verdict.problems == ()
    assert any("sealed when the bids are ranked" in note for note in verdict.notes)


def _entry(entry: ProvenEntry | None, **said: Any) -> ProvenEntry:
    assert entry is not None
    return msgspec.structs.replace(entry, **said)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _: {"commitment": make_commitment(nonce="00" * 32)}, "commitment is not the one"),
        (lambda _: {"commitment_sha256": "00" * 32}, "commitment is not the one"),
        (lambda r: {"committed": _entry(r.committed, proof=())}, "does not lead"),
        (lambda r: {"committed": _entry(r.concluded)}, "does not hold its commitment"),
        (lambda _: {"seed": "00" * 32}, "seed is not that"),
        (lambda r: {"experts": r.experts[::-1]}, "experts are not those"),
        (lambda _: {"recusals": ()}, "experts are not those"),
        (lambda r: {"concluded": _entry(r.concluded, proof=())}, "does not lead"),
        (lambda r: {"concluded": _entry(r.committed)}, "not those that were sealed"),
        (
            lambda _: {
                "concluded": entry_of(log_with(None, subjects=[], digests=[])),
            },
            "not those that were sealed",
        ),
    ],
)
def test_what_was_changed_is_named(
    change: Callable[[PanelDrawRecord], dict[str, Any]], reason: str
) -> None:
    record = make_record()

    verdict = check.check(msgspec.structs.replace(record, **change(record)), LOG_KEY)

    assert any(reason in problem.reason for problem in verdict.problems), verdict.problems


def test_what_is_no_record_of_a_panel_is_not_read() -> None:
    for raw in (b"{}", b"\xff", b'{"format": "shushi/panel-draw/1"}'):
        with pytest.raises(Unreadable):
            check.read(raw)
