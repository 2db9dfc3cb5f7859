"""Read yearly reports of public data: the whole one for the houses and its operator, its public part for all."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.local_time import start_of_day
from catalog.kernel.paging import Page
from market.public_data_reports import drawing_up, store
from market.public_data_reports.model import Due, Published, SignedReport
from settlement.ledger.accounts import Book
from settlement.periods.months import Span

#: What each department was credited of an operator's orders in closed months, and what was taken back.
_DEPARTMENTS: Final = """
    SELECT a.owner::uuid AS party_id, n.name,
           coalesce(sum(p.amount) FILTER (WHERE p.amount > 0), 0)::bigint AS credited,
           coalesce(-sum(p.amount) FILTER (WHERE p.amount < 0), 0)::bigint AS taken_back
      FROM settlement.vouchers v
      JOIN settlement.journal j ON j.key = v.key
      JOIN market.orders o ON o.id = j.order_id AND o.supplier_party_id = $4
      JOIN settlement.postings p ON p.key = v.key
      JOIN settlement.accounts a ON a.id = p.account_id AND a.purpose = 'department_payable'
      JOIN market.parties n ON n.id = a.owner::uuid
     WHERE v.book = $1 AND v.month BETWEEN $2 AND $3
     GROUP BY a.owner, n.name ORDER BY n.name, a.owner"""


#: Closed years in which an operator's orders moved the book, and of which nothing was reported yet.
_DUE: Final = """
    SELECT DISTINCT o.supplier_party_id, n.name, left(v.month, 4)::integer AS year
      FROM settlement.closings c
      JOIN settlement.vouchers v ON v.book = c.book AND left(v.month, 4) = left(c.month, 4)
      JOIN settlement.journal j ON j.key = v.key
      JOIN market.orders o ON o.id = j.order_id
      JOIN market.parties n ON n.id = o.supplier_party_id
     WHERE c.book = $1 AND c.month LIKE '%-12' AND c.sealed_at IS NOT NULL
       AND NOT EXISTS (
           SELECT FROM market.public_data_publications p
            WHERE p.operator_party_id = o.supplier_party_id
              AND p.year = left(v.month, 4)::integer)
     ORDER BY year, n.name LIMIT 100"""


#: Operators that were paid for public data in a year of which nothing was published yet.
_OWING: Final = """
    SELECT DISTINCT o.supplier_party_id AS operator_party_id, n.name, $1::integer AS year
      FROM market.orders o JOIN market.parties n ON n.id = o.supplier_party_id
     WHERE o.book = $2 AND o.paid_at >= $3 AND o.paid_at < $4
       AND NOT EXISTS (
           SELECT FROM market.public_data_publications p
            WHERE p.operator_party_id = o.supplier_party_id AND p.year = $1)
     ORDER BY n.name, o.supplier_party_id LIMIT 1000"""


class ReportMissing(Missing):
    """There is no such report, or none that this actor may read whole."""

    code = "not_found"


async def list_published(
    tx: Tx,
    *,
    year: int | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Published]:
    """Return a page of the public parts, the newest first; corrected versions stay listed."""
    query = paging.fingerprint("public_data_reports", str(year))
    rows = await tx.fetch(
        """SELECT r.report_id, r.operator_party_id, r.sha256, r.public, NOT EXISTS (
                  SELECT FROM market.public_data_publications l
                   WHERE l.operator_party_id = r.operator_party_id AND l.year = r.year
                     AND l.version > r.version) AS is_newest
             FROM market.public_data_publications r
            WHERE ($1::integer IS NULL OR r.year = $1) AND ($2::uuid IS NULL OR r.report_id < $2)
            ORDER BY r.report_id DESC LIMIT $3""",
        year,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    found = [store.published_of(row) for row in rows]
    return paging.page_by_id(query, found, limit)


async def list_owing(tx: Tx, *, year: int) -> list[Due]:
    """Return the operators that were paid for public data in a year and did not report it yet."""
    rows = await tx.fetch(
        _OWING,
        year,
        str(Book.PUBLIC_DATA),
        start_of_day(dt.date(year, 1, 1)),
        start_of_day(dt.date(year + 1, 1, 1)),
    )
    return [
        Due(
            operator_party_id=row["operator_party_id"],
            operator_name=row["name"],
            year=row["year"],
            due_on=drawing_up.due_on(row["year"]),
        )
        for row in rows
    ]


async def get_report(tx: Tx, *, viewer: Actor, report_id: uuid.UUID) -> SignedReport:
    """Return a whole report: to the houses, and to the operator that it is about.

    :raises NotPermitted: if the viewer reads none.
    :raises ReportMissing: if there is none, or it is somebody else's.
    """
    viewer.require("public_data_report:read")
    row = await tx.fetch_one(f"{store.SELECT} WHERE id = $1", report_id)
    if row is None:
        raise ReportMissing
    is_own = viewer.party_id == row["operator_party_id"]
    if not viewer.sees_all and not is_own:
        raise ReportMissing
    return store.report_of(row)


async def list_due(tx: Tx, *, viewer: Actor) -> list[Due]:
    """Return the reports that are still owed, the oldest first; none to who draws up none."""
    if "public_data_report:draw_up" not in viewer.permissions:
        return []
    return [
        Due(
            operator_party_id=row["supplier_party_id"],
            operator_name=row["name"],
            year=row["year"],
            due_on=drawing_up.due_on(row["year"]),
        )
        for row in await tx.fetch(_DUE, Book.PUBLIC_DATA.value)
    ]


async def list_departments(
    tx: Tx, *, book: str, span: Span, operator_party_id: uuid.UUID
) -> list[tuple[uuid.UUID, str, int, int]]:
    """Return each department with its name, what it was credited in closed months, and what was taken back."""
    rows = await tx.fetch(_DEPARTMENTS, book, span.first.text, span.last.text, operator_party_id)
    return [(row["party_id"], row["name"], row["credited"], row["taken_back"]) for row in rows]
