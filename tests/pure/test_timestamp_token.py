"""A timestamp counts if a trusted authority gave it, over these bytes, for this request."""

from __future__ import annotations

import datetime as dt
import warnings

import pytest
from asn1crypto import tsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from catalog.kernel.clock import ManualClock
from catalog.signing.canonical import canonical
from catalog.timestamps import hashing, token
from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import (
    Kind,
    Record,
    TimestampRecordMalformed,
    read_record,
)
from catalog.timestamps.token import TimestampMalformed, TimestampRefused, TimestampWrong
from tests.memory_authority import MemoryAuthority, Root

AT = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)
END = dt.datetime(2028, 1, 1, tzinfo=dt.UTC)
DATA = b"a note\n"


@pytest.fixture
def authority() -> MemoryAuthority:
    return MemoryAuthority(ManualClock(AT), ends_at=END)


@pytest.mark.parametrize("algorithm", HashAlgorithm)
def test_a_timestamp_says_when_by_whom_and_until_when(
    authority: MemoryAuthority, algorithm: HashAlgorithm
) -> None:
    told = token.check(authority.stamped(DATA, algorithm), DATA, authority.trust("1.2.3.4.1"))

    assert (told.at, told.ends_at, told.algorithm) == (AT, END, algorithm)
    assert (told.policy, told.serial, told.authority) == ("1.2.3.4.1", 1, "CN=tsa.example")


def test_it_ends_when_the_first_certificate_of_its_chain_does(authority: MemoryAuthority) -> None:
    short = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    authority = MemoryAuthority(ManualClock(AT), ends_at=END, root=Root("short", short))

    assert token.check(authority.stamped(DATA), DATA, authority.trust()).ends_at == short


def test_another_root_of_the_same_name_does_not_shorten_it(authority: MemoryAuthority) -> None:
    other = Root("tsa.example", dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    trust = token.Trust((other.certificate, *authority.trust().authorities))

    assert token.check(authority.stamped(DATA), DATA, trust).ends_at == END


def test_the_authority_itself_may_be_the_one_that_is_trusted(authority: MemoryAuthority) -> None:
    trust = token.Trust((authority.certificate, *authority.trust().authorities))

    assert token.check(authority.stamped(DATA), DATA, trust).at == AT


def test_over_other_bytes_of_another_policy_or_authority_it_does_not_count(
    authority: MemoryAuthority,
) -> None:
    stamped = authority.stamped(DATA)
    stranger = MemoryAuthority(ManualClock(AT))

    for data, trust in (
        (b"other", authority.trust()),
        (DATA, authority.trust("1.2.3.4.9")),
        (DATA, stranger.trust()),
    ):
        with pytest.raises(TimestampWrong):
            token.check(stamped, data, trust)


def test_a_certificate_for_something_else_or_out_of_its_time_stamps_nothing() -> None:
    for authority in (
        MemoryAuthority(ManualClock(AT), purpose=ExtendedKeyUsageOID.SERVER_AUTH),
        MemoryAuthority(ManualClock(AT), ends_at=AT - dt.timedelta(days=1)),
    ):
        with pytest.raises(TimestampWrong):
            token.check(authority.stamped(DATA), DATA, authority.trust())


def test_a_refusal_says_its_reason(authority: MemoryAuthority) -> None:
    with pytest.raises(TimestampRefused) as refused:
        token.check(authority.refusal(), DATA, authority.trust())

    assert refused.value.facts == {"status": "rejection", "reason": "no"}


def test_an_answer_answers_its_own_request(authority: MemoryAuthority) -> None:
    imprint = hashing.digest(HashAlgorithm.SM3, DATA)
    query = token.query(HashAlgorithm.SM3, imprint, nonce=12, policy="1.2.3.4.1")
    answer = authority.answer(query)

    token.check_reply(answer, HashAlgorithm.SM3, imprint, 12)
    assert tsp.TimeStampReq.load(query)["req_policy"].native == "1.2.3.4.1"
    for wrong in (
        (HashAlgorithm.SM3, imprint, 13),
        (HashAlgorithm.SHA256, imprint, 12),
        (HashAlgorithm.SM3, b"\0" * 32, 12),
    ):
        with pytest.raises(TimestampWrong):
            token.check_reply(answer, *wrong)


def test_a_hash_that_nobody_asked_for_is_not_known(authority: MemoryAuthority) -> None:
    asked = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {
                "hash_algorithm": {"algorithm": "md5"},
                "hashed_message": b"\0" * 16,
            },
            "nonce": 1,
        }
    ).dump()

    with pytest.raises(TimestampMalformed):
        token.check(authority.answer(asked), DATA, authority.trust())


def test_a_token_without_the_certificate_that_signed_it_names_nobody(
    authority: MemoryAuthority,
) -> None:
    told = tsp.TimeStampResp.load(authority.stamped(DATA))
    told["time_stamp_token"]["content"]["certificates"] = []

    with pytest.raises(TimestampWrong):
        token.check(told.dump(force=True), DATA, authority.trust())


def test_no_flipped_bit_makes_it_say_something_else(authority: MemoryAuthority) -> None:
    raw, trust = authority.stamped(DATA), authority.trust()
    genuine = token.check(raw, DATA, trust)
    refused = 0

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of certificates whose bits were flipped
        for bit in range(0, len(raw) * 8, 3):
            changed = bytearray(raw)
            changed[bit // 8] ^= 1 << bit % 8
            try:
                assert token.check(bytes(changed), DATA, trust) == genuine
            except (TimestampMalformed, TimestampRefused, TimestampWrong):
                refused += 1
    assert refused > len(raw) * 8 // 3 * 0.95
    for end in range(0, len(raw), 7):
        with pytest.raises(TimestampMalformed):
            token.check(raw[:end], DATA, trust)


def test_a_file_without_certificates_is_no_trust() -> None:
    with pytest.raises(TimestampMalformed):
        token.read_trust(b"nothing")


def test_a_record_is_read_as_it_was_written_and_not_of_another_format() -> None:
    record = Record(
        number=1,
        kind=Kind.CHECKPOINT,
        size=3,
        algorithm=HashAlgorithm.SHA256,
        covers=b"c",
        response=b"r",
    )

    assert read_record(canonical(record)) == record
    for wrong in (b"{}", canonical(record).replace(b"timestamp/1", b"timestamp/2")):
        with pytest.raises(TimestampRecordMalformed):
            read_record(wrong)
