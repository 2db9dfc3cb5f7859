"""Search the audit log (审计检索): what happened to a thing, what somebody did, and when."""

from __future__ import annotations

import json
from typing import Any, Final

from litestar import Response, get
from litestar.params import FromQuery

from catalog.audit_log.events import Event
from catalog.kernel.db import Tx, run
from catalog.kernel.errors import DomainError, Invalid
from catalog.kernel.local_time import end_of_day, start_of_day
from catalog.log_search import operations as log_search
from catalog.log_search import queries, searching
from catalog.log_search.model import FoundPage, Wanted
from catalog.log_search.reach import Reach
from market.http.context import AnyRequest, actor, context
from market.http.problem import status_of
from market.http.wording import words
from market.portal import render
from market.portal.render import NOT_KEPT, page
from market.portal.show import address, cleaned

_PAGE_SIZE: Final = 50
#: What the form offers; any kind may be linked to.
KINDS: Final = (
    "application",
    "change",
    "objection",
    "certificate",
    "product",
    "listing",
    "order",
    "grant",
    "file",
    "account",
    "party",
    "key",
)


@get("/audit", include_in_schema=False)
async def show_audit(
    request: AnyRequest,
    *,
    subject_kind: FromQuery[str | None] = None,
    subject_id: FromQuery[str | None] = None,
    account: FromQuery[str | None] = None,
    action: FromQuery[str | None] = None,
    first: FromQuery[str | None] = None,
    last: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show the form and what was found; what was asked wrongly is said, and can be put right."""
    asked = {
        "subject_kind": cleaned(subject_kind),
        "subject_id": cleaned(subject_id),
        "account": cleaned(account),
        "action": cleaned(action),
        "first": cleaned(first),
        "last": cleaned(last),
    }
    wiring, who = context(request), actor(request)
    found, how_far, refused = None, Reach.OWN, None
    try:
        wanted = _wanted(asked)

        async def look(tx: Tx) -> tuple[FoundPage, Reach]:
            return await _search(tx, request, wanted, cursor)

        found, how_far = await run(wiring.db, who, look, must_remember=False)
    except Invalid as error:
        refused = error
    return page(
        request,
        "audit.html",
        status=200 if refused is None else status_of(refused),
        cache=NOT_KEPT,
        found=found,
        reach=how_far.value,
        asked=asked,
        kinds=KINDS,
        days={name: _shown_day(asked[name]) for name in ("first", "last")},
        actions=sorted(event.value for event in Event),
        refused=None if refused is None else _said(request, refused),
        as_json=_as_json,
        link=lambda **changed: address("/audit", asked | changed),
        is_continued=bool(cursor),
    )


async def _search(
    tx: Tx, request: AnyRequest, wanted: Wanted, cursor: str | None
) -> tuple[FoundPage, Reach]:
    who = actor(request)
    found = await log_search.search(
        tx,
        actor=who,
        now=context(request).now(),
        wanted=wanted,
        cursor=cursor or None,
        limit=_PAGE_SIZE,
    )
    return found, await queries.reach_in(tx, viewer=who)


def _wanted(asked: dict[str, str | None]) -> Wanted:
    first, last = searching.day(asked["first"]), searching.day(asked["last"])
    return searching.wanted(
        subject_kind=asked["subject_kind"],
        subject_id=asked["subject_id"],
        actor_id=searching.account(asked["account"]),
        action=asked["action"],
        since=None if first is None else start_of_day(first),
        until=None if last is None else end_of_day(last),
    )


def _shown_day(text: str | None) -> str:
    # A browser takes nothing but a day into a field for one.
    try:
        found = searching.day(text)
    except searching.DayInvalid:
        return ""
    return "" if found is None else found.isoformat()


def _said(request: AnyRequest, error: DomainError) -> str:
    said = words(error.code, error.facts)
    return said.en if render.language_of(request) == "en" else said.zh


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
