"""Find entries of the log, as far as the viewer may."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.model import Subject
from catalog.kernel import paging
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Row, Tx
from catalog.kernel.errors import Missing
from catalog.log_search import reach, store
from catalog.log_search.model import Found, FoundPage, Wanted
from catalog.log_search.reach import Reach

_NOBODY: Final = uuid.UUID(int=0)


def subject_key(subject: Subject) -> uuid.UUID:
    """Return the key under which the index has a subject, as the database makes it."""
    return uuid.UUID(bytes=hashlib.sha256(subject.key.encode()).digest()[:16])


async def search(
    tx: Tx,
    *,
    viewer: Actor,
    wanted: Wanted,
    cursor: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> FoundPage:
    """Return a page of the entries that fit, the newest first.

    :raises NotPermitted: if the viewer may not search.
    :raises Missing: if the thing asked for is not the viewer's, and it may not search everything.
    :raises ActionUnknown: if there is no such action.
    :raises CursorUnreadable: if the cursor is not of this search.
    """
    viewer.require("log:search")
    query = paging.fingerprint("log-search", wanted)
    size, before = _position(paging.decode(query, cursor, 3))
    size = await store.get_size(tx) if size is None else size
    how_far = await reach_in(tx, viewer=viewer)
    if how_far is Reach.SECURITY and wanted.actor_account_id == viewer.account_id:
        how_far = Reach.OWN  # whatever it did itself
    if wanted.subject is not None and how_far is not Reach.EVERYTHING:
        how_far = await _within_subject(tx, how_far, wanted.subject)
    events = reach.events_within(how_far, wanted.action)
    is_alone = how_far is Reach.OWN and await _is_alone(tx, viewer)
    form, key, further = _form(viewer, how_far, wanted, is_alone=is_alone)
    if form == "all" and events is not None:
        form = "events"
    rows = await store.find_places(
        tx,
        form=form,
        key=key,
        further=further,
        events=events,
        since=wanted.since,
        until=wanted.until,
        before=before,
        size=size,
        limit=paging.check_limit(limit) + 1,
    )
    items = await _found(tx, rows[:limit])
    last = items[-1] if len(rows) > limit else None
    return FoundPage(
        items=items,
        log_size=size,
        next_cursor=None
        if last is None
        else paging.encode(query, size, last.at.isoformat(), last.index),
    )


async def reach_in(tx: Tx, *, viewer: Actor) -> Reach:
    """Return how far the viewer may search."""
    is_other = viewer.clearance is Clearance.REGULATOR and not await store.supervises(tx)
    return Reach.OWN if is_other else reach.reach_of(viewer)


async def _within_subject(tx: Tx, how_far: Reach, subject: Subject) -> Reach:
    if await store.opens_subject(tx, subject.kind, subject.id):
        return Reach.OWN
    if how_far is Reach.OWN:
        raise Missing
    return how_far


async def _is_alone(tx: Tx, viewer: Actor) -> bool:
    # Elsewhere a party's people find each other's acts.
    in_house = viewer.clearance in (Clearance.STAFF, Clearance.REGULATOR)
    return in_house or await store.acts_for_a_house(tx)


_Keys = tuple[str, uuid.UUID | None, uuid.UUID | None]


def _form(viewer: Actor, how_far: Reach, wanted: Wanted, *, is_alone: bool) -> _Keys:
    """Return which search it is, by which key, and what else has to fit."""
    # Who may not search everything, and asks for an actor, finds that one's acts within its own
    # party's: row-level security hides who acted, and so whether a stranger did.
    asked = wanted.actor_account_id
    if wanted.subject is not None:
        key = subject_key(wanted.subject)
        return ("subject", key, None) if asked is None else ("subject_and_actor", key, asked)
    if how_far is not Reach.OWN:
        return ("all", None, None) if asked is None else ("account", asked, None)
    if is_alone:
        is_mine = asked is None or asked == viewer.account_id
        return "account", viewer.account_id if is_mine else _NOBODY, None
    if asked is None:
        return "party", viewer.party, None
    return "account_of_party", asked, viewer.party


def _position(
    found: list[Any] | None,
) -> tuple[int | None, tuple[dt.datetime, int] | None]:
    if found is None:
        return None, None
    try:
        size, at, index = found
        return int(size), (dt.datetime.fromisoformat(at), int(index))
    except (TypeError, ValueError) as error:
        raise paging.CursorUnreadable from error


async def _found(tx: Tx, rows: list[Row]) -> list[Found]:
    # The places first, then what stands there: each a short way through one index.
    places = [row["idx"] for row in rows]
    leaves = await store.read_leaves(tx, places)
    actors = await store.read_actors(tx, places)
    told = [leaves[place]["entry_id"] for place in places if place in actors]
    payloads = await store.read_payloads(tx, told)
    return [_entry(row, leaves[row["idx"]], actors.get(row["idx"]), payloads) for row in rows]


def _entry(place: Row, leaf: Row, actor: Row | None, payloads: dict[uuid.UUID, Row]) -> Found:
    told = payloads.get(leaf["entry_id"])
    return Found(
        index=place["idx"],
        id=leaf["entry_id"],
        at=place["at"],
        event=place["event"],
        subjects=read_leaf(leaf["leaf"]).subjects,
        leaf=leaf["leaf"],
        actor_account_id=None if actor is None else actor["actor_account_id"],
        actor_party_id=None if actor is None else actor["actor_party_id"],
        payload=None if told is None else msgspec.json.decode(told["payload"]),
        salt=None if told is None else told["salt"],
    )
