"""What nobody does to a month that is being closed, or was (会计期间)."""

from __future__ import annotations

from tests.illegal_writes.attempt import KEPT, Rows, Section, kept, other, uid, update

_MAY = {"month": "'2026-05'"}
_LINK = f"'\\x{'00' * 32}'::bytea"
_MARCH, _FEBRUARY = "month = '2026-03'", "month = '2026-02'"
_SEALED = {"sealed_at": "now()", "record": "'\\x7b7d'::bytea"}

# January is sealed. February is empty but for a balance that is not zero; in March, of which the two
# entries are, a number was left out.
GIVEN = (
    f"""INSERT INTO settlement.closings (book, month, begun_at, begun_by_name, before, head, barrier,
            entries, chained, sealed_at, record)
        VALUES ('market', '2026-01', now(), '某', {_LINK}, {_LINK}, 1, 0, 0, now(), '\\x7b7d'),
               ('market', '2026-02', now(), '某', {_LINK}, {_LINK}, 1, 0, 0, NULL, NULL),
               ('market', '2026-03', now(), '某', {_LINK}, {_LINK}, 1, 2, 2, NULL, NULL)""",
    """INSERT INTO settlement.vouchers (book, month, number, key)
        SELECT 'market', '2026-03', 2 * row_number() OVER (ORDER BY key) - 1, key
          FROM settlement.journal ORDER BY key""",
    """INSERT INTO settlement.period_balances VALUES ('market', '2026-02', 1, 0, 0, 5, 5)""",
    """INSERT INTO settlement.period_explanations (book, month, account, explanation,
            explained_by_name, explained_at)
        VALUES ('market', '2026-02', 'suspense/x', '核对中', '某', now())""",
)

ROWS: Rows = {
    "a sealed month changed": (update("closings", "month = '2026-01'", begun_at="now()"), "closed_month_stays"),
    "a sealed month sealed anew": (update("closings", "month = '2026-01'", record="'\\x'::bytea"), "closed_month_stays"),
    "a month sealed with a gap in its numbers": (update("closings", _MARCH, **_SEALED), "sealed_without_a_gap"),
    "a month sealed out of balance": (update("closings", _FEBRUARY, **_SEALED), "sealed_in_balance"),
    "a month with fewer entries than were counted": (update("closings", _MARCH, entries="1"), "closing_goes_on"),
    "another barrier": (update("closings", _MARCH, barrier="2"), "closing_goes_on"),
    "a chain made shorter": (update("closings", _MARCH, chained="1"), "closing_goes_on"),
    "entries before there is a barrier": (other("closings", _MAY, barrier="NULL", sealed_at="NULL", record="NULL"), "closing_in_its_steps"),
    "more chained than there are": (other("closings", _MAY, chained="1", sealed_at="NULL", record="NULL"), "closing_in_its_steps"),
    "a record before the seal": (other("closings", _MAY, sealed_at="NULL"), "closing_in_its_steps"),
    "a seal without a record": (other("closings", _MAY, record="NULL"), "closing_in_its_steps"),
    "a month closed twice": (other("closings", {}), "closings_pkey"),
    "a thirteenth month": (other("closings", {}, month="'2026-13'"), "closing_of_a_month"),
    "a chain that follows nothing": (other("closings", _MAY, before="'\\x00'::bytea"), "closing_follows_a_link"),
    "a chain that ends in nothing": (other("closings", _MAY, head="'\\x00'::bytea"), "closing_ends_in_a_link"),
    "a number in a sealed month": (other("vouchers", {"key": uid(70)}, month="'2026-01'"), "closed_month_stays"),
    "a number in a month that is not being closed": (other("vouchers", {"key": uid(70)}, month="'2026-05'"), "closed_month_stays"),
    "an entry numbered twice": (other("vouchers", {}, number="7"), "entry_is_numbered_once"),
    "a number given twice": (other("vouchers", {"key": uid(70)}), "vouchers_pkey"),
    "a number below one": (other("vouchers", {"key": uid(70)}, number="0"), "voucher_number_counts_from_one"),
    "a number of no month": (other("vouchers", {"key": uid(70)}, month="'2026-3'"), "voucher_of_a_month"),
    "a balance in a sealed month": (other("period_balances", {}, month="'2026-01'"), "closed_month_stays"),
    "a balance that its legs do not come to": (other("period_balances", {"account_id": "2"}, closing="6"), "balance_moves_by_its_legs"),
    "less than nothing debited": (other("period_balances", {"account_id": "2"}, debits="-1", closing="6"), "balance_moves_by_its_legs"),
    "a balance struck twice": (other("period_balances", {}), "period_balances_pkey"),
    "a balance of no month": (other("period_balances", {}, month="'2026-00'"), "balance_of_a_month"),
    "an explanation in a sealed month": (other("period_explanations", {}, month="'2026-01'"), "closed_month_stays"),
    "an explanation that says nothing": (other("period_explanations", {"account": "'suspense/y'"}, explanation="''"), "explanation_says_something"),
    "an account explained twice": (other("period_explanations", {}, explanation="'other'"), "period_explanations_pkey"),
    "an explanation of no month": (other("period_explanations", {}, month="'2026'"), "explanation_of_a_month"),
    "a closed month opened": (update("periods", "state = 'closed'", state="'open'"), KEPT),
    "a month of no book": (other("periods", {}, book="'mine'"), "period_book_is_known"),
    "a month that begins on its second day": (other("periods", {}, month="'2026-06-02'"), "period_is_a_month"),
    "a month in an unknown state": (other("periods", {}, month="'2026-06-01'", state="'ajar'"), "period_state_known"),
    **kept("vouchers", "period_balances", "period_explanations", is_appended_only=True),
    **kept("closings", "periods", is_appended_only=False),
}  # fmt: skip

SECTION = Section(
    title="Periods 会计期间",
    tables=("periods", "closings", "vouchers", "period_balances", "period_explanations"),
    rows=ROWS,
    given=GIVEN,
)
