"""Search the audit log (审计检索): what happened to a thing, what somebody did, and when."""

from __future__ import annotations

import json
from typing import Any, Final

from litestar import Response, get
from litestar.params import FromQuery

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, begin, run
from catalog.kernel.errors import DomainError, Invalid
from catalog.kernel.local_time import end_of_day, start_of_day
from catalog.log_search import operations as log_search
from catalog.log_search import queries, reach, searching
from catalog.log_search.model import Found, FoundPage, Wanted
from catalog.log_search.reach import Reach
from market.http.context import AnyRequest, actor, context
from market.http.problem import status_of
from market.http.wording import words
from market.portal import render
from market.portal.audit_actions import grouped
from market.portal.render import NOT_KEPT, page
from market.portal.show import address, cleaned
from market.portal.wording import names_of

_PAGE_SIZE: Final = 50


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
    who = actor(request)
    async with begin(context(request).db, who) as tx:
        how_far = await queries.reach_in(tx, viewer=who)
    found, refused = None, None
    try:
        found = await _search(request, _wanted(asked), cursor)
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
        kinds=names_of("subject_kind"),
        days={name: _shown_day(asked[name]) for name in ("first", "last")},
        actions=grouped(reach.events_within(how_far, None)),
        mine=_own_account(who, how_far),
        refused=None if refused is None else _said(request, refused),
        as_json=_as_json,
        times=_times,
        link=lambda **changed: address("/audit", asked | changed),
        is_continued=bool(cursor),
    )


async def _search(request: AnyRequest, wanted: Wanted, cursor: str | None) -> FoundPage:
    wiring, who = context(request), actor(request)

    async def look(tx: Tx) -> FoundPage:
        return await log_search.search(
            tx,
            actor=who,
            now=wiring.now(),
            wanted=wanted,
            cursor=cursor or None,
            limit=_PAGE_SIZE,
        )

    return await run(wiring.db, who, look, must_remember=False)


def _own_account(who: Actor, how_far: Reach) -> str | None:
    # Whoever finds its own acts alone needs no way to them.
    return None if how_far is Reach.OWN or who.account_id is None else str(who.account_id)


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


def _times(entry: Found) -> int:
    """Return how many refusals of the same minute stand in an entry; one where nothing is folded."""
    facts = (entry.payload or {}).get("facts")
    told = facts.get("times") if isinstance(facts, dict) else None
    return told if isinstance(told, int) else 1


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
