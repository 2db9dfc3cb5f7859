"""What no invoice, fee schedule or lane is (发票、费率、记账通道)."""

from __future__ import annotations

from tests.illegal_writes.attempt import KEPT, NOT_BY_HAND, Rows, Section, kept, other, uid, update

_INVOICE = {"id": uid(90)}
_ISSUED = {"state": "'issued'", "issued_on": "'2026-03-03'"}

INVOICES_GIVEN = (
    *(
        f"""INSERT INTO settlement.invoices (id, state, order_id, issuer_party_id, payer_party_id,
                wanted, version, requested_at, updated_at, number, issued_on, red_letters, net_fen, tax_fen)
            SELECT {uid(91 + n)}, '{state}', order_id, {uid(94)}, {uid(95)}, '{{"amount_fen": 500}}', 1,
                   now(), now(), {number}, {issued_on}, '[]', 472, 28 FROM settlement.escrows LIMIT 1"""
        for n, (state, number, issued_on) in enumerate(
            (("requested", "NULL", "NULL"), ("issued", "'26112000'", "'2026-03-03'"))
        )
    ),
)

INVOICES: Rows = {
    "an invoice of nothing": (other("invoices", _INVOICE, wanted="""'{"amount_fen": 0}'::jsonb"""), "invoice_amount_positive"),
    "an invoice whose net and tax are not its amount": (other("invoices", _INVOICE, tax_fen="29"), "invoice_net_and_tax_are_its_amount"),
    "an invoice with a tax and no net": (other("invoices", _INVOICE, net_fen="NULL"), "invoice_net_and_tax_are_its_amount"),
    "an invoice of less than no tax": (other("invoices", _INVOICE, net_fen="501", tax_fen="-1"), "invoice_tax_not_negative"),
    "an invoice of less than nothing net": (other("invoices", _INVOICE, net_fen="-1", tax_fen="501"), "invoice_net_not_negative"),
    "an invoice to oneself": (other("invoices", _INVOICE, payer_party_id=uid(94)), "invoice_between_two"),
    "an invoice issued without a number": (other("invoices", _INVOICE, **_ISSUED), "invoice_issued_has_number"),
    "an invoice with a number that was not issued": (other("invoices", _INVOICE, number="'1'", issued_on="'2026-03-03'"), "invoice_issued_has_number"),
    "an invoice in an unknown state": (other("invoices", _INVOICE, state="'gone'"), "invoice_state_known"),
    "an invoice before its first version": (other("invoices", _INVOICE, version="0"), "invoice_version_positive"),
    "an invoice's number given twice": (other("invoices", _INVOICE, number="'26112000'", **_ISSUED), "invoice_number_given_once"),
    "an invoice of an order without escrow": (other("invoices", _INVOICE, order_id=uid(96)), "invoices_order_id_fkey"),
    "an invoice rewritten by hand": (update("invoices", "state = 'requested'", updated_at="now()"), NOT_BY_HAND),
    "an invoice removed by hand": ("DELETE FROM settlement.invoices", NOT_BY_HAND),
}  # fmt: skip

INVOICES_SECTION = Section(
    title="Invoices 发票", tables=("invoices",), rows=INVOICES, given=INVOICES_GIVEN
)

_SCHEDULE = {"id": uid(97), "number": "9", "effective_from": "'2027-01-01'", "effective_to": "NULL"}
_BY = {"decided_by": uid(98), "decided_at": "now()"}

FEES_GIVEN = (
    f"""INSERT INTO settlement.fee_schedules (id, number, state, name, document_number, effective_from,
            effective_to, fees, proposed_by, proposed_at, decided_by, decided_at, version, updated_at)
        VALUES ({uid(99)}, 1, 'decided', '收费标准', '〔2026〕1号', '2026-01-01', '2026-12-31', '[{{}}]',
                {uid(100)}, now(), {uid(98)}, now(), 1, now())""",
)

FEES: Rows = {
    "a fee schedule decided by who proposed it": (other("fee_schedules", _SCHEDULE, decided_by=uid(100)), "fee_schedule_decided_by_another"),
    "a fee schedule decided by nobody": (other("fee_schedules", _SCHEDULE, decided_by="NULL", decided_at="NULL"), "fee_schedule_decided_by_somebody"),
    "a fee schedule that was decided and is proposed": (other("fee_schedules", _SCHEDULE, state="'proposed'", **_BY), "fee_schedule_decided_by_somebody"),
    "a fee schedule that ends before it begins": (other("fee_schedules", _SCHEDULE, effective_to="'2026-12-31'"), "fee_schedule_ends_after_it_begins"),
    "a fee schedule without fees": (other("fee_schedules", _SCHEDULE, fees="'[]'::jsonb"), "fee_schedule_has_fees"),
    "a fee schedule of four fees": (other("fee_schedules", _SCHEDULE, fees="'[1, 2, 3, 4]'::jsonb"), "fee_schedule_has_fees"),
    "a fee schedule numbered twice": (other("fee_schedules", {**_SCHEDULE, "number": "1"}), "fee_schedule_number_once"),
    "a fee schedule numbered nought": (other("fee_schedules", {**_SCHEDULE, "number": "0"}), "fee_schedule_number_positive"),
    "a fee schedule in an unknown state": (other("fee_schedules", _SCHEDULE, state="'gone'", decided_by="NULL", decided_at="NULL"), "fee_schedule_state_known"),
    "a fee schedule before its first version": (other("fee_schedules", _SCHEDULE, version="0"), "fee_schedule_version_positive"),
    "two fee schedules on one day": (other("fee_schedules", {**_SCHEDULE, "effective_from": "'2026-12-31'"}), "one_fee_schedule_at_a_time"),
    "a fee schedule rewritten by hand": (update("fee_schedules", updated_at="now()"), NOT_BY_HAND),
    "a fee schedule removed by hand": ("DELETE FROM settlement.fee_schedules", NOT_BY_HAND),
}  # fmt: skip

FEES_SECTION = Section(title="Fees 费率", tables=("fee_schedules",), rows=FEES, given=FEES_GIVEN)

LANES_GIVEN = ("INSERT INTO settlement.lanes VALUES (0, 3, 'one', now(), now())",)

LANES: Rows = {
    "a lane without a number": (other("lanes", {}, lane="1024"), "lane_has_a_number"),
    "an epoch before the first": (other("lanes", {}, lane="1", epoch="0"), "lane_epoch_counts_from_one"),
    "a lane of nobody": (other("lanes", {}, lane="1", owner="''"), "lane_owner_is_named"),
    "a lane with two writers": (other("lanes", {}, owner="'two'"), "lanes_pkey"),
    "an epoch left out": (update("lanes", epoch="epoch + 2", owner="'two'"), KEPT),
    "an epoch once more": (update("lanes", epoch="epoch - 1", owner="'two'"), KEPT),
    "another writer in the same epoch": (update("lanes", owner="'two'"), KEPT),
    "the same writer in the next epoch": (update("lanes", epoch="epoch + 1"), KEPT),
    "a lane with another number": (update("lanes", lane="7"), KEPT),
    **kept("lanes", is_appended_only=False),
}  # fmt: skip

LANES_SECTION = Section(title="Lanes 记账通道", tables=("lanes",), rows=LANES, given=LANES_GIVEN)
