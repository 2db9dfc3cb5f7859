"""Read an entry that comes alone once: its legs as two arrays, and the rest as plain values.

Each node of an expression is made ready anew for every statement. Of a record of 46 columns that took
longer than to move the order's money; of two arrays the same is asked in a few words.
"""

import importlib

from alembic import op

revision = "0170"
down_revision = "0169"
branch_labels = None
depends_on = None

before = importlib.import_module("market.migrations.versions.0155_entries_applied_fast")
LEGS = before.LEGS
_ACCOUNTS = ", ".join(f"a.a{n}" for n in LEGS)
_AMOUNTS = ", ".join(f"a.v{n}" for n in LEGS)
_FIRST = "        IF NOT EXISTS (SELECT FROM added OFFSET 1) THEN\n"
_MANY = "        ELSE\n            SELECT bool_and("

# What stands once in the entry, by the names under which it is read.
_VALUES = {
    "j.a1": "ids[1]",
    "j.book": "in_book",
    "j.order_id": "of_order",
    "j.value_on": "valued_on",
    "{ids}": "ids",
}


def _of_one(text: str) -> str:
    for name, value in _VALUES.items():
        text = text.replace(name, value)
    return text


_WHOLE = f"""is_plain AND num_nonnulls(VARIADIC ids) = l.many
                   AND num_nonnulls(VARIADIC sums) = l.many
                   AND coalesce(array_position(ids, NULL), 17) = l.many + 1
                   AND coalesce(array_position(sums, NULL), 17) = l.many + 1
                   AND 0 < ALL (sums[2:l.many::integer]) AND sums[1] >= -{before.before.MONEY_MAX}"""
_ONE = f"""        SELECT ARRAY[{_ACCOUNTS}], ARRAY[{_AMOUNTS}], a.order_id, a.kind, a.book, a.value_on,
               a.currency = 156 AND num_nonnulls(a.adjusts, a.reverses) = 0
               AND substr(a.key::text, 15, 1) = '7',
               EXISTS (SELECT FROM added OFFSET 1)
          INTO ids, sums, of_order, as_kind, in_book, valued_on, is_plain, are_many
          FROM added a LIMIT 1;
        IF NOT FOUND THEN
            RETURN NULL;
        ELSIF NOT are_many THEN
            SELECT l.guards, l.guard, m.moves AND of_order IS NOT NULL,
                   -sums[1] * m.paid, -sums[1] * m.released, -sums[1] * m.refunded,
                   -sums[1] * m.charged_back,
                   {_WHOLE} AND {before._FITS} AND {_of_one(before._OPEN)}
              INTO guards, guard_id, does_move, paid_by, released_by, refunded_by, charged_back_by, do_fit
              FROM ({_of_one(before._LOOK)}) l
              JOIN settlement.flow_masks m ON m.kind = as_kind AND m.debit = l.debited;
"""


def _apply_entries() -> str:
    text = str(before._APPLY_ENTRIES)
    fits = "            IF do_fit AND guards <= 1 THEN\n"
    body = text[text.index(fits) : text.index(_MANY)].replace("one.order_id", "of_order")
    text = text[: text.index(_FIRST)] + _ONE + body + text[text.index(_MANY) :]
    text = text.replace(
        "        one settlement.journal;\n",
        "        of_order uuid; as_kind smallint; in_book smallint; valued_on date;\n"
        "        is_plain boolean; are_many boolean;\n",
    )
    return text.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


def upgrade() -> None:
    op.execute(_apply_entries())


def downgrade() -> None:
    op.execute(before._APPLY_ENTRIES.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
