"""Show where an amount comes from, in words that a treasurer reads (这笔钱怎么来的)."""

from __future__ import annotations

import uuid
from typing import Final

from litestar import Response, get
from litestar.params import FromPath

from market.finance_reports import queries, words
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.render import NOT_KEPT, page
from settlement.ledger_reports.explaining import Explanation, Of

_PLACE: Final = "/explanations/{of:str}/{identifier:uuid}"


@get(_PLACE, include_in_schema=False)
async def show_explanation(
    request: AnyRequest, of: FromPath[Of], identifier: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Show every fen of an entry, an order, a payout or an invoice with its reason (逐分说明)."""

    async def look(c: Command) -> Explanation:
        return await queries.explain(c.tx, viewer=c.actor, of=of, identifier=identifier)

    return page(
        request,
        "explanation.html",
        cache=NOT_KEPT,
        told=await read(request, look),
        purpose_name=words.purpose,
    )
