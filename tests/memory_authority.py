"""A timestamp authority for tests, in memory: its own CA, whatever time, hash and end are asked for."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any, NamedTuple

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from catalog.kernel.clock import ManualClock
from catalog.timestamps import token
from catalog.timestamps.hashing import HashAlgorithm, digest
from catalog.timestamps.token import Trust

POLICY = "1.2.3.4.1"
_ESS = "signing_certificate_v2"


class MemoryAuthority:
    """Stamp whatever is asked, at the clock's time, by a certificate that ends when it is told to."""

    def __init__(
        self,
        clock: ManualClock,
        name: str = "tsa.example",
        *,
        ends_at: dt.datetime | None = None,
        root: Root | None = None,
        purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING,
        policy: str = POLICY,
        list_url: str | None = None,
        responder_url: str | None = None,
    ) -> None:
        self.name = name
        self.clock = clock
        self.policy = policy
        self.root = root or Root(name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        end = ends_at or clock.now() + dt.timedelta(days=365)
        self.certificate = self.root.issue(
            name,
            self.key.public_key(),
            end,
            purpose,
            list_url=list_url,
            responder_url=responder_url,
        )
        self.serial = 0
        self.requests: list[tsp.TimeStampReq] = []

    def pem(self) -> bytes:
        return self.root.certificate.public_bytes(serialization.Encoding.PEM)

    def trust(self, *policies: str) -> Trust:
        return token.read_trust(self.pem(), policies)

    async def stamp(self, imprint: bytes, algorithm: HashAlgorithm) -> bytes:
        response = self.answer(token.query(algorithm, imprint, nonce=7, policy=None))
        token.check_reply(response, algorithm, imprint, 7)
        return response

    def stamped(self, data: bytes, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> bytes:
        return self.answer(token.query(algorithm, digest(algorithm, data), nonce=7, policy=None))

    def refusal(self, status: int = 2) -> bytes:
        told = tsp.PKIStatusInfo({"status": status, "status_string": ["no"]}).dump()
        return bytes([0x30, len(told)]) + told  # a response of nothing but its status

    def answer(self, query: bytes) -> bytes:
        asked = tsp.TimeStampReq.load(query)
        self.requests.append(asked)
        self.serial += 1
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": self.policy,
                "message_imprint": asked["message_imprint"],
                "serial_number": self.serial,
                "gen_time": self.clock.now().astimezone(dt.UTC).replace(microsecond=0),
                "nonce": asked["nonce"],
            }
        ).dump()
        made: bytes = tsp.TimeStampResp(
            {"status": {"status": "granted"}, "time_stamp_token": self._signed(info)}
        ).dump()
        return made

    def _signed(self, info: bytes) -> cms.ContentInfo:
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        certificate = asn1_x509.Certificate.load(der)
        attributes = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
                cms.CMSAttribute(
                    {"type": "message_digest", "values": [hashlib.sha256(info).digest()]}
                ),
                cms.CMSAttribute(
                    {
                        "type": _ESS,
                        "values": [
                            tsp.SigningCertificateV2(
                                {"certs": [{"cert_hash": hashlib.sha256(der).digest()}]}
                            )
                        ],
                    }
                ),
            ]
        )
        signature = self.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
        sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": {
                    "issuer_and_serial_number": {
                        "issuer": certificate.issuer,
                        "serial_number": certificate.serial_number,
                    }
                },
                "digest_algorithm": sha256,
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                "signature": signature,
            }
        )
        return cms.ContentInfo(
            {
                "content_type": "signed_data",
                "content": {
                    "version": "v3",
                    "digest_algorithms": [sha256],
                    "encap_content_info": {
                        "content_type": "tst_info",
                        "content": core.ParsableOctetString(info),
                    },
                    "certificates": [certificate],
                    "signer_infos": [signer],
                },
            }
        )


class Responder(NamedTuple):
    """Who signs answers about certificates: a key, its certificate, and by which hash."""

    key: Any
    certificate: x509.Certificate
    hash: hashes.HashAlgorithm | None = hashes.SHA256()


class Root:
    """A certification authority whose certificate is trusted."""

    def __init__(self, name: str, ends_at: dt.datetime | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(f"root of {name}")
        end = ends_at or dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
        self.certificate = (
            _builder(self.name, self.name, self.key.public_key(), end)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False
            )
            .sign(self.key, hashes.SHA256())
        )

    def issue(
        self,
        name: str,
        key: Any,
        ends_at: dt.datetime,
        purpose: x509.ObjectIdentifier,
        *,
        list_url: str | None = None,
        responder_url: str | None = None,
    ) -> x509.Certificate:
        builder = (
            _builder(_name(name), self.name, key, ends_at)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        if list_url is not None:
            names = [x509.UniformResourceIdentifier(list_url), x509.DNSName("no.address")]
            point = x509.DistributionPoint(names, None, None, None)
            builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        if responder_url is not None:
            access = x509.AuthorityInformationAccess(
                [
                    x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
                    for method, url in (
                        (AuthorityInformationAccessOID.CA_ISSUERS, "http://ca.example/ca.pem"),
                        (AuthorityInformationAccessOID.OCSP, "ldap://no.address"),
                        (AuthorityInformationAccessOID.OCSP, responder_url),
                    )
                ]
            )
            builder = builder.add_extension(access, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def answer(
        self,
        certificate: x509.Certificate,
        at: dt.datetime,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        *,
        since: dt.datetime | None = None,
        reason: x509.ReasonFlags | None = None,
        days: float | None = 7,
        by: Responder | None = None,
        named_by: hashes.HashAlgorithm | None = None,
    ) -> bytes:
        """Return what a responder says of a certificate at an instant: this authority, or who it let."""
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=certificate,
            issuer=self.certificate,
            algorithm=named_by or hashes.SHA1(),
            cert_status=status,
            this_update=at,
            next_update=None if days is None else at + dt.timedelta(days=days),
            revocation_time=since,
            revocation_reason=reason,
        )
        signer = by or Responder(self.key, self.certificate)
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        if by is not None:
            builder = builder.certificates([by.certificate])
        made = builder.sign(signer.key, signer.hash)  # type: ignore[arg-type]
        return made.public_bytes(serialization.Encoding.DER)

    def revoked(
        self,
        at: dt.datetime,
        *entries: tuple[x509.Certificate, dt.datetime, x509.ReasonFlags | None],
        days: float = 7,
    ) -> bytes:
        """Return the revocation list of a day, with these certificates on it."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(at)
            .next_update(at + dt.timedelta(days=days))
        )
        for certificate, since, reason in entries:
            entry = (
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.serial_number)
                .revocation_date(since)
            )
            if reason is not None:
                entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        made = builder.sign(self.key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.DER)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Any, ends_at: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(ends_at)
    )
