"""Keep the closing of months: numbers without a gap, balances at the end, explanations, the record.

What the database itself holds to, whoever writes:

* a number stands for one entry and an entry has one number; both are never changed;
* a month is sealed only when every entry of it has a number, the numbers run from 1 without a gap,
  all of them are chained and its balances sum to zero;
* of a sealed month nothing changes any more.
"""

from alembic import op

revision = "0144"
down_revision = "0143"
branch_labels = None
depends_on = None

APPEND_ONLY = ("vouchers", "period_balances", "period_explanations")
MONTH = "month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'"


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE settlement.closings (
            book text NOT NULL,
            month text NOT NULL CONSTRAINT closing_of_a_month CHECK ({MONTH}),
            begun_at timestamptz NOT NULL,
            begun_by uuid,
            begun_by_name text NOT NULL,
            before bytea NOT NULL CONSTRAINT closing_follows_a_link CHECK (length(before) = 32),
            head bytea NOT NULL CONSTRAINT closing_ends_in_a_link CHECK (length(head) = 32),
            barrier bigint,
            entries bigint,
            chained bigint NOT NULL,
            sealed_at timestamptz,
            record bytea,
            PRIMARY KEY (book, month),
            CONSTRAINT closing_in_its_steps CHECK (
                (entries IS NULL OR barrier IS NOT NULL)
                AND chained BETWEEN 0 AND coalesce(entries, 0)
                AND (sealed_at IS NULL) = (record IS NULL)
                AND (sealed_at IS NULL OR chained = entries)
                AND (chained > 0 OR head = before))
        )""")
    op.execute(f"""
        CREATE TABLE settlement.vouchers (
            book text NOT NULL,
            month text NOT NULL CONSTRAINT voucher_of_a_month CHECK ({MONTH}),
            number bigint NOT NULL CONSTRAINT voucher_number_counts_from_one CHECK (number > 0),
            key uuid NOT NULL CONSTRAINT entry_is_numbered_once UNIQUE,
            PRIMARY KEY (book, month, number)
        )""")
    op.execute(f"""
        CREATE TABLE settlement.period_balances (
            book text NOT NULL,
            month text NOT NULL CONSTRAINT balance_of_a_month CHECK ({MONTH}),
            account_id bigint NOT NULL,
            opening bigint NOT NULL,
            debits bigint NOT NULL,
            credits bigint NOT NULL,
            closing bigint NOT NULL,
            PRIMARY KEY (book, month, account_id),
            CONSTRAINT balance_moves_by_its_legs CHECK (
                debits >= 0 AND credits >= 0 AND closing = opening + credits - debits)
        )""")
    op.execute(f"""
        CREATE TABLE settlement.period_explanations (
            book text NOT NULL,
            month text NOT NULL CONSTRAINT explanation_of_a_month CHECK ({MONTH}),
            account text NOT NULL,
            explanation text NOT NULL CONSTRAINT explanation_says_something CHECK (
                length(explanation) BETWEEN 1 AND 500),
            explained_by uuid,
            explained_by_name text NOT NULL,
            explained_at timestamptz NOT NULL,
            PRIMARY KEY (book, month, account)
        )""")
    _fences()
    _seals()
    op.execute(
        "GRANT SELECT, INSERT ON settlement.closings, settlement.vouchers,"
        " settlement.period_balances, settlement.period_explanations TO market_api"
    )
    op.execute(
        "GRANT UPDATE (barrier, entries, chained, head, sealed_at, record)"
        " ON settlement.closings TO market_api"
    )
    for table in APPEND_ONLY:
        _refuse(table, "UPDATE OR DELETE OR TRUNCATE")
    _refuse("closings", "DELETE OR TRUNCATE")


def _refuse(table: str, events: str) -> None:
    op.execute(f"""
        CREATE TRIGGER {table}_are_kept BEFORE {events} ON settlement.{table}
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def _fences() -> None:
    # The house sees all. A party sees the numbers of the entries that it sees, and what stood on
    # its own accounts; that a month was closed, and how its chain ends, is for everybody.
    for table, is_theirs in (
        (
            "vouchers",
            "EXISTS (SELECT 1 FROM settlement.journal j WHERE j.key = vouchers.key)",
        ),
        (
            "period_balances",
            "EXISTS (SELECT 1 FROM settlement.accounts a WHERE a.id = account_id"
            " AND (a.owner = catalog.acting_party()::text OR EXISTS ("
            "SELECT 1 FROM settlement.escrows e WHERE e.order_id::text = a.owner)))",
        ),
        ("period_explanations", "false"),
    ):
        op.execute(f"ALTER TABLE settlement.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE settlement.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"""
            CREATE POLICY {table}_of_the_house ON settlement.{table}
            USING (catalog.sees_all() OR {is_theirs}) WITH CHECK (catalog.sees_all())""")
        op.execute(f"""
            CREATE POLICY {table}_for_the_owner ON settlement.{table}
            TO CURRENT_USER USING (true)""")
    # An entry is seen by whoever owns one of its accounts, too: who shares in an order is not
    # always one of its two sides.
    op.execute("""
        CREATE POLICY journal_of_their_accounts ON settlement.journal FOR SELECT
        USING (EXISTS (SELECT 1 FROM settlement.accounts a
                        WHERE a.id = ANY (acct) AND a.owner = catalog.acting_party()::text))""")
    op.execute("""
        CREATE POLICY journal_for_sealing ON settlement.journal FOR SELECT
        TO CURRENT_USER USING (true)""")


def _seals() -> None:
    op.execute("""
        CREATE FUNCTION settlement.seal_month() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ DECLARE
            numbered bigint;
            last bigint;
            entries bigint;
            stands numeric;
        BEGIN
            IF OLD.sealed_at IS NOT NULL THEN
                RAISE EXCEPTION 'the month % of % is closed', OLD.month, OLD.book
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_month_stays';
            END IF;
            IF OLD.entries IS NOT NULL AND NEW.entries IS DISTINCT FROM OLD.entries
                OR OLD.barrier IS NOT NULL AND NEW.barrier IS DISTINCT FROM OLD.barrier
                OR NEW.chained < OLD.chained THEN
                RAISE EXCEPTION 'a step of closing is not taken back'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'closing_goes_on';
            END IF;
            IF NEW.sealed_at IS NOT NULL THEN
                SELECT count(*), coalesce(max(number), 0) INTO numbered, last
                  FROM settlement.vouchers v WHERE v.book = NEW.book AND v.month = NEW.month;
                SELECT count(*) INTO entries FROM settlement.journal j
                 WHERE j.book = NEW.book
                   AND j.value_on >= (NEW.month || '-01')::date
                   AND j.value_on < (NEW.month || '-01')::date + interval '1 month';
                SELECT coalesce(sum(closing), 0) INTO stands FROM settlement.period_balances b
                 WHERE b.book = NEW.book AND b.month = NEW.month;
                IF numbered <> last OR numbered <> NEW.entries OR entries <> NEW.entries THEN
                    RAISE EXCEPTION '% entries, % numbers, the last is %', entries, numbered, last
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'sealed_without_a_gap';
                END IF;
                IF stands <> 0 THEN
                    RAISE EXCEPTION 'the accounts of the month sum to %', stands
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'sealed_in_balance';
                END IF;
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER closing_is_sealed_once BEFORE UPDATE ON settlement.closings
        FOR EACH ROW EXECUTE FUNCTION settlement.seal_month()""")
    # Numbers and balances come with the closing that is under way, and not after it.
    op.execute("""
        CREATE FUNCTION settlement.only_while_closing() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ BEGIN
            IF EXISTS (
                SELECT 1 FROM (SELECT DISTINCT book, month FROM new_rows) n
                 WHERE NOT EXISTS (SELECT 1 FROM settlement.closings c
                                    WHERE c.book = n.book AND c.month = n.month
                                      AND c.sealed_at IS NULL)) THEN
                RAISE EXCEPTION 'the month is not being closed'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_month_stays';
            END IF;
            RETURN NULL;
        END $$""")
    for table in APPEND_ONLY:
        op.execute(f"""
            CREATE TRIGGER {table}_while_closing AFTER INSERT ON settlement.{table}
            REFERENCING NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION settlement.only_while_closing()""")


def downgrade() -> None:
    op.execute("DROP POLICY journal_for_sealing ON settlement.journal")
    op.execute("DROP POLICY journal_of_their_accounts ON settlement.journal")
    for table in (*APPEND_ONLY, "closings"):
        op.execute(f"DROP TABLE settlement.{table}")
    op.execute("DROP FUNCTION settlement.only_while_closing()")
    op.execute("DROP FUNCTION settlement.seal_month()")
