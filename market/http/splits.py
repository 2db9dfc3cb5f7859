"""Show how the money of an order is divided, every fen of it (逐分说明)."""

from __future__ import annotations

import uuid

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from market.http.answers import answers
from market.http.command import Command, answer, read
from market.http.context import AnyRequest
from market.orders import queries as orders
from settlement.money import fen
from settlement.revenue.explaining import Explanation, explain


@get(
    "/api/v1/orders/{order_id:uuid}/split",
    summary="How the money of an order is divided",
    tags=["orders"],
    opt=answers(Explanation, refusals=(422,)),
)
async def explain_split(
    request: AnyRequest,
    order_id: FromPath[uuid.UUID],
    *,
    amount_fen: FromQuery[int | None] = None,
) -> Response[bytes]:
    """Return what every party gets of the order's amount, or of another, with rule, claim and remainder.

    It is the split that was frozen when the order was cleared, and stands in its contract.
    """

    async def look(c: Command) -> Explanation:
        contract = await orders.get_contract(c.tx, viewer=c.actor, order_id=order_id)
        due = (await orders.get_order(c.tx, viewer=c.actor, order_id=order_id)).amount_fen
        return explain(fen(due if amount_fen is None else amount_fen), contract.split)

    return answer(await read(request, look))
