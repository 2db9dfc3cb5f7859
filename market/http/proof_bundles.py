"""Hand out all that the log has about an order, a product, a certificate or a party (举证包)."""

from __future__ import annotations

import asyncio

from litestar import Response, get
from litestar.params import FromPath

from catalog.kernel.db import Tx, run
from catalog.signing.purposes import Purpose
from market.http.answers import sends
from market.http.context import AnyRequest, Context, actor, context
from market.proof_bundles import sealing
from market.proof_bundles.model import Gathered
from market.proof_bundles.operations import issuing

_ZIP = "application/zip"
_FILE_NAME = "content-disposition"


@get(
    "/api/v1/proof-bundles/{kind:str}/{identifier:str}",
    summary="The proof bundle of a subject",
    tags=["orders"],
    opt=sends(
        _ZIP,
        _FILE_NAME,
        refusals=(409, 503),
        kind="order",
        identifier="01a222dc-aebd-76b8-81b5-c9c78e274963",
    ),
)
async def get_proof_bundle(
    request: AnyRequest, kind: FromPath[str], identifier: FromPath[str]
) -> Response[bytes]:
    """Return every entry about a subject, proven to be all of them (用量对账与举证包), signed.

    ``kind`` is ``order``, ``product``, ``certificate``, ``buyer`` or ``supplier``. The bundle of an
    order has its contract, uses, ledger's lines and certificate too. The log knows the bundle before it is
    handed out, each of its files by its digest.
    """
    wiring, who = context(request), actor(request)
    now = wiring.now()

    signers, backlog = _signers(wiring), await wiring.backlog.read(wiring.db, now)

    async def gather(tx: Tx) -> Gathered:
        return await issuing.gather(
            tx, actor=who, now=now, kind=kind, identifier=identifier, signers=signers
        )

    gathered = await run(wiring.db, who, gather, must_remember=False)
    # A long order takes seconds to draw up and to pack; nobody else shall wait for it.
    parts = await asyncio.to_thread(sealing.drawn_up, gathered, signers.statement)

    async def enter(tx: Tx) -> dict[str, bytes]:
        return await issuing.enter(
            tx,
            actor=who,
            now=now,
            gathered=gathered,
            parts=parts,
            signers=signers,
            backlog=backlog,
        )

    whole = await run(wiring.db, who, enter)
    return Response(
        await asyncio.to_thread(sealing.packed, whole),
        media_type=_ZIP,
        headers={
            _FILE_NAME: f'attachment; filename="proof-{kind}-{identifier}.zip"',
            "cache-control": "no-store",
        },
    )


def _signers(wiring: Context) -> issuing.Signers:
    return issuing.Signers(
        statement=wiring.signers[Purpose.STATEMENT],
        receipt=wiring.signers[Purpose.RECEIPT],
        credential=wiring.signers[Purpose.CREDENTIAL],
        status_list=wiring.signers[Purpose.STATUS_LIST],
        base=wiring.settings.public_url.rstrip("/"),
        origin=wiring.settings.log_origin,
    )
