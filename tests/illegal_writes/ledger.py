"""What nobody writes into the journal and its balances (日记账)."""

from __future__ import annotations

import datetime as dt
import re

from tests.illegal_writes.attempt import KEPT, Attempt, Rows, Section, kept, uid

_MONTH = f"{dt.datetime.now(dt.UTC):%Y_%m}"


# The columns of an entry that is legal, as SQL expressions.
_LEGAL = {
    "key": uid(9),
    "book": "1",
    "kind": "1",
    "currency": "156",
    "a1": "c.id",
    "v1": "-100",
    "a2": "e.id",
    "v2": "100",
    "order_id": "o.id",
    "rule_id": "r.id",
    "booked_at": "'2026-03-02T04:00:00Z'::timestamptz",
    "value_on": "'2026-03-02'::date",
}


def row(**changes: str) -> Attempt:
    """Insert an entry that would be legal, but for ``changes`` (SQL expressions)."""
    values = _LEGAL | changes
    told = ", ".join(f"{name} = {value}" for name, value in changes.items())
    sql = f"""
        WITH o AS (SELECT order_id AS id FROM settlement.order_money LIMIT 1),
             c AS (SELECT id FROM settlement.accounts WHERE purpose = 'channel_clearing'),
             e AS (SELECT id FROM settlement.accounts WHERE purpose = 'order_escrow'),
             p AS (SELECT id FROM settlement.accounts WHERE purpose = 'payable' LIMIT 1),
             r AS (SELECT id FROM settlement.rule_versions LIMIT 1)
        INSERT INTO settlement.journal ({", ".join(values)})
        SELECT {", ".join(values.values())} FROM o, c, e, p, r"""
    return Attempt(f"INSERT INTO settlement.journal a pay-in of 100 fen with {told}", sql)


def after_a_legal_one(sql: str) -> str:
    """Return the INSERT of ``row`` with a legal entry before what it inserts, in one statement."""
    into, columns, selected = re.split(r"settlement\.journal \((.*)\)\n", sql, maxsplit=1)
    first = _LEGAL | {"key": uid(10)}
    legal = ", ".join(first.get(name, "NULL") for name in columns.split(", "))
    return f"{into}settlement.journal ({columns}) SELECT {legal} FROM o, c, e, p, r UNION ALL {selected}"


def _past_the_journal() -> Attempt:
    sql = row().sql.replace("INTO settlement.journal ", f"INTO settlement.journal_{_MONTH} ")
    return Attempt("INSERT INTO settlement.journal_YYYY_MM a pay-in of 100 fen", sql)


ROWS: Rows = {
    "unbalanced by one fen": (row(v2="99"), "journal_entry_balances"),
    "unbalanced the other way": (row(v2="101"), "journal_entry_balances"),
    "credits without a debit": (row(v1="100"), "journal_entry_balances"),
    "a credit first": (row(v1="100", v2="-100"), "journal_entry_shape"),
    "zero legs": (row(v1="0", v2="0"), "journal_entry_shape"),
    "an amount that is missing": (row(v2="NULL"), "23502"),
    "an account that is missing": (row(a2="NULL"), "23502"),
    "no debit": (row(v1="NULL"), "23502"),
    "a third amount without an account": (row(v2="50", v3="50"), "journal_accounts_are_known"),
    "a third account without an amount": (row(a3="p.id"), "journal_accounts_are_known"),
    "a fourth leg without a third": (row(v2="50", a4="p.id", v4="50"), "journal_accounts_are_known"),
    "a sixteenth leg alone": (row(v2="50", a16="p.id", v16="50"), "journal_accounts_are_known"),
    "a seventeenth leg": (row(a17="p.id", v17="1"), "42703"),
    "a second debit": (row(a3="p.id", v2="200", v3="-100"), "journal_entry_shape"),
    "a leg of nothing": (row(a3="p.id", v3="0"), "journal_entry_shape"),
    "an overflow that would wrap to zero": (row(v1="-2", v2="9223372036854775807", a3="p.id", v3="9223372036854775807", a4="999999", v4="4"), "22003"),
    "more than ten trillion yuan": (row(v1="-1000000000000001", v2="1000000000000001"), "journal_entry_shape"),
    "half a fen": (row(v1="-0.5::text::bigint", v2="0.5::text::bigint"), "22P02"),
    "an unknown account": (row(a2="999999"), "journal_accounts_are_known"),
    "an account beyond all numbers": (row(a2="3000000000"), "22003"),
    "the same account twice": (row(a1="e.id"), "journal_accounts_differ"),
    "the same account twice among the credits": (row(v2="50", a3="e.id", v3="50"), "journal_accounts_differ"),
    "an account of another book": (row(book="2"), "journal_accounts_are_known"),
    "an unknown book": (row(book="3"), "journal_book_is_known"),
    "another currency": (row(currency="840"), "journal_currency_is_cny"),
    "an unknown kind": (row(kind="99"), "journal_kind_fits_accounts"),
    "a pay-in to a right holder": (row(a2="p.id"), "journal_kind_fits_accounts"),
    "a pay-in to two": (row(v2="50", a3="p.id", v3="50"), "journal_kind_fits_accounts"),
    "a pay-in for another order": (row(order_id=uid(8)), "journal_kind_fits_accounts"),
    "a pay-in for no order": (row(order_id="NULL::uuid"), "journal_kind_fits_accounts"),
    "a release from a channel": (row(kind="2"), "journal_kind_fits_accounts"),
    "a refund to a right holder": (row(kind="3", a1="e.id", a2="p.id"), "journal_kind_fits_accounts"),
    "a settled refund from a payable": (row(kind="4", a1="p.id", a2="c.id"), "journal_kind_fits_accounts"),
    "a release of more than is held": (row(kind="2", a1="e.id", a2="p.id", v1="-1000000", v2="1000000"), "guarded_balance_not_below_floor"),
    "a reversal of nothing": (row(kind="9", a1="p.id", a2="e.id", v1="-1", v2="1"), "journal_reverses_a_leg"),
    "a reversal of an entry that is not there": (row(kind="9", a1="p.id", a2="e.id", v1="-1", v2="1", reverses=uid(8)), "journal_reverses_a_leg"),
    "a reversal of a leg that the original has not": (row(kind="9", a1="p.id", a2="e.id", v1="-1", v2="1", reverses="(SELECT key FROM settlement.entries WHERE kind = 'pay_in' LIMIT 1)"), "journal_reverses_a_leg"),
    "a reversal of more than the leg": (row(kind="9", a1="p.id", a2="e.id", v1="-2", v2="2", reverses="(SELECT key FROM settlement.entries WHERE kind = 'release' LIMIT 1)"), "reversed_no_more_than_the_leg"),
    "a pay-in that names nothing that there is": (row(reverses=uid(8)), "journal_reverses_a_leg"),
    "an entry into a closed month": (row(value_on="'2026-01-31'::date"), "journal_period_is_open"),
    "an entry dated before the books": (row(value_on="'2022-12-31'::date"), "journal_dated_within_the_books"),
    "an adjustment of the same month": (row(adjusts="'2026-03-01'::date"), "journal_adjusts_an_earlier_month"),
    "an adjustment of half a month": (row(adjusts="'2026-02-15'::date"), "journal_adjusts_an_earlier_month"),
    "a key that is no UUIDv7": (row(key="gen_random_uuid()"), "23514"),
    "a key of another version in a month that there is": (row(key=f"{uid(9)[:15]}4{uid(9)[16:]}"), "journal_key_is_uuidv7"),
    "a key of a month that the journal has not": (row(key="'019c0000-0000-7000-8000-000000000009'::uuid"), "23514"),
    "a key that is there": (row(key="(SELECT key FROM settlement.journal LIMIT 1)"), "23505"),
    "an entry past the journal, into its month": (_past_the_journal(), KEPT),
    "a changed amount": ("UPDATE settlement.journal SET v1 = -1, v2 = 1", KEPT),
    "a changed order": ("UPDATE settlement.journal SET order_id = NULL", KEPT),
    "a changed key": (f"UPDATE settlement.journal SET key = {uid(7)}", KEPT),
    "a removed entry": ("DELETE FROM settlement.journal", KEPT),
    "a removed entry, if there were one": ("DELETE FROM settlement.journal WHERE false", KEPT),
    "an emptied journal": ("TRUNCATE settlement.journal CASCADE", KEPT),
    "a changed kind": ("UPDATE settlement.entry_kinds SET is_split = true", KEPT),
    "a new way for money": ("INSERT INTO settlement.entry_flows (kind, debit, credit, paid, released, refunded, charged_back) VALUES ('pay_in', 'order_escrow', 'payable', 0, 0, 0, 0)", KEPT),
    "a way for money past the table of ways": ("UPDATE settlement.flow_masks SET credits = -1", KEPT),
    "the ways for money forgotten": ("DELETE FROM settlement.flow_masks", KEPT),
    "a purpose made unguarded": ("UPDATE settlement.purposes SET guarding = 'none'", KEPT),
    "a roll-up that says more than it did": ("UPDATE settlement.rollup_state SET upto = 0, asked_at = now()", KEPT),
    "a roll-up forgotten": ("DELETE FROM settlement.rollup_state", KEPT),
    "a turnover made up": ("UPDATE settlement.turnovers SET credits = credits + 1", KEPT),
    "a posting of a statement made up": (f"INSERT INTO settlement.posting_by_account VALUES (1, {uid(7)}, 5)", KEPT),
    "a posting of a statement removed": ("DELETE FROM settlement.posting_by_account", KEPT),
    "what was taken back forgotten": ("DELETE FROM settlement.reversed_legs", KEPT),
    "a leg taken back by hand": (f"INSERT INTO settlement.reversed_legs VALUES ({uid(7)}, 1, 5, 5)", KEPT),
    "a floor of what is never overdrawn": (f"INSERT INTO settlement.account_floors (id, account_id, floor_fen, rests_on, set_at) SELECT {uid(7)}, id, -5, 'x', now() FROM settlement.accounts WHERE purpose = 'order_escrow'", "floor_fits_account"),
    "a floor above zero": (f"INSERT INTO settlement.account_floors (id, account_id, floor_fen, rests_on, set_at) SELECT {uid(7)}, id, 5, 'x', now() FROM settlement.accounts WHERE purpose = 'payable'", "floor_not_above_zero"),
    "a floor that rests on nothing": (f"INSERT INTO settlement.account_floors (id, account_id, floor_fen, rests_on, set_at) SELECT {uid(7)}, id, -5, '', now() FROM settlement.accounts WHERE purpose = 'payable'", "floor_rests_on_something"),
    "an account twice": ("INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at) SELECT book, purpose, owner, currency, guarding, opened_at FROM settlement.accounts LIMIT 1", "account_opened_once"),
    "an unguarded escrow": ("INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at) VALUES ('market', 'order_escrow', 'x', 'CNY', 'none', now())", "account_guarded_as_charted"),
    "an account off the chart": ("INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at) VALUES ('market', 'pocket', 'x', 'CNY', 'none', now())", "account_purpose_is_charted"),
    "a raised balance": ("UPDATE settlement.guard_balances SET posted = posted + 1", KEPT),
    "a lowered floor": ("UPDATE settlement.guard_balances SET floor = -1000000", KEPT),
    "a removed guard": ("DELETE FROM settlement.guard_balances", KEPT),
    "a hold of more than is there": ("UPDATE settlement.guard_balances SET held = posted + 1 WHERE floor = 0 AND posted > 0", "guarded_balance_not_below_floor"),
    "a negative hold": ("UPDATE settlement.guard_balances SET held = -1", "guarded_balance_hold_not_negative"),
    "a hold that no row tells of": ("UPDATE settlement.guard_balances SET held = 1 WHERE posted > 0", KEPT),
    "a payment that nobody made": ("UPDATE settlement.order_money SET paid = paid + 1", KEPT),
    "a release that was not": ("UPDATE settlement.order_money SET released = 0", KEPT),
    "an order's money made up": (f"INSERT INTO settlement.order_money (order_id, paid) VALUES ({uid(6)}, 5)", KEPT),
    "a dispute about more than is there": ("UPDATE settlement.order_money SET disputed = paid + 1", "order_money_not_given_out_twice"),
    "a dispute that no row tells of": ("UPDATE settlement.order_money SET disputed = 1", KEPT),
    "an order's money removed": ("DELETE FROM settlement.order_money", KEPT),
    "an order's account in a second book": ("INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at) SELECT 'public_data', purpose, owner, currency, guarding, opened_at FROM settlement.accounts WHERE purpose = 'order_escrow'", "account_of_an_order_in_one_book"),
    "an account of an unknown book": ("INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at) VALUES ('mine', 'suspense', 'x', 'CNY', 'none', now())", "account_book_is_known"),
    "an account in another currency": ("INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at) VALUES ('market', 'suspense', 'x', 'USD', 'none', now())", "account_currency_is_cny"),
    "an account of nobody": ("INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at) VALUES ('market', 'suspense', '', 'CNY', 'none', now())", "account_owner_is_named"),
    "a rule without a name": ("INSERT INTO settlement.rule_versions (version) VALUES ('')", "rule_version_is_named"),
    "a rule named twice": ("INSERT INTO settlement.rule_versions (version) SELECT version FROM settlement.rule_versions", "rule_version_named_once"),
    "an order's money below nothing": ("UPDATE settlement.order_money SET disputed = -1", "order_money_not_negative"),
    **kept("accounts", "account_floors", "rule_versions", is_appended_only=True),
    **kept("guard_balances", "order_money", "reversed_legs", "posting_by_account", "turnovers", is_appended_only=False),
}  # fmt: skip

SECTION = Section(
    title="Ledger 复式账",
    tables=(
        "journal", "accounts", "account_floors", "guard_balances", "order_money", "reversed_legs",
        "posting_by_account", "rule_versions",
    ),
    rows=ROWS,
)  # fmt: skip
