"""Show the rulebooks with the source of every value, and set what they leave open (规则集)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from catalog.rulebooks import operations as rulebooks
from catalog.rulebooks import queries, registry, settings
from catalog.rulebooks.interpretations import INTERPRETATIONS, Interpretation
from catalog.rulebooks.rulebook import Rulebook
from catalog.rulebooks.settings import OpenValue, Setting
from market.http.answers import answers
from market.http.command import Answer, Command, answer, command, read
from market.http.context import AnyRequest


class RulebookSummary(msgspec.Struct, frozen=True):
    """A rulebook by its name."""

    code: str
    title: str
    authority: str
    effective_from: dt.date


class RulebookShown(msgspec.Struct, frozen=True, kw_only=True):
    """A rulebook as it is in force today: every value, what may be set, and what was."""

    rulebook: Rulebook
    open_values: list[OpenValue]
    settings: list[Setting]
    interpretations: tuple[Interpretation, ...]


class SetValue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value of a rulebook, from a day on: a period (length, unit), yes or no, or null."""

    name: Annotated[str, Meta(max_length=100)]
    value: Any
    effective_from: dt.date
    reason: Annotated[str, Meta(max_length=2_000)]


@get(
    "/api/v1/rulebooks",
    summary="The rulebooks",
    tags=["rulebooks"],
    opt=answers(Page[RulebookSummary]),
)
async def list_rulebooks(request: AnyRequest) -> Response[bytes]:
    """Return the rulebooks that this service knows. Public."""

    async def look(_: Command) -> Page[RulebookSummary]:
        return Page(
            [
                RulebookSummary(each.code, each.title, each.authority, each.effective_from)
                for each in registry.RULEBOOKS.values()
            ]
        )

    return answer(await read(request, look))


@get(
    "/api/v1/rulebooks/{code:str}",
    summary="One rulebook",
    tags=["rulebooks"],
    opt=answers(RulebookShown, refusals=(404,)),
)
async def get_rulebook(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
    """Return a rulebook with the source of every value, and how open questions are read. Public."""

    async def look(c: Command) -> RulebookShown:
        in_force = await queries.in_force(c.tx, code=code, on=local_date(c.now))
        return RulebookShown(
            rulebook=in_force,
            open_values=settings.open_values(registry.by_code(code), in_force),
            settings=await queries.list_settings(c.tx, code=code),
            interpretations=INTERPRETATIONS,
        )

    return answer(await read(request, look))


@post(
    "/api/v1/rulebooks/{code:str}/settings",
    summary="Set what a rulebook leaves open",
    tags=["rulebooks"],
    opt=answers(Setting, 201),
)
async def set_value(
    request: AnyRequest, code: FromPath[str], data: JSONBody[SetValue]
) -> Response[bytes]:
    """Set a value from a later day on; cases filed before keep their rules."""

    async def act(c: Command) -> Answer:
        setting = await rulebooks.set_value(
            c.tx,
            actor=c.actor,
            now=c.now,
            code=code,
            name=data.name,
            value=data.value,
            effective_from=data.effective_from,
            reason=data.reason,
        )
        return Answer(setting, 201)

    return await command(request, act)
