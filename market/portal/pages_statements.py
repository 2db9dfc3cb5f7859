"""Show suppliers what was sold and paid out, buyers what was paid and given back (对账单)."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from market.finance_reports import operations, words
from market.http import attachment
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal import charts
from market.portal.render import NOT_KEPT, language_of, page
from market.portal.typesetting import statement_pdf
from settlement.charging import queries as charging
from settlement.charging.model import AccountStanding
from settlement.ledger_reports.model import LedgerAccount, MonthSums
from settlement.ledger_reports.queries import accounts, months
from settlement.payouts import queries as payouts
from settlement.payouts.model import Payout
from settlement.periods import queries as periods
from settlement.retentions import queries as retentions
from settlement.retentions.model import Retention
from settlement.statements.model import PURPOSES, Side, Statement

#: A page is read by a person; all lines are in the workbook and in the signed statement.
_LINES_SHOWN: Final = 200
_MONTHS_OFFERED: Final = 24
_PAYOUTS_SHOWN: Final = 20


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """What a party has now, beside what is closed: its accounts, months, and payouts."""

    accounts: list[LedgerAccount]
    months: list[MonthSums]
    payouts: list[Payout]
    metered: list[AccountStanding]  # purchases that pay as they use
    retentions: list[Retention]  # what is and was kept of its sales


class Opened(msgspec.Struct, frozen=True):
    """The closed months that can be asked for, the statement of one of them, and one's own now."""

    closed: list[str]
    told: Statement | None
    own: Own | None = None


@get("/my/sales", include_in_schema=False)
async def show_sales(
    request: AnyRequest,
    *,
    period: FromQuery[str | None] = None,
    book: FromQuery[str] = "market",
) -> Response[bytes]:
    """Show a supplier its sales, its share of each, and what was paid out (销售与结算)."""
    opened = await read(request, _looker(Side.SUPPLIER, period, book, is_own=True))
    return _page(request, opened, Side.SUPPLIER, book, place="/my/sales")


@get("/my/bills", include_in_schema=False)
async def show_bills(
    request: AnyRequest,
    *,
    period: FromQuery[str | None] = None,
    book: FromQuery[str] = "market",
) -> Response[bytes]:
    """Show a buyer what it paid, what was used of it, and what was given back (账单)."""
    opened = await read(request, _looker(Side.BUYER, period, book, is_own=True))
    return _page(request, opened, Side.BUYER, book, place="/my/bills")


@get("/statements/{side:str}/{period:str}", include_in_schema=False)
async def show_statement(
    request: AnyRequest,
    side: FromPath[Side],
    period: FromPath[str],
    *,
    party_id: FromQuery[uuid.UUID | None] = None,
    book: FromQuery[str] = "market",
) -> Response[bytes]:
    """Show the statement of a party or of a whole book to those who keep and supervise the books."""
    opened = await read(request, _looker(side, period, book, party_id))
    place = f"/statements/{side}/{period}"
    return _page(request, opened, side, book, party_id=party_id, place=place)


@get("/statements/{side:str}/{period:str}/paper", include_in_schema=False)
async def get_paper(
    request: AnyRequest,
    side: FromPath[Side],
    period: FromPath[str],
    *,
    party_id: FromQuery[uuid.UUID | None] = None,
    book: FromQuery[str] = "market",
) -> Response[bytes]:
    """Return a statement as PDF, to be printed and filed."""

    async def look(c: Command) -> Statement:
        return await operations.draw_up(
            c.tx, viewer=c.actor, side=side, period=period, book=book, party_id=party_id
        )

    told = await read(request, look)
    return attachment.paper(
        await statement_pdf(told), f"对账单-{side}-{told.period}.pdf", cache=NOT_KEPT
    )


def _looker(
    side: Side,
    period: str | None,
    book: str,
    party_id: uuid.UUID | None = None,
    *,
    is_own: bool = False,
) -> Callable[[Command], Awaitable[Opened]]:
    """Return what looks the statement of a period up, of the newest closed month if none is named."""

    async def look(c: Command) -> Opened:
        closed = await periods.list_closed(c.tx, book=book)
        asked = period or next(iter(closed), None)
        own = await _own(c, side, book) if is_own else None
        if asked is None:
            return Opened(closed, None, own)
        told = await operations.draw_up(
            c.tx, viewer=c.actor, side=side, period=asked, book=book, party_id=party_id
        )
        return Opened(closed, told, own)

    return look


async def _own(c: Command, side: Side, book: str) -> Own:
    """Return what the party of who asks has now."""
    found = await accounts.list_own(c.tx, viewer=c.actor)
    paid = []
    if side is Side.SUPPLIER and c.actor.may("payout:read"):
        paid = (await payouts.list_payouts(c.tx, viewer=c.actor, limit=_PAYOUTS_SHOWN)).items
    return Own(
        accounts=[each for each in found if each.book == book and each.purpose in PURPOSES[side]],
        months=await months.list_months(
            c.tx, viewer=c.actor, side=side, book=book, party_id=c.actor.party
        ),
        payouts=paid,
        metered=await charging.list_of_payer(c.tx, c.actor.party) if side is Side.BUYER else [],
        retentions=await retentions.list_own(c.tx, viewer=c.actor, book=book)
        if side is Side.SUPPLIER
        else [],
    )


def _page(
    request: AnyRequest,
    opened: Opened,
    side: Side,
    book: str,
    *,
    place: str,
    party_id: uuid.UUID | None = None,
) -> Response[bytes]:
    language = language_of(request)
    return page(
        request,
        "statement.html",
        cache=NOT_KEPT,
        told=opened.told,
        own=opened.own,
        chart=charts.bars(
            [(each.month, each.credits_fen) for each in opened.own.months] if opened.own else []
        ),
        closed=opened.closed[:_MONTHS_OFFERED],
        book=book,
        books=periods.BOOKS,
        book_name=words.book,
        side=side,
        title=words.side(side, language),
        kind=words.kind,
        purpose=words.purpose,
        party_id=party_id,
        place=place,
        most_lines=_LINES_SHOWN,
    )
