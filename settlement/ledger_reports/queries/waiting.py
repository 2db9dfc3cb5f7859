"""Count what of the money waits for somebody (待办事项)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from settlement.ledger_reports.waiting import Waiting, What, ranked, waiting
from settlement.reconciliation import queries as reconciliation

# One row for each kind; $1 is the day in Shanghai. A month waits once it is over.
_COUNTS: Final = """
    SELECT 'breaks_late' AS what, count(*) AS count, sum(abs(difference_fen))::bigint AS amount,
           min(due_on) AS since
      FROM settlement.statement_breaks WHERE state <> 'resolved' AND due_on < $1
    UNION ALL
    SELECT 'breaks', count(*), sum(abs(difference_fen))::bigint, min(found_on)
      FROM settlement.statement_breaks WHERE state <> 'resolved'
    UNION ALL
    SELECT 'payments_unknown', count(*), sum(amount_fen)::bigint,
           min((created_at AT TIME ZONE 'Asia/Shanghai')::date)
      FROM settlement.payments WHERE state = 'unknown'
    UNION ALL
    SELECT 'refunds_in_doubt', count(*), sum(amount_fen)::bigint,
           min((created_at AT TIME ZONE 'Asia/Shanghai')::date)
      FROM settlement.refunds WHERE state IN ('unknown', 'failed')
    UNION ALL
    SELECT 'chargebacks', count(*), sum(amount_fen)::bigint,
           min((opened_at AT TIME ZONE 'Asia/Shanghai')::date)
      FROM settlement.chargebacks WHERE state = 'opened'
    UNION ALL
    SELECT 'payouts_unknown', count(*), sum(amount_fen)::bigint,
           min((sent_at AT TIME ZONE 'Asia/Shanghai')::date)
      FROM settlement.payouts WHERE state = 'unknown'
    UNION ALL
    SELECT 'batches_to_approve', count(DISTINCT p.batch_id), sum(p.amount_fen)::bigint,
           min((b.prepared_at AT TIME ZONE 'Asia/Shanghai')::date)
      FROM settlement.payouts p JOIN settlement.payout_batches b ON b.id = p.batch_id
     WHERE p.state = 'prepared'
    UNION ALL
    SELECT 'accounts_to_verify', count(*), NULL, NULL
      FROM settlement.beneficiaries WHERE state IN ('submitted', 'checked')
    UNION ALL
    SELECT 'months_to_close', count(*), NULL, min(m.month)
      FROM (SELECT DISTINCT book, month FROM settlement.turnovers) m
     WHERE m.month + interval '1 month' <= $1 AND NOT EXISTS (
           SELECT FROM settlement.closings c
            WHERE c.book = m.book AND c.month = to_char(m.month, 'YYYY-MM')
              AND c.sealed_at IS NOT NULL)"""


async def list_waiting(tx: Tx, *, viewer: Actor, now: dt.datetime) -> list[Waiting]:
    """Return what waits for somebody who keeps the money, the most urgent first.

    A channel waits while its clearing account is not explained; who reads no reconciliation is not
    told of channels.

    :raises NotPermitted: if the viewer does not read the books.
    """
    viewer.require("ledger:read")
    rows = await tx.fetch(_COUNTS, local_date(now))
    found = [
        waiting(What(row["what"]), row["count"], amount_fen=row["amount"], since_on=row["since"])
        for row in rows
    ]
    if viewer.may("reconciliation:read"):
        found.append(await _gates(tx, viewer))
    return ranked(found)


async def _gates(tx: Tx, viewer: Actor) -> Waiting:
    gates = [
        await reconciliation.get_gate(tx, viewer=viewer, channel=channel)
        for channel in await reconciliation.list_channels(tx)
    ]
    unexplained = [gate.unexplained_fen for gate in gates if gate.unexplained_fen]
    return waiting(What.GATES, len(unexplained), amount_fen=sum(map(abs, unexplained)))
