"""Explain where the money of an entry, an order, a payout or an invoice comes from (这笔钱怎么来的)."""

from __future__ import annotations

import uuid

from litestar import Response, get
from litestar.params import FromPath

from market.finance_reports import queries
from market.http.answers import answers
from market.http.command import Command, answer, read
from market.http.context import AnyRequest
from settlement.ledger_reports.explaining import Explanation, Of


@get(
    "/api/v1/explanations/{of:str}/{identifier:uuid}",
    summary="Where an amount comes from",
    tags=["ledger"],
    opt=answers(Explanation, refusals=(422,)),
)
async def explain(
    request: AnyRequest, of: FromPath[Of], identifier: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return every fen with its rule, its exact fraction, its remainder, and who got the rest.

    What is told was computed again from the frozen split; ``is_as_posted`` says that the journal has
    the same. Both sides of an order and the supervisors read all of it, others their own share.
    """

    async def look(c: Command) -> Explanation:
        return await queries.explain(c.tx, viewer=c.actor, of=of, identifier=identifier)

    return answer(await read(request, look))
