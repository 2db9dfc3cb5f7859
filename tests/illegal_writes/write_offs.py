"""What no write-off of a usage debt is (坏账核销), and what no charge of a window of uses is (按量计费)."""

from __future__ import annotations

from tests.illegal_writes.attempt import Rows, Section, kept, other, uid, update

_NEW = {"id": uid(290)}
_DECIDED = {"decided_at": "now()", "decided_by": uid(292), "decided_by_name": "'x'"}
_ORDER = "(SELECT order_id FROM settlement.usage_accounts LIMIT 1)"

CHARGES_GIVEN = (
    f"""INSERT INTO settlement.usage_accounts (order_id, payer_party_id, payee_party_id, state,
            credit_limit_fen, low_fen, opened_at)
        SELECT e.order_id, {uid(281)}, {uid(282)}, 'running', 0, 1, now()
          FROM settlement.escrows e LIMIT 1""",
    f"""INSERT INTO settlement.charges (id, order_id, after_seq, to_seq, calls_before, calls,
            bytes_before, bytes, quantity, before_fen, cumulative_fen, price_item, price_sha256,
            record_sha256, charged_at)
        VALUES ({uid(283)}, {_ORDER}, NULL, 3, 0, 3, 0, 0, 3, 0, 30, 'x', repeat('a', 64),
                repeat('b', 64), now())""",
)
_FURTHER = {
    "id": uid(284),
    "after_seq": "3",
    "to_seq": "5",
    "before_fen": "30",
    "calls_before": "3",
    "cumulative_fen": "40",
    "calls": "5",
}
CHARGES: Rows = {
    "an account that owes itself": (update("usage_accounts", payee_party_id="payer_party_id"), "usage_account_between_two"),
    "a usage account in an unknown state": (update("usage_accounts", state="'gone'"), "usage_account_state_known"),
    "an account with a negative credit": (update("usage_accounts", credit_limit_fen="-1"), "usage_account_credit_not_negative"),
    "an account with a negative low mark": (update("usage_accounts", low_fen="-1"), "usage_account_low_not_negative"),
    "arrears without a day": (update("usage_accounts", state="'arrears'"), "usage_account_arrears_have_a_day"),
    "suspended at no time": (update("usage_accounts", state="'suspended'", due_on="'2026-03-02'", due_at="now()"), "usage_account_suspended_at_a_time"),
    "settled and not closed": (update("usage_accounts", state="'settled'"), "usage_account_closed_when_settled"),
    "an account without an escrow": (other("usage_accounts", {"order_id": uid(285)}), "usage_account_of_an_escrow"),
    "a window without uses": (other("charges", {**_FURTHER, "to_seq": "3"}), "charge_window_not_empty"),
    "a second first window": (other("charges", {"id": uid(284), "to_seq": "9"}), "charge_begins_once"),
    "a first window with sums before it": (other("charges", {"id": uid(284)}, before_fen="1"), "charge_first_follows_nothing"),
    "a window that makes all cheaper": (other("charges", {**_FURTHER, "cumulative_fen": "29"}), "charge_sums_never_fall"),
    "two windows that end at once": (other("charges", {**_FURTHER, "after_seq": "2", "to_seq": "3"}), "charge_ends_once"),
    "a window after a gap": (other("charges", {**_FURTHER, "after_seq": "4"}), "charge_follows_the_last"),
    "a window that begins with another sum": (other("charges", {**_FURTHER, "before_fen": "29"}), "charge_follows_the_last"),
    "a window by a price that is none": (other("charges", _FURTHER, price_sha256="'abc'"), "charge_price_digest_is_sha256"),
    "a window of a use that is none": (other("charges", _FURTHER, record_sha256="'abc'"), "charge_record_digest_is_sha256"),
    "a window of another account": (other("charges", {"id": uid(284), "order_id": uid(286)}), "charge_of_an_account"),
    **kept("usage_accounts", is_appended_only=False),
    **kept("charges", is_appended_only=True),
}  # fmt: skip
CHARGES_SECTION = Section(
    title="Charges of uses 按量计费",
    # Not `charges`: `charge_sums_once` is there for the foreign key, and `charge_ends_once` is hit before.
    tables=("usage_accounts",),
    rows=CHARGES,
    given=CHARGES_GIVEN,
)

GIVEN = (
    f"""INSERT INTO settlement.write_offs (id, state, order_id, amount_fen, ground, evidence,
            proposed_at, proposed_by, proposed_by_name)
        VALUES ({uid(291)}, 'proposed', {_ORDER}, 5, 'bankrupt', '裁定书', now(), {uid(293)}, '甲')""",
    f"""INSERT INTO settlement.write_offs (id, state, order_id, amount_fen, ground, evidence,
            proposed_at, proposed_by, proposed_by_name)
        VALUES ({uid(300)}, 'withdrawn', {_ORDER}, 5, 'bankrupt', '裁定书', now(), {uid(293)}, '甲')""",
)


def _by_one_entry() -> str:
    rows = ", ".join(
        f"({uid(296 + n)}, 'written_off', {uid(298 + n)}, 5, 'bankrupt', 'x', now(), 'x', now(), {uid(292)}, 'y',"
        " (SELECT key FROM settlement.journal LIMIT 1))"
        for n in range(2)
    )
    return f"""INSERT INTO settlement.write_offs (id, state, order_id, amount_fen, ground, evidence,
            proposed_at, proposed_by_name, decided_at, decided_by, decided_by_name, entry_key) VALUES {rows}"""


ROWS: Rows = {
    "a write-off in an unknown state": (update("write_offs", state="'gone'"), "write_off_state_known"),
    "a write-off of no account": (other("write_offs", {**_NEW, "number": "97"}, order_id=uid(294), state="'withdrawn'"), "write_off_of_an_account"),
    "a write-off of nothing": (other("write_offs", _NEW, amount_fen="0"), "write_off_within_its_limit"),
    "a write-off above its limit": (other("write_offs", _NEW, amount_fen="5000001"), "write_off_within_its_limit"),
    "a write-off on no ground": (other("write_offs", _NEW, ground="'because'"), "write_off_ground_known"),
    "a write-off without evidence": (other("write_offs", _NEW, evidence="' '"), "write_off_names_its_evidence"),
    "a second write-off of one debt": (other("write_offs", {**_NEW, "number": "99"}), "write_off_one_per_debt"),
    "a write-off decided by who proposed it": (update("write_offs", **{**_DECIDED, "decided_by": "proposed_by"}, state="'rejected'", decision_reason="'x'"), "write_off_decided_by_two"),
    "a write-off decided by nobody": (update("write_offs", state="'rejected'", decision_reason="'x'"), "write_off_decided_by_somebody"),
    "written off without an entry": (update("write_offs", **_DECIDED, state="'written_off'"), "write_off_posted_by_an_entry"),
    "written off by an entry that is not there": (update("write_offs", "state = 'proposed'", **_DECIDED, state="'written_off'", entry_key=uid(295)), "write_off_by_an_entry_of_ours"),
    "a write-off rejected without a reason": (update("write_offs", **_DECIDED, state="'rejected'"), "write_off_rejected_with_a_reason"),
    "two write-offs by one entry": (_by_one_entry(), "write_off_entry_used_once"),
    "a write-off decided again": (update("write_offs", "state = 'withdrawn'", state="'proposed'"), "decided_write_off_stays"),
    "a write-off proposed again for more": (update("write_offs", amount_fen="6"), "proposed_write_off_stays"),
    "two write-offs of one number": (other("write_offs", _NEW, state="'withdrawn'"), "write_off_numbered_once"),
    **kept("write_offs", is_appended_only=False),
}  # fmt: skip
SECTION = Section(title="Write-offs 坏账核销", tables=("write_offs",), rows=ROWS, given=GIVEN)
