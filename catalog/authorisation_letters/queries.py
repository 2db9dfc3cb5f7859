"""Read letters of authorisation: those that one gave or got, all as staff and bureau."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.authorisation_letters import store
from catalog.authorisation_letters.acting import act_for
from catalog.authorisation_letters.model import AuthorisationLetter
from catalog.authorisation_letters.validity import AuthorisationLetterMissing
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page


async def as_agent(tx: Tx, *, agent: Actor, principal: PartyId, now: dt.datetime) -> Actor:
    """Return an actor as it acts for a principal today (受托办理, HN-06).

    :raises AuthorisationLetterMissing: and its like, if no letter of that principal counts today.
    """
    if agent.party_id is None:
        raise AuthorisationLetterMissing
    letters = await store.list_between(tx, principal=principal, agent=agent.party_id)
    return act_for(agent, principal, letters, local_date(now))


async def get(tx: Tx, *, viewer: Actor, letter_id: uuid.UUID) -> AuthorisationLetter:
    """Return a letter.

    :raises NotPermitted: if the viewer reads no letters.
    :raises Missing: if there is none that it may see.
    """
    viewer.require("authorisation_letter:read")
    letter = await store.find(tx, letter_id)
    if letter is None:
        raise Missing
    return letter


async def list_page(
    tx: Tx, *, viewer: Actor, limit: int, cursor: str | None = None
) -> Page[AuthorisationLetter]:
    """Return a page of the letters that the viewer may see, the newest first.

    :raises NotPermitted: if the viewer reads no letters.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("authorisation_letter:read")
    paging.check_limit(limit)
    query = paging.fingerprint("authorisation_letters")
    found = await store.list_page(tx, before=paging.decode_id(query, cursor), limit=limit + 1)
    return paging.page_by_id(query, found, limit)
