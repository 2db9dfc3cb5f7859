"""By which keys a log is known to who follows it: those that were pinned, and those that it announced."""

from __future__ import annotations

import pytest

from catalog.audit_log import key_notices, merkle
from catalog.audit_log.checkpoint import parse_checkpoint, parse_note, sign_line
from catalog.audit_log.export_format import NoticeRow
from catalog.audit_log.key_notices import Action
from catalog.signing.signer import Signer
from catalog.witnessing import log_keys
from catalog.witnessing.log_keys import LogKeys, NoticeFault
from tests.keyed_log import NEW, NEXT, OLD, THIEF, KeyedLog, vkey

PINNED = log_keys.known([vkey(OLD)])


def fetch_of(log: KeyedLog) -> log_keys.FetchTiles:
    def fetch(size: int, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        edge, full = merkle.Edge().extended([merkle.leaf_hash(x) for x in log.leaves[:size]])
        found = {(tile.level, tile.number): tile.hashes for tile in full}
        for level, partial in enumerate(edge.partials):
            found[level, size >> (8 * (level + 1))] = partial
        return {place: found.get(place, b"") for place in wanted}

    return fetch


def seen(
    log: KeyedLog, before: LogKeys = PINNED, size: int | None = None
) -> tuple[LogKeys, tuple[NoticeFault, ...]]:
    """Follow the notices of a log of which so many entries were accepted."""
    held = len(log.leaves) if size is None else size

    def is_bound(row: NoticeRow) -> bool:
        assert row.index is not None
        root = merkle.root_of(log.leaves[:held])
        return log_keys.is_bound(row, log.leaves[row.index], held, root, fetch_of(log))

    return log_keys.followed(before, log.told, held, is_bound)


def accepts(keys: LogKeys, log: KeyedLog) -> bool:
    note = parse_note(log.note())
    return keys.has_signed(note, parse_checkpoint(note.text))


def why_not(keys: LogKeys, log: KeyedLog) -> str:
    note = parse_note(log.note())
    return keys.why_not(note, parse_checkpoint(note.text))


def test_a_key_that_is_announced_in_what_was_accepted_is_known_from_its_entry_on() -> None:
    log = KeyedLog()
    place = log.change()
    keys, faults = seen(log)
    log.end()
    after, more = seen(log, keys)
    log.more()

    assert (faults, more) == ((), ())
    assert keys.in_force(place - 1) == (vkey(OLD),)
    assert keys.in_force(place) == (vkey(OLD), vkey(NEW))
    assert after.in_force(len(log.leaves) - 1) == (vkey(NEW),)
    assert accepts(after, log)
    assert not accepts(PINNED, log)


def test_one_change_after_another_is_followed() -> None:
    log = KeyedLog()
    log.change()
    log.end()
    log.change(NEXT, NEW)
    log.end(NEW, NEXT)

    keys, faults = seen(log)

    assert faults == ()
    assert keys.in_force(len(log.leaves) - 1) == (vkey(NEXT),)


def test_what_lies_beyond_the_accepted_tree_waits() -> None:
    log = KeyedLog()
    place = log.change()

    assert seen(log, size=place) == (PINNED, ())
    assert seen(log, size=place + 1)[0].notices == tuple(log.told)
    log.told.append(NoticeRow(None, log.told[0].note))
    assert seen(log)[1] == ()


def test_who_slept_through_the_overlap_does_not_take_what_the_new_key_alone_signs() -> None:
    log = KeyedLog()
    log.change()
    log.end()
    log.more()

    keys, _ = seen(log, size=3)

    assert keys == PINNED
    assert not accepts(keys, log)
    assert why_not(keys, log) == "none of the keys known here signed it"
    assert accepts(log_keys.known([vkey(OLD), vkey(NEW)]), log)  # a person pinned it


def test_a_notice_that_the_log_does_not_hold_brings_nothing() -> None:
    log = KeyedLog()
    forged = log.notice(Action.ANNOUNCE, THIEF, OLD)
    log.told.append(NoticeRow(1, forged))

    keys, faults = seen(log)

    assert keys == PINNED
    assert faults == (NoticeFault(1, "its entry does not hold it"),)


def test_a_notice_shown_at_another_place_or_with_another_leaf_brings_nothing() -> None:
    log = KeyedLog()
    place = log.change()
    row, root = log.told[0], merkle.root_of(log.leaves)
    size = len(log.leaves)

    assert log_keys.is_bound(row, log.leaves[place], size, root, fetch_of(log))
    for other in (log.leaves[1], b"{}"):
        assert not log_keys.is_bound(row, other, size, root, fetch_of(log))
    log.grow([b"{}"])
    moved = NoticeRow(size, row.note)
    root = merkle.root_of(log.leaves)
    assert not log_keys.is_bound(moved, b"{}", size + 1, root, fetch_of(log))


@pytest.mark.parametrize(
    ("signed_by", "by", "reason"),
    [
        ((NEW,), OLD, "key_notice_not_signed"),  # by the new key alone
        ((OLD,), OLD, "key_notice_not_signed"),  # by the old one alone: nobody has the new one
        ((THIEF, NEW), THIEF, "is not signed by a key of the log"),
    ],
)
def test_a_notice_in_the_log_that_the_old_key_did_not_make_brings_nothing(
    signed_by: tuple[Signer, ...], by: Signer, reason: str
) -> None:
    log = KeyedLog()
    log.enter(log.notice(Action.ANNOUNCE, NEW, by, signed_by=signed_by))

    keys, (fault,) = seen(log)

    assert keys == PINNED
    assert reason in fault.reason


def test_a_key_that_comes_back_is_none_of_the_log() -> None:
    log = KeyedLog()
    log.change()
    log.end()
    back = log.enter(log.notice(Action.ANNOUNCE, OLD, NEW))

    keys, faults = seen(log)
    log.by = (OLD,)

    assert faults == (
        NoticeFault(back, f"its notice at entry {back} brings a key that was there before"),
    )
    assert not accepts(keys, log)
    assert "ended at entry 4" in why_not(keys, log)


def test_a_distrusted_key_signs_nothing_from_the_entry_that_is_named() -> None:
    log = KeyedLog()
    log.change()
    log.more(4)
    log.by = (NEW,)
    log.enter(log.notice(Action.DISTRUST, OLD, NEW, since=6))

    keys, faults = seen(log)
    log.by = (OLD,)

    assert faults == ()
    assert keys.distrusted() == [(vkey(OLD), 6)]
    assert not accepts(keys, log)
    assert "is distrusted from entry 6 on" in why_not(keys, log)


def test_a_wrong_line_of_a_key_that_is_known_spoils_the_note() -> None:
    log = KeyedLog()
    log.change()
    keys, _ = seen(log)
    checkpoint = parse_checkpoint(parse_note(log.note()).text)
    wrong = log.note() + sign_line(vkey(OLD), bytes(64)).encode()

    assert accepts(keys, log)
    assert not keys.has_signed(parse_note(wrong), checkpoint)
    assert "is not its own" in keys.why_not(parse_note(wrong), checkpoint)


def test_a_notice_that_counts_through_one_of_two_pinned_keys_counts() -> None:
    log = KeyedLog()
    pinned = log_keys.known([vkey(THIEF), vkey(OLD)])
    log.change()

    keys, faults = seen(log, pinned)

    assert faults == ()
    assert vkey(NEW) in keys.in_force(len(log.leaves) - 1)
    assert key_notices.read(keys.notices[0].note).key == vkey(NEW)
    bad = log.enter(log.notice(Action.END, NEXT, NEW))
    assert [fault.index for fault in seen(log, keys)[1]] == [bad]
