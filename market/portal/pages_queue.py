"""Show what waits for whom (待办), and why each thing is due on its day (期限说明)."""

from __future__ import annotations

import uuid
from typing import Final

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.timers import queries as timers
from catalog.timers.explaining import Explanation, explain_timer
from catalog.timers.urgency import Urgency
from market.http.command import Command, read
from market.http.context import AnyRequest, actor
from market.identity.permissions import OPERATOR_STAFF
from market.portal.cases import case_address
from market.portal.render import NOT_KEPT, page
from market.portal.show import address, cleaned
from market.workbench import queries as workbench
from market.workbench.model import QueueFilter, WorkQueue

_PAGE_SIZE: Final = 50
_EVERYBODY: Final = "all"
_OPERATOR: Final = "supermarket_operator"


@get("/queue", include_in_schema=False)
async def show_queue(
    request: AnyRequest,
    *,
    head: FromQuery[Urgency | None] = None,
    against: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show the queue under its four heads; the operator's staff see first what is theirs to do."""
    asked = cleaned(against) or (_OPERATOR if actor(request).roles & OPERATOR_STAFF else _EVERYBODY)
    wanted = QueueFilter(
        against=None if asked == _EVERYBODY else asked, kind=cleaned(kind), urgency=head
    )

    async def look(c: Command) -> WorkQueue:
        return await workbench.queue(
            c.tx,
            viewer=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            wanted=wanted,
            limit=_PAGE_SIZE,
            cursor=cursor or None,
        )

    queue = await read(request, look)
    asking = {"head": head.value if head else None, "against": asked, "kind": wanted.kind}
    return page(
        request,
        "queue.html",
        cache=NOT_KEPT,
        queue=queue,
        lines={one: [i for i in queue.items if i.pressing.urgency is one] for one in Urgency},
        wanted=wanted,
        asked=asked,
        case_address=case_address,
        link=lambda **changed: address("/queue", asking | changed),
        is_continued=bool(cursor),
    )


@get("/queue/{timer_id:uuid}", include_in_schema=False)
async def show_why(request: AnyRequest, timer_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show every day from the start of a clock to its end, and which notice settles it."""

    async def look(c: Command) -> Explanation:
        timer = await timers.get(c.tx, viewer=c.actor, timer_id=timer_id)
        return explain_timer(timer, await c.calendar())

    why = await read(request, look)
    return page(request, "why.html", cache=NOT_KEPT, why=why, case_address=case_address)
