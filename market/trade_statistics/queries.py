"""Read what statistics and yearly reports are computed from: closed months, joined with their orders."""

from __future__ import annotations

import uuid
from typing import Any, Final

from catalog.code_trees import queries as code_trees
from catalog.code_trees.model import Code, Tree
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from market.trade_statistics import tallying
from market.trade_statistics.model import FORMAT, Flow, Statistics
from market.trade_statistics.words import TREES
from settlement.periods import queries as periods
from settlement.periods.months import Span

#: Each credited leg of the entries of closed months, under the facts that were frozen with its order.
_FLOWS: Final = """
    SELECT v.month, k.kind, s.purpose AS debit, a.purpose AS credit,
           o.id IS NOT NULL AS has_order,
           coalesce(o.industry_section, '') AS industry_section,
           coalesce(o.industry_division, '') AS industry_division,
           coalesce(o.scenario, '') AS scenario, coalesce(o.region_code, '') AS region_code,
           count(*) FILTER (WHERE p.n = 2) AS entries, sum(p.amount)::bigint AS amount_fen
      FROM settlement.vouchers v
      JOIN settlement.journal j ON j.key = v.key
      JOIN settlement.entry_kinds k ON k.code = j.kind
      JOIN settlement.accounts s ON s.id = j.a1
      JOIN settlement.postings p ON p.key = v.key AND p.n > 1
      JOIN settlement.accounts a ON a.id = p.account_id
      LEFT JOIN market.orders o ON o.id = j.order_id
     WHERE v.book = $1 AND v.month BETWEEN $2 AND $3
       AND ($4::uuid IS NULL OR o.supplier_party_id = $4)
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9"""
#: The escrows of a supplier's orders, as the closed months have them.
_ESCROWS_OF: Final = """
    SELECT coalesce(sum(b.debits), 0)::bigint AS debits,
           coalesce(sum(b.credits), 0)::bigint AS credits
      FROM settlement.period_balances b
      JOIN settlement.accounts a ON a.id = b.account_id AND a.purpose = 'order_escrow'
      JOIN market.orders o ON o.id::text = a.owner AND o.supplier_party_id = $4
     WHERE b.book = $1 AND b.month BETWEEN $2 AND $3"""


class StatisticsMissing(Missing):
    """There are no such statistics, or none that this actor may read."""

    code = "not_found"


def check_reader(viewer: Actor, supplier_party_id: uuid.UUID | None) -> None:
    """Return if the actor may read statistics: of all, or of one's own orders alone.

    :raises NotPermitted: if the viewer reads no statistics.
    :raises StatisticsMissing: if they are somebody else's, or of all and the viewer is of no house.
    """
    viewer.require("account_statement:read")
    is_own = supplier_party_id is not None and viewer.party_id == supplier_party_id
    if not viewer.sees_all and not is_own:
        raise StatisticsMissing


async def get_statistics(
    tx: Tx,
    *,
    viewer: Actor,
    book: str,
    span: Span,
    supplier_party_id: uuid.UUID | None = None,
    supplier_name: str = "",
) -> Statistics:
    """Return the statistics of closed months; of the same months they are always the same.

    :raises NotPermitted: if the viewer reads no statistics.
    :raises StatisticsMissing: if they are somebody else's.
    :raises PeriodNotClosed: if the months are not all closed.
    :raises StatisticsDiffer: if they do not come to the ledger; nothing is handed out then.
    """
    check_reader(viewer, supplier_party_id)
    closed = await periods.require_closed(tx, book=book, span=span)
    bounds = (book, span.first.text, span.last.text, supplier_party_id)
    flows = [Flow(**dict(row)) for row in await tx.fetch(_FLOWS, *bounds)]
    if supplier_party_id is None:
        months = [await periods.lines_of(tx, book, each.text) for each in span.months]
        held, only = tallying.turnover(line for lines in months for line in lines), None
    else:
        held, only = await _escrows(tx, bounds), "order_escrow"
    return Statistics(
        format=FORMAT,
        book=book,
        period=span.text,
        first_day=span.first.first_day,
        last_day=span.last.last_day,
        supplier_party_id=supplier_party_id,
        supplier_name=supplier_name,
        chain_head=closed.head.hex(),
        totals=tallying.added(tallying.sums_of(flow) for flow in flows),
        tables=tallying.tables(flows),
        controls=tallying.controls(flows, held, only=only),
    )


async def _escrows(tx: Tx, bounds: tuple[Any, ...]) -> tallying.Turnover:
    row = await tx.fetch_one(_ESCROWS_OF, *bounds)
    assert row is not None, "a sum has a row"
    return {"order_escrow": (row["debits"], row["credits"])}


async def names_of(tx: Tx, told: Statistics) -> dict[Tree, dict[str, Code]]:
    """Return the names of the codes that stand in statistics, as far as the trees have them."""
    return {
        TREES[table.dimension]: await code_trees.find(
            tx,
            tree=TREES[table.dimension],
            codes=[line.code for line in table.lines if not line.is_rest],
        )
        for table in told.tables
        if table.dimension in TREES
    }
