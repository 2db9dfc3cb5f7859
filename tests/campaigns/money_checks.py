"""What must be true of the money after whatever happened (核对)."""

from __future__ import annotations

import collections
import uuid
from typing import Any, Final

from catalog.kernel.db import Database, begin
from settlement.escrow.queries import find_escrow
from settlement.escrow.states import State
from settlement.ledger.queries import balances, checking, entries, order_money
from tests.campaigns.fire import LOG_NEVER
from tests.campaigns.money_load import ACTOR, Ack
from tests.campaigns.money_stage import Stage

#: What is never found, in the words of SQL.
NEVER: Final = LOG_NEVER | {
    "an entry of the journal that the log does not know exactly once": """
        SELECT j.key::text FROM settlement.journal j
          LEFT JOIN (SELECT substr(s, 9) AS key, count(*) AS times
                       FROM audit_log.entries CROSS JOIN LATERAL unnest(subjects) AS s
                      WHERE event = 'journal:posted' AND s LIKE 'journal:%' GROUP BY 1) l
            ON l.key = j.key::text WHERE l.times IS DISTINCT FROM 1""",
    "an entry of the log about a journal entry that is not there": """
        SELECT s FROM audit_log.entries CROSS JOIN LATERAL unnest(subjects) AS s
         WHERE event = 'journal:posted' AND s LIKE 'journal:%'
           AND NOT EXISTS (SELECT FROM settlement.journal j WHERE j.key::text = substr(s, 9))""",
    "an escrow released or refunded that was not told so exactly once": """
        SELECT e.order_id::text FROM settlement.escrows e
          LEFT JOIN (SELECT substr(s, 7) AS id, count(*) AS times
                       FROM audit_log.entries CROSS JOIN LATERAL unnest(subjects) AS s
                      WHERE event IN ('escrow:released', 'escrow:refunded') AND s LIKE 'order:%'
                      GROUP BY 1) l ON l.id = e.order_id::text
         WHERE (e.state IN ('released', 'refunded')) <> (coalesce(l.times, 0) = 1)""",
    "an escrow that was closed by an entry of another order": """
        SELECT e.order_id::text FROM settlement.escrows e
          JOIN settlement.journal j ON j.key = e.closing_key WHERE j.order_id <> e.order_id""",
    "an account of an ended order that holds something": """
        SELECT a.code FROM settlement.guard_balances g JOIN settlement.accounts a ON a.id = g.account_id
          JOIN settlement.escrows e ON a.purpose = 'order_escrow' AND a.owner = e.order_id::text
         WHERE e.state IN ('released', 'refunded') AND (g.posted <> 0 OR g.held <> 0)""",
}


async def findings(
    stage: Stage, db: Database, acks: list[Ack], orders: dict[uuid.UUID, int], ended: set[uuid.UUID]
) -> list[str]:
    """Return everything that is not as it must be."""
    found: list[str] = []
    async with begin(db, ACTOR, snapshot=True) as tx:
        found += [f"the books: {each}" for each in await checking.find_breaches(tx)]
        trial = await balances.trial_balance(tx)
        if not trial.is_balanced:
            found.append(f"the trial balance is off by {trial.difference_fen} fen")
        keys = [ack.key for ack in acks if ack.key is not None]
        there = await entries.list_there(tx, keys)
        found += [f"lost: {key}" for key in keys if key not in there]
        of_order: dict[uuid.UUID, list[Ack]] = collections.defaultdict(list)
        for ack in acks:
            of_order[ack.order].append(ack)
        for order in orders:
            found += await _of_order(tx, order, of_order[order], is_ended=order in ended)
    async with stage.owner() as owner:
        for name, sql in NEVER.items():
            found += [f"{name}: {row[0]}" for row in await owner.fetch(sql)]
    return found


async def _of_order(tx: Any, order: uuid.UUID, acks: list[Ack], *, is_ended: bool) -> list[str]:
    """Return what is wrong with one order: what was told is there once, and an ended one has no money left."""
    found = []
    money = await order_money.get_order_ledger(tx, order)
    kinds = collections.Counter(entry.kind for entry in money.entries)
    moved = {"pay_in": money.paid_fen, "release": money.released_fen, "refund": money.refunded_fen}
    found += [f"{order} has {n} entries of {kind}" for kind, n in kinds.items() if n > 1]
    for what in {ack.what for ack in acks} & set(moved):
        told = next(ack.amount_fen for ack in acks if ack.what == what)
        if moved[what] != told:
            found.append(f"{order}: {what} of {told} was told, {moved[what]} is there")
    escrow = await find_escrow(tx, order)
    left = money.paid_fen - money.released_fen - money.refunded_fen
    is_open = escrow is not None and escrow.state in (State.HELD, State.DISPUTED)
    if is_ended and (left or is_open):
        found.append(f"stuck: {order} has {left} left, {escrow and escrow.state}")
    return found
