"""Read the table of synonyms, and keep what a process knows of it no older than its last question."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.thesaurus import store, synonyms
from catalog.thesaurus.model import SynonymChange, SynonymGroup, SynonymTable
from catalog.thesaurus.states import State
from catalog.thesaurus.synonyms import Synonyms, SynonymsOutdated

T = TypeVar("T")

# Who meets a new version that often in one question is answered by what it has.
_ATTEMPTS: Final = 3


class SynonymGroupMissing(Missing):
    """There is no such group."""

    code = "not_found"


class Book:
    """The synonyms as one process knows them (同义词缓存): read again when the version is another."""

    def __init__(self) -> None:
        self._known: Synonyms | None = None

    async def answered(self, tx: Tx, ask: Callable[[Synonyms], Awaitable[T]]) -> T:
        """Return what ``ask`` finds with the synonyms in force.

        It compares their version in a statement of its own making, and raises ``SynonymsOutdated``
        if they are not those in force any more; so a question costs no statement more.
        """
        for _ in range(_ATTEMPTS):
            known = self._known or await self._read(tx)
            try:
                return await ask(known)
            except SynonymsOutdated:
                self._known = None
        table = await store.read_table(tx)
        return await ask(synonyms.read(table.groups))

    async def _read(self, tx: Tx) -> Synonyms:
        table = await store.read_table(tx)
        known = synonyms.read(table.groups, version=table.version)
        self._known = known
        return known


async def export(tx: Tx) -> SynonymTable:
    """Return all groups in force and the table's version. Everybody may know them."""
    return await store.read_table(tx)


async def is_untouched(tx: Tx) -> bool:
    """Tell whether nobody ever put a group into the table."""
    return await store.read_version(tx) == 0


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    state: State = State.IN_FORCE,
    word: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[SynonymGroup]:
    """Return groups, the newest first: those in force to everybody, others to the operator.

    :raises NotPermitted: if the viewer asks for others and reads none.
    :raises LimitOutOfRange: if a page of that size is not given.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    if state is not State.IN_FORCE:
        viewer.require("synonym:read")
    paging.check_limit(limit)
    query = paging.fingerprint("synonyms", state, word)
    found = await store.list_page(
        tx,
        state=state.value,
        word=word,
        before=paging.decode_id(query, cursor),
        limit=limit + 1,
    )
    return paging.page_by_id(query, found, limit)


async def list_changes(
    tx: Tx,
    *,
    viewer: Actor,
    group_id: uuid.UUID | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[SynonymChange]:
    """Return who changed what, when and why, the newest first.

    :raises NotPermitted: if the viewer does not read it.
    :raises LimitOutOfRange: if a page of that size is not given.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("synonym:read")
    paging.check_limit(limit)
    query = paging.fingerprint("synonym_changes", str(group_id))
    found = await store.list_changes(
        tx, group_id=group_id, before=paging.decode_id(query, cursor), limit=limit + 1
    )
    return paging.page_by_id(query, found, limit)
