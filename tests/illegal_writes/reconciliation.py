"""What no channel's statement, and no break, is (对账)."""

from __future__ import annotations

from tests.illegal_writes.attempt import Rows, Section, kept, other, uid, update

_FILE = {"id": uid(80), "sha256": f"'{'b' * 64}'", "stated_on": "'2026-03-03'"}
_LINE = {"id": "999", "transaction_id": "'T9'"}
_BREAK = {"id": uid(81), "transaction_id": "'T9'"}

GIVEN = (
    f"""INSERT INTO settlement.statement_files (id, channel, stated_on, sha256, line_count, total_fen,
            fee_bps, loaded_at)
        VALUES ({uid(82)}, 'sandbox', '2026-03-02', '{"a" * 64}', 1, 500, 60, now())""",
    f"""INSERT INTO settlement.statement_lines (file_id, number, channel, transaction_id, move,
            reference, outcome, amount_fen, fee_fen, happened_at, remark)
        VALUES ({uid(82)}, 1, 'sandbox', 'T1', 'pay_in', 'P1', 'succeeded', 500, 3, now(), '')""",
    f"""INSERT INTO settlement.statement_breaks (id, file_id, channel, kind, move, reference,
            transaction_id, ours_fen, theirs_fen, difference_fen, state, desk, found_on, found_at, due_on)
        VALUES ({uid(83)}, {uid(82)}, 'sandbox', 'long', 'pay_in', 'P1', 'T1', NULL, 500, 500, 'open',
                'cashier', '2026-03-03', now(), '2026-03-06')""",
)

ROWS: Rows = {
    "a statement loaded twice": (other("statement_files", {**_FILE, "sha256": f"'{'a' * 64}'"}), "statement_loaded_once"),
    "a second statement of a day": (other("statement_files", {**_FILE, "stated_on": "'2026-03-02'"}), "statement_one_for_a_day"),
    "a statement without a digest": (other("statement_files", _FILE, sha256="'abc'"), "statement_is_digested"),
    "a statement with a fee above all of it": (other("statement_files", _FILE, fee_bps="10001"), "statement_fee_in_range"),
    "a statement reconciled in half": (update("statement_files", reconciled_at="now()"), "statement_reconciled_as_a_whole"),
    "a line stated twice": (other("statement_lines", {"id": "999"}), "statement_line_stated_once"),
    "a line of nothing": (other("statement_lines", _LINE, amount_fen="0"), "statement_amount_in_range"),
    "a line with a fee above its amount": (other("statement_lines", _LINE, fee_fen="501"), "statement_fee_within_the_amount"),
    "a line that moves otherwise": (other("statement_lines", _LINE, move="'gift'"), "statement_move_known"),
    "a line with an unknown outcome": (other("statement_lines", _LINE, outcome="'maybe'"), "statement_outcome_known"),
    "a line of no file": (other("statement_lines", _LINE, file_id=uid(84)), "statement_lines_file_id_fkey"),
    "a break found twice by two files": (other("statement_breaks", {"id": uid(81)}), "statement_break_found_once"),
    "a break in an unknown book": (other("statement_breaks", _BREAK, book="'mine'"), "break_book_is_known"),
    "a break without a difference": (other("statement_breaks", _BREAK, difference_fen="0"), "statement_break_differs"),
    "a difference of an unknown kind": (other("statement_breaks", _BREAK, kind="'odd'"), "statement_break_kind_known"),
    "a break of what does not move": (other("statement_breaks", _BREAK, move="'gift'"), "statement_break_move_known"),
    "a break of a balance at a channel": (other("statement_breaks", _BREAK, kind="'balance'", move="'balance'"), "statement_break_of_a_balance"),
    "a break on no desk": (other("statement_breaks", _BREAK, desk="'bin'"), "statement_break_desk_known"),
    "a break in an unknown state": (update("statement_breaks", state="'gone'"), "statement_break_state_known"),
    "a break settled in an unknown way": (update("statement_breaks", way="'kept'", resolved_by=uid(85)), "statement_break_way_known"),
    "a break booked without an entry": (update("statement_breaks", state="'booked'"), "statement_break_booked_by_an_entry"),
    "a break resolved at no instant": (update("statement_breaks", state="'resolved'"), "statement_break_resolved_at_an_instant"),
    "a break settled by who proposed it": (update("statement_breaks", state="'resolved'", resolved_at="now()", way="'written_off'", proposed_by=uid(85), resolved_by=uid(85)), "statement_break_settled_by_two"),
    "a break of no file": (other("statement_breaks", _BREAK, file_id=uid(84)), "statement_breaks_file_id_fkey"),
    **kept("statement_lines", is_appended_only=True),
    **kept("statement_files", "statement_breaks", is_appended_only=False),
}  # fmt: skip

SECTION = Section(
    title="Reconciliation 对账",
    tables=("statement_files", "statement_lines", "statement_breaks"),
    rows=ROWS,
    given=GIVEN,
)
