"""Read the books through, to find what is wrong with them."""

from __future__ import annotations

from typing import Final

import msgspec

from catalog.kernel.db import Row, Tx
from settlement.ledger import invariants
from settlement.ledger.invariants import Breach, Guard, OrderMoney, Replay
from settlement.ledger.journal import LEGS_MAX, LEGS_MIN
from settlement.ledger.queries.entries import ENTRY, legs_of
from settlement.ledger.queries.order_money import ORDER_MONEY
from settlement.ledger.summing import Copied, Sums

_LOGGED: Final = """
    SELECT d ->> 'id' AS key, d ->> 'sha256' AS sha256
      FROM (SELECT leaf FROM audit_log.leaves UNION ALL SELECT leaf FROM audit_log.waiting) l
     CROSS JOIN LATERAL jsonb_array_elements(convert_from(l.leaf, 'UTF8')::jsonb -> 'digests') d
     WHERE position('"journal:posted"'::bytea IN l.leaf) > 0 AND d ->> 'kind' = 'journal'"""


def _legs_out(first: int, last: int) -> str:
    """Return what copies legs out: NULL as 0, so that all rows are of one length."""
    legs = ", ".join(
        f"j.a{n}, j.v{n}" if n <= LEGS_MIN else f"coalesce(j.a{n}, 0), coalesce(j.v{n}, 0)"
        for n in range(first, last + 1)
    )
    return f"SELECT {legs} FROM settlement.journal j"  # noqa: S608 - numbers of our own columns


# Of most entries the first six legs are all; the others are few enough to be read twice.
_FEW: Final = 6
_MORE: Final = " OR ".join(
    f"j.a{n} IS NOT NULL OR j.v{n} IS NOT NULL" for n in range(_FEW + 1, LEGS_MAX + 1)
)
_LEGS_OUT: Final = {
    _FEW: _legs_out(1, _FEW),
    LEGS_MAX - _FEW: f"{_legs_out(_FEW + 1, LEGS_MAX)} WHERE {_MORE}",
}
# A leg of an account that is not there differs, whatever it comes to.
_COMPARED: Final = """
    SELECT count(*) AS accounts,
           (array_agg(coalesce(b.code, r.account_id::text) ORDER BY r.account_id, b.code)
                FILTER (WHERE b.account_id IS NULL OR b.balance <> coalesce(r.amount, 0))
           )[:$3] AS differing
      FROM settlement.balances b
      FULL JOIN unnest($1::integer[], $2::bigint[]) AS r (account_id, amount) USING (account_id)"""
_DIFFERING_TOLD: Final = 100


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """The whole journal added up, beside what every account says (全账重放)."""

    postings: int
    total_fen: int
    accounts: int
    differing: tuple[str, ...]  # at most a hundred accounts, by their codes


async def replay(tx: Tx) -> Replayed:
    """Add the journal up from its first entry, and compare every balance with it.

    It looks at sums only, and takes seconds for many millions of postings. ``find_breaches`` also
    reads every record, and compares it with the audit log. Needs a transaction that sees one moment
    (``begin(…, snapshot=True)``).
    """
    sums = Sums()
    for legs, sql in _LEGS_OUT.items():
        copied = Copied(sums, legs)
        await tx.copy_out(sql, copied.write, is_binary=True)
        copied.end()
    moved = sums.moved()
    row = await tx.fetch_one(
        _COMPARED, moved.tolist(), sums.amounts[moved].tolist(), _DIFFERING_TOLD
    )
    assert row is not None, "an aggregate has one row"
    return Replayed(
        postings=int(sums.legs.sum()),
        total_fen=sum(sums.amounts.tolist()),
        accounts=row["accounts"],
        differing=tuple(row["differing"] or ()),
    )


async def find_breaches(tx: Tx, *, limit: int = 1000) -> list[Breach]:
    """Return what is wrong with the books, at most ``limit`` things; nothing when all is well.

    Needs a transaction that sees one moment (``begin(…, snapshot=True)``): entries that arrive
    between two of its statements would look like differences.
    """
    replay = Replay()
    found: list[Breach] = []
    async for row in tx.cursor(f"{ENTRY} ORDER BY j.key"):
        found.extend(replay.take(_row(row)))
    found.extend(replay.trial_balance())
    logged = await tx.fetch(_LOGGED)
    found.extend(replay.as_logged({row["key"]: row["sha256"] for row in logged}))
    guards = await tx.fetch(
        """SELECT book, code, balance, posted, held, floor FROM settlement.balances
            ORDER BY account_id"""
    )
    found.extend(replay.guards(_guard(row) for row in guards))
    orders = await tx.fetch(f"{ORDER_MONEY} ORDER BY order_id")
    found.extend(replay.order_money(_order_money(row) for row in orders))
    return found[:limit]


def _row(row: Row) -> invariants.Row:
    return invariants.Row(
        key=row["key"],
        kind=row["kind"],
        book=row["book"],
        currency=row["currency"],
        legs=legs_of(row),
        order_id=row["order_id"],
        reverses=row["reverses"],
        rule_version=row["rule_version"],
        booked_at=row["booked_at"],
        value_on=row["value_on"],
        adjusts=row["adjusts"],
        batch=row["batch"],
        record=row["record"],
    )


def _guard(row: Row) -> Guard:
    return Guard(
        book=row["book"],
        account=row["code"],
        balance=row["balance"],
        posted=row["posted"],
        held=row["held"],
        floor=row["floor"],
    )


def _order_money(row: Row) -> OrderMoney:
    return OrderMoney(
        order_id=row["order_id"],
        paid=row["paid"],
        released=row["released"],
        refunded=row["refunded"],
        disputed=row["disputed"],
        charged_back=row["charged_back"],
    )
