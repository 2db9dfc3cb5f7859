"""What no account, batch or payout is (收款账户、付款)."""

from __future__ import annotations

from tests.illegal_writes.attempt import Rows, Section, kept, other, uid, update

_ACCOUNT = {"id": uid(50), "party_id": uid(51)}
_LINE = {"id": uid(52), "reference": "'O9'", "party_id": uid(53)}
_KEY = "(SELECT key FROM settlement.journal LIMIT 1)"

GIVEN = (
    f"""INSERT INTO settlement.beneficiaries (id, party_id, holder_name, bank_name, bank_code,
            account_masked, account_sealed, state, submitted_at, submitted_by, checked_by, verified_by,
            verified_at)
        VALUES ({uid(54)}, {uid(55)}, '某公司', '某银行', '102100099996', '****1234', '\\x00',
                'verified', now(), {uid(56)}, {uid(57)}, {uid(58)}, now())""",
    f"""INSERT INTO settlement.payout_batches (id, channel, minimum_fen, prepared_at, prepared_by)
        VALUES ({uid(59)}, 'bank_transfer', 1, now(), {uid(56)})""",
    f"""INSERT INTO settlement.payouts (id, batch_id, reference, channel, book, purpose, party_id,
            beneficiary_id, amount_fen, state)
        VALUES ({uid(60)}, {uid(59)}, 'O1', 'bank_transfer', 'market', 'payable', {uid(55)}, {uid(54)},
                5, 'prepared')""",
    f"""INSERT INTO settlement.payout_outcome_files (sha256, batch_id, line_count, taken_at)
        VALUES ('{"a" * 64}', {uid(59)}, 1, now())""",
)

ROWS: Rows = {
    "an account whose bank has eleven digits": (other("beneficiaries", _ACCOUNT, bank_code="'10210009999'"), "beneficiary_bank_code_has_twelve_digits"),
    "an account number that can be read": (other("beneficiaries", _ACCOUNT, account_masked="'6222021234567890'"), "beneficiary_number_is_hidden"),
    "an account in an unknown state": (update("beneficiaries", state="'gone'"), "beneficiary_state_known"),
    "an account rejected without a reason": (update("beneficiaries", state="'rejected'", reason="' '"), "beneficiary_rejected_with_a_reason"),
    "an account verified by nobody": (update("beneficiaries", verified_by="NULL"), "beneficiary_verified_by_somebody"),
    "an account verified by who checked it": (update("beneficiaries", verified_by="checked_by"), "beneficiary_verified_by_two"),
    "a second verified account of a party": (other("beneficiaries", {"id": uid(50)}), "beneficiary_one_verified_of_a_party"),
    "a batch approved by who prepared it": (update("payout_batches", approved_at="now()", approved_by="prepared_by"), "payout_batch_approved_by_two"),
    "a batch approved by nobody, as it was prepared": (other("payout_batches", {"id": uid(61)}, prepared_by="NULL", approved_at="now()"), "payout_batch_approved_by_two"),
    "a file without its digest": (update("payout_batches", file_sha256="'abc'"), "payout_file_is_digested"),
    "a batch that pays nothing": (other("payout_batches", {"id": uid(61)}, minimum_fen="0"), "payout_minimum_in_range"),
    "a payout of nothing": (other("payouts", _LINE, amount_fen="0"), "payout_amount_in_range"),
    "a payout of less than nothing": (other("payouts", _LINE, amount_fen="-5"), "payout_amount_in_range"),
    "a payout in an unknown state": (update("payouts", state="'gone'"), "payout_state_known"),
    "a payout sent without an entry": (update("payouts", state="'in_transit'"), "payout_sent_by_an_entry"),
    "a payout with an entry that was not sent": (update("payouts", payout_key=_KEY, sent_at="now()"), "payout_sent_by_an_entry"),
    "a payout sent at no instant": (update("payouts", state="'in_transit'", payout_key=_KEY), "payout_sent_by_an_entry"),
    "a payout that arrived without an entry": (update("payouts", state="'paid'", payout_key=_KEY, sent_at="now()"), "payout_ended_by_an_entry"),
    "a payout that came back without an entry": (update("payouts", state="'returned'", payout_key=_KEY, sent_at="now()"), "payout_ended_by_an_entry"),
    "a payout's reference used twice": (other("payouts", {**_LINE, "reference": "'O1'"}), "payout_reference_used_once"),
    "a second live payout from one account": (other("payouts", {**_LINE, "party_id": uid(55)}), "payout_one_live_for_an_account"),
    "a payout of no batch": (other("payouts", _LINE, batch_id=uid(62)), "payouts_batch_id_fkey"),
    "a payout to an account that is not there": (other("payouts", _LINE, beneficiary_id=uid(62)), "payouts_beneficiary_id_fkey"),
    "a bank's file taken twice": (other("payout_outcome_files", {}), "payout_outcome_files_pkey"),
    "a bank's file about no batch": (other("payout_outcome_files", {"sha256": "'other'"}, batch_id=uid(62)), "payout_outcome_files_batch_id_fkey"),
    **kept("payout_outcome_files", is_appended_only=True),
    **kept("beneficiaries", "payouts", "payout_batches", is_appended_only=False),
}  # fmt: skip

SECTION = Section(
    title="Beneficiaries and payouts 收款账户、付款",
    tables=("beneficiaries", "payout_batches", "payouts", "payout_outcome_files"),
    rows=ROWS,
    given=GIVEN,
)
