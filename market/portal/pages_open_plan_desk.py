"""Let the authority write, publish and follow the yearly plans of opening data (年度计划编制, GD-08)."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.local_time import local_date
from catalog.search.model import Filters, Hit
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.open_plans import operations, planning, queries
from market.open_plans.model import Draft, Field, Item, Plan, PlanFile, Postponement, Promise, Year
from market.portal.finding import find_public
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
from market.portal.render import NOT_KEPT, page
from market.portal.show import cleaned

_PATH: Final = "/open-plan-desk"
_ONE: Final = "/open-plan-desk/{year:int}"
_ITEM: Final = f"{_ONE}/items/{{item_id:uuid}}"
_OPEN: Final = Filters(open_data="yes")
# A plan can be begun for the year that runs, and for those that follow.
_YEARS_AHEAD: Final = 3
_NONE_YET: Final = 0


class _Head(msgspec.Struct, frozen=True):
    """What a plan says beside what it promises."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    text: Annotated[str, Meta(max_length=5_000)] = ""


class _Begun(msgspec.Struct, frozen=True):
    """Of which year the plan is."""

    year: Year


class _Version(msgspec.Struct, frozen=True):
    """Which version of the draft was shown."""

    version: int


class _Kept(msgspec.Struct, frozen=True):
    """By which product a promise is kept."""

    product_id: uuid.UUID


class Plans(msgspec.Struct, frozen=True):
    """The plans that there are, and of which years one can be begun."""

    plans: list[Plan]
    years: list[int]
    today: dt.date


class Desk(msgspec.Struct, frozen=True):
    """A plan, the promise that is looked at, and by what it could be kept."""

    file: PlanFile
    item: Item | None
    found: list[Hit]
    today: dt.date


@get(_PATH, include_in_schema=False)
async def show_plan_desk(request: AnyRequest) -> Response[bytes]:
    """Show the plans, drafts among them, with until when each is to be published."""
    return await _plans(request, BLANK)


@get(_ONE, include_in_schema=False)
async def show_plan_to_write(
    request: AnyRequest,
    year: FromPath[int],
    *,
    item: FromQuery[int | None] = None,
    q: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show a plan with the forms of where it stands; ``item`` is the promise that is looked at."""
    return await _desk(request, year, BLANK, number=item, q=cleaned(q))


@post(_PATH, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def begin_plan(request: AnyRequest) -> Response[bytes]:
    """Begin the plan of a year that has none."""
    fields = await read_form(request)

    async def act(c: Command) -> str:
        head, year = filled_in(_Head, fields), filled_in(_Begun, fields).year
        draft = Draft(title=head.title, text=head.text)
        await operations.write(
            c.tx, actor=c.actor, now=c.now, year=year, draft=draft, expected_version=_NONE_YET
        )
        return f"{_PATH}/{year}"

    try:
        return await submit(request, fields, act)
    except SHOWN_AGAIN as error:
        return await _plans(request, shown_again(request, fields, error))


@post(_ONE, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def revise_plan(request: AnyRequest, year: FromPath[int]) -> Response[bytes]:
    """Write title and text of a draft anew; what it promises stays."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        before = await queries.get(c.tx, year=year, now=c.now)
        await _write(c, before, fields, filled_in(_Head, fields), _promises(before))

    return await _step(request, year, act)


@post(f"{_ONE}/items", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def change_items(request: AnyRequest, year: FromPath[int]) -> Response[bytes]:
    """Add a promise; of a draft also change or remove one: the button says which."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        before = await queries.get(c.tx, year=year, now=c.now)
        if before.plan.published_at is not None:
            promise = filled_in(Promise, fields)
            await operations.add(c.tx, actor=c.actor, now=c.now, year=year, promise=promise)
            return
        promises = _promises(before)
        number = _number(fields.get("number"))
        if fields.get("step") == "remove":
            promises.pop(number, None)
        else:
            promises[number if number in promises else len(promises) + 1] = filled_in(
                Promise, fields
            )
        await _write(c, before, fields, _Head(before.plan.title, before.plan.text), promises)

    return await _step(request, year, act)


@post(f"{_ONE}/publications", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def publish_plan(request: AnyRequest, year: FromPath[int]) -> Response[bytes]:
    """Publish a plan: from now on it grows, and what it promised is opened or postponed."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await operations.publish(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            year=year,
            expected_version=filled_in(_Version, fields).version,
        )

    return await _step(request, year, act)


@post(f"{_ITEM}/openings", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def keep_promise(
    request: AnyRequest, year: FromPath[int], item_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Say by which open product a promise is kept (登记开放)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        product_id = filled_in(_Kept, fields).product_id
        await operations.keep(
            c.tx, actor=c.actor, now=c.now, item_id=item_id, product_id=product_id
        )

    return await _step(request, year, act)


@post(f"{_ITEM}/postponements", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def postpone_promise(
    request: AnyRequest, year: FromPath[int], item_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Put a promise off, with a reason that everybody reads (延期)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        until = filled_in(Postponement, fields)
        await operations.postpone(c.tx, actor=c.actor, now=c.now, item_id=item_id, until=until)

    return await _step(request, year, act)


def _number(typed: str | None) -> int:
    """Return which promise a form is about; 0, as no promise has it, if it names none."""
    return int(typed) if typed is not None and re.fullmatch(r"[0-9]{1,4}", typed) else 0


def _promises(file: PlanFile) -> dict[int, Promise]:
    """Return what a draft promises, by its numbers."""
    return {
        each.number: Promise(
            department=each.department,
            title=each.title,
            field=each.field,
            due_quarter=each.due_quarter,
        )
        for each in sorted(file.items, key=lambda item: item.number)
    }


async def _write(
    c: Command,
    before: PlanFile,
    fields: Mapping[str, str],
    head: _Head,
    promises: Mapping[int, Promise],
) -> None:
    """Write a draft anew, if it is still the one that was shown."""
    draft = {"title": head.title, "text": head.text, "items": list(promises.values())}
    await operations.write(
        c.tx,
        actor=c.actor,
        now=c.now,
        year=before.plan.year,
        draft=filled_in(Draft, draft),
        expected_version=filled_in(_Version, fields).version,
    )


async def _step(request: AnyRequest, year: int, act: Step) -> Response[bytes]:
    async def in_its_year(c: Command, fields: dict[str, str]) -> None:
        queries.check_year(year)
        await act(c, fields)

    async def again(form: Shown) -> Response[bytes]:
        return await _desk(
            request, year, form, number=_number(form["number"]), q=cleaned(form["q"])
        )

    return await run_step(request, in_its_year, place=f"{_PATH}/{year}", again=again)


async def _plans(request: AnyRequest, form: Shown) -> Response[bytes]:
    async def look(c: Command) -> Plans:
        plans, today = await queries.list_plans(c.tx), local_date(c.now)
        there = {plan.year for plan in plans}
        ahead = range(today.year, today.year + _YEARS_AHEAD)
        return Plans(plans, [year for year in ahead if year not in there], today)

    shown = await read(request, look)
    return page(
        request,
        "open_plan_desk.html",
        status=form.status,
        cache=NOT_KEPT,
        at=_PATH,
        plans=shown.plans,
        years=shown.years,
        today=shown.today,
        form=form,
    )


async def _desk(
    request: AnyRequest, year: int, form: Shown, *, number: int | None, q: str | None
) -> Response[bytes]:
    async def look(c: Command) -> Desk:
        file = await queries.get(c.tx, year=queries.check_year(year), now=c.now)
        item = next((each for each in file.items if each.number == number), None)
        is_kept_here = item is not None and file.plan.published_at is not None
        found = await find_public(c, q, _OPEN) if is_kept_here else []
        return Desk(file, item, found, local_date(c.now))

    desk = await read(request, look)
    return page(
        request,
        "open_plan_desk_one.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"{_PATH}/{year}",
        file=desk.file,
        plan=desk.file.plan,
        item=desk.item,
        found=desk.found,
        today=desk.today,
        ends_on=planning.last_day,
        plan_fields=list(Field),
        q=q,
        form=form,
        blank=BLANK,
    )
