"""Say where the records lie that the log binds: one statement for each kind.

Each gives ``id`` (in the order of its bytes), ``record`` (the bytes as they were hashed),
``columns`` (what also stands in plain columns, under the names that the bytes use), and
``signatures``.
"""

from __future__ import annotations

from typing import Final

import msgspec


class RecordTable(msgspec.Struct, frozen=True):
    """One kind of record and the statement that reads all of them."""

    kind: str
    sql: str


def _instant(column: str) -> str:
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


_JOURNAL: Final = f"""
    SELECT j.key::text AS id, j.record, '[]'::jsonb AS signatures,
           jsonb_build_object(
               'key', j.key, 'book', j.book, 'kind', j.kind, 'currency', j.currency,
               'order_id', j.order_id, 'reverses', j.reverses, 'rule_version', j.rule_version,
               'booked_at', {_instant("j.booked_at")},
               'value_on', to_char(j.value_on, 'YYYY-MM-DD'),
               'legs', (SELECT jsonb_agg(jsonb_build_array(a.code, leg.amount) ORDER BY leg.place)
                        FROM unnest(j.acct, j.amt) WITH ORDINALITY AS leg (account, amount, place)
                        LEFT JOIN settlement.accounts a ON a.id = leg.account))
           -- A stored digest that is not the record's own is no column of the record.
           || CASE WHEN j.record_sha256 = sha256(j.record) THEN '{{}}'::jsonb
                   ELSE jsonb_build_object('record_sha256', encode(j.record_sha256, 'hex')) END
           AS columns
    FROM settlement.journal j ORDER BY j.key::text COLLATE "C\""""

RECORDS: Final = (RecordTable("journal", _JOURNAL),)
