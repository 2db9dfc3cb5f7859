"""What was signed is as it was signed, by whom it was, and as the log holds it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog.audit_log.model import Digest
from catalog.kernel.ids import PartyId
from catalog.signing.canonical import framed, sha256_hex
from catalog.signing.model import PublicKey, key_id_of
from catalog.signing.purposes import Purpose
from market.retention.documents import Cited, Signed, why_wrong

AGENCY = PartyId(uuid.UUID(int=1))
AT = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
DOCUMENT = b'{"overall":"pass"}'
PRIVATE = Ed25519PrivateKey.generate()
KEY = PublicKey(
    key_id=key_id_of(PRIVATE.public_key().public_bytes_raw()),
    purpose=Purpose.OPINION,
    public_key=PRIVATE.public_key().public_bytes_raw(),
    valid_from=AT - dt.timedelta(days=1),
    holder_party_id=AGENCY,
)
SIGNED = Signed(
    position="1",
    kind="compliance_opinion",
    id="1",
    case="application:1",
    document=DOCUMENT,
    sha256=sha256_hex(DOCUMENT),
    purpose=Purpose.OPINION,
    holder=AGENCY,
    key_id=KEY.key_id,
    signature=PRIVATE.sign(framed(Purpose.OPINION, DOCUMENT)),
    signed_at=AT,
    is_in_log=True,
)
IN_LOG = [Digest("compliance_opinion", "1", SIGNED.sha256)]
OTHER = b'{"overall":"fail"}'


def test_what_is_as_it_was_signed_is_right_though_its_key_ended_since() -> None:
    ended = msgspec.structs.replace(KEY, valid_to=AT + dt.timedelta(days=1))

    assert why_wrong(SIGNED, {KEY.key_id: ended}, IN_LOG) is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"document": OTHER}, "字节与摘要不符"),
        ({"document": OTHER, "sha256": sha256_hex(OTHER)}, "signature_does_not_match"),
        ({"signature": bytes(64)}, "signature_does_not_match"),
        ({"key_id": "unknown"}, "key_not_of_this_party"),
        ({"holder": PartyId(uuid.UUID(int=2))}, "key_not_of_this_party"),
        ({"purpose": Purpose.AUTHORISATION}, "key_for_another_purpose"),
        ({"signed_at": AT - dt.timedelta(days=2)}, "key_not_valid"),
    ],
)
def test_it_is_told_what_is_wrong(changed: dict[str, Any], said: str) -> None:
    wrong = why_wrong(msgspec.structs.replace(SIGNED, **changed), {KEY.key_id: KEY}, IN_LOG)

    assert wrong is not None
    assert said in wrong


def test_a_paper_signed_anew_by_its_own_key_is_not_the_one_of_which_the_log_knows() -> None:
    anew = msgspec.structs.replace(
        SIGNED,
        document=OTHER,
        sha256=sha256_hex(OTHER),
        signature=PRIVATE.sign(framed(Purpose.OPINION, OTHER)),
    )

    wrong = why_wrong(anew, {KEY.key_id: KEY}, IN_LOG)

    assert wrong is not None
    assert "审计日志中无此摘要" in wrong
    only_told = msgspec.structs.replace(anew, is_in_log=False)
    assert why_wrong(only_told, {KEY.key_id: KEY}, []) is None


def test_an_instrument_is_its_file_and_the_log_knows_which() -> None:
    cited = Cited(
        position="1",
        kind="instrument",
        id="1",
        case="instrument:1",
        sha256="ab" * 32,
        file_sha256="ab" * 32,
    )
    in_log = [Digest("instrument", "1", "ab" * 32)]

    assert why_wrong(cited, {}, in_log) is None
    for file_sha256 in ("cd" * 32, None):
        other = msgspec.structs.replace(cited, file_sha256=file_sha256)
        assert "所引文件不符" in (why_wrong(other, {}, in_log) or "")
    both = msgspec.structs.replace(cited, sha256="cd" * 32, file_sha256="cd" * 32)
    assert "审计日志中无此摘要" in (why_wrong(both, {}, in_log) or "")
