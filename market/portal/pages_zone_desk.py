"""Let the authority found zones of public data and say what becomes of them (专区管理, BJ-03, BJ-07)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.paging import Page
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.identity.model import Party
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    SHOWN_AGAIN,
    Shown,
    Step,
    filled_in,
    read_form,
    run_step,
    shown_again,
    submit,
)
from market.portal.render import NOT_KEPT, language_of, page
from market.portal.show import linker
from market.portal.wording import Speaker
from market.zones import operations, queries, states
from market.zones.founding import SUPERVISORS, ZoneOperatorUnfit
from market.zones.model import Decision, Domain, Foundation, Kind, Reason, Said, Zone, ZoneFile
from market.zones.states import Event

_PATH: Final = "/zone-desk"
_ONE: Final = "/zone-desk/{zone_id:uuid}"
_PAGE_SIZE: Final = 20
_MOST_SERVED: Final = 100
# What the authority says of a zone as a whole, in the order of its life.
_DECISIONS: Final = (Event.OPEN, Event.SUSPEND, Event.RESUME, Event.CLOSE)


class _Operator(msgspec.Struct, frozen=True):
    """Who operates the zone, by its code or its whole name."""

    operator: Annotated[str, Meta(min_length=1, max_length=200)]


class _Version(msgspec.Struct, frozen=True):
    """Which version of the zone was shown."""

    version: int


class _HandOver(msgspec.Struct, frozen=True):
    """To whom the supervision goes, and why."""

    supervisor_party_id: uuid.UUID
    reason: Reason


class Desk(msgspec.Struct, frozen=True):
    """The zones that there are, and what one is founded with."""

    zones: Page[Zone]
    supervisors: list[Party]
    known: list[Zone]  # what a comprehensive zone may serve


class OneZone(msgspec.Struct, frozen=True):
    """A zone with what may be said of it."""

    file: ZoneFile
    supervisors: list[Party]
    known: list[Zone]

    @property
    def next(self) -> list[Event]:
        """Return what can become of it."""
        return [each for each in _DECISIONS if (self.file.zone.state, each) in states.TRANSITIONS]


@get(_PATH, include_in_schema=False)
async def show_zone_desk(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show all zones, those that are prepared too, and the form that founds one."""
    return await _desk(request, BLANK, cursor=cursor or None)


@get(_ONE, include_in_schema=False)
async def show_zone_to_found(request: AnyRequest, zone_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show a zone with the forms that say otherwise what it is, and what becomes of it."""
    return await _one(request, zone_id, BLANK)


@post(_PATH, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def found_zone(request: AnyRequest) -> Response[bytes]:
    """Found a zone (设立专区); the public sees it from its opening on."""
    fields = await read_form(request)

    async def act(c: Command) -> str:
        operator = await identity.find_named(c.tx, filled_in(_Operator, fields).operator.strip())
        if operator is None:
            raise ZoneOperatorUnfit
        named = {"said": _said(fields), "operator_party_id": operator.id}
        foundation = filled_in(Foundation, dict(fields) | named)
        file = await operations.found(c.tx, actor=c.actor, now=c.now, foundation=foundation)
        return f"{_PATH}/{file.zone.id}"

    try:
        return await submit(request, fields, act)
    except SHOWN_AGAIN as error:
        return await _desk(request, shown_again(request, fields, error))


@post(f"{_ONE}/revisions", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def revise_zone(request: AnyRequest, zone_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Say otherwise what a zone is; its code, its type and its operator stay."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await operations.revise(
            c.tx,
            actor=c.actor,
            now=c.now,
            zone_id=zone_id,
            expected_version=filled_in(_Version, fields).version,
            said=_said(fields),
        )

    return await _step(request, zone_id, act)


@post(f"{_ONE}/decisions", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def decide_zone(request: AnyRequest, zone_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Open, suspend, resume or close a zone: the button says which."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        decision = filled_in(Decision, fields)
        await operations.decide(c.tx, actor=c.actor, now=c.now, zone_id=zone_id, decision=decision)

    return await _step(request, zone_id, act)


@post(f"{_ONE}/handovers", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def hand_zone_over(request: AnyRequest, zone_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Hand the supervision over to another authority (移交监管, BJ-07)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        given = filled_in(_HandOver, fields)
        await operations.hand_over(
            c.tx,
            actor=c.actor,
            now=c.now,
            zone_id=zone_id,
            supervisor_party_id=given.supervisor_party_id,
            reason=given.reason,
        )

    return await _step(request, zone_id, act)


def _said(fields: Mapping[str, str]) -> Said:
    """Return what a form says of a zone; what is ticked is a field of its own."""
    ticked = {
        "domains": [each.value for each in Domain if f"domain-{each.value}" in fields],
        "serves_zone_ids": [
            name.removeprefix("serves-") for name in fields if name.startswith("serves-")
        ],
    }
    return filled_in(Said, dict(fields) | ticked)


async def _step(
    request: AnyRequest,
    zone_id: uuid.UUID,
    act: Step,
) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return await _one(request, zone_id, form)

    return await run_step(request, act, place=f"{_PATH}/{zone_id}", again=again)


async def _desk(request: AnyRequest, form: Shown, *, cursor: str | None = None) -> Response[bytes]:
    async def look(c: Command) -> Desk:
        return Desk(
            await queries.list_page(c.tx, limit=_PAGE_SIZE, cursor=cursor),
            await identity.list_institutions(c.tx, SUPERVISORS),
            (await queries.list_page(c.tx, limit=_MOST_SERVED)).items,
        )

    desk = await read(request, look)
    return page(
        request,
        "zone_desk.html",
        status=form.status,
        cache=NOT_KEPT,
        at=_PATH,
        zones=desk.zones,
        supervisors=desk.supervisors,
        kinds=list(Kind),
        form=form,
        named_domains=_named_domains(request),
        named_zones=_named_zones(desk.known),
        link=linker(_PATH, {}),
        is_continued=bool(cursor),
    )


async def _one(request: AnyRequest, zone_id: uuid.UUID, form: Shown) -> Response[bytes]:
    async def look(c: Command) -> OneZone:
        file = await queries.get(c.tx, named=str(zone_id))
        known = (await queries.list_page(c.tx, limit=_MOST_SERVED)).items
        return OneZone(
            file,
            await identity.list_institutions(c.tx, SUPERVISORS),
            [each for each in known if each.id != file.zone.id],
        )

    shown = await read(request, look)
    return page(
        request,
        "zone_desk_one.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"{_PATH}/{zone_id}",
        shown=shown,
        zone=shown.file.zone,
        supervisors=shown.supervisors,
        form=form,
        blank=BLANK,
        named_domains=_named_domains(request),
        named_zones=_named_zones(shown.known),
    )


def _named_domains(request: AnyRequest) -> list[tuple[str, str]]:
    """Return for which fields a zone can be, each by what it is called."""
    speak = Speaker(language_of(request))
    return [(each.value, speak.label("zone_domain", each)) for each in Domain]


def _named_zones(known: list[Zone]) -> list[tuple[str, str]]:
    """Return which zones a comprehensive one can serve."""
    return [(str(each.id), each.name) for each in known]
