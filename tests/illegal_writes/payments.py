"""What no payment, callback or refund says (收款、退款)."""

from __future__ import annotations

from tests.illegal_writes.attempt import Attempt, Rows, Section, kept, other, uid, update

_KEY = "(SELECT key FROM settlement.journal LIMIT 1)"
_OTHER = {"id": uid(30), "reference": "'P9'", "order_id": uid(31), "channel_reference": "'C9'"}
_TOP_UP = {"is_top_up": "true"}
_TWO_TOP_UPS = Attempt(
    "INSERT INTO settlement.payments two copies with is_top_up = true",
    f"""{other("payments", _OTHER, **_TOP_UP).sql};
        {other("payments", {**_OTHER, "id": uid(38), "reference": "'P8'", "channel_reference": "'C8'"}, **_TOP_UP).sql}""",
)
_EVENT = {"event_id": "'E9'"}
_BREAK = {"id": uid(32), "event_id": "'E2'"}

GIVEN = (
    f"""INSERT INTO settlement.payments (id, reference, channel, order_id, payer_party_id, amount_fen,
            currency, state, created_at, expires_at, channel_reference)
        VALUES ({uid(33)}, 'P1', 'sandbox', {uid(34)}, {uid(35)}, 500, 'CNY', 'created', now(),
                now() + interval '1 hour', 'C1')""",
    *(
        f"""INSERT INTO settlement.channel_events (channel, event_id, reference, kind, amount_fen,
                currency, channel_transaction_id, happened_at, received_at, payment_id, effect)
            VALUES ('sandbox', 'E{n}', 'P1', 'failed', 500, 'CNY', 'T{n}', now(), now(), {uid(33)},
                    'ignored')"""
        for n in (1, 2)
    ),
    "INSERT INTO settlement.channel_nonces VALUES ('sandbox', 'N1', 'E1', now())",
    f"""INSERT INTO settlement.channel_breaks (id, channel, event_id, kind, expected_fen, told_fen,
            payment_id, found_at)
        VALUES ({uid(36)}, 'sandbox', 'E1', 'paid_late', 500, 500, {uid(33)}, now())""",
)

ROWS: Rows = {
    "a payment of nothing": (other("payments", _OTHER, amount_fen="0"), "payment_amount_in_range"),
    "a payment in dollars": (other("payments", _OTHER, currency="'USD'"), "payment_currency_is_cny"),
    "a payment that is over before it starts": (other("payments", _OTHER, expires_at="now() - interval '1 day'"), "payment_expires_after_it_starts"),
    "a payment in an unknown state": (update("payments", state="'gone'"), "payment_state_known"),
    "a payment that succeeded without an entry": (update("payments", state="'succeeded'"), "payment_booked_when_succeeded"),
    "a payment that was booked and did not succeed": (update("payments", journal_key=_KEY, succeeded_at="now()"), "payment_booked_when_succeeded"),
    "a payment booked by an entry that is not there": (update("payments", state="'succeeded'", journal_key=uid(37), succeeded_at="now()"), "payments_journal_key_fkey"),
    "a payment that was asked about less than never": (update("payments", asked="-1"), "payment_asked_not_negative"),
    "a reference used twice": (other("payments", {**_OTHER, "reference": "'P1'"}), "payment_reference_used_once"),
    "a second open payment of an order": (other("payments", {**_OTHER, "order_id": uid(34)}), "payment_one_open_or_succeeded_per_order"),
    "a second open top-up for an order": (_TWO_TOP_UPS, "payment_one_open_top_up_per_order"),
    "a channel's reference used twice": (other("payments", {**_OTHER, "channel_reference": "'C1'"}), "payment_channel_reference_used_once"),
    "an event counted twice": (other("channel_events", {}), "channel_events_pkey"),
    "an event of nothing": (other("channel_events", _EVENT, amount_fen="0"), "channel_event_amount_in_range"),
    "an event of an unknown kind": (other("channel_events", _EVENT, kind="'perhaps'"), "channel_event_kind_is_known"),
    "an event with an unknown effect": (other("channel_events", _EVENT, effect="'lost'"), "channel_event_effect_is_known"),
    "an event without an id": (other("channel_events", {}, event_id="''"), "channel_event_id_is_short"),
    "an event of a payment that is not there": (other("channel_events", _EVENT, payment_id=uid(37)), "channel_events_payment_id_fkey"),
    "a nonce used twice": (other("channel_nonces", {}, event_id="'E9'"), "channel_nonces_pkey"),
    "no nonce": (other("channel_nonces", {}, nonce="''"), "channel_nonce_is_short"),
    "a break found twice": (other("channel_breaks", {"id": uid(32)}), "channel_break_found_once"),
    "a break of an unknown kind": (other("channel_breaks", _BREAK, kind="'odd'"), "channel_break_kind_is_known"),
    "a break of an event that nobody told": (other("channel_breaks", _BREAK, event_id="'E9'"), "channel_breaks_channel_event_id_fkey"),
    "a break of a payment that is not there": (other("channel_breaks", _BREAK, payment_id=uid(37)), "channel_breaks_payment_id_fkey"),
    **kept("channel_events", "channel_nonces", is_appended_only=True),
    **kept("payments", "channel_breaks", is_appended_only=False),
}  # fmt: skip

SECTION = Section(
    title="Payments 收款",
    tables=("payments", "channel_events", "channel_nonces", "channel_breaks"),
    rows=ROWS,
    given=GIVEN,
)

_REFUND = {"id": uid(40), "reference": "'R9'", "owed_by": uid(41)}
_RETURN = {"key": uid(42)}

REFUNDS_GIVEN = (
    f"""INSERT INTO settlement.refunds (id, reference, owed_by, channel, paid_transaction_id, order_id,
            payer_party_id, book, amount_fen, state, created_at, send_at, tries)
        VALUES ({uid(43)}, 'R1', {uid(44)}, 'sandbox', 'T1', {uid(34)}, {uid(35)}, 'market', 500,
                'prepared', now(), now(), 0)""",
    f"""INSERT INTO settlement.returned_legs (key, account, order_id, amount_fen, from_owed_fen,
            from_retention_fen, from_platform_fen, returned_at)
        SELECT {uid(45)}, 'payable/x', order_id, 5, 3, 1, 1, now() FROM settlement.escrows LIMIT 1""",
)

REFUNDS: Rows = {
    "a refund of nothing": (other("refunds", _REFUND, amount_fen="0"), "refund_amount_in_range"),
    "a refund in an unknown state": (update("refunds", state="'gone'"), "refund_state_known"),
    "a refund settled without an entry": (update("refunds", state="'settled'"), "refund_settled_by_an_entry"),
    "a refund with an entry that is not settled": (update("refunds", journal_key=_KEY, settled_at="now()", transaction_id="'T'"), "refund_settled_by_an_entry"),
    "a refund settled by no transaction": (update("refunds", state="'settled'", journal_key=_KEY, settled_at="now()"), "refund_settled_by_an_entry"),
    "a refund tried less than never": (update("refunds", tries="-1"), "refund_tries_not_negative"),
    "a refund's reference used twice": (other("refunds", {**_REFUND, "reference": "'R1'"}), "refund_reference_used_once"),
    "a second refund of what an entry owes": (other("refunds", {**_REFUND, "owed_by": uid(44)}), "refund_once_for_an_entry"),
    "nothing given back": (other("returned_legs", _RETURN, amount_fen="0", from_owed_fen="0", from_retention_fen="0", from_platform_fen="0"), "returned_leg_positive"),
    "given back by nobody": (other("returned_legs", _RETURN, amount_fen="6"), "returned_leg_comes_from_somewhere"),
    "given back by less than nothing": (other("returned_legs", _RETURN, from_owed_fen="5", from_retention_fen="-1"), "returned_leg_comes_from_somewhere"),
    "given back for no reason known": (other("returned_legs", _RETURN, what="'whim'"), "returned_for_something_known"),
    "given back twice under one key": (other("returned_legs", {}), "returned_legs_pkey"),
    "given back of an order without escrow": (other("returned_legs", _RETURN, order_id=uid(37)), "returned_legs_order_id_fkey"),
    **kept("returned_legs", is_appended_only=True),
    **kept("refunds", is_appended_only=False),
}  # fmt: skip

_BATCH = {"id": uid(240), "made_at": "now()"}
BATCHES_GIVEN = (
    f"""INSERT INTO settlement.refund_batches (id, channel, made_at, file_sha256)
        VALUES ({uid(241)}, 'bank_transfer', now(), repeat('a', 64)),
               ({uid(242)}, 'bank_transfer', now(), repeat('b', 64))""",
    f"""INSERT INTO settlement.refund_batch_lines (batch_id, refund_id)
        VALUES ({uid(241)}, {uid(43)})""",
    f"""INSERT INTO settlement.refund_outcome_files (sha256, batch_id, taken_at)
        VALUES (repeat('c', 64), {uid(241)}, now())""",
)
_LINE = {"batch_id": uid(242)}
BATCHES: Rows = {
    "a batch whose file has no digest": (other("refund_batches", _BATCH, file_sha256="'abc'"), "refund_file_is_digested"),
    "a batch that is there already": (other("refund_batches", {}), "refund_batches_pkey"),
    "a line of no batch": (other("refund_batch_lines", {"batch_id": uid(243)}, outcome="'returned'", ended_at="now()"), "refund_batch_lines_batch_id_fkey"),
    "a line of no refund": (other("refund_batch_lines", {**_LINE, "refund_id": uid(244)}), "refund_batch_lines_refund_id_fkey"),
    "a line twice in its batch": (other("refund_batch_lines", {}), "refund_batch_lines_pkey"),
    "a refund in two open batches": (other("refund_batch_lines", _LINE), "refund_in_one_open_batch"),
    "a line of refunds with an unknown outcome": (update("refund_batch_lines", outcome="'lost'", ended_at="now()"), "refund_outcome_known"),
    "a line ended without an outcome": (update("refund_batch_lines", ended_at="now()"), "refund_line_ended_with_its_outcome"),
    "a refund paid by two batches": (f"INSERT INTO settlement.refund_batch_lines (batch_id, refund_id, outcome, ended_at) VALUES ({uid(242)}, {uid(43)}, 'paid', now()); UPDATE settlement.refund_batch_lines SET outcome = 'paid', ended_at = now() WHERE batch_id = {uid(241)}", "refund_paid_in_one_batch"),
    "an answer of the bank taken twice": (other("refund_outcome_files", {}, batch_id=uid(242)), "refund_outcome_files_pkey"),
    "an answer to no batch": (other("refund_outcome_files", {"sha256": "repeat('d', 64)"}, batch_id=uid(243)), "refund_outcome_files_batch_id_fkey"),
    **kept("refund_batches", "refund_outcome_files", is_appended_only=True),
    **kept("refund_batch_lines", is_appended_only=False),
}  # fmt: skip
BATCHES_SECTION = Section(
    title="Refund batches 退款批次",
    tables=("refund_batches", "refund_batch_lines", "refund_outcome_files"),
    rows=BATCHES,
    given=BATCHES_GIVEN,
)
REFUNDS_SECTION = Section(
    title="Refunds 退款、放款后退款",
    tables=("refunds", "returned_legs"),
    rows=REFUNDS,
    given=REFUNDS_GIVEN,
)
