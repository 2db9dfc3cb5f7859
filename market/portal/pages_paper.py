"""Hand out certificates on paper (凭证纸面形式): PDF, to be read, printed, and checked online."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from catalog.certificates import queries as certificates
from catalog.certificates.model import Certificate
from catalog.kernel.errors import Missing
from catalog.signing import queries as signing
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose
from market.http.attachment import content_disposition
from market.http.command import Command, read
from market.http.context import AnyRequest, context
from market.portal.typesetting import certificate_pdf

_BRIEFLY = "public, max-age=60"


def _sealing() -> ModuleType:
    """Return what seals. It waits until it is needed: its library takes half a second to load."""
    return importlib.import_module("market.portal.sealing")


@get("/certificates/{number:str}/paper", include_in_schema=False)
async def get_paper(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
    """Return a certificate as PDF, whatever became of it: the page says whether it counts.

    :raises Missing: if no certificate has this number.
    """
    signer, name = _signer(request)

    async def look(c: Command) -> tuple[Certificate | None, PublicKey]:
        return await certificates.find(c.tx, number), await _key(c, signer.key_id)

    found, key = await read(request, look)
    if found is None:
        raise Missing

    sealing = _sealing()

    def seal(pdf: bytes) -> bytes:
        certificate = sealing.x509_of(key, name=name, sign=signer.sign)
        made: bytes = sealing.sealed(pdf, certificate=certificate, sign=signer.sign)
        return made

    return Response(
        await certificate_pdf(found, seal),
        media_type="application/pdf",
        headers={
            "content-disposition": content_disposition(f"{found.number}.pdf"),
            "cache-control": _BRIEFLY,
            "content-security-policy": "default-src 'none'; sandbox",
        },
    )


@get("/certificates/paper-seal.pem", include_in_schema=False)
async def get_seal_certificate(request: AnyRequest) -> Response[bytes]:
    """Return the X.509 certificate of the key that seals papers now, for readers of PDF to trust."""
    signer, name = _signer(request)

    async def look(c: Command) -> PublicKey:
        return await _key(c, signer.key_id)

    sealing = _sealing()
    certificate = sealing.x509_of(await read(request, look), name=name, sign=signer.sign)
    return Response(
        sealing.as_pem(certificate),
        media_type="application/x-pem-file",
        headers={"cache-control": _BRIEFLY},
    )


def _signer(request: AnyRequest) -> tuple[Any, str]:
    wiring = context(request)
    return wiring.signers[Purpose.PAPER], wiring.settings.log_origin


async def _key(c: Command, key_id: str) -> PublicKey:
    key = await signing.find_key(c.tx, key_id)
    assert key is not None, "the service entered its keys when it started"
    return key
