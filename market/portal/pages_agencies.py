"""Serve the pages on third-party agencies that everybody may read: public comparisons (公开比选)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.agency_selection import queries as selections
from catalog.agency_selection.model import PublicSelection
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.identity.model import Party
from market.portal.render import page
from market.portal.show import address

_PAGE_SIZE: Final = 20


class SelectionBoard(msgspec.Struct, frozen=True):
    """A page of selections, and what the parties in them are called."""

    page: Page[PublicSelection]
    parties: Mapping[PartyId, Party]

    def name_of(self, party_id: PartyId) -> str:
        """Return the name of a party."""
        return self.parties[party_id].name


@get("/agency-selections", include_in_schema=False)
async def show_selections(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show announcements and results of public comparisons (比选公告与结果公示), the newest first."""

    async def look(c: Command) -> SelectionBoard:
        found = await selections.list_public(c.tx, limit=_PAGE_SIZE, cursor=cursor or None)
        return await _board(c, found.items, found.next_cursor)

    board = await read(request, look)
    following = board.page.next_cursor
    return page(
        request,
        "agency_selections.html",
        board=board,
        following=following and address("/agency-selections", {"cursor": following}),
        is_continued=bool(cursor),
    )


@get("/agency-selections/{selection_id:uuid}", include_in_schema=False)
async def show_selection(request: AnyRequest, selection_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show one public comparison: what it asks for, and what came of it."""

    async def look(c: Command) -> SelectionBoard:
        found = await selections.get_public(c.tx, selection_id=selection_id)
        return await _board(c, [found], None)

    board = await read(request, look)
    return page(request, "agency_selection.html", board=board, selection=board.page.items[0])


async def _board(
    c: Command, found: Iterable[PublicSelection], following: str | None
) -> SelectionBoard:
    shown = list(found)
    wanted = {each.operator_party_id for each in shown} | {
        line.agency_party_id for each in shown for line in each.ranking
    }
    return SelectionBoard(Page(shown, following), await identity.get_parties(c.tx, wanted))
