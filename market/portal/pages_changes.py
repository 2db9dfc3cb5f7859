"""Show a change of a certificate to those who have a part in it (变更、更正)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from catalog.changes import queries as changes
from catalog.changes.model import ChangeFile
from catalog.products import queries as products
from catalog.registration.findings import Finding
from catalog.timers import queries as timers
from catalog.timers.explaining import Explanation, explain_timer
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.portal import cases
from market.portal.render import NOT_KEPT, page


class ChangeDesk(msgspec.Struct, frozen=True):
    """One change as it lies on the desk: its file, its clocks explained, its story."""

    file: ChangeFile
    name: str
    parties: Mapping[Any, Any]
    story: Sequence[cases.Step]
    running: Sequence[Explanation]
    ended: Sequence[Explanation]
    findings: Mapping[uuid.UUID, Sequence[tuple[str, Finding]]]


@get("/changes/{change_id:uuid}", include_in_schema=False)
async def show_change(request: AnyRequest, change_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show one change: what is to be otherwise, who must act by when and why, what happened."""

    async def look(c: Command) -> ChangeDesk:
        file = await changes.get(c.tx, viewer=c.actor, change_id=change_id)
        change = file.change
        product = await products.find(c.tx, product_id=change.product_id)
        of_case = await timers.list_for_subject(c.tx, subject_kind="change", subject_id=change_id)
        calendar = await c.calendar()
        explained = [explain_timer(each, calendar) for each in of_case]
        parties = (
            change.registrant_party_id,
            change.agent_party_id,
            change.operator_party_id,
            change.agency_party_id,
        )
        return ChangeDesk(
            file=file,
            name=change.certificate_number if product is None else product.name,
            parties=await identity.get_parties(
                c.tx, [each for each in parties if each is not None]
            ),
            story=cases.story_of_change(file),
            running=[each for each in explained if each.timer.ended_at is None],
            ended=[each for each in explained if each.timer.ended_at is not None],
            findings=cases.findings_of_change(file),
        )

    return page(request, "change.html", cache=NOT_KEPT, desk=await read(request, look))
