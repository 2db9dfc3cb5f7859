"""What a responder says of a timestamp's certificate is evidence: asked, kept, and refused when it is revoked."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from asn1crypto import core
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509 import ReasonFlags
from cryptography.x509.ocsp import (
    OCSPCertStatus,
    OCSPResponderEncoding,
    OCSPResponseBuilder,
    OCSPResponseStatus,
    load_der_ocsp_request,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from catalog.audit_log.verdict import Fault, Findings
from catalog.kernel.clock import ManualClock
from catalog.timestamps import check, ocsp, revocation, token
from catalog.timestamps.model import Left
from catalog.timestamps.token import TimestampMalformed, TimestampWrong
from tests.memory_authority import MemoryAuthority, Responder, Root
from tests.timed_log import TimedLog

NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
URL = "http://ca.example/ocsp"
SIGNS = ExtendedKeyUsageOID.OCSP_SIGNING


@pytest.fixture(scope="module")
def authority() -> MemoryAuthority:
    return MemoryAuthority(ManualClock(NOW), responder_url=URL)


@pytest.fixture(scope="module")
def links(authority: MemoryAuthority) -> tuple[x509.Certificate, ...]:
    return token.check(authority.stamped(b"data"), b"data", authority.trust()).chain


def delegate(root: Root, key: Any = None, **more: Any) -> Responder:
    """Return somebody whom an authority let sign answers."""
    made = key or ec.generate_private_key(ec.SECP256R1())
    # What makes an answer writes today's day of making into it, whatever day that is.
    ends_at = more.pop("ends_at", dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    certificate = root.issue("responder", made.public_key(), ends_at, more.pop("purpose", SIGNS))
    return Responder(made, certificate, **more)


# ── asking ──────────────────────────────────────────────────────────────────────────────────


def test_a_chain_tells_whom_to_ask_about_its_certificates_and_what(
    authority: MemoryAuthority, links: tuple[x509.Certificate, ...]
) -> None:
    (question,) = ocsp.questions(links)

    asked = load_der_ocsp_request(question.query)
    assert question.url == URL
    assert asked.serial_number == authority.certificate.serial_number
    assert ocsp.questions(links[1:]) == ()
    bare = MemoryAuthority(ManualClock(NOW))
    assert ocsp.questions((bare.certificate, bare.root.certificate)) == ()


# ── what is said ────────────────────────────────────────────────────────────────────────────


def test_an_answer_of_its_time_that_it_stands_covers_it(
    authority: MemoryAuthority, links: tuple[x509.Certificate, ...]
) -> None:
    root, own = authority.root, authority.certificate

    for at in (NOW - HOUR, NOW + HOUR):
        assert revocation.check(links, [root.answer(own, at)], NOW)
    assert revocation.check(links, [root.answer(own, NOW, days=None)], NOW)
    assert revocation.check(links, [root.answer(own, NOW, named_by=hashes.SHA256())], NOW)
    for at in (NOW - 90 * 24 * HOUR, NOW + 90 * 24 * HOUR):
        assert not revocation.check(links, [root.answer(own, at)], NOW)


@pytest.mark.parametrize("key", ["p256", "rsa", "ed25519"])
def test_whom_the_issuer_let_sign_answers_may_say_so(
    authority: MemoryAuthority, links: tuple[x509.Certificate, ...], key: str
) -> None:
    keys = {
        "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }
    more = {"hash": None} if key == "ed25519" else {}
    by = delegate(authority.root, keys[key](), **more)

    told = authority.root.answer(authority.certificate, NOW, by=by)

    assert revocation.belongs(told, links)
    assert revocation.check(links, [told], NOW)


def test_an_answer_of_nobody_who_may_says_nothing(
    authority: MemoryAuthority, links: tuple[x509.Certificate, ...]
) -> None:
    root, own = authority.root, authority.certificate
    stranger, namesake = Root("stranger"), Root(authority.name)
    bad = {"since": NOW - HOUR, "reason": ReasonFlags.key_compromise}
    revoked = OCSPCertStatus.REVOKED
    made = [
        stranger.answer(own, NOW, revoked, **bad),
        namesake.answer(own, NOW, revoked, **bad),
        root.answer(own, NOW, revoked, **bad, by=delegate(stranger)),
        root.answer(
            own, NOW, revoked, **bad, by=delegate(root, purpose=ExtendedKeyUsageOID.TIME_STAMPING)
        ),
        root.answer(own, NOW, revoked, **bad, by=delegate(root, ends_at=NOW - HOUR)),
        root.answer(own, NOW, revoked, **bad, by=_without_usage(root)),
        root.answer(own, NOW, revoked, **bad, by=delegate(root, dsa.generate_private_key(2048))),
    ]
    genuine = root.answer(own, NOW, revoked, **bad)
    made.append(genuine[:-1] + bytes([genuine[-1] ^ 1]))  # another signature

    for number, told in enumerate(made):
        assert not revocation.belongs(told, links), number
        assert not revocation.check(links, [told], NOW), number


def _without_usage(root: Root) -> Responder:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(root.name)
        .issuer_name(root.name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - HOUR)
        .not_valid_after(dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    )
    return Responder(key, builder.sign(root.key, hashes.SHA256()))


def test_an_answer_about_another_certificate_or_that_it_is_unknown_says_nothing(
    authority: MemoryAuthority, links: tuple[x509.Certificate, ...]
) -> None:
    root = authority.root
    other = MemoryAuthority(ManualClock(NOW), root=root).certificate

    for told in (
        root.answer(other, NOW),
        root.answer(authority.certificate, NOW, OCSPCertStatus.UNKNOWN),
        _of_another_issuer(authority),
        _named_by_md5(authority),
    ):
        assert not revocation.belongs(told, links)
        assert not revocation.check(links, [told], NOW)


def _named_by_md5(authority: MemoryAuthority) -> bytes:
    """Say that it stands, of a certificate that is named by a hash nobody uses for that."""
    told = asn1_ocsp.OCSPResponse.load(authority.root.answer(authority.certificate, NOW))
    basic = told["response_bytes"]["response"].parsed
    basic["tbs_response_data"]["responses"][0]["cert_id"]["hash_algorithm"] = {"algorithm": "md5"}
    signed = basic["tbs_response_data"].dump(force=True)
    basic["signature"] = authority.root.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    told["response_bytes"]["response"] = core.ParsableOctetString(basic.dump(force=True))
    made: bytes = told.dump(force=True)
    return made


def _of_another_issuer(authority: MemoryAuthority) -> bytes:
    """Say something, with the authority's key, of a certificate with its number by another issuer."""
    stranger = Root("stranger")
    root = authority.root
    builder = (
        OCSPResponseBuilder()
        .add_response(
            cert=authority.certificate,
            issuer=stranger.certificate,
            algorithm=hashes.SHA256(),
            cert_status=OCSPCertStatus.GOOD,
            this_update=NOW,
            next_update=None,
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(OCSPResponderEncoding.HASH, root.certificate)
    )
    return builder.sign(root.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_what_is_no_answer_is_malformed(links: tuple[x509.Certificate, ...]) -> None:
    later = OCSPResponseBuilder.build_unsuccessful(OCSPResponseStatus.TRY_LATER)

    for raw in (b"", b"no answer", later.public_bytes(serialization.Encoding.DER)):
        with pytest.raises(TimestampMalformed):
            revocation.check(links, [raw], NOW)
        assert not revocation.belongs(raw, links)


@pytest.mark.parametrize(
    ("since", "reason", "counts"),
    [
        (-1, ReasonFlags.superseded, False),
        (0, ReasonFlags.cessation_of_operation, False),
        (1, ReasonFlags.superseded, True),  # in good hands until then (RFC 3161 §4)
        (1, ReasonFlags.unspecified, True),
        (1, ReasonFlags.key_compromise, False),
        (1, None, False),
    ],
)
def test_a_revoked_certificate_s_timestamp_is_refused_as_by_a_list(
    authority: MemoryAuthority,
    links: tuple[x509.Certificate, ...],
    since: int,
    reason: ReasonFlags | None,
    counts: bool,
) -> None:
    told = authority.root.answer(
        authority.certificate, NOW, OCSPCertStatus.REVOKED, since=NOW + since * HOUR, reason=reason
    )

    if counts:
        assert revocation.check(links, [told], NOW)
        return
    with pytest.raises(TimestampWrong) as refused:
        revocation.check(links, [told], NOW)
    assert "was revoked at" in str(refused.value.facts["reason"])


def test_a_list_and_an_answer_lie_beside_each_other_and_the_worse_one_counts(
    authority: MemoryAuthority, links: tuple[x509.Certificate, ...]
) -> None:
    root, own = authority.root, authority.certificate
    revoked = root.answer(
        own, NOW, OCSPCertStatus.REVOKED, since=NOW - HOUR, reason=ReasonFlags.superseded
    )

    assert revocation.check(links, [root.revoked(NOW), root.answer(own, NOW)], NOW)
    with pytest.raises(TimestampWrong):
        revocation.check(links, [root.revoked(NOW), revoked], NOW)


# ── in an export ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("is_revoked", [False, True])
def test_an_export_refuses_a_timestamp_by_the_answer_that_lies_beside_it(is_revoked: bool) -> None:
    log = TimedLog()
    log.register(log.signer)
    log.grow(6)
    status = OCSPCertStatus.REVOKED if is_revoked else OCSPCertStatus.GOOD
    since = log.now - HOUR if is_revoked else None
    reason = ReasonFlags.superseded if is_revoked else None
    told = log.authority.root.answer(
        log.authority.certificate, log.now, status, since=since, reason=reason
    )
    log.lists = (told,)
    log.stamp()
    log.sign()

    found = Findings()
    check.check(log.export(), found, log.authority.trust(), left=Left(), now=log.clock.now())

    verdict = found.verdict()
    counted = verdict.counts.get("timestamps whose certificate stood, as was said at their time")
    assert [each.fault for each in verdict.problems] == [Fault.TIMESTAMP_WRONG] * is_revoked
    assert counted == (None if is_revoked else 1)
