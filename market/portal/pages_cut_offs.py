"""Cut off and lift on a page: what is stopped, what that does, whether it still stands (切断、解除, BJ-28)."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Mapping
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from market.cut_offs import operations, queries
from market.cut_offs.model import CutOff, Level, Reason
from market.http.command import Command, read
from market.http.context import AnyRequest, actor
from market.identity import queries as identity
from market.identity.model import Party
from market.identity.permissions import Role
from market.orders import queries as orders
from market.orders.operations import stopping, wide_stops
from market.portal.forms import MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.pages_negotiations import product_name
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker, one_of

_PATH: Final = "/cut-offs"
_PAGE_SIZE: Final = 20


class Stop(enum.StrEnum):
    """How much is stopped: as the levels of a cut-off, and one order by its own life (下线层级, E48)."""

    ORDER = "order"
    AGREEMENT = "agreement"
    GRANT = "grant"
    PRODUCT = "product"
    ZONE = "zone"
    PARTY = "party"


#: What a supplier may stop: its own product, agreement, grant, order.
_OF_A_SUPPLIER: Final = (Stop.ORDER, Stop.AGREEMENT, Stop.GRANT, Stop.PRODUCT)


class _CutOff(msgspec.Struct, frozen=True):
    """What is stopped, and why."""

    level: Stop
    subject_id: uuid.UUID
    reason: Reason


class _Lift(msgspec.Struct, frozen=True):
    """Why it may go on."""

    reason: Reason


class Board(msgspec.Struct, frozen=True):
    """A page of cut-offs, and what they are about."""

    page: Page[CutOff]
    parties: Mapping[PartyId, Party]
    names: Mapping[uuid.UUID, tuple[str, str | None]]  # by the cut-off: its words and its page


@get(_PATH, include_in_schema=False)
async def show_cut_offs(
    request: AnyRequest,
    *,
    level: FromQuery[str | None] = None,
    subject_id: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show what was cut off, the newest first, and the form that cuts off; links fill it in."""
    fields = {"level": level or "", "subject_id": subject_id or ""}
    return await _page(request, Shown(fields), cursor=cursor)


@post(_PATH, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def cut_off(request: AnyRequest) -> Response[bytes]:
    """Stop every use of a thing at once, running downloads too."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        said = filled_in(_CutOff, fields)
        if said.level is Stop.ORDER:
            await stopping.cut_off(
                c.tx,
                actor=c.actor,
                now=c.now,
                order_id=said.subject_id,
                reason=said.reason,
                for_good=False,
            )
            return
        await wide_stops.cut_off(
            c.tx,
            actor=c.actor,
            now=c.now,
            level=Level(said.level.value),
            subject_id=said.subject_id,
            reason=said.reason,
        )

    return await _step(request, act)


@post(
    _PATH + "/{cut_off_id:uuid}/liftings",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def lift(request: AnyRequest, cut_off_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Let what was stopped go on as it stood (解除)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        reason = filled_in(_Lift, fields).reason
        await operations.lift(c.tx, actor=c.actor, now=c.now, cut_off_id=cut_off_id, reason=reason)

    return await _step(request, act)


async def _step(request: AnyRequest, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return await _page(request, form)

    return await run_step(request, act, place=_PATH, again=again)


async def _page(request: AnyRequest, form: Shown, *, cursor: str | None = None) -> Response[bytes]:
    async def look(c: Command) -> Board:
        found = await queries.list_cut_offs(
            c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor or None
        )
        named = {each.ordered_by_party_id for each in found.items}
        named |= {PartyId(each.subject_id) for each in found.items if each.level is Level.PARTY}
        parties = await identity.get_parties(c.tx, named)
        return Board(
            found, parties, {each.id: await _name(c, each, parties) for each in found.items}
        )

    is_supplier = actor(request).roles == frozenset({Role.SUPPLIER})
    return page(
        request,
        "cut_offs.html",
        status=form.status,
        cache=NOT_KEPT,
        at=_PATH,
        board=await read(request, look),
        levels=_OF_A_SUPPLIER if is_supplier else tuple(Stop),
        chosen=one_of(Stop, form["level"]),
        link=linker(_PATH, {}),
        is_continued=bool(cursor),
        form=form,
    )


async def _name(
    c: Command, found: CutOff, parties: Mapping[PartyId, Party]
) -> tuple[str, str | None]:
    """Return what is stopped is called, and its page if it has one."""
    subject = found.subject_id
    if found.level is Level.PRODUCT:
        return await product_name(c, subject), f"/products/{subject}"
    if found.level is Level.PARTY:
        return parties[PartyId(subject)].name, None
    order = await orders.find_granted(c.tx, level=found.level, subject_id=subject)
    return ("—", None) if order is None else (f"{order.product_name} {order.number}", None)
