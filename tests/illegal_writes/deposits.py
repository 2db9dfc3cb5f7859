"""What nobody does to a bidder's deposit by hand (竞买保证金)."""

from __future__ import annotations

from tests.illegal_writes.attempt import KEPT, Rows, Section, kept, other, uid, update

#: A deposit that is not paid, with the escrow of the one order of these books; the hold there is a fen short.
GIVEN = (
    f"""INSERT INTO settlement.deposits (id, secures, payer_party_id, amount_fen, book, pay_until, state,
            opened_at)
        SELECT h.order_id, {uid(240)}, {uid(241)}, h.amount_fen + 1, 'market',
               now() + interval '1 day', 'awaiting', now()
          FROM settlement.holds h WHERE h.key = {uid(201)}""",
)
_FRESH = {"id": uid(242), "payer_party_id": uid(243)}
_HELD = {"state": "'held'", "held_at": "now()", "hold_key": uid(201)}
_ENDED = {"state": "'returned'", "ended_at": "now()", "ground": "'signed'", "ending_key": uid(244)}
_FORFEITED = {
    **_HELD,
    "state": "'forfeited'",
    "ended_at": "now()",
    "ground": "'refused_to_sign'",
    "ending_key": uid(244),
    "received_by": "'payable/x'",
}

ROWS: Rows = {
    "a deposit of nothing": (other("deposits", _FRESH, amount_fen="0"), "deposit_amount_in_range"),
    "a deposit in no book": (other("deposits", _FRESH, book="'mine'"), "deposit_book_known"),
    "a deposit that nobody can pay": (other("deposits", _FRESH, pay_until="'2020-01-01'"), "deposit_can_be_paid"),
    "a deposit held after its time": (other("deposits", {**_FRESH, **_HELD}, held_at="'2999-01-01'"), "deposit_held_in_time"),
    "a deposit that is said to be held": (other("deposits", _FRESH, state="'held'"), "deposit_held_by_a_hold"),
    "a deposit held in part": (update("deposits", **_HELD), "deposit_is_held"),
    "a deposit held by no hold": (other("deposits", {**_FRESH, **_HELD}, hold_key=uid(245)), "deposits_hold_key_fkey"),
    "a deposit without an escrow": (other("deposits", _FRESH), "deposit_has_its_escrow"),
    "a second deposit of a bidder": (other("deposits", {"id": uid(242)}), "one_deposit_at_a_time"),
    "a deposit twice under one id": (other("deposits", {"payer_party_id": uid(243)}), "deposits_pkey"),
    "a deposit in an unknown state": (other("deposits", _FRESH, state="'gone'"), "deposit_state_known"),
    "a deposit that ended at no time": (update("deposits", **{**_ENDED, "ended_at": "NULL"}), "deposit_ended_when_it_is_over"),
    "a deposit given back by no entry": (update("deposits", **{**_ENDED, "ending_key": "NULL"}), "deposit_ended_by_an_entry"),
    "a deposit given back for no reason": (update("deposits", **{**_ENDED, "ground": "NULL"}), "deposit_ended_on_a_ground"),
    "a deposit given back for a reason unknown": (update("deposits", **{**_ENDED, "ground": "'whim'"}), "deposit_ground_known"),
    "a deposit forfeited by one that signed": (other("deposits", {**_FRESH, **_FORFEITED}, ground="'signed'"), "deposit_ended_on_a_ground"),
    "a deposit forfeited to nobody": (other("deposits", {**_FRESH, **_FORFEITED}, received_by="NULL"), "deposit_forfeited_to_somebody"),
    "a deposit forfeited to the platform": (other("deposits", {**_FRESH, **_FORFEITED}, received_by="'platform_fee/x'"), "deposit_forfeited_to_somebody"),
    "a deposit forfeited that was never paid": (update("deposits", **_FORFEITED), KEPT),
    "a deposit made larger": (update("deposits", amount_fen="amount_fen + 1"), KEPT),
    "a deposit of another bidder": (update("deposits", payer_party_id=uid(243)), KEPT),
    "a deposit that is payable longer": (update("deposits", pay_until="pay_until + interval '1 day'"), KEPT),
    **kept("deposits", is_appended_only=False),
}  # fmt: skip
SECTION = Section(title="Deposits 竞买保证金", tables=("deposits",), rows=ROWS, given=GIVEN)
