"""Read what came and went on a party's accounts, month by month (逐月收付)."""

from __future__ import annotations

import uuid
from typing import Final

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from settlement.ledger_reports.model import MonthSums
from settlement.periods import queries as periods
from settlement.statements import queries as statements
from settlement.statements.model import Side

#: On which accounts is seen what a party sold or paid: of all others the same money passes once more.
_MAIN: Final = {
    Side.SUPPLIER: "payable",
    Side.BUYER: "order_escrow",
    Side.DEPARTMENT: "department_payable",
}


async def list_months(
    tx: Tx, *, viewer: Actor, side: Side, book: str, party_id: uuid.UUID, limit: int = 12
) -> list[MonthSums]:
    """Return the last closed months in which a party's main accounts moved, the earliest first.

    Of a supplier or department that is what it is owed, of a buyer the escrows of its orders.

    :raises NotPermitted: if the viewer reads no statements.
    :raises StatementMissing: if they are somebody else's.
    :raises PeriodMissing: if there is no such book.
    """
    statements.check_reader(viewer, side, party_id)
    periods.check_book(book)
    rows = await tx.fetch(
        """SELECT b.month, sum(b.credits)::bigint AS credits, sum(b.debits)::bigint AS debits
             FROM settlement.period_balances b
             JOIN settlement.accounts a ON a.id = b.account_id
             JOIN settlement.closings c
               ON c.book = b.book AND c.month = b.month AND c.sealed_at IS NOT NULL
            WHERE b.book = $1
              AND a.purpose = $3
              AND (a.owner = $2::text OR a.owner IN (
                   SELECT order_id::text FROM settlement.escrows WHERE payer_party_id = $2::uuid))
            GROUP BY b.month HAVING sum(b.credits) <> 0 OR sum(b.debits) <> 0
            ORDER BY b.month DESC LIMIT $4""",
        book,
        str(party_id),
        _MAIN[side],
        limit,
    )
    return [
        MonthSums(month=row["month"], credits_fen=row["credits"], debits_fen=row["debits"])
        for row in reversed(rows)
    ]
