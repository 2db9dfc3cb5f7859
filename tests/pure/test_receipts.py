"""A buyer holds a signed promise that its use will be in the log, and finds out whether it was kept."""

from __future__ import annotations

import base64
import datetime as dt
import uuid

import msgspec
import pytest

from catalog.audit_log import receipts
from catalog.audit_log.export_format import KeyRow, Keys
from catalog.audit_log.leaf import instant
from catalog.audit_log.model import Appended, EntryId
from catalog.audit_log.verdict import Fault, Unreadable, Verdict
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from market.supervision.check import check_document
from tests.exports import Export, Maker
from tests.log_of_tests import ORIGIN, signer_of

SIGNER = signer_of(Purpose.RECEIPT)


def keys_of(signer: Signer, purpose: Purpose = Purpose.RECEIPT) -> Keys:
    row = KeyRow(
        key_id=signer.key_id,
        purpose=purpose.value,
        algorithm="ed25519",
        public_key=signer.public_key,
        valid_from=instant(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        valid_to=None,
        revoked_at=None,
        holder_party_id=None,
    )
    return Keys(None, [row])


class Story:
    """A log in which something was used, and the receipt for it."""

    def __init__(self, *, log: str = ORIGIN) -> None:
        self.maker = Maker()
        self.maker.append("data:accessed")
        self.leaf = self.maker.leaves[0]
        self.entry_id = EntryId(uuid.UUID(self.maker.payloads[0].entry_id))
        self.header = self.receipt(self.leaf, log)

    def receipt(self, leaf: bytes, log: str = ORIGIN) -> str:
        entry = Appended(self.entry_id, leaf)
        document = receipts.drawn_up(entry, log=log, now=self.maker.now)
        return receipts.packed(document, SIGNER.seal(document))

    def later(self, delay: dt.timedelta) -> None:
        self.maker.now += delay
        self.maker.append("product:described")

    def checked(self, header: str | None = None, export: Export | None = None) -> Verdict:
        if export is None:
            self.maker.sign()
            export = self.maker.export()
        return check_document(
            (header or self.header).encode(),
            keys=keys_of(SIGNER),
            trusted=self.maker.log_key,
            log=export,
        )


def test_a_receipt_that_was_kept_is_found_in_the_log() -> None:
    verdict = Story().checked()

    assert verdict.problems == ()
    assert verdict.counts["receipts kept"] == 1


def test_without_the_log_it_is_a_promise_only() -> None:
    verdict = check_document(Story().header.encode(), keys=keys_of(SIGNER))

    assert verdict.problems == ()
    assert [note.endswith("give --log") for note in verdict.notes] == [True]


def test_an_entry_that_was_dropped_convicts_the_log_after_the_delay_and_not_before() -> None:
    story = Story()
    other = Story()
    other.maker.leaves.clear()
    other.maker.payloads.clear()
    other.maker.now = story.maker.now
    other.later(receipts.MAXIMUM_MERGE_DELAY - dt.timedelta(seconds=1))
    before = other.checked(story.header)
    other.later(dt.timedelta(0))
    after = other.checked(story.header)

    assert before.problems == ()
    assert before.notes[0].startswith("the log does not reach beyond ")
    assert after.first_bad is not None
    assert (after.first_bad.fault, "it was dropped" in after.first_bad.reason) == (
        Fault.NOT_BOUND,
        True,
    )


def test_another_leaf_in_its_place_is_found() -> None:
    story = Story()

    bad = story.checked(story.receipt(b"{}")).first_bad

    assert bad is not None
    assert bad.fault is Fault.CONTENT_DIFFERS


def test_a_receipt_of_another_log_is_named() -> None:
    bad = Story(log="other.example/log").checked().first_bad

    assert bad is not None
    assert bad.fault is Fault.OTHER_LOG


def test_a_log_that_is_not_genuine_tells_nothing() -> None:
    story = Story()
    story.maker.sign()
    export = story.maker.export()
    del export.files["checkpoint"]

    assert story.checked(export=export).first_bad is not None


def spoiled(story: Story) -> bytes:
    told = msgspec.json.decode(receipts.unpacked(story.header))
    document = base64.b64decode(told["document"]).replace(b'"receipt', b'"Receipt')
    changed = document.replace(b"300", b"999")
    return msgspec.json.encode(told | {"document": base64.b64encode(changed).decode()})


def test_a_changed_receipt_and_a_strangers_are_refused() -> None:
    story = Story()
    stranger = keys_of(signer_of(Purpose.REPORT), Purpose.REPORT)

    changed = check_document(spoiled(story), keys=keys_of(SIGNER)).first_bad
    foreign = check_document(story.header.encode(), keys=stranger).first_bad

    assert changed is not None
    assert changed.fault is Fault.SIGNATURE_WRONG
    assert foreign is not None
    assert foreign.fault is Fault.KEY_UNKNOWN


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":"shushi/receipt/1","document":"e30=","signature":{"key_id":"1","value":""}}',
        b'{"type":"shushi/receipt/1","document":"!","signature":{"key_id":"1","value":""}}',
        b"no base64 at all",
        b"\xff",
    ],
)
def test_what_is_no_receipt_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        check_document(raw, keys=keys_of(SIGNER))
