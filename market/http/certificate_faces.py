"""Hand out certificates and status lists as vc+jwt (可验证凭证); tell what counted when (效力)."""

from __future__ import annotations

import base64

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.certificates import credential as form
from catalog.certificates import queries, standing
from catalog.certificates.format import Package
from catalog.certificates.operations import faces
from catalog.certificates.standing import Standing
from catalog.kernel.actor import system
from catalog.kernel.db import Tx, run
from catalog.kernel.errors import Missing
from catalog.signing import queries as signing
from catalog.signing.algorithms import find_algorithm
from catalog.signing.purposes import Purpose
from catalog.timestamps.evidence import EvidenceRecord
from market.http.answers import answers, sends
from market.http.command import Command, answer, read
from market.http.context import AnyRequest, Context, context

_BRIEFLY = "public, max-age=60"
_FOR_CREDENTIALS = (Purpose.CREDENTIAL, Purpose.STATUS_LIST)


class Jwk(msgspec.Struct, frozen=True, kw_only=True):
    """A public key as libraries for JOSE take it (RFC 8037)."""

    kty: str = "OKP"
    crv: str = "Ed25519"
    alg: str = "EdDSA"
    use: str = "sig"
    kid: str
    x: str


class Jwks(msgspec.Struct, frozen=True):
    """The keys that sign credentials and status lists, as far as they may be believed (RFC 7517)."""

    keys: tuple[Jwk, ...]


@get(
    "/api/v1/certificates/{number:str}/credential",
    summary="A certificate as vc+jwt",
    tags=["certificates"],
    opt=sends(form.MEDIA_TYPE),
)
async def get_credential(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
    """Return a certificate as a verifiable credential (VC Data Model 2.0), signed now.

    It is handed out for a certificate that ended as well: its ``credentialStatus`` says that.
    """

    async def look(c: Command) -> bytes:
        return await faces.credential(
            c.tx,
            now=c.now,
            signer=c.context.signers[Purpose.CREDENTIAL],
            number=number,
            base=_base(c.context),
        )

    return Response(
        await read(request, look),
        media_type=form.MEDIA_TYPE,
        headers={"cache-control": "no-cache"},
    )


@get(
    "/api/v1/certificates/{number:str}/signatures/{algorithm:str}",
    summary="A certificate signed by SM2 or ML-DSA-44",
    tags=["certificates"],
    opt=answers(Package, refusals=(404,)),
)
async def get_signed_by(
    request: AnyRequest, number: FromPath[str], algorithm: FromPath[str]
) -> Response[bytes]:
    """Return a certificate's file with a detached signature of another algorithm, made now.

    :raises Missing: if the register has no key of this algorithm for certificates.
    """

    async def look(c: Command) -> bytes:
        known = find_algorithm(algorithm)
        signer = None if known is None else c.context.certificate_signers.get(known)
        if signer is None:
            raise Missing
        return await faces.signed_by(c.tx, signer=signer, number=number)

    return Response(
        await read(request, look),
        media_type="application/json",
        headers={"cache-control": "no-cache"},
    )


@get(
    "/api/v1/certificates/{number:str}/log-proof",
    summary="That a certificate's issue is in the log, as a file that travels alone",
    tags=["certificates"],
    opt=sends("text/plain; charset=utf-8"),
)
async def get_certificate_proof(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
    """Return the ``.tlog-proof`` of a certificate under the newest witnessed checkpoint."""

    async def look(c: Command) -> bytes:
        return await faces.log_proof(c.tx, number)

    return Response(
        await read(request, look), media_type="text/plain", headers={"cache-control": "no-cache"}
    )


@get(
    "/api/v1/certificates/{number:str}/evidence-record",
    summary="When a certificate was issued, by timestamps that hold for decades",
    tags=["certificates"],
    opt=answers(EvidenceRecord),
)
async def get_certificate_evidence(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
    """Return the timestamps (RFC 3161) that prove since when a certificate's issue is in the log."""

    async def look(c: Command) -> EvidenceRecord:
        return await faces.evidence_record(c.tx, now=c.now, number=number)

    return answer(await read(request, look))


@get(
    "/api/v1/certificates/{number:str}/standing",
    summary="Whether a certificate counted at an instant",
    tags=["certificates"],
    opt=answers(Standing, refusals=(422,)),
)
async def get_standing(
    request: AnyRequest, number: FromPath[str], at: FromQuery[str | None] = None
) -> Response[bytes]:
    """Return whether a certificate counted ``at`` an instant (RFC 3339; now if none), and why."""

    async def look(c: Command) -> Standing:
        return await queries.get_standing(c.tx, number, at=standing.instant_of(at, now=c.now))

    return answer(await read(request, look))


@get(
    "/api/v1/certificate-documents/{sha256:str}/standing",
    summary="Whether the certificate of a document counted at an instant",
    tags=["certificates"],
    opt=answers(Standing, refusals=(422,)),
)
async def get_standing_of_document(
    request: AnyRequest, sha256: FromPath[str], at: FromQuery[str | None] = None
) -> Response[bytes]:
    """Return the same for the SHA-256 of a signed document, as a paper and its code have it.

    :raises Missing: if no certificate's document has this digest.
    """

    async def look(c: Command) -> Standing:
        instant = standing.instant_of(at, now=c.now)
        number = await queries.find_number_by_sha256(c.tx, sha256)
        if number is None:
            raise Missing
        return await queries.get_standing(c.tx, number, at=instant)

    return answer(await read(request, look))


@get(
    "/api/v1/certificate-status-lists/{list_number:int}",
    summary="Which certificates count",
    tags=["certificates"],
    opt=sends(form.MEDIA_TYPE),
)
async def get_status_list(request: AnyRequest, list_number: FromPath[int]) -> Response[bytes]:
    """Return a status list as the register is now (Bitstring Status List v1.0), good for an hour.

    A list that says something new is entered in the log before anybody gets it.
    """
    wiring = context(request)
    now = wiring.now()
    publisher = system("status_lists")

    async def once(tx: Tx) -> bytes:
        return await faces.publish_list(
            tx,
            actor=publisher,
            now=now,
            signer=wiring.signers[Purpose.STATUS_LIST],
            list_number=list_number,
            base=_base(wiring),
            name=wiring.settings.log_origin,
        )

    made = await run(wiring.db, publisher, once, must_remember=False)
    return Response(made, media_type=form.MEDIA_TYPE, headers={"cache-control": _BRIEFLY})


@get(
    "/api/v1/keys/jwks",
    summary="The keys of credentials",
    tags=["keys"],
    opt=answers(Jwks),
)
async def get_jwks(request: AnyRequest) -> Response[bytes]:
    """Return the keys that sign credentials and status lists, without those that were revoked."""

    async def look(c: Command) -> Jwks:
        base = _base(c.context)
        return Jwks(
            tuple(
                Jwk(
                    kid=form.kid_of(base, key.key_id),
                    x=base64.urlsafe_b64encode(key.public_key).rstrip(b"=").decode(),
                )
                for key in await signing.list_public_keys(c.tx)
                if key.purpose in _FOR_CREDENTIALS and key.revoked_at is None
            )
        )

    return answer(await read(request, look), cache=_BRIEFLY)


def _base(wiring: Context) -> str:
    return wiring.settings.public_url.rstrip("/")
