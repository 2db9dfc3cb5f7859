"""Hand out the file of one case (登记卷宗): signed, with its proofs, to be checked elsewhere."""

from __future__ import annotations

import uuid

from litestar import Response, get
from litestar.params import FromPath

from catalog.kernel.db import Tx, run
from catalog.kernel.errors import Missing
from catalog.signing.purposes import Purpose
from catalog.timers import queries as timers
from market.case_files import operations as case_files
from market.http import keys
from market.http.answers import sends
from market.http.command import Command
from market.http.confidential import remember_denial
from market.http.context import AnyRequest, actor, context

_ZIP = "application/zip"
_FILE_NAME = "content-disposition"


@get(
    "/api/v1/applications/{application_id:uuid}/case-file",
    summary="The whole file of a case",
    tags=["applications"],
    opt=sends(_ZIP, _FILE_NAME),
)
async def get_case_file(
    request: AnyRequest, application_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return the case with every opinion, notice, decision, clock and proof (登记卷宗), signed.

    Who may see the case may have it; that it was handed out is remembered.
    """
    wiring, who = context(request), actor(request)
    now = wiring.now()

    async def once(tx: Tx) -> bytes:
        calendar = await timers.get_calendar(tx)
        return await case_files.issue(
            tx,
            actor=who,
            now=now,
            calendar=calendar,
            signer=wiring.signers[Purpose.CASE_FILE],
            keys=await keys.published(Command(tx, who, now, wiring)),
            application_id=application_id,
        )

    try:
        packed = await run(wiring.db, who, once)
    except Missing:
        await remember_denial(request, "application", application_id)
        raise
    return Response(
        packed,
        media_type=_ZIP,
        headers={
            _FILE_NAME: f'attachment; filename="case-{application_id}.zip"',
            "cache-control": "no-store",
        },
    )
