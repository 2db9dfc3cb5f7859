"""The record of an auction is checked offline: its signature, its sums, and its bids in the log."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from catalog.audit_log import leaf
from catalog.audit_log.export_format import KeyRow, Keys
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.audit_log.verdict import ExitCode, Unreadable
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.model import ED25519
from catalog.signing.purposes import Purpose
from market.auctions import check, deciding, record
from market.auctions.closing import Ending
from market.auctions.record import Record
from market.supervision.check import check_document
from tests.log_of_tests import signer_of
from tests.makers_auctions import AUCTION
from tests.published_log import KEY, PublishedLog, entry
from tests.pure.test_auction_record import public, sealed

SIGNER = signer_of(Purpose.STATEMENT)
KEYS = Keys(
    log="",
    keys=[
        KeyRow(
            key_id=SIGNER.key_id,
            purpose="statement",
            algorithm=ED25519,
            public_key=SIGNER.public_key,
            valid_from="2026-01-01T00:00:00Z",
        )
    ],
)


class Published:
    """A log as a source of files."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.files = PublishedLog(leaves).files

    def read(self, name: str) -> bytes | None:
        return self.files.get(name)

    def lines(self, name: str) -> list[bytes]:
        return (self.read(name) or b"").splitlines()

    def names(self, prefix: str) -> list[str]:
        return [name for name in self.files if name.startswith(prefix)]


def handed(held: Record | bytes) -> bytes:
    """Return a record as the service answers it."""
    document = held if isinstance(held, bytes) else canonical(held)
    return msgspec.json.encode(record.signed(document, SIGNER))


def bid_entry(number: int, event: str, at: dt.datetime, *digests: Digest) -> bytes:
    return leaf.leaf_bytes(
        EntryId(uuid.UUID(int=number)),
        at,
        event,
        subjects=[Subject("auction", str(AUCTION))],
        payload_sha256=sha256_hex(b"%d" % number),
        digests=digests,
    )


def public_entry(held: Record, place: int, *, is_bound: bool = True) -> bytes:
    """Return the leaf of a public bid; of one that was made before the log held digests of them."""
    assert held.outcome is not None
    bid = held.outcome.bids[place]
    assert bid.at is not None
    sha256 = record.public_bid_sha256(held.auction_id, bid)
    digests = [Digest("auction_bid", str(place), sha256)] if is_bound else []
    return bid_entry(10 + place, "auction:bid_made", bid.at, *digests)


def log_of(held: Record, *, moved: int = 0, other: bool = False) -> list[bytes]:
    """Return the leaves of a log in which the bids of a record stand; ``moved`` are the first places."""
    assert held.outcome is not None
    if not held.rules.kind.is_sealed:
        return [entry(1), *(public_entry(held, n) for n in range(len(held.outcome.bids)))]
    leaves = [entry(number) for number in range(held.boxes[0].place + moved)]
    for box in held.boxes:
        sha256 = sha256_hex(b"another" if other else box.sealed)
        digests = (
            Digest("auction_bid", str(box.paddle), box.commitment_sha256),
            Digest("auction_box", str(box.paddle), sha256),
        )
        at = dt.datetime(2026, 3, 16, 2, tzinfo=dt.UTC)
        leaves.append(bid_entry(1_000 + box.place, "auction:bid_handed_in", at, *digests))
    return leaves


def checked(raw: bytes, leaves: list[bytes] | None = None) -> Any:
    return check.check(raw, KEYS, None if leaves is None else (Published(leaves), KEY))


@pytest.mark.parametrize("held", [sealed(), public()], ids=["sealed", "public"])
def test_a_genuine_record_stands_by_itself_and_in_the_log(held: Record) -> None:
    alone = checked(handed(held))
    in_the_log = checked(handed(held), log_of(held))

    assert (alone.problems, alone.counts["auction records"]) == ((), 1)
    assert "give --log" in alone.notes[0]
    assert (in_the_log.problems, in_the_log.exit_code) == ((), ExitCode.GENUINE)


def test_whoever_checks_documents_checks_this_one() -> None:
    held = public()

    alone = check_document(handed(held), keys=KEYS)
    in_the_log = check_document(
        handed(held), keys=KEYS, trusted=KEY, log=Published(log_of(held)[:-1])
    )

    assert alone.exit_code is ExitCode.GENUINE
    assert in_the_log.exit_code is ExitCode.NOT_GENUINE


def test_a_record_that_was_changed_and_not_signed_again_is_not_genuine() -> None:
    raw = handed(public())
    told = msgspec.json.decode(raw)
    told["document"] = msgspec.to_builtins(canonical(public(product_name="别的")))

    assert "signature" in str(checked(msgspec.json.encode(told)).first_bad)


def test_a_record_that_was_signed_and_does_not_come_to_what_it_says_is_not_genuine() -> None:
    held = sealed()
    assert held.outcome is not None

    verdict = checked(handed(replace(held, outcome=replace(held.outcome, winners=()))))

    assert "the winners" in str(verdict.first_bad)


@pytest.mark.parametrize(
    "document",
    [
        b"{}",
        b"[1",
        canonical(public()).replace(b'"auction_id":"', b'"auction_id":7,"x":"'),
        canonical(sealed(auction_id="no uuid")),
        canonical(sealed()).replace(b'"reserve_fen":35000', b'"reserve_fen":9007199254740993'),
    ],
)
def test_what_can_not_be_computed_again_is_not_genuine(document: bytes) -> None:
    assert "can not be computed again" in str(checked(handed(document)).first_bad)


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"type":"x","document":"?","signature":{}}'])
def test_what_is_no_document_is_not_read(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        checked(raw)


def test_of_what_is_not_opened_yet_nothing_is_computed() -> None:
    verdict = checked(handed(replace(public(), outcome=None)), [])

    assert (verdict.problems, verdict.notes) == ((), ("its bids are not opened yet",))


@pytest.mark.parametrize(
    "leaves",
    [
        log_of(sealed(), moved=1),
        log_of(sealed(), other=True),
        log_of(sealed())[:-1],
    ],
    ids=["another place", "another box", "missing"],
)
def test_a_sealed_bid_that_does_not_stand_at_its_place_in_the_log_is_found_out(
    leaves: list[bytes],
) -> None:
    assert "does not stand at" in str(checked(handed(sealed()), leaves).first_bad)


def test_a_public_bid_that_the_log_has_and_the_record_leaves_out_is_found_out() -> None:
    held = public()
    at = dt.datetime(2026, 3, 16, 3, tzinfo=dt.UTC)
    more = [*log_of(held), bid_entry(99, "auction:bid_made", at)]

    assert "other bids" in str(checked(handed(held), more).first_bad)


def test_a_public_bid_of_another_amount_than_the_log_holds_is_found_out() -> None:
    held = public()
    leaves = log_of(held)
    assert held.outcome is not None
    *others, last = held.outcome.bids
    assert last.amount_fen is not None
    higher = msgspec.structs.replace(last, amount_fen=last.amount_fen + 1_000)
    outcome = deciding.outcome(
        held.lot,
        held.rules,
        [*others, higher],
        Ending(held.outcome.ended_at, held.outcome.extension_count),
        reserve=None,
    )

    found = checked(handed(msgspec.structs.replace(held, outcome=outcome)), leaves)

    assert f"for the bids {last.place}" in str(found.first_bad)


def test_of_bids_from_before_the_log_held_their_digests_that_is_said() -> None:
    held = public()
    assert held.outcome is not None
    count = len(held.outcome.bids)
    leaves = [entry(1), *(public_entry(held, n, is_bound=False) for n in range(count))]

    found = checked(handed(held), leaves)

    assert found.problems == ()
    assert any("no digest of its bids" in note for note in found.notes)


def test_a_log_that_proves_nothing_proves_no_bid() -> None:
    source = Published(log_of(public()))
    del source.files["checkpoint"]

    verdict = check.check(handed(public()), KEYS, (source, KEY))

    assert "is missing" in str(verdict.first_bad)
