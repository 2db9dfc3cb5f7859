"""What an attempt is, and how one is written down."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from catalog.kernel.ids import new_id

#: What is written stays as it is: a trigger refuses to change or remove it (SQLSTATE 23001).
KEPT = "23001"
#: What anybody else did not write by hand: rows that only an event moves, checked at the commit.
NOT_BY_HAND = "direct_edit_forbidden"

_V7 = str(new_id())[:-4]


class Attempt(msgspec.Struct, frozen=True):
    """A statement, and how the catalogue tells it."""

    told: str
    sql: str


#: What is tried → the statement, and by what it is refused: the name of a constraint, or an SQLSTATE.
Rows = Mapping[str, tuple[Attempt | str, str]]


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """The attempts on the tables of a room. ``given`` is written first, by the owner."""

    title: str
    tables: tuple[str, ...]
    rows: Rows
    given: tuple[str, ...] = ()


def uid(number: int) -> str:
    """Return a UUIDv7 of this month as SQL: the same for the same number."""
    return f"'{_V7}{number:04x}'::uuid"


def other(table: str, fresh: Mapping[str, str], **changes: str) -> Attempt:
    """Insert a copy of a row, legal but for ``changes``; ``fresh`` is what makes it another row."""
    values = ", ".join(f"'{name}', {value}" for name, value in {**fresh, **changes}.items())
    told = ", ".join(f"{name} = {value}" for name, value in changes.items()) or "nothing changed"
    return Attempt(
        f"INSERT INTO settlement.{table} a copy with {told}",
        f"""INSERT INTO settlement.{table} OVERRIDING SYSTEM VALUE
            SELECT p.* FROM (SELECT to_jsonb(t) || jsonb_build_object({values}) AS row
                               FROM settlement.{table} t LIMIT 1) r,
                   jsonb_populate_record(NULL::settlement.{table}, r.row) p""",
    )


def update(table: str, where: str = "", **changes: str) -> str:
    """Change rows that are there."""
    told = ", ".join(f"{name} = {value}" for name, value in changes.items())
    return f"UPDATE settlement.{table} SET {told}" + (f" WHERE {where}" if where else "")


def kept(*tables: str, is_appended_only: bool) -> Rows:
    """Return the attempts to remove rows of these tables, and to change them if nothing of them is."""
    rows: dict[str, tuple[Attempt | str, str]] = {}
    for table in tables:
        name = table.replace("_", " ")
        rows[f"{name} removed"] = (f"DELETE FROM settlement.{table}", KEPT)
        rows[f"{name} removed, if there were any"] = (
            f"DELETE FROM settlement.{table} WHERE false",
            KEPT,
        )
        rows[f"{name} emptied"] = (f"TRUNCATE settlement.{table} CASCADE", KEPT)
        if is_appended_only:
            rows[f"{name} changed"] = (f"UPDATE settlement.{table} SET {_FIRST[table]}", KEPT)
    return rows


#: A column of each table that is only ever added to.
_FIRST: Mapping[str, str] = {
    "account_floors": "floor_fen = 0",
    "accounts": "owner = 'mine'",
    "charges": "quantity = quantity + 1",
    "channel_events": "amount_fen = amount_fen + 1",
    "channel_nonces": "nonce = 'other'",
    "hold_captures": "amount_fen = amount_fen + 1",
    "payout_outcome_files": "line_count = line_count + 1",
    "period_balances": "closing = closing + 1",
    "period_explanations": "explanation = 'other'",
    "refund_batches": "channel = 'other'",
    "refund_outcome_files": "taken_at = now()",
    "restored_legs": "account = 'other'",
    "returned_legs": "amount_fen = amount_fen + 1",
    "rule_versions": "version = 'other'",
    "statement_lines": "amount_fen = amount_fen + 1",
    "vouchers": "number = number + 1",
}
