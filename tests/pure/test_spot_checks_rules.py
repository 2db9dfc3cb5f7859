"""Spot checks: the draw that anybody repeats, its record, and what may be found and put right."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit_log import merkle
from catalog.audit_log.model import Digest, Subject
from catalog.audit_log.verdict import Fault, Unreadable
from catalog.draws.model import EarlierCheckpoint, ProvenEntry
from catalog.draws.seats import seed_of
from catalog.kernel.draw import draw, place
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.signing.canonical import sha256_hex
from market.spot_checks import answering, check, drawing
from market.spot_checks.model import (
    Commitment,
    DrawRecord,
    Finding,
    FindingId,
    Recusal,
    SpotCheck,
    SpotCheckId,
)
from market.spot_checks.states import TRANSITIONS, Event, SpotCheckEventNotAllowed, State, advance
from market.supervision.check import check_document
from tests.log_of_tests import ORIGIN
from tests.makers_draws import LOG_KEY, TwoEntries, entry_of, log_with, signed

NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
CASES = tuple(sorted(str(uuid.UUID(int=n)) for n in range(1, 21)))
INSPECTORS = tuple(sorted(str(uuid.UUID(int=n)) for n in range(101, 107)))
SEED = bytes(32)


def refusal(code: str) -> Any:
    """Expect a refusal with this code."""
    return pytest.raises(DomainError, check=lambda error: error.code == code)


# ── the draw ────────────────────────────────────────────────────────────────────────────────


def test_the_vector_of_the_format() -> None:
    assert draw(SEED, "abcde", 3) == ("e", "b", "d")
    assert draw(SEED, "edcba", 5) == draw(SEED, "abcde", 9)


@given(st.binary(min_size=32, max_size=32), st.sets(st.text(max_size=4)), st.integers(0, 12))
def test_a_draw_is_of_the_list_without_repeats_and_repeats_itself(
    seed: bytes, population: set[str], count: int
) -> None:
    drawn = draw(seed, population, count)

    assert len(drawn) == len(set(drawn)) == min(count, len(population))
    assert set(drawn) <= population
    assert drawn == draw(seed, sorted(population, reverse=True), count)


def test_each_has_the_same_chance() -> None:
    counted = Counter(draw(n.to_bytes(32, "big"), "abcde", 1)[0] for n in range(5_000))

    assert all(900 < counted[letter] < 1_100 for letter in "abcde")


def test_a_number_that_would_favour_some_is_passed_over() -> None:
    n = 2**255 + 1  # every second number lies above the largest multiple of it

    places = [place(number.to_bytes(32, "big"), 0, n) for number in range(20)]

    assert all(0 <= each < n for each in places)
    assert len(set(places)) == 20


# ── the plan ────────────────────────────────────────────────────────────────────────────────


def make_commitment(**said: Any) -> Commitment:
    return Commitment(
        **{
            "format": drawing.FORMAT,
            "spot_check_id": str(uuid.UUID(int=7)),
            "items": ("材料齐全", "审查意见"),
            "population_sha256": drawing.population_sha256(CASES),
            "population_size": len(CASES),
            "sample_size": 3,
            "inspectors": INSPECTORS,
            "inspector_count": 2,
            "nonce": "ab" * 32,
        }
        | said
    )


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({"items": ()}, ["items"]),
        ({"items": ("材料齐全", " ")}, ["items"]),
        ({"population_size": 0}, ["population", "sample_size"]),
        ({"sample_size": 21}, ["sample_size"]),
        ({"inspector_count": 1}, ["inspector_count"]),
        ({"inspectors": INSPECTORS[:1]}, ["inspectors"]),
    ],
)
def test_a_plan_that_can_not_be_drawn_is_refused(said: dict[str, Any], missing: list[str]) -> None:
    drawing.check_plan(make_commitment())
    with refusal("spot_check_plan_incomplete") as refused:
        drawing.check_plan(make_commitment(**said))
    assert refused.value.facts["missing"] == missing


def test_the_directory_holds_colleagues_only() -> None:
    drawing.check_directory(INSPECTORS[:2], INSPECTORS)
    with refusal("not_an_inspector_account") as refused:
        drawing.check_directory(("stranger", INSPECTORS[0]), INSPECTORS)
    assert refused.value.facts["accounts"] == ["stranger"]


def test_no_case_is_left_out_because_there_are_too_many() -> None:
    drawing.check_population(drawing.POPULATION_MAX)
    with refusal("spot_check_population_too_large"):
        drawing.check_population(drawing.POPULATION_MAX + 1)


# ── the record ──────────────────────────────────────────────────────────────────────────────


def make_conclusion(recusals: Sequence[Recusal]) -> ProvenEntry:
    name = str(uuid.UUID(int=7))
    sealed = drawing.recusals_sha256(recusals)
    return entry_of(
        log_with(
            "spot_check:concluded",
            subjects=[Subject("spot_check", name)],
            digests=[Digest(drawing.RECUSALS, name, sealed)],
        )
    )


def make_record(recusal_count: int = 1, previous: int | None = 1) -> DrawRecord:
    commitment = make_commitment()
    digest = sha256_hex(drawing.commitment_bytes(commitment))
    log = log_with(
        "spot_check:planned",
        subjects=[Subject("spot_check", commitment.spot_check_id)],
        digests=[Digest("spot_check", commitment.spot_check_id, digest)],
        previous=previous,
    )
    seed = seed_of(digest, log.root)
    inspectors = list(drawing.draw_inspectors(seed, INSPECTORS, 2))
    recusals: list[Recusal] = []
    for _ in range(recusal_count):
        instead = drawing.redraw(seed, INSPECTORS, inspectors, recusals)
        recusals.append(Recusal(inspector=inspectors[0], replaced_by=instead, reason="", at=NOW))
        inspectors[0] = instead
    return DrawRecord(
        format=drawing.FORMAT,
        commitment=commitment,
        commitment_sha256=digest,
        population=CASES,
        planned=entry_of(log),
        seed=seed.hex(),
        cases=drawing.draw_cases(seed, CASES, 3),
        inspectors=tuple(inspectors),
        recusals=tuple(recusals),
        concluded=make_conclusion(recusals),
        before=EarlierCheckpoint(
            checkpoint=signed(1, log.proof[0]), consistency=(merkle.leaf_hash(log.leaf),)
        ),
    )


def test_the_checkpoint_that_was_used_is_the_first_over_the_commitment() -> None:
    verdict = check.check(make_record(), LOG_KEY)
    of_the_first = check.check(
        msgspec.structs.replace(make_record(previous=0), before=None), LOG_KEY
    )
    older = check.check(msgspec.structs.replace(make_record(previous=None), before=None), LOG_KEY)

    assert (verdict.problems, verdict.counts["first checkpoints"]) == ((), 1)
    assert (of_the_first.problems, of_the_first.counts["first checkpoints"]) == ((), 1)
    assert older.problems == ()
    assert "first checkpoints" not in older.counts
    assert any("names no earlier one" in note for note in older.notes)


def test_a_checkpoint_that_was_passed_over_is_found() -> None:
    verdict = check.check(make_record(previous=2), LOG_KEY)

    (problem,) = verdict.problems
    assert "was signed before the one that was used" in problem.reason


@pytest.mark.parametrize(
    "before",
    [
        lambda _: None,
        lambda b: msgspec.structs.replace(b, consistency=()),
        lambda b: msgspec.structs.replace(b, checkpoint=signed(1, bytes(32))),
        lambda b: msgspec.structs.replace(b, checkpoint=signed(0, merkle.EMPTY_ROOT)),
        lambda b: msgspec.structs.replace(b, checkpoint="no note"),
        lambda b: msgspec.structs.replace(
            b, checkpoint=b.checkpoint.replace(ORIGIN, "another.example/log", 1)
        ),
    ],
)
def test_an_earlier_checkpoint_that_is_missing_or_another_is_found(before: Any) -> None:
    record = make_record()

    verdict = check.check(msgspec.structs.replace(record, before=before(record.before)), LOG_KEY)

    assert any("is missing, or is another one" in str(problem) for problem in verdict.problems)
    assert "first checkpoints" not in verdict.counts


@pytest.mark.parametrize("recusal_count", [0, 1, 3])
def test_a_draw_is_computed_again_by_anybody(recusal_count: int) -> None:
    record = check.read(msgspec.json.encode(make_record(recusal_count)))

    verdict = check.check(record, LOG_KEY)

    assert verdict.problems == ()
    assert verdict.counts["cases drawn again"] == 3
    assert verdict.counts["inspectors drawn again"] == 2
    assert verdict.counts["recusals sealed"] == recusal_count


def test_a_record_from_before_the_conclusion_says_that_recusals_are_not_sealed() -> None:
    verdict = check.check(msgspec.structs.replace(make_record(), concluded=None), LOG_KEY)

    assert verdict.problems == ()
    assert any("sealed when the check is concluded" in note for note in verdict.notes)


def _without_recusals(record: DrawRecord) -> dict[str, Any]:
    drawn = drawing.draw_inspectors(bytes.fromhex(record.seed), INSPECTORS, 2)
    return {"recusals": (), "inspectors": drawn}


def _with_another(record: DrawRecord) -> dict[str, Any]:
    seed = bytes.fromhex(record.seed)
    instead = drawing.redraw(seed, INSPECTORS, record.inspectors, record.recusals)
    added = Recusal(inspector=record.inspectors[1], replaced_by=instead, reason="", at=NOW)
    return {
        "recusals": (*record.recusals, added),
        "inspectors": (record.inspectors[0], instead),
    }


def _later(record: DrawRecord) -> dict[str, Any]:
    moved = msgspec.structs.replace(record.recusals[0], at=NOW + dt.timedelta(days=900))
    return {"recusals": (moved,)}


def _sealed_by(entry: TwoEntries) -> dict[str, Any]:
    return {"concluded": entry_of(entry)}


@pytest.mark.parametrize(
    "change",
    [
        _without_recusals,
        _with_another,
        _later,
        lambda _: _sealed_by(log_with("spot_check:concluded", subjects=[], digests=[])),
        lambda _: _sealed_by(log_with(None, subjects=[], digests=[])),
    ],
)
def test_recusals_that_the_seed_allows_and_nobody_declared_are_found(change: Any) -> None:
    record = make_record()

    verdict = check.check(msgspec.structs.replace(record, **change(record)), LOG_KEY)

    (problem,) = verdict.problems
    assert "not those that were sealed" in problem.reason
    assert problem.fault is Fault.NOT_BOUND


def test_a_conclusion_that_is_not_under_a_signed_root_seals_nothing() -> None:
    record = make_record()
    assert record.concluded is not None
    for change in ({"proof": ()}, {"checkpoint": "no note"}):
        concluded = msgspec.structs.replace(record.concluded, **change)

        verdict = check.check(msgspec.structs.replace(record, concluded=concluded), LOG_KEY)

        assert verdict.problems
        assert "recusals sealed" not in verdict.counts


def _planned(record: DrawRecord, **said: Any) -> dict[str, Any]:
    return {"planned": msgspec.structs.replace(record.planned, **said)}


def _recused(record: DrawRecord, **said: str) -> tuple[Recusal, ...]:
    return (msgspec.structs.replace(record.recusals[0], **said),)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda r: {"commitment": make_commitment(nonce="00" * 32)}, "commitment is not the one"),
        (lambda r: {"commitment_sha256": "00" * 32}, "commitment is not the one"),
        (lambda r: {"population": r.population[1:]}, "population is not the one"),
        (lambda r: {"population": (*r.population[1:], "x")}, "population is not the one"),
        (lambda r: {"cases": r.cases[::-1]}, "cases are not those"),
        (lambda r: {"cases": (*r.cases[1:], r.cases[0])}, "cases are not those"),
        (lambda r: {"inspectors": INSPECTORS[:2]}, "inspectors are not those"),
        (lambda r: {"recusals": ()}, "inspectors are not those"),
        (lambda r: {"recusals": _recused(r, inspector="x")}, "inspectors are not those"),
        (lambda r: {"recusals": _recused(r, replaced_by="x")}, "inspectors are not those"),
        (lambda r: {"recusals": r.recusals * 6}, "inspectors are not those"),
        (lambda r: {"seed": "00" * 32}, "seed is not that"),
        (lambda r: _planned(r, index=r.planned.index + 1), "does not lead to the signed root"),
        (lambda r: _planned(r, proof=()), "does not lead to the signed root"),
        (
            lambda r: _planned(r, checkpoint=r.planned.checkpoint.replace("\n", "\n1", 1)),
            "checkpoint",
        ),
        (lambda _: {"format": "shushi/draw/2"}, "another format"),
    ],
)
def test_what_was_changed_is_named(change: Any, reason: str) -> None:
    record = make_record()

    verdict = check.check(msgspec.structs.replace(record, **change(record)), LOG_KEY)

    assert any(reason in str(problem) for problem in verdict.problems), verdict.problems


def test_an_entry_that_is_no_leaf_or_another_holds_no_commitment() -> None:
    for other in (
        log_with("spot_check:planned", subjects=[], digests=[]),
        log_with(None, subjects=[], digests=[]),
    ):
        record = msgspec.structs.replace(make_record(), planned=entry_of(other))

        verdict = check.check(record, LOG_KEY)

        assert any("does not hold its commitment" in str(p) for p in verdict.problems)


def test_a_directory_that_is_used_up_draws_nobody() -> None:
    with refusal("no_inspector_left"):
        drawing.redraw(SEED, INSPECTORS[:2], INSPECTORS[:2], [])
    aside = [
        Recusal(inspector=each, replaced_by="?", reason="", at=NOW)
        for each in drawing.draw_inspectors(SEED, INSPECTORS[:2], 2)
    ]
    small = make_commitment(inspectors=INSPECTORS[:2])
    assert drawing.with_recusals(SEED, small, aside) is None


def test_what_is_no_record_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        check.read(b"{}")


# ── what is found ───────────────────────────────────────────────────────────────────────────


def make_check() -> SpotCheck:
    return SpotCheck(
        id=SpotCheckId(uuid.UUID(int=7)),
        title="二〇二六年第一次抽查",
        authority_party_id=PartyId(new_id()),
        state=State.IN_PROGRESS,
        commitment=make_commitment(),
        commitment_sha256="ab" * 32,
        entry_id=new_id(),
        population=CASES,
        planned_by=None,
        planned_at=NOW,
        cases=CASES[:2],
        inspectors=INSPECTORS[:2],
    )


def make_finding(**said: Any) -> Finding:
    return Finding(
        **{
            "id": FindingId(new_id()),
            "spot_check_id": SpotCheckId(uuid.UUID(int=7)),
            "application_id": uuid.UUID(CASES[0]),
            "item": "材料齐全",
            "conforms": False,
            "fact": "缺页",
            "evidence_file_id": None,
            "inspector": None,
            "found_at": NOW,
        }
        | said
    )


def test_only_who_was_drawn_inspects_what_was_drawn() -> None:
    spot_check = make_check()

    answering.check_inspector(spot_check, AccountId(uuid.UUID(INSPECTORS[0])))
    for account in (AccountId(uuid.UUID(INSPECTORS[5])), None):
        with refusal("not_a_drawn_inspector"):
            answering.check_inspector(spot_check, account)
    for case, item in ((CASES[9], "材料齐全"), (CASES[0], "别的事项")):
        with refusal("outside_the_sample"):
            answering.check_finding(
                spot_check, uuid.UUID(case), item, conforms=True, fact="x", has_evidence=False
            )


@pytest.mark.parametrize(
    ("conforms", "fact", "has_evidence", "is_whole"),
    [
        (True, "齐全", False, True),
        (False, "缺页", True, True),
        (False, "缺页", False, False),
        (True, " ", True, False),
    ],
)
def test_a_finding_tells_a_fact_and_a_fault_has_its_evidence(
    *, conforms: bool, fact: str, has_evidence: bool, is_whole: bool
) -> None:
    def ask() -> None:
        answering.check_finding(
            make_check(),
            uuid.UUID(CASES[0]),
            "材料齐全",
            conforms=conforms,
            fact=fact,
            has_evidence=has_evidence,
        )

    if is_whole:
        ask()
    else:
        with refusal("finding_incomplete"):
            ask()


def test_every_item_of_every_case_is_answered_before_the_end() -> None:
    four = [make_finding()] * 4

    answering.check_all_answered(make_check(), four)
    with refusal("spot_check_items_unanswered") as refused:
        answering.check_all_answered(make_check(), four[:1])
    assert refused.value.facts == {"missing": 3}


def test_what_does_not_conform_is_put_right_once() -> None:
    wrong, good = make_finding(), make_finding(conforms=True)
    right = make_finding(rectified_at=NOW)

    assert answering.to_rectify([good, wrong], wrong.id) is wrong
    assert answering.open_findings([wrong, good, right]) == 1
    for other in (good, right):
        with refusal("nothing_to_rectify"):
            answering.to_rectify([other], other.id)
    answering.check_text("已补正")
    with refusal("spot_check_text_missing"):
        answering.check_text(" ")


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_a_spot_check_moves_only_as_the_table_says(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(SpotCheckEventNotAllowed):
            advance(state, event)


def test_a_draw_is_known_by_its_format_among_all_that_is_handed_out() -> None:
    verdict = check_document(msgspec.json.encode(make_record()), keys=None, trusted=LOG_KEY)

    assert verdict.problems == ()
    assert verdict.counts["draw"] == 1
