"""A log changes its key: who knows one of them knows the others, and from where on each counts."""

from __future__ import annotations

import base64
import datetime as dt

import msgspec
import pytest

from catalog.audit_log import export_format as form
from catalog.audit_log import key_chain, key_notices, merkle, proven_log, verify
from catalog.audit_log.checkpoint import VerifierKey, open_checkpoint
from catalog.audit_log.key_notices import Action, KeyNoticeMalformed, KeyNoticeNotSigned
from catalog.audit_log.sequencer.operations.publishing import LogSigner
from catalog.audit_log.verdict import Fault, Findings, Verdict
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from tests.exports import Export, Maker
from tests.log_of_tests import ORIGIN, signer_of

OLD = signer_of(Purpose.CHECKPOINT)
NEW = signer_of(Purpose.CHECKPOINT, "new")
NEXT = signer_of(Purpose.CHECKPOINT, "next")
THIEF = signer_of(Purpose.CHECKPOINT, "thief")
ROOT = signer_of(Purpose.ROOT)
NOW = dt.datetime(2026, 11, 28, 11, tzinfo=dt.UTC)


def vkey(signer: Signer) -> VerifierKey:
    return VerifierKey(ORIGIN, signer.public_key)


def started() -> Maker:
    """Return a log of one key with some entries, signed."""
    log = Maker()
    log.register(OLD)
    for _ in range(4):
        log.append()
    log.sign()
    return log


def rotated() -> Maker:
    """Return a log that changed its key at entry 5, ended the old one at entry 9, and went on."""
    log = started()
    log.say(Action.ANNOUNCE, NEW, by=OLD)
    log.by = (NEW, OLD)
    log.append()
    log.sign()
    log.append()
    log.append()
    log.sign()
    log.say(Action.END, OLD, by=NEW)
    log.by = (NEW,)
    log.append()
    log.sign()
    return log


def checked(log: Maker, trusted: Signer | None = OLD) -> Verdict:
    export = log.export()
    return verify.verify_export(export, None if trusted is None else vkey(trusted))


def chain(log: Maker, known: Signer = OLD) -> key_chain.KeyChain:
    return key_chain.chained(vkey(known), log.notices)


@pytest.mark.parametrize("known", [OLD, NEW])
def test_whoever_knows_one_key_verifies_what_every_key_signed(known: Signer) -> None:
    log = rotated()

    verdict = checked(log, known)

    assert verdict.first_bad is None
    assert verdict.counts["checkpoints"] == 4
    assert [(each.key, each.first, each.end) for each in chain(log, known).periods] == [
        (vkey(OLD), 0, 9),
        (vkey(NEW), 5, None),
    ]


def test_during_the_overlap_a_checkpoint_bears_the_lines_of_both_keys_and_then_of_one() -> None:
    log = rotated()
    first, both, _, last = (note for _, _, note, _ in log.checkpoints)

    def signers(note: bytes) -> list[Signer]:
        return [each for each in (OLD, NEW) if open_checkpoint(note, vkey(each))]

    assert [signers(note) for note in (first, both, last)] == [[OLD], [OLD, NEW], [NEW]]


def test_a_key_that_the_old_one_does_not_announce_is_refused() -> None:
    log = started()
    log.by = (THIEF,)
    log.append()
    log.sign()

    first = checked(log).first_bad

    assert first is not None
    assert (first.kind, first.id) == ("checkpoint", "newest")
    assert "is not signed by" in first.reason


def test_a_notice_that_the_old_key_did_not_sign_brings_nothing() -> None:
    log = started()
    log.say(Action.ANNOUNCE, THIEF, by=OLD, signed_by=(THIEF,))
    log.by = (THIEF,)
    log.sign()

    verdict = checked(log)

    assert verdict.first_bad is not None
    assert verdict.first_bad.fault is Fault.KEY_NOT_ANNOUNCED
    assert "key_notice_not_signed" in verdict.first_bad.reason
    newest = next(each for each in verdict.problems if each.id == "newest")
    assert newest.fault is Fault.KEY_NOT_ANNOUNCED


def test_a_stranger_who_announces_himself_brings_nothing() -> None:
    log = started()
    log.say(Action.ANNOUNCE, NEW, by=THIEF)
    log.sign()

    first = checked(log).first_bad

    assert first is not None
    assert (first.fault, "not signed by a key of the log" in first.reason) == (
        Fault.KEY_NOT_ANNOUNCED,
        True,
    )


def test_an_ended_key_signs_and_announces_nothing_more() -> None:
    log = rotated()
    log.by = (OLD,)
    log.append()
    log.sign()

    verdict = checked(log)

    assert verdict.first_bad is not None
    assert verdict.first_bad.fault is Fault.KEY_NOT_VALID
    assert "ended at entry 9" in verdict.first_bad.reason

    later = rotated()
    later.say(Action.ANNOUNCE, NEXT, by=OLD)
    later.sign()

    (refused,) = [each for each in checked(later).problems if each.fault]
    assert "ended at entry 9" in refused.reason


def test_a_key_signs_nothing_that_ends_before_its_notice() -> None:
    log = started()
    log.by = (NEW,)
    log.append()
    log.sign()
    log.by = (NEW, OLD)
    log.say(Action.ANNOUNCE, NEW, by=OLD)
    log.sign()

    first = checked(log).first_bad

    assert first is not None
    assert (first.id, first.fault) == ("6 of the signer's journal", Fault.KEY_NOT_VALID)
    assert "from entry 6 on only" in first.reason


def test_what_a_distrusted_key_signed_before_stays_good_and_after_is_refused_by_name() -> None:
    log = rotated()
    log.say(Action.DISTRUST, OLD, by=NEW, since=7)
    log.sign()
    forged = rotated()
    forged.say(Action.DISTRUST, NEW, by=OLD, since=7)  # the old one ended before

    good = checked(log)
    first = chain(log).periods[0]

    assert good.first_bad is None
    assert (first.distrusted_from, first.covers(6), first.covers(7)) == (7, True, False)
    note = log.checkpoints[1][2]  # both signed it, at 7 entries
    assert open_checkpoint(note, chain(log)) is not None
    assert [reason for _, reason in chain(forged).refused] != []


def test_what_only_a_distrusted_key_signed_proves_nothing_and_what_is_trusted_goes_on_from_it() -> (
    None
):
    log = started()
    log.say(Action.ANNOUNCE, NEW, by=OLD)
    log.append()
    log.by = (OLD,)
    log.append()
    log.sign()
    stolen = log.checkpoints[-1]
    log.say(Action.DISTRUST, OLD, by=NEW, since=6)
    log.by = (NEW,)
    log.sign()
    newest = log.export()
    newest.files[form.CHECKPOINT] = stolen[2]
    forked = log.export()
    other = LogSigner(ORIGIN, OLD).note(8, merkle.EMPTY_ROOT, previous=5)
    rows = forked.rows(form.CHECKPOINTS)
    encoded = base64.b64encode(other).decode()
    rows[1] |= {"root": base64.b64encode(merkle.EMPTY_ROOT).decode(), "note": encoded}
    forked.put_rows(form.CHECKPOINTS, rows)
    del forked.files[form.SIGNER_JOURNAL]

    good = checked(log)
    shown = verify.verify_export(newest, vkey(OLD)).first_bad
    two_stories = verify.verify_export(forked, vkey(OLD)).first_bad

    assert good.first_bad is None
    assert good.counts["checkpoints of a distrusted key"] == 1
    assert shown is not None
    assert (shown.id, shown.fault) == ("newest", Fault.KEY_DISTRUSTED)
    assert two_stories is not None
    assert "do not have the signed root" in two_stories.reason


def test_keys_that_a_thief_brought_fall_with_the_stolen_one_and_may_not_accuse() -> None:
    log = started()
    log.say(Action.ROOT, ROOT, by=OLD)  # 5
    log.say(Action.ANNOUNCE, THIEF, by=OLD)  # 6
    log.say(Action.ANNOUNCE, NEXT, by=THIEF)  # 7
    log.say(Action.ANNOUNCE, NEW, by=ROOT)  # 8
    log.say(Action.DISTRUST, OLD, by=THIEF, since=6)  # 9: would undo itself
    log.say(Action.DISTRUST, OLD, by=ROOT, since=6)  # 10
    log.by = (NEW,)
    log.sign()

    found = chain(log)

    assert {each.key: each.distrusted_from for each in found.periods} == {
        vkey(OLD): 6,
        vkey(THIEF): 6,
        vkey(NEXT): 7,
        vkey(NEW): None,
    }
    assert found.in_force(10) == (vkey(NEW),)
    assert [reason for _, reason in found.refused] == [
        "its distrust would take away the key that signs it"
    ]
    assert (
        verify.verify_export(log.export(), vkey(OLD)).problems[0].fault is Fault.KEY_NOT_ANNOUNCED
    )


def test_a_key_is_distrusted_from_the_earlier_of_two_entries() -> None:
    log = rotated()
    log.say(Action.DISTRUST, OLD, by=NEW, since=8)
    log.say(Action.DISTRUST, OLD, by=NEW, since=6)
    log.say(Action.DISTRUST, OLD, by=NEW, since=7)

    assert chain(log).periods[0].distrusted_from == 6


def test_a_root_key_brings_a_new_one_after_the_last_was_lost_and_signs_no_checkpoint() -> None:
    log = started()
    log.say(Action.ROOT, ROOT, by=OLD)
    log.sign()
    log.say(Action.ANNOUNCE, NEW, by=ROOT)
    log.say(Action.END, OLD, by=ROOT)
    log.by = (NEW,)
    log.sign()

    assert checked(log, OLD).first_bad is None
    assert checked(log, NEW).first_bad is None
    assert [each.key for each in chain(log).periods] == [vkey(OLD), vkey(NEW)]


@pytest.mark.parametrize(
    ("say", "reason"),
    [
        (lambda log: log.say(Action.ANNOUNCE, OLD, by=NEW), "was there before"),
        (lambda log: log.say(Action.END, OLD, by=NEW), "ended before, at entry 9"),
        (lambda log: log.say(Action.END, THIEF, by=NEW), "not the log's"),
        (
            lambda log: log.say(Action.ANNOUNCE, NEXT, by=NEW, origin="another.example/log"),
            "is of the log another.example/log",
        ),
    ],
)
def test_a_notice_that_makes_no_sense_is_refused_and_told(say: object, reason: str) -> None:
    log = rotated()
    say(log)  # type: ignore[operator]
    log.sign()

    notices = (Fault.KEY_NOT_ANNOUNCED,)
    (refused,) = [each for each in checked(log).problems if each.fault in notices]

    assert reason in refused.reason


def keys_of(export: Export) -> form.Keys:
    return msgspec.json.decode(export.files[form.KEYS], type=form.Keys)


def changed(export: Export, notices: list[form.NoticeRow]) -> Export:
    made = export.copy()
    keys = msgspec.structs.replace(keys_of(export), notices=notices)
    made.files[form.KEYS] = msgspec.json.encode(keys)
    return made


def test_notices_that_are_hidden_moved_or_invented_are_told() -> None:
    log = rotated()
    log.say(Action.DISTRUST, OLD, by=NEW, since=7)
    log.sign()
    export = log.export()
    announced, ended, distrusted = keys_of(export).notices
    moved = form.NoticeRow(4, announced.note)
    ahead = form.NoticeRow(99, distrusted.note)

    def first(notices: list[form.NoticeRow]) -> tuple[str, str]:
        bad = verify.verify_export(changed(export, notices), vkey(NEW)).first_bad
        assert bad is not None
        return bad.kind, bad.id

    assert first([announced, ended]) == ("entry", str(distrusted.index))
    assert first([moved, ended, distrusted]) == ("key", "notice 4")
    assert first([announced, form.NoticeRow(10, ended.note), distrusted]) == ("entry", "9")
    told = verify.verify_export(changed(export, [announced, ended, distrusted, ahead]), vkey(NEW))
    assert "the log shown ends before the notice at entry 99" in told.notes
    without_place = form.NoticeRow(None, announced.note)
    assert (
        verify.verify_export(
            changed(export, [announced, ended, distrusted, without_place]), vkey(OLD)
        ).first_bad
        is None
    )


def test_a_log_that_is_read_without_its_keys_tells_that_they_changed() -> None:
    log = rotated()
    export = log.export()
    del export.files["checkpoints.jsonl"]
    found = Findings()

    read = proven_log.read(export, vkey(NEW), found, lambda _leaf: False)

    assert read is not None
    assert found.notes == [
        "the log tells of a change of its keys at entry 5; give its keys.json",
        "the log tells of a change of its keys at entry 9; give its keys.json",
    ]


def test_a_document_is_looked_for_in_a_log_through_any_of_its_keys() -> None:
    log = rotated()
    export = log.export()
    keys = keys_of(export)
    found, refused = Findings(), Findings()

    through_old = proven_log.read(
        export, key_chain.followed(vkey(OLD), keys), found, lambda leaf: bool(leaf.digests)
    )
    stranger = proven_log.read(
        export, key_chain.followed(vkey(THIEF), keys), refused, lambda _leaf: True
    )

    assert through_old is not None
    assert found.problems == []
    assert stranger is None
    assert refused.problems[0].fault is Fault.KEY_NOT_ANNOUNCED
    assert key_chain.followed(vkey(OLD), None) == vkey(OLD)


def test_a_key_that_no_notice_names_is_another_logs() -> None:
    log = rotated()
    log.by = (THIEF,)
    log.append()
    log.sign()
    found = Findings()

    read = proven_log.read(log.export(), chain(log), found, lambda _leaf: True)

    assert read is None
    assert [each.fault for each in found.problems] == [Fault.OTHER_LOG]


def test_an_export_whose_keys_tell_no_notice_that_the_log_has_is_not_genuine() -> None:
    log = rotated()
    log.notices.clear()

    verdict = checked(log)

    reason = "the log has a notice about its keys here that keys.json does not tell"
    assert [bad.id for bad in verdict.problems if bad.reason == reason] == ["5", "9"]


def test_a_reader_of_a_shorter_log_is_told_that_a_notice_lies_beyond() -> None:
    log = rotated()
    rows = [*log.notices, form.NoticeRow(400, log.notices[0].note)]
    places = key_chain.PlacesOfNotices(key_chain.chained(vkey(OLD), rows))
    found = Findings()

    places.end(found, 5)

    assert found.problems == []
    assert found.notes == [
        f"the log shown ends before the notice at entry {index}" for index in (5, 9, 400)
    ]
    places.end(found, 9)
    assert [bad.id for bad in found.problems] == ["notice 5"]


def test_a_notice_reads_back_as_it_was_drawn_up() -> None:
    notice = key_notices.drawn_up(Action.DISTRUST, vkey(OLD), vkey(NEW), NOW, 7)
    note = key_notices.signed(notice, [(vkey(NEW), NEW.sign(notice.text().encode()))])

    assert key_notices.read(note) == notice
    assert notice.origin == ORIGIN
    assert notice.text().splitlines()[-1] == "from 7"


def remade(note: bytes, old: str, new: str, *signers: Signer) -> bytes:
    text = (note.decode().rpartition("\n\n")[0] + "\n").replace(old, new)
    lines = "".join(
        f"— {ORIGIN} {base64.b64encode(vkey(each).note_id + each.sign(text.encode())).decode()}\n"
        for each in signers
    )
    return f"{text}\n{lines}".encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("shushi/key-notice/1", "shushi/key-notice/2"),
        ("announce", "praise"),
        ("key shushi", "the shushi"),
        (f"\n{ORIGIN}\n", "\nanother.example/log\n"),
        ("\nat ", "\nat 2026\nat "),
        ("\nat 2026", "\nsince 2026"),
        ("announce", "distrust"),
        ("Z\n", "Z\nfrom 3\n"),
        ("Z\n", "Z\nfrom x\n"),
        ("announce", "announce "),
        (vkey(NEW).__str__(), vkey(OLD).__str__()),
        (vkey(NEW).__str__(), "nobody"),
    ],
)
def test_a_notice_that_is_not_written_as_it_has_to_be_is_refused(old: str, new: str) -> None:
    log = started()
    log.say(Action.ANNOUNCE, NEW, by=OLD)
    note = remade(log.notices[0].note, old, new, OLD, NEW)

    with pytest.raises(KeyNoticeMalformed):
        key_notices.read(note)


def test_a_distrust_names_its_entry_in_one_spelling_and_counts_from_zero() -> None:
    notice = key_notices.drawn_up(Action.DISTRUST, vkey(OLD), vkey(NEW), NOW, 7)
    note = key_notices.signed(notice, [(vkey(NEW), NEW.sign(notice.text().encode()))])

    for spelled in ("from 07", "from -7"):
        with pytest.raises(KeyNoticeMalformed):
            key_notices.read(remade(note, "from 7", spelled, NEW))
    with pytest.raises(KeyNoticeMalformed):
        key_notices.read(b"not a note")
    with pytest.raises(KeyNoticeNotSigned):
        key_notices.read(remade(note, "from 7", "from 8", OLD))


def test_a_published_log_is_replayed_by_bundles_and_its_notices_are_seen_in_them() -> None:
    log = rotated()
    while len(log.leaves) < 300:
        log.append()
    log.sign()
    export = log.export()
    keys = keys_of(export)
    hidden = msgspec.structs.replace(keys, notices=keys.notices[:1])
    moved = msgspec.structs.replace(
        keys, notices=[keys.notices[0], form.NoticeRow(10, keys.notices[1].note)]
    )

    good = verify.verify_tree(export, vkey(OLD), keys)
    told = verify.verify_tree(export, vkey(NEW), hidden).first_bad
    elsewhere = verify.verify_tree(export, vkey(NEW), moved).problems

    assert good.first_bad is None
    assert good.counts["entries"] == 300
    assert told is not None
    assert (told.kind, told.id) == ("entry", "9")
    assert [(bad.kind, bad.id) for bad in elsewhere] == [("entry", "9"), ("key", "notice 10")]
