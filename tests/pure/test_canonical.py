"""The exact bytes that are hashed and signed."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit_log.leaf import (
    EntryTooLong,
    commitment,
    instant,
    leaf_bytes,
    payload_bytes,
    read_leaf,
)
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.kernel.actor import PUBLIC
from catalog.kernel.ids import PartyId
from catalog.signing import possession
from catalog.signing.canonical import NotCanonical, canonical, framed, sha256_hex
from catalog.signing.model import Signature, key_id_of
from catalog.signing.purposes import (
    OF_A_CEREMONY,
    OF_A_PARTY,
    OF_A_WITNESS,
    OF_THE_SERVICE,
    SELF_FRAMED,
    Purpose,
)
from catalog.signing.signer import Signer
from catalog.signing.verifier import verify_detached, verify_raw
from tests.log_of_tests import signer_of

ENTRY = EntryId(uuid.UUID("0195f2d0-0000-7000-8000-000000000001"))
NOW = dt.datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # RFC 8785 §3.2.3 and its appendix B
        ({"b": 1, "a": [True, None, "\u20ac$\u000f\nA'B\"\\\\\"/"]},
         '{"a":[true,null,"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"],"b":1}'),
        ({"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7},
         '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\U0001f600":5,"\ufb33":3}'),
        ([333333333.33333329, 1e30, 4.50, 2e-3, 1e-27], "[333333333.3333333,1e+30,4.5,0.002,1e-27]"),
        ({"名称": "海南"}, '{"名称":"海南"}'),
        (NOW, '"2026-03-02T01:02:03.456789Z"'),
        (ENTRY, '"0195f2d0-0000-7000-8000-000000000001"'),
        (b"\x00\x01", '"AAE="'),
    ],
)  # fmt: skip
def test_a_value_has_one_canonical_form(value: object, expected: str) -> None:
    assert canonical(value) == expected.encode()


@pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), float("inf"), "\ud800", object()])
def test_a_value_without_a_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53) + 1, 2**53 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_the_fast_way_writes_what_rfc_8785_says(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


def test_the_purpose_stands_in_front_of_what_is_signed() -> None:
    assert framed(Purpose.CERTIFICATE, b"{}") == b"shushi/v1/certificate\n{}"
    for purpose in SELF_FRAMED:
        assert framed(purpose, b"{}") == b"{}"


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("other", list(Purpose))
def test_a_signature_for_one_purpose_counts_for_no_other(purpose: Purpose, other: Purpose) -> None:
    seed = bytes(range(32))
    signer = Signer(purpose, seed)
    signature = signer.sign(b"document")

    holds = verify_detached(signer.public_key, other, b"document", signature, signer.algorithm)

    assert holds is (purpose is other or {purpose, other} <= SELF_FRAMED)


def test_every_purpose_is_the_services_a_ceremony_s_a_party_s_or_a_witness_s() -> None:
    every = (OF_THE_SERVICE, OF_A_CEREMONY, OF_A_PARTY, OF_A_WITNESS)

    assert set(Purpose) == set().union(*every)
    assert len(Purpose) == sum(map(len, every))


def test_ed25519_is_that_of_rfc_8032() -> None:
    # RFC 8032 §7.1, test 2; a checkpoint key signs its message as it is.
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")

    signer = Signer(Purpose.CHECKPOINT, seed)

    assert signer.public_key.hex() == (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    )
    assert signer.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


def test_a_signer_tells_its_key_and_never_its_secret() -> None:
    signer = signer_of(Purpose.REPORT)

    assert signer.key_id == key_id_of(signer.public_key)
    assert repr(signer) == f"Signer(report, {signer.key_id})"
    assert signer.seal(b"x") == Signature(key_id=signer.key_id, value=signer.sign(b"x"))


def test_what_is_no_key_or_no_signature_verifies_nothing() -> None:
    signer = signer_of(Purpose.REPORT)

    assert not verify_raw(b"short", b"m", bytes(64))
    assert not verify_raw(signer.public_key, b"m", bytes(63))
    assert not verify_detached(signer.public_key, Purpose.REPORT, b"y", signer.sign(b"x"))


def test_a_leaf_is_built_as_the_format_says() -> None:
    leaf = leaf_bytes(
        ENTRY,
        NOW,
        "application:submitted",
        subjects=[Subject("application", "a-1")],
        payload_sha256="00" * 32,
        digests=[Digest("journal", "j-1", "11" * 32)],
        rules=["HN-08"],
    )

    assert leaf.decode() == (
        '{"at":"2026-03-02T01:02:03.456789Z","digests":[{"id":"j-1","kind":"journal",'
        f'"sha256":"{"11" * 32}"}}],"event":"application:submitted",'
        '"id":"0195f2d0-0000-7000-8000-000000000001",'
        f'"payload_sha256":"{"00" * 32}","rules":["HN-08"],'
        '"subjects":[{"id":"a-1","kind":"application"}],"v":1}'
    )
    assert read_leaf(leaf).order_seq is None


@given(st.text(), st.text(), st.integers(0, 2**53 - 1))
def test_a_leaf_is_the_canonical_form_of_its_parts(kind: str, identifier: str, number: int) -> None:
    leaf = leaf_bytes(
        ENTRY,
        NOW,
        kind,
        subjects=[Subject(kind, identifier)],
        payload_sha256=identifier,
        rules=[kind],
        order_seq=number,
    )

    assert leaf == canonical(read_leaf(leaf)) == rfc8785.dumps(msgspec.json.decode(leaf))


def test_a_leaf_of_what_is_no_unicode_is_refused() -> None:
    with pytest.raises(NotCanonical):
        leaf_bytes(ENTRY, NOW, "x:y", subjects=[Subject("p", "\ud800")], payload_sha256="")


def test_bytes_that_are_no_utf_8_are_no_leaf() -> None:
    with pytest.raises(msgspec.MsgspecError):
        read_leaf(b'{"id":"\xe3"}')


def test_a_leaf_that_fits_no_bundle_is_refused() -> None:
    with pytest.raises(EntryTooLong):
        leaf_bytes(
            ENTRY, NOW, "x:y", subjects=[Subject("p", "x" * 65_536)], payload_sha256="00" * 32
        )


def test_an_instant_has_a_zone_and_is_written_in_utc() -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))

    assert instant(dt.datetime(2026, 3, 2, 9, tzinfo=shanghai)) == "2026-03-02T01:00:00.000000Z"
    with pytest.raises(ValueError, match="time zone"):
        instant(dt.datetime(2026, 3, 2, 9))


def test_a_payload_says_who_acted_and_why() -> None:
    payload = msgspec.json.decode(payload_bytes(PUBLIC, reason="r", before={"a": 1}))

    assert payload["actor"] == {
        "account_id": None,
        "name": "public",
        "party_id": None,
        "roles": ["public"],
    }
    assert (payload["reason"], payload["before"], payload["after"]) == ("r", {"a": 1}, None)
    assert commitment(b"s" * 16, b"{}") == sha256_hex(b"s" * 16 + b"{}")


def test_a_party_proves_that_it_has_the_key() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public = private.public_key().public_bytes_raw()
    party = PartyId(ENTRY)
    statement = possession.statement(party, Purpose.OPINION, public)

    possession.check(party, Purpose.OPINION, public, private.sign(statement))

    assert statement.startswith(b'shushi/v1/key_possession\n{"party_id":')
    with pytest.raises(possession.PossessionNotProven):
        possession.check(party, Purpose.CONTRACT, public, private.sign(statement))
    with pytest.raises(possession.PurposeNotForParties):
        possession.check(party, Purpose.REPORT, public, private.sign(statement))
    with pytest.raises(possession.KeyMalformed):
        possession.check(party, Purpose.OPINION, public[:31], private.sign(statement))
