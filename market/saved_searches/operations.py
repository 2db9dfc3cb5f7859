"""Save, rename and remove searches, and look what is new in them (保存、通知)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.search import queries as search
from catalog.search.model import Filters
from catalog.thesaurus.synonyms import Synonyms
from market.saved_searches import keeping, store
from market.saved_searches.keeping import SavedSearchNameTaken
from market.saved_searches.model import Kept, SavedSearch, SavedSearchId
from market.saved_searches.queries import SavedSearchMissing, owner
from market.zones import queries as zones


async def save(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    synonyms: Synonyms,
    name: str,
    text: str,
    filters: Filters,
) -> SavedSearch:
    """Keep a search under a name; what answers it now is known and never told.

    :raises NotPermitted: if the actor keeps none.
    :raises SavedSearchNameBlank: if the name has nothing in it.
    :raises SavedSearchEmpty: if it has neither words nor filters, or no word in what is written.
    :raises SavedSearchesTooMany: if the account keeps as many as it may.
    :raises SavedSearchNameTaken: if the account keeps another under the name.
    :raises DomainError: see ``search``, of words and filters.
    """
    account_id = owner(actor)
    keeping.check(name=name, text=text, filters=filters)
    keeping.check_room(await store.count_of(tx, account_id))
    # A code that is nowhere would be kept for good, and nothing would ever come of it.
    await search.check_codes(tx, filters)
    await zones.require_asked(tx, filters)
    # The position first: what is committed meanwhile is among the known, and seen again in vain.
    position = await search.read_position(tx)
    known = await search.list_matching(
        tx, text=text, synonyms=synonyms, filters=filters, limit=keeping.MOST_KNOWN + 1
    )
    is_complete = len(known) <= keeping.MOST_KNOWN
    saved = SavedSearch(
        id=SavedSearchId(new_id()),
        account_id=account_id,
        party_id=actor.party,
        name=name.strip(),
        text=text,
        filters=filters,
        saved_at=now,
        looked_at=now,
    )
    if not await store.insert(tx, Kept(search=saved, position=position, is_complete=is_complete)):
        raise SavedSearchNameTaken
    if is_complete:
        await store.add_matches(tx, saved.id, known, None)
    await _remember(tx, Event.SAVED_SEARCH_SAVED, saved, actor=actor, now=now)
    return saved


async def rename(
    tx: Tx, *, actor: Actor, now: dt.datetime, saved_search_id: uuid.UUID, name: str
) -> SavedSearch:
    """Call one's own search otherwise.

    :raises NotPermitted: if the actor keeps none.
    :raises SavedSearchMissing: if it is unknown or somebody else's.
    :raises SavedSearchNameBlank: if the name has nothing in it.
    :raises SavedSearchNameTaken: if the account keeps another under the name.
    """
    before = await store.lock(tx, saved_search_id, owner(actor))
    if before is None:
        raise SavedSearchMissing
    keeping.check_name(name)
    after = msgspec.structs.replace(before, name=name.strip())
    if not await store.rename(tx, after.id, after.name):
        raise SavedSearchNameTaken
    await _remember(tx, Event.SAVED_SEARCH_RENAMED, after, actor=actor, now=now)
    return after


async def remove(
    tx: Tx, *, actor: Actor, now: dt.datetime, saved_search_id: uuid.UUID
) -> SavedSearch:
    """Keep one's own search no more.

    :raises NotPermitted: if the actor keeps none.
    :raises SavedSearchMissing: if it is unknown or somebody else's.
    """
    removed = await store.lock(tx, saved_search_id, owner(actor))
    if removed is None:
        raise SavedSearchMissing
    await store.delete(tx, removed.id)
    await _remember(tx, Event.SAVED_SEARCH_REMOVED, removed, actor=actor, now=now)
    return removed


async def look(
    tx: Tx, *, actor: Actor, now: dt.datetime, synonyms: Synonyms, saved_search_id: uuid.UUID
) -> int:
    """Look what came to answer a search since the last look, and tell it; return how much.

    Each product is kept with the search in the transaction that tells of it, and told no second time.

    :raises NotPermitted: if the actor looks into none.
    :raises SynonymsOutdated: if they are of a table that changed since: read them and ask again.
    """
    actor.require("search:look")
    before = now - keeping.LOOKED_EVERY
    kept = await store.lock_due(tx, saved_search_id, before=before)
    if kept is None:
        return 0
    saved = kept.search
    # The position first: what is committed meanwhile is seen now, and once more in vain.
    position = await search.read_position(tx)
    since = None if kept.is_complete else saved.saved_at - keeping.LATEST_COMMIT
    found = await search.list_matching(
        tx,
        text=saved.text,
        synonyms=synonyms,
        filters=saved.filters,
        beyond=kept.position,
        published_since=since,
    )
    count = await store.add_matches(tx, saved.id, found, now)
    await store.looked(tx, saved.id, position=position, now=now)
    if count:
        await notifications.send(
            tx,
            to=saved.party_id,
            topic=Topic.SAVED_SEARCH_MATCHED,
            subject=Subject("saved_search", str(saved.id)),
            facts={"name": saved.name, "count": count},
            now=now,
        )
        await _remember(tx, Event.SAVED_SEARCH_MATCHED, saved, actor=actor, now=now, count=count)
    return count


async def _remember(
    tx: Tx, event: Event, saved: SavedSearch, *, actor: Actor, now: dt.datetime, count: int = 0
) -> None:
    # What somebody looks for is theirs: neither name nor words go into the log.
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("saved_search", str(saved.id))],
        facts={"count": count} if count else {},
    )
