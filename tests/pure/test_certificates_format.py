"""The certificate: its number, its bytes, its check, and what stands in the way of ending it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.certificates import basis, encumbrances, number
from catalog.certificates import format as certificates
from catalog.certificates.format import (
    Authorisation,
    CertificateDocument,
    CertifiedOwner,
    NoticeRun,
    Reason,
    Verdict,
)
from catalog.certificates.model import CertificateSummary
from catalog.certificates.states import State
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId, new_id
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer

NOW = dt.datetime(2026, 5, 14, 1, 0, tzinfo=dt.UTC)
SIGNER = Signer(Purpose.CERTIFICATE, bytes(range(32)))
KEY = PublicKey(SIGNER.key_id, Purpose.CERTIFICATE, SIGNER.public_key, NOW)


def refusal(code: str) -> Any:
    """Expect a refusal with this code."""
    return pytest.raises(DomainError, check=lambda error: error.code == code)


def make_document(**changes: Any) -> CertificateDocument:
    values: dict[str, Any] = {
        "type": certificates.TYPE,
        "product_name": "港口作业气象风险指数接口",
        "owners": (
            CertifiedOwner("示例数据科技有限公司", "legal_person", "9146**********0001", "2/3"),
            CertifiedOwner("示例气象服务有限公司", "legal_person", "9146**********0002", "1/3"),
        ),
        "product_form": "data_api",
        "product_validity": {"from": "2026-05-14", "update_cycle": "hourly"},
        "scenarios": ({"code": "port_safety", "description": "港口作业安全预警"},),
        "registration_number": number.make(2026, 1),
        "certificate_version": 1,
        "registration_type": "initial",
        "issued_at": "2026-05-14T09:00:00+08:00",
        "issuer": "示例省数据产品超市运营有限公司",
        "authorised_by": Authorisation("示例省数据管理局", "授权〔2026〕001号", "ab" * 32),
        "ruleset": "hn-2023-interim",
        "rights": ("possess", "use", "benefit", "dispose"),
        "rights_vocabulary": "hn-2023-interim",
        "content_fingerprint": "cd" * 32,
        "application_number": "SQ-2026-000001",
        "product_id": "01a2054f-aba9-77ad-9a5b-4685057eedd1",
        "notice": NoticeRun("2026-04-30", "2026-05-13", ("/notices/1", "https://x.example/1")),
        "technical_opinion_sha256": "01" * 32,
        "compliance_opinion_sha256": "02" * 32,
        "agency_name": "示例确权登记服务有限公司",
        "agency_party_id": "01a2054f-aba9-77ad-9a5b-4685057eedd2",
        "verification_url": "https://market.example/certificates/x",
    }
    return CertificateDocument(**(values | changes))


# ── the number ──────────────────────────────────────────────────────────────────────────────


def test_a_national_code_is_a_number_too() -> None:
    assert number.is_well_formed("SJ4602026110001")
    assert not number.is_well_formed("SJ4602026110000")


@given(st.integers(2000, 9999), st.integers(1, number.MAX_SERIAL))
def test_a_number_that_is_made_is_well_formed(year: int, serial: int) -> None:
    made = number.make(year, serial)

    assert number.is_well_formed(made)
    assert made.startswith(f"HN-QQ-{year}-{serial:07d}")


@given(
    st.integers(1, number.MAX_SERIAL), st.integers(0, 18), st.sampled_from("0123456789ABCDEFXYZ")
)
def test_one_wrong_character_is_always_noticed(serial: int, place: int, wrong: str) -> None:
    made = number.make(2026, serial)
    mistyped = made[:place] + wrong + made[place + 1 :]

    assert number.is_well_formed(mistyped) == (mistyped == made)


def test_the_check_character_is_that_of_the_standard() -> None:
    assert number.check_character("A12425GABC1234002") == "M"  # the GRid example of MOD 37,36


@pytest.mark.parametrize("text", ["", "HN-QQ-2026-1", "hn-qq-2026-00000011", "HN QQ 2026 00000011"])
def test_what_is_no_number_is_not_taken_for_one(text: str) -> None:
    assert not number.is_well_formed(text)


# ── the document ────────────────────────────────────────────────────────────────────────────


def test_a_document_has_one_canonical_form_and_reads_back() -> None:
    document = make_document()

    written = certificates.document_bytes(document)

    assert certificates.read_document(written) == document
    assert list(json.loads(written)) == sorted(json.loads(written))
    assert b"supersedes" not in written
    assert b"status" not in written


@pytest.mark.parametrize("field", certificates.REQUIRED)
def test_nothing_that_article_17_names_is_empty(field: str) -> None:
    empty: Any = (
        () if field in ("owners", "scenarios") else {} if field.endswith("validity") else ""
    )

    with refusal("certificate_field_empty"):
        certificates.document_bytes(make_document(**{field: empty}))


def test_a_certificate_file_packs_and_unpacks() -> None:
    document = certificates.document_bytes(make_document())
    file = certificates.pack(document, SIGNER.seal(document))

    package = certificates.unpack(file)

    assert package.document == document
    assert certificates.check_signature(package.document, package.signature, [KEY]) is None
    assert certificates.as_base64(b"abc") == "YWJj"


@pytest.mark.parametrize("file", [b"", b"{}", b"\xff", b'{"type":"x"}'])
def test_what_is_no_certificate_is_unreadable(file: bytes) -> None:
    with refusal("certificate_unreadable"):
        certificates.unpack(file)
    with refusal("certificate_unreadable"):
        certificates.read_document(file)


def test_a_file_of_another_type_is_unreadable() -> None:
    document = certificates.document_bytes(make_document())
    file = certificates.pack(document, SIGNER.seal(document)).replace(b"-v1", b"-v9")

    with refusal("certificate_unreadable"):
        certificates.unpack(file)


def test_a_file_signed_by_an_algorithm_that_is_not_ours_is_unreadable() -> None:
    document = certificates.document_bytes(make_document())
    seal = msgspec.structs.replace(SIGNER.seal(document), algorithm="rsa")

    with refusal("certificate_unreadable"):
        certificates.unpack(certificates.pack(document, seal))


def test_a_signature_that_names_another_algorithm_than_its_key_does_not_count() -> None:
    document = certificates.document_bytes(make_document())
    seal = msgspec.structs.replace(SIGNER.seal(document), algorithm="ml-dsa-44")

    assert certificates.check_signature(document, seal, [KEY]) is Reason.ALGORITHM_DIFFERS


def test_a_signature_counts_only_from_a_certificate_key() -> None:
    document = certificates.document_bytes(make_document())
    signature = SIGNER.seal(document)
    other = msgspec.structs.replace(KEY, purpose=Purpose.REPORT)

    assert certificates.check_signature(document, signature, []) is Reason.KEY_UNKNOWN
    assert (
        certificates.check_signature(document, signature, [other]) is Reason.KEY_FOR_ANOTHER_PURPOSE
    )
    assert certificates.check_signature(document + b" ", signature, [KEY]) is Reason.SIGNATURE_WRONG


@given(st.integers(0, 200), st.integers(1, 255))
def test_no_flipped_byte_keeps_the_signature(place: int, flip: int) -> None:
    document = bytearray(certificates.document_bytes(make_document()))
    signature = SIGNER.seal(bytes(document))
    document[place] ^= flip

    assert certificates.check_signature(bytes(document), signature, [KEY]) is Reason.SIGNATURE_WRONG


def test_the_verdict_tells_genuine_altered_and_unknown_apart() -> None:
    document = certificates.document_bytes(make_document())
    altered = certificates.document_bytes(make_document(product_name="别的产品"))
    digest = sha256_hex(document)

    def judge(given: bytes, sha256: str | None, reason: Reason | None = None) -> Any:
        return certificates.judge(given, registered_sha256=sha256, signature_reason=reason)

    assert judge(document, digest) == (Verdict.GENUINE, ())
    assert judge(altered, digest) == (Verdict.ALTERED, (Reason.BYTES_DIFFER,))
    assert judge(document, digest, Reason.KEY_UNKNOWN) == (Verdict.ALTERED, (Reason.KEY_UNKNOWN,))
    assert judge(document, None) == (Verdict.UNKNOWN, (Reason.NUMBER_UNKNOWN,))
    assert judge(b"not json", None) == (Verdict.UNKNOWN, (Reason.NOT_READABLE,))
    assert judge(b"[]", None) == (Verdict.UNKNOWN, (Reason.NOT_READABLE,))
    assert judge(b'{"registration_number":7}', None)[1] == (Reason.NOT_READABLE,)
    assert judge(b'{"registration_number":"X"}', None)[1] == (Reason.NUMBER_MALFORMED,)


# ── the end of a certificate ────────────────────────────────────────────────────────────────


def make_burden(**said: Any) -> encumbrances.Encumbrance:
    return encumbrances.Encumbrance(
        **{
            "id": new_id(),
            "certificate_number": number.make(2026, 1),
            "kind": encumbrances.EncumbranceKind.PLEDGE,
            "beneficiary": "示例银行股份有限公司",
            "beneficiary_party_id": None,
            "document_number": "质字2026001号",
            "file_id": new_id(),
            "file_sha256": "ab" * 32,
            "since_on": dt.date(2026, 3, 2),
            "until_on": dt.date(2026, 4, 2),
            "registered_by": None,
            "registered_at": dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC),
        }
        | said
    )


def test_an_open_objection_or_a_burden_stands_in_the_way_of_deregistration() -> None:
    encumbrances.check_free([], 0)
    with refusal("certificate_encumbered"):
        encumbrances.check_free([], 1)
    with refusal("certificate_encumbered"):
        encumbrances.check_free([make_burden()], 0)


@pytest.mark.parametrize(
    ("said", "today", "expected"),
    [
        ({}, dt.date(2026, 3, 1), False),
        ({}, dt.date(2026, 3, 2), True),
        ({}, dt.date(2026, 4, 2), True),
        ({}, dt.date(2026, 4, 3), False),
        ({"until_on": None}, dt.date(2056, 4, 3), True),
        ({"released_at": dt.datetime(2026, 3, 3, tzinfo=dt.UTC)}, dt.date(2026, 3, 4), False),
    ],
)
def test_a_burden_stands_from_its_first_to_its_last_day(
    said: dict[str, Any], today: dt.date, expected: bool
) -> None:
    assert encumbrances.stands(make_burden(**said), today) is expected


def test_a_burden_does_not_end_before_it_begins() -> None:
    encumbrances.check_period(dt.date(2026, 3, 2), None)
    encumbrances.check_period(dt.date(2026, 3, 2), dt.date(2026, 3, 2))
    with refusal("encumbrance_period_invalid"):
        encumbrances.check_period(dt.date(2026, 3, 2), dt.date(2026, 3, 1))


def test_an_instrument_counts_from_the_day_it_is_in_force() -> None:
    in_force = dt.date(2026, 3, 2)
    instrument = basis.InstrumentReference(
        id=new_id(),
        kind=basis.InstrumentKind.JUDGMENT,
        issuing_body="示例市中级人民法院",
        document_number="（2026）民终1号",
        effective_on=in_force,
        file_sha256="ab" * 32,
    )

    assert instrument.name == "示例市中级人民法院 （2026）民终1号"
    assert instrument.facts["effective_on"] == "2026-03-02"
    basis.check_effective(instrument.effective_on, in_force)
    with refusal("legal_instrument_not_effective"):
        basis.check_effective(in_force, dt.date(2026, 3, 1))
    with refusal("legal_instrument_not_effective"):
        basis.check_effective(None, in_force)


@pytest.mark.parametrize("state", State)
def test_only_an_active_certificate_lets_a_product_be_sold(state: State) -> None:
    summary = CertificateSummary(
        number=number.make(2026, 1),
        product_id=new_id(),
        product_name="某产品",
        registrant_party_id=PartyId(new_id()),
        version=1,
        record_sha256="ab" * 32,
        issued_at=NOW,
        state=state,
        state_since=NOW,
        product_valid_to=None,
        product_expired_at=None,
    )

    assert summary.counts_on(dt.date(2026, 3, 2)) is (state is State.ACTIVE)
