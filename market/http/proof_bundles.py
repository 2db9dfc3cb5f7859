"""Hand out all that the log has about an order, a product, a certificate or a party (举证包)."""

from __future__ import annotations

import asyncio

from litestar import Response, get
from litestar.params import FromPath

from catalog.kernel.db import Tx, run
from catalog.signing.purposes import Purpose
from market.http.answers import sends
from market.http.context import AnyRequest, Context, actor, context
from market.proof_bundles.model import Gathered
from market.proof_bundles.operations import issuing
from market.proof_bundles.sealing import sealed

_ZIP = "application/zip"
_FILE_NAME = "content-disposition"


@get(
    "/api/v1/proof-bundles/{kind:str}/{identifier:str}",
    summary="The proof bundle of a subject",
    tags=["orders"],
    opt=sends(_ZIP, _FILE_NAME, refusals=(409,)),
)
async def get_proof_bundle(
    request: AnyRequest, kind: FromPath[str], identifier: FromPath[str]
) -> Response[bytes]:
    """Return every entry about a subject, proven to be all of them (用量对账与举证包), signed.

    ``kind`` is ``order``, ``product``, ``certificate``, ``buyer`` or ``supplier``. The bundle of an
    order has its contract, uses, ledger's lines and certificate too. That it was handed out is remembered.
    """
    wiring, who = context(request), actor(request)
    now = wiring.now()

    async def once(tx: Tx) -> Gathered:
        return await issuing.issue(
            tx, actor=who, now=now, kind=kind, identifier=identifier, signers=_signers(wiring)
        )

    gathered = await run(wiring.db, who, once)
    # A long order takes seconds to pack; nobody else shall wait for it.
    packed = await asyncio.to_thread(sealed, gathered, wiring.signers[Purpose.STATEMENT])
    return Response(
        packed,
        media_type=_ZIP,
        headers={
            _FILE_NAME: f'attachment; filename="proof-{kind}-{identifier}.zip"',
            "cache-control": "no-store",
        },
    )


def _signers(wiring: Context) -> issuing.Signers:
    return issuing.Signers(
        statement=wiring.signers[Purpose.STATEMENT],
        credential=wiring.signers[Purpose.CREDENTIAL],
        status_list=wiring.signers[Purpose.STATUS_LIST],
        base=wiring.settings.public_url.rstrip("/"),
        origin=wiring.settings.log_origin,
    )
