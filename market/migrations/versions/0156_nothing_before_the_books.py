"""Let nothing be booked before the first month of a book that was closed.

* The months before it are shut with it, so the entry that is dated there meets what a closed month is.
* No entry is dated before 2023, when there was no rule to trade by; so the months that are shut are few.
* Who was let in before the commit that shut them is numbered in the first month: it has the opening
  balances of nothing, so all that is dated up to its end is its own.
"""

from alembic import op

revision = "0156"
down_revision = "0155"
branch_labels = None
depends_on = None

FIRST_DAY = "2023-01-01"


def upgrade() -> None:
    op.execute(f"""
        ALTER TABLE settlement.journal ADD CONSTRAINT journal_dated_within_the_books
            CHECK (value_on >= '{FIRST_DAY}') NOT VALID""")
    op.execute("ALTER TABLE settlement.journal VALIDATE CONSTRAINT journal_dated_within_the_books")
    op.execute(_SHUT)
    op.execute("""
        CREATE TRIGGER first_closing_shuts_what_was_before AFTER INSERT ON settlement.closings
        FOR EACH ROW EXECUTE FUNCTION settlement.shut_what_was_before()""")
    op.execute(f"""
        INSERT INTO settlement.periods (book, month, state)
        SELECT f.book, each::date, 'closed'
          FROM (SELECT book, (min(month) || '-01')::date AS month FROM settlement.closings
                 GROUP BY book) f
         CROSS JOIN generate_series('{FIRST_DAY}'::date, f.month - 1, interval '1 month') each
        ON CONFLICT (book, month) DO UPDATE SET state = 'closed'
            WHERE periods.state <> 'closed'""")
    _count(_OF_THE_MONTH, _OF_THE_MONTH_OR_BEFORE_THE_FIRST)


def downgrade() -> None:
    # The months that were shut stay shut: a closed period is never opened again.
    _count(_OF_THE_MONTH_OR_BEFORE_THE_FIRST, _OF_THE_MONTH)
    op.execute("DROP TRIGGER first_closing_shuts_what_was_before ON settlement.closings")
    op.execute("DROP FUNCTION settlement.shut_what_was_before()")
    op.execute("ALTER TABLE settlement.journal DROP CONSTRAINT journal_dated_within_the_books")


_SHUT = f"""
    CREATE FUNCTION settlement.shut_what_was_before() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
    $$ BEGIN
        IF NOT EXISTS (SELECT FROM settlement.closings c
                        WHERE c.book = NEW.book AND c.month <> NEW.month) THEN
            INSERT INTO settlement.periods AS p (book, month, state)
            SELECT NEW.book, each::date, 'closed'
              FROM generate_series('{FIRST_DAY}'::date, (NEW.month || '-01')::date - 1,
                                   interval '1 month') each
            ON CONFLICT (book, month) DO UPDATE SET state = 'closed' WHERE p.state <> 'closed';
        END IF;
        RETURN NULL;
    END $$"""
_OF_THE_MONTH = "AND j.value_on >= (NEW.month || '-01')::date"
_OF_THE_MONTH_OR_BEFORE_THE_FIRST = """AND (j.value_on >= (NEW.month || '-01')::date
                        OR NOT EXISTS (SELECT FROM settlement.closings c
                                        WHERE c.book = NEW.book AND c.month < NEW.month))"""


def _count(before: str, after: str) -> None:
    """Let the seal of a month count what was dated before the first one as entries of that."""
    op.execute(f"""
        DO $do$ BEGIN
            EXECUTE replace(pg_get_functiondef('settlement.seal_month()'::regprocedure),
                            $text${before}$text$, $text${after}$text$);
        END $do$""")
