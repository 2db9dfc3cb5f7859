"""The public keys as an export and the service show them: one form, the log's own key named apart."""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.audit_log.checkpoint import parse_vkey
from catalog.audit_log.export_format import NoticeRow
from catalog.audit_log.key_notices import Action
from catalog.audit_log.key_record import key_record
from catalog.audit_log.published_keys import published, row
from catalog.kernel.ids import PartyId, new_id
from catalog.signing.model import KeyId, PublicKey
from catalog.signing.purposes import Purpose
from tests.exports import Maker
from tests.log_of_tests import ORIGIN, signer_of

SINCE = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)


def key(purpose: Purpose, byte: bytes) -> PublicKey:
    return PublicKey(KeyId(byte.hex()), purpose, byte * 32, SINCE)


def test_the_newest_key_of_the_checkpoints_is_the_logs() -> None:
    keys = [
        key(Purpose.CHECKPOINT, b"a"),
        key(Purpose.CHECKPOINT, b"b"),
        key(Purpose.CERTIFICATE, b"c"),
    ]

    shown = published("example.org/log", keys)

    assert shown.log is not None
    assert parse_vkey(shown.log).public_key == b"b" * 32
    assert [each.purpose for each in shown.keys] == ["checkpoint", "checkpoint", "certificate"]


def test_a_key_is_the_logs_once_its_notice_has_its_place_and_it_is_trusted() -> None:
    old, new = signer_of(Purpose.CHECKPOINT), signer_of(Purpose.CHECKPOINT, "new")
    maker = Maker()
    maker.register(old)
    maker.say(Action.ANNOUNCE, new, by=old)
    waiting = [NoticeRow(None, maker.notices[0].note), NoticeRow(None, b"nothing that is read")]

    def log_of(keys: list[PublicKey], notices: list[NoticeRow]) -> bytes:
        shown = published(ORIGIN, keys, notices)
        assert shown.log is not None
        return parse_vkey(shown.log).public_key

    distrusted = [maker.keys[0], msgspec.structs.replace(maker.keys[1], distrusted_from=3)]
    assert log_of(maker.keys, waiting) == old.public_key
    assert log_of(maker.keys, maker.notices) == new.public_key
    assert log_of(distrusted, maker.notices) == old.public_key


def test_without_a_key_of_its_own_there_is_no_log_to_check() -> None:
    assert published("example.org/log", [key(Purpose.CERTIFICATE, b"c")]).log is None


def test_a_key_is_shown_with_its_days_and_its_holder() -> None:
    holder = PartyId(new_id())
    held = msgspec.structs.replace(
        key(Purpose.CONTRACT, b"d"),
        holder_party_id=holder,
        valid_to=SINCE + dt.timedelta(days=1),
        revoked_at=SINCE + dt.timedelta(hours=1),
    )

    shown, bare = row(held), row(key(Purpose.CONTRACT, b"d"))

    assert (shown.holder_party_id, shown.valid_to) == (str(holder), "2026-03-03T01:00:00.000000Z")
    assert shown.revoked_at == "2026-03-02T02:00:00.000000Z"
    assert (bare.holder_party_id, bare.valid_to, bare.revoked_at) == (None, None, None)


def test_the_record_of_a_key_that_seals_papers_binds_its_certificate() -> None:
    paper = key(Purpose.PAPER, b"p")
    certified = msgspec.structs.replace(paper, certificate=b"DER")

    assert b"certificate" not in key_record(paper)
    assert b'"certificate":"REVS"' in key_record(certified)
