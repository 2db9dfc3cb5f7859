"""Roll up by sums of accounts: what an entry is of is looked up once an account, not once a leg.

Most entries have six legs or fewer; only of the others are all sixteen unfolded. What is held in between
stays in memory, for a roll-up that has fallen behind would write it to the disk twice.
"""

import importlib

from alembic import op

revision = "0167"
down_revision = "0166"
branch_labels = None
depends_on = None

before = importlib.import_module("market.migrations.versions.0152_compact_journal")
_FEW = range(1, 7)
_MORE = range(7, 17)


def _legs(numbers: range) -> str:
    rows = ", ".join(f"({n}, j.a{n}, j.v{n})" for n in numbers)
    return f"(VALUES {rows}) AS l (n, account_id, amount)"


def upgrade() -> None:
    op.execute(_ROLL_UP)


_ROLL_UP = f"""
    CREATE OR REPLACE FUNCTION settlement.roll_up() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET work_mem = '64MB' AS
    $$ DECLARE
        till bigint := (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint;
    BEGIN
        IF (NEW.upto, NEW.rolled) IS DISTINCT FROM (OLD.upto, OLD.rolled) THEN
            RAISE EXCEPTION 'only the roll-up says how far it came'
                USING ERRCODE = 'restrict_violation';
        END IF;
        NEW.upto := till;
        WITH fresh AS MATERIALIZED (
            SELECT j.key, j.value_on, {before.ACCOUNTS}, {before.AMOUNTS} FROM settlement.journal j
             WHERE j.xid >= OLD.upto AND j.xid < till
        ), legs AS MATERIALIZED (
            SELECT j.key, j.value_on, l.n, l.account_id, l.amount
              FROM fresh j CROSS JOIN LATERAL {_legs(_FEW)} WHERE l.account_id IS NOT NULL
             UNION ALL
            SELECT j.key, j.value_on, l.n, l.account_id, l.amount
              FROM fresh j CROSS JOIN LATERAL {_legs(_MORE)}
             WHERE j.a{_MORE[0]} IS NOT NULL AND l.account_id IS NOT NULL
        ), sums AS MATERIALIZED (
            SELECT a.id, a.book, a.currency, a.purpose, a.guarding, s.month, s.entries, s.debits,
                   s.credits
              FROM (SELECT l.account_id, date_trunc('month', l.value_on)::date AS month,
                           count(*) FILTER (WHERE l.n = 1) AS entries,
                           coalesce(-sum(l.amount) FILTER (WHERE l.n = 1), 0)::bigint AS debits,
                           coalesce(sum(l.amount) FILTER (WHERE l.n > 1), 0)::bigint AS credits
                      FROM legs l GROUP BY 1, 2) s
              JOIN settlement.accounts a ON a.id = s.account_id
        ), moved AS (
            UPDATE settlement.guard_balances g SET posted = g.posted + d.amount
              FROM (SELECT id, sum(CASE guarding WHEN 'none' THEN credits - debits ELSE credits END)
                               ::bigint AS amount
                      FROM sums WHERE guarding = 'none' OR (guarding = 'rolled_up' AND credits > 0)
                     GROUP BY id ORDER BY id) d
             WHERE g.account_id = d.id
        ), turned AS (
            INSERT INTO settlement.turnovers AS t
            SELECT book, currency, month, purpose, sum(entries), sum(debits), sum(credits)
              FROM sums GROUP BY 1, 2, 3, 4
            ON CONFLICT (book, currency, month, purpose) DO UPDATE
               SET entries = t.entries + excluded.entries, debits = t.debits + excluded.debits,
                   credits = t.credits + excluded.credits
        ), stated AS (
            INSERT INTO settlement.posting_by_account (account_id, key, amount)
            SELECT l.account_id, l.key, l.amount
              FROM legs l
              JOIN settlement.accounts a ON a.id = l.account_id
              JOIN settlement.purposes p ON p.purpose = a.purpose AND p.owner <> 'order'
             ORDER BY l.account_id, l.key
        )
        SELECT OLD.rolled + count(*) INTO NEW.rolled FROM fresh;
        RETURN NEW;
    END $$"""


def downgrade() -> None:
    op.execute(before.ROLL_UP.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
