"""Show what the trade comes to by industry, scenario, region and month (交易统计, F32)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

import msgspec
from litestar import Response, get
from litestar.params import FromQuery

from market.finance_reports import words
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal import charts
from market.portal.charts import LyingChart
from market.portal.render import NOT_KEPT, language_of, page
from market.trade_statistics import operations, queries
from market.trade_statistics import words as statistics_words
from market.trade_statistics.model import Dimension, Statistics, Table
from market.trade_statistics.words import MEMBERS, Names
from settlement.periods import queries as periods

_PATH: Final = "/trade-statistics"
_MONTHS_OFFERED: Final = 24
_BARS_MAX: Final = 12  # more than that nobody reads; the table has all of them


class Opened(msgspec.Struct, frozen=True):
    """The closed months that can be asked for, and the statistics of one of them."""

    closed: list[str]
    told: Statistics | None
    names: Names


class Row(msgspec.Struct, frozen=True):
    """A line of a table as it is shown."""

    name: str
    is_rest: bool
    values: tuple[int, ...]


class Shown(msgspec.Struct, frozen=True):
    """A table with its picture."""

    dimension: Dimension
    title: str
    chart: LyingChart
    is_cut: bool
    members: tuple[str, ...]  # those that any line has; a column of nothing is left out
    rows: tuple[Row, ...]


def shown(table: Table, names: Names, language: str) -> Shown:
    """Return a table as it is shown; the picture has the largest, the table has all lines."""
    named = [
        (statistics_words.line(table.dimension, line, names, language), line)
        for line in table.lines
    ]
    members = tuple(
        member for member in MEMBERS if any(getattr(line.sums, member) for _, line in named)
    )
    drawn = [each for each in named if each[1].sums.paid_fen > 0]
    largest = sorted(drawn, key=lambda each: -each[1].sums.paid_fen)[:_BARS_MAX]
    in_order = drawn if table.dimension is Dimension.MONTH else largest
    return Shown(
        table.dimension,
        statistics_words.dimension(table.dimension, language),
        charts.lying(
            [(name, line.sums.paid_fen, line.is_rest) for name, line in in_order[:_BARS_MAX]]
        ),
        len(drawn) > _BARS_MAX,
        members,
        tuple(
            Row(
                name,
                line.is_rest,
                tuple(getattr(line.sums, member) for member in members),
            )
            for name, line in named
        ),
    )


@get(_PATH, include_in_schema=False)
async def show_statistics(
    request: AnyRequest,
    *,
    period: FromQuery[str | None] = None,
    book: FromQuery[str] = "market",
    supplier_party_id: FromQuery[uuid.UUID | None] = None,
) -> Response[bytes]:
    """Show the statistics of a closed period, of the newest month if none is named."""

    async def look(c: Command) -> Opened:
        closed = await periods.list_closed(c.tx, book=book)
        asked = period or next(iter(closed), None)
        if asked is None:
            return Opened(closed, None, {})
        told = await operations.draw_up(
            c.tx, viewer=c.actor, period=asked, book=book, supplier_party_id=supplier_party_id
        )
        return Opened(closed, told, await queries.names_of(c.tx, told))

    opened = await read(request, look)
    language = language_of(request)
    tables: Sequence[Shown] = ()
    if opened.told is not None:
        tables = [shown(each, opened.names, language) for each in opened.told.tables]
    return page(
        request,
        "trade_statistics.html",
        cache=NOT_KEPT,
        told=opened.told,
        closed=opened.closed[:_MONTHS_OFFERED],
        book=book,
        books=periods.BOOKS,
        book_name=words.book,
        purpose=words.purpose,
        supplier_party_id=supplier_party_id,
        tables=tables,
        called={each: statistics_words.member(each, language) for each in MEMBERS},
    )
