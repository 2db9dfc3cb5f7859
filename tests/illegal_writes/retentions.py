"""What nobody does to retention money by hand (质保金)."""

from __future__ import annotations

import uuid

from tests.illegal_writes.attempt import KEPT, Rows, Section, kept, other, uid, update

#: From whom five fen are kept: an entry of the given books credited them.
KEEPER = uuid.UUID("019c0000-0000-7000-8000-00000000000e")
GIVEN = (
    f"""INSERT INTO settlement.holds (key, account_id, order_id, reason, amount_fen, state, placed_at)
        SELECT {uid(250)}, a.id, p.order_id, 'retention', 5, 'held', now()
          FROM settlement.postings p JOIN settlement.accounts a ON a.id = p.account_id
         WHERE a.purpose = 'retention' AND a.owner = '{KEEPER}' LIMIT 1""",
    f"""INSERT INTO settlement.retentions (order_id, party_id, book, amount_fen, drawn_fen, kept_by,
            kept_at, due_at, hold_key, state)
        SELECT h.order_id, '{KEEPER}', 'market', 5, 0, {uid(251)}, now(), now() + interval '9 days',
               h.key, 'kept'
          FROM settlement.holds h WHERE h.key = {uid(250)}""",
)
_FRESH = {"order_id": uid(252)}
_FREED = {"state": "'released'", "released_at": "due_at", "released_by": uid(253)}

ROWS: Rows = {
    "nothing kept": (other("retentions", _FRESH, amount_fen="0"), "retention_amount_in_range"),
    "kept in no book": (other("retentions", _FRESH, book="'mine'"), "retention_book_known"),
    "more drawn than was kept": (update("retentions", drawn_fen="amount_fen + 1"), "retention_covers_what_is_drawn"),
    "kept in an unknown state": (update("retentions", state="'gone'"), "retention_state_known"),
    "kept by no hold": (update("retentions", hold_key=uid(254)), "retention_has_its_hold"),
    "kept of no order": (other("retentions", _FRESH), "retention_of_an_escrow"),
    "kept twice of an order": (other("retentions", {}), "retentions_pkey"),
    "used up, and not drawn": (update("retentions", state="'used_up'"), "retention_used_up_when_nothing_is_left"),
    "drawn whole, and kept": (update("retentions", drawn_fen="amount_fen"), "retention_used_up_when_nothing_is_left"),
    "freed by no entry": (update("retentions", **{**_FREED, "released_by": "NULL"}), "retention_released_by_an_entry"),
    "freed before its day": (update("retentions", **{**_FREED, "released_at": "due_at - interval '1 day'"}), "retention_released_on_its_day"),
    "drawn, and held as before": (update("retentions", drawn_fen="1"), "retention_is_held"),
    "kept of another party": (update("retentions", party_id=uid(255)), KEPT),
    "kept of more": (update("retentions", amount_fen="amount_fen + 1"), KEPT),
    "kept longer": (update("retentions", due_at="due_at + interval '1 day'"), KEPT),
    **kept("retentions", is_appended_only=False),
}  # fmt: skip
SECTION = Section(title="Retention money 质保金", tables=("retentions",), rows=ROWS, given=GIVEN)
