"""Hand out certificates on paper (凭证纸面形式): PDF, to be read, printed, and checked online."""

from __future__ import annotations

import functools
import importlib
from types import ModuleType

from litestar import Response, get
from litestar.params import FromPath

from catalog.certificates import queries as certificates
from catalog.certificates.model import Certificate
from catalog.kernel.errors import Missing
from catalog.signing import queries as signing
from catalog.signing.purposes import Purpose
from market.http import attachment
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
    signer = context(request).signers[Purpose.PAPER]

    async def look(c: Command) -> tuple[Certificate | None, bytes]:
        return await certificates.find(c.tx, number), await _seal_certificate(c, signer.key_id)

    found, certificate = await read(request, look)
    if found is None:
        raise Missing
    seal = functools.partial(_sealing().sealed, certificate=certificate, sign=signer.sign)
    return attachment.paper(
        await certificate_pdf(found, seal), f"{found.number}.pdf", cache=_BRIEFLY
    )


@get("/certificates/paper-seal.pem", include_in_schema=False)
async def get_seal_certificate(request: AnyRequest) -> Response[bytes]:
    """Return the X.509 certificate of the key that seals papers now, for readers of PDF to trust."""
    return await _pem(request, context(request).signers[Purpose.PAPER].key_id)


@get("/certificates/paper-seals/{key_id:str}/pem", include_in_schema=False)
async def get_earlier_seal_certificate(
    request: AnyRequest, key_id: FromPath[str]
) -> Response[bytes]:
    """Return the X.509 certificate of a key that seals papers or did so before.

    :raises Missing: if no key of this id has one.
    """
    return await _pem(request, key_id)


async def _pem(request: AnyRequest, key_id: str) -> Response[bytes]:
    async def look(c: Command) -> bytes:
        return await _seal_certificate(c, key_id)

    certificate = await read(request, look)
    return Response(
        importlib.import_module("market.portal.seal_certificates").as_pem(certificate),
        media_type="application/x-pem-file",
        headers={"cache-control": _BRIEFLY},
    )


async def _seal_certificate(c: Command, key_id: str) -> bytes:
    key = await signing.find_key(c.tx, key_id)
    if key is None or key.certificate is None:
        raise Missing
    return key.certificate
