"""What a reader is not shown of a trace is named by its hash, counted, and never taken for proven."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import msgspec
import pytest

from catalog.audit_log.checkpoint import parse_vkey
from catalog.audit_log.export_format import Keys
from catalog.audit_log.merkle import leaf_hash
from catalog.audit_log.verdict import Verdict
from market.case_files import archive
from market.case_files.model import KEYS, TRACE
from market.supervision import trace_verify, withheld
from market.supervision.trace import Trace, TracedEntry
from market.supervision.withheld import EntryWithheld, Withheld

VECTOR = pathlib.Path(__file__).parents[1] / "vectors" / "case_file.zip"
PARTS = archive.unpack(VECTOR.read_bytes())
WHOLE = msgspec.json.decode(PARTS[TRACE], type=Trace)
KEYS_OF_ALL = msgspec.json.decode(PARTS[KEYS], type=Keys)
replace = msgspec.structs.replace


def verified(trace: Trace, left_out: Withheld | None) -> Verdict:
    key = parse_vkey(KEYS_OF_ALL.log or "")
    return trace_verify.verify(trace, key, KEYS_OF_ALL, left_out=left_out)


def without(trace: Trace, place: int, **changes: object) -> Trace:
    """Return a trace in which one entry says less."""

    def less(entry: TracedEntry) -> TracedEntry:
        return replace(entry, **changes) if entry.index == place else entry

    return replace(
        trace,
        stages=tuple(
            replace(stage, entries=tuple(less(entry) for entry in stage.entries))
            for stage in trace.stages
        ),
    )


FIRST = withheld.placed(WHOLE)[0]
HIDDEN = without(WHOLE, FIRST.index or 0, payload=None, salt=None)
NAMED = EntryWithheld(FIRST.index or 0, leaf_hash(FIRST.leaf).hex())
BARE = replace(WHOLE, records=WHOLE.records[1:])


def test_of_a_whole_trace_nothing_is_left_out() -> None:
    assert withheld.of_trace(WHOLE) == Withheld()
    assert verified(WHOLE, Withheld()).problems == ()
    assert not any("not shown" in note for note in verified(WHOLE, Withheld()).notes)


def test_an_entry_that_is_not_shown_is_proven_to_be_there_and_no_more() -> None:
    left_out = withheld.of_trace(HIDDEN)

    verdict = verified(HIDDEN, left_out)

    assert left_out == Withheld(entries=(NAMED,))
    assert verdict.problems == ()
    assert verdict.counts["entries not shown to this reader"] == 1
    assert verdict.counts["entries"] == len(withheld.placed(WHOLE))
    (note,) = [each for each in verdict.notes if "not shown to this reader" in each]
    assert "and no more" in note
    assert not any("without its payload" in each for each in verdict.notes)


@pytest.mark.parametrize("member", ["payload", "salt"])
def test_half_of_what_an_entry_says_is_not_shown_either(member: str) -> None:
    half = without(WHOLE, FIRST.index or 0, **{member: None})

    assert withheld.of_trace(half).entries == (NAMED,)
    assert any(
        f"entry {FIRST.index} comes without its payload" in each
        for each in verified(half, None).notes
    )


def test_a_record_that_is_not_shown_is_named_by_the_digest_that_the_log_binds() -> None:
    hidden = WHOLE.records[0]

    left_out = withheld.of_trace(BARE)
    verdict = verified(BARE, left_out)

    (digest,) = left_out.records
    assert (digest.kind, digest.id) == (hidden.kind, hidden.id)
    assert verdict.problems == ()
    assert verdict.counts["records not shown to this reader"] == 1
    assert any("the record is not here" in str(each) for each in verified(BARE, None).problems)


def of_another_hash(told: Withheld) -> Withheld:
    return replace(told, entries=(replace(told.entries[0], leaf_hash="00" * 32),))


def of_another_digest(told: Withheld) -> Withheld:
    return replace(told, records=(replace(told.records[0], sha256="00" * 32),))


@pytest.mark.parametrize(
    ("trace", "said", "reason"),
    [
        (HIDDEN, lambda _: Withheld(), "it is left out, and that is not said"),
        (BARE, lambda _: Withheld(), "it is left out, and that is not said"),
        (WHOLE, lambda _: Withheld(entries=(NAMED,)), "nothing is missing"),
        (WHOLE, lambda _: withheld.of_trace(BARE), "nothing is missing"),
        (HIDDEN, of_another_hash, "is not what the log holds"),
        (BARE, of_another_digest, "is not what the log holds"),
    ],
)
def test_what_is_said_to_be_left_out_is_exactly_what_is_missing(
    trace: Trace, said: Callable[[Withheld], Withheld], reason: str
) -> None:
    verdict = verified(trace, said(withheld.of_trace(trace)))

    assert any(reason in str(problem) for problem in verdict.problems), verdict.problems


def test_an_entry_that_is_shown_with_something_else_is_found() -> None:
    forged = without(WHOLE, FIRST.index or 0, payload={"event": "forged"})

    verdict = verified(forged, withheld.of_trace(forged))

    assert any("its payload is not the one" in str(each) for each in verdict.problems)
