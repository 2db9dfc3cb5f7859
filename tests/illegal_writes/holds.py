"""What nobody does to a hold or a charge-back by hand (冻结、拒付)."""

from __future__ import annotations

from tests.illegal_writes.attempt import KEPT, Rows, Section, kept, other, uid, update

_HOLD = {"key": uid(200)}
_OVER = {"released_fen": "amount_fen", "closed_at": "now()"}
_CASE = {"id": uid(210), "case_number": "'C9'"}
_LOST = {"state": "'lost'", "ending_key": uid(211), "ended_at": "now()"}


def _capture(amount: str = "1", hold: str = uid(201), at: str = "now()") -> str:
    return f"""INSERT INTO settlement.hold_captures (journal_key, hold_key, amount_fen, captured_at)
        VALUES ({uid(202)}, {hold}, {amount}, {at})"""


HOLDS_GIVEN = (
    f"""INSERT INTO settlement.holds (key, account_id, order_id, reason, amount_fen, state, placed_at,
            expires_at)
        SELECT {uid(201)}, a.id, a.owner::uuid, 'deposit', 400, 'held', now(), now() + interval '1 day'
          FROM settlement.accounts a JOIN settlement.guard_balances g ON g.account_id = a.id
         WHERE a.purpose = 'order_escrow' AND g.posted > 500 LIMIT 1""",
)
HOLDS: Rows = {
    "a hold of nothing": (other("holds", _HOLD, amount_fen="0"), "hold_amount_in_range"),
    "a hold of more than is free": (other("holds", _HOLD, amount_fen="100000000"), "guarded_balance_not_below_floor"),
    "a hold for no reason known": (other("holds", _HOLD, reason="'whim'"), "hold_reason_known"),
    "a hold that begins captured": (other("holds", _HOLD, captured_fen="1"), "hold_begins_whole"),
    "a hold that ran out before it began": (other("holds", _HOLD, expires_at="'2020-01-01'"), "hold_expires_after_it_was_placed"),
    "a hold on the escrow of another order": (other("holds", _HOLD, order_id=uid(203)), "hold_fits_account"),
    "a hold twice under one key": (other("holds", {}), "holds_pkey"),
    "a second dispute of an order": (
        f"""INSERT INTO settlement.holds (key, account_id, order_id, reason, amount_fen, state, placed_at)
            SELECT k, h.account_id, h.order_id, 'dispute', 1, 'held', now()
              FROM settlement.holds h, unnest(ARRAY[{uid(204)}, {uid(205)}]) k
             WHERE h.key = {uid(201)}""",
        "disputed_once_at_a_time",
    ),
    "a hold made larger": (update("holds", amount_fen="amount_fen + 1"), KEPT),
    "a hold on another account": (update("holds", account_id="account_id + 1"), KEPT),
    "a hold made longer": (update("holds", expires_at="expires_at + interval '1 day'"), KEPT),
    "a hold captured by hand": (update("holds", captured_fen="1"), KEPT),
    "more freed than was held": (update("holds", state="'released'", released_fen="amount_fen + 1", closed_at="now()"), "hold_covers_what_leaves_it"),
    "a hold freed in part": (update("holds", state="'released'", released_fen="1", closed_at="now()"), "hold_is_over_when_nothing_is_left"),
    "a hold said to be captured": (update("holds", state="'captured'", closed_at="now()"), "hold_is_over_when_nothing_is_left"),
    "a hold freed as if it were captured": (update("holds", state="'captured'", **_OVER), "hold_state_says_how"),
    "a hold that ran out too early": (update("holds", state="'expired'", released_fen="amount_fen", closed_at="placed_at"), "hold_expired_when_its_time_was_over"),
    "a hold in an unknown state": (update("holds", state="'gone'", **_OVER), "hold_state_known"),
    "a capture of nothing": (_capture("0"), "capture_positive"),
    "a capture without an entry": (_capture(), "captured_by_its_entry"),
    "a capture of more than is held": (_capture("401"), "hold_covers_what_leaves_it"),
    "a capture after the hold ran out": (_capture(at="now() + interval '9 days'"), "captured_before_it_ran_out"),
    "a capture of no hold": (_capture(hold=uid(206)), "hold_captures_hold_key_fkey"),
    **kept("holds", is_appended_only=False),
    **kept("hold_captures", is_appended_only=True),
}  # fmt: skip
HOLDS_SECTION = Section(
    title="Holds 冻结", tables=("holds", "hold_captures"), rows=HOLDS, given=HOLDS_GIVEN
)

CHARGEBACKS_GIVEN = (
    f"""INSERT INTO settlement.chargebacks (id, channel, case_number, payment_id, order_id, amount_fen,
            was_shared, state, opened_at, contest_until)
        SELECT {uid(212)}, 'sandbox', 'C1', p.id, e.order_id, 5, false, 'opened', now(),
               now() + interval '7 days'
          FROM settlement.payments p, settlement.escrows e LIMIT 1""",
)
CHARGEBACKS: Rows = {
    "a charge-back of nothing": (other("chargebacks", _CASE, amount_fen="0"), "chargeback_amount_in_range"),
    "a charge-back without a case": (other("chargebacks", {**_CASE, "case_number": "''"}), "chargeback_case_is_named"),
    "a charge-back that nobody can contest": (other("chargebacks", _CASE, contest_until="'2020-01-01'"), "chargeback_can_be_contested"),
    "two cases of a payment at once": (other("chargebacks", _CASE), "charged_back_once_at_a_time"),
    "a case that is told twice": (other("chargebacks", {"id": uid(210)}, **_LOST), "chargeback_told_once"),
    "a charge-back in an unknown state": (update("chargebacks", state="'gone'"), "chargeback_state_known"),
    "contested without evidence": (update("chargebacks", state="'contested'"), "chargeback_contested_with_evidence"),
    "contested too late": (update("chargebacks", state="'contested'", evidence="'x'", contested_by=uid(213), contested_at="contest_until"), "chargeback_contested_in_time"),
    "won without an entry": (update("chargebacks", state="'won'"), "chargeback_ended_by_an_entry"),
    "a charge-back of another amount": (update("chargebacks", amount_fen="1"), KEPT),
    "a window made longer": (update("chargebacks", contest_until="contest_until + interval '1 day'"), KEPT),
    "more out of the escrow than is charged back": (other("chargebacks", _CASE, escrow_fen="6"), "chargeback_of_escrow_and_shares"),
    "taken from those who shared, and all of it from the escrow": (other("chargebacks", _CASE, escrow_fen="5", was_shared="true"), "chargeback_of_escrow_and_shares"),
    "ended by somebody without a word": (update("chargebacks", state="'lost'", ended_at="now()", ending_key=uid(215), ended_by=uid(213)), "chargeback_ended_by_hand_with_a_note"),
    "an outcome recorded by who contested": (update("chargebacks", state="'lost'", evidence="'x'", contested_by=uid(213), contested_at="now()", ended_at="now()", ending_key=uid(215), ended_by=uid(213), ending_note="'x'"), "chargeback_outcome_by_another"),
    "given back what nobody gave": (f"INSERT INTO settlement.restored_legs VALUES ({uid(214)}, 'payable/x', now())", "restored_what_was_returned"),
    **kept("chargebacks", is_appended_only=False),
    **kept("restored_legs", is_appended_only=True),
}  # fmt: skip
CHARGEBACKS_SECTION = Section(
    title="Charge-backs 拒付",
    tables=("chargebacks", "restored_legs"),
    rows=CHARGEBACKS,
    given=CHARGEBACKS_GIVEN,
)
