"""Lay the chart and the kinds of entries down in the database; add books, periods and floors.

Which purposes there are, how each is guarded, which entry may lead from which purpose to which, and
what that means for the order, stand in three tables that nobody writes but a migration. The trigger
that applies an entry asks them. ``adjusts`` names the closed month that a late fact belongs to.
"""

from collections.abc import Iterable, Iterator

from alembic import op

revision = "0137"
down_revision = "0136"
branch_labels = None
depends_on = None

# purpose, owner, guarding, may be overdrawn
PURPOSES = (
    ("channel_clearing", "channel", "none", False),
    ("order_escrow", "order", "at_once", False),
    ("payable", "party", "rolled_up", True),
    ("department_payable", "party", "rolled_up", False),
    ("refund_payable", "party", "at_once", False),
    ("platform_fee", "party", "rolled_up", False),
    ("treasury_non_tax", "party", "rolled_up", False),
    ("tax_payable", "party", "rolled_up", False),
    ("rounding_residual", "order", "at_once", False),
    ("buyer_account", "party", "at_once", True),
    ("payout_in_transit", "party", "at_once", False),
    ("retention", "party", "at_once", False),
    ("chargeback_hold", "order", "at_once", False),
    ("suspense", "channel", "none", False),
    ("channel_fee", "channel", "none", False),
    ("platform_loss", "market", "none", False),
)
# code, kind, may credit many, must name what it reverses
KINDS = (
    (1, "pay_in", False, False),
    (2, "release", True, False),
    (3, "refund", False, False),
    (4, "refund_settled", False, False),
    (5, "top_up", False, False),
    (6, "account_paid", False, False),
    (7, "usage_charged", True, False),
    (8, "residual_settled", True, False),
    (9, "reversal", False, True),
    (10, "payout", False, False),
    (11, "payout_settled", False, False),
    (12, "payout_returned", False, True),
    (13, "retain", False, False),
    (14, "retention_released", False, False),
    (15, "retention_drawn", False, False),
    (16, "chargeback", False, False),
    (17, "chargeback_won", False, False),
    (18, "chargeback_lost", False, False),
    (19, "loss_covered", False, False),
    (20, "channel_fee_charged", False, False),
    (21, "suspense_booked", False, False),
    (22, "shortfall_booked", False, False),
    (23, "suspense_resolved", False, False),
    (24, "adjustment", True, False),
)
ALL = tuple(purpose for purpose, *_ in PURPOSES)
OTHERS = tuple(purpose for purpose in ALL if purpose != "order_escrow")
OWED = ("payable", "department_payable", "platform_fee", "treasury_non_tax", "tax_payable")
SHARED = (*OWED, "rounding_residual", "retention")
GIVES_BACK = (*OWED, "retention")
NOTHING, PAID, RELEASED, REFUNDED = (0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0)
GIVEN_BACK, TAKEN_BACK = (0, -1, 1, 0), (0, -1, 0, 1)
# kind, from, to, and what a fen adds to paid, released, refunded, charged_back
FLOWS = (
    ("pay_in", ("channel_clearing",), ("order_escrow",), PAID),
    ("release", ("order_escrow",), SHARED, RELEASED),
    ("refund", ("order_escrow",), ("refund_payable", "buyer_account"), REFUNDED),
    ("refund_settled", ("refund_payable",), ("channel_clearing",), NOTHING),
    ("top_up", ("channel_clearing",), ("buyer_account",), NOTHING),
    ("account_paid", ("buyer_account",), ("order_escrow",), PAID),
    ("usage_charged", ("buyer_account",), SHARED, (1, 1, 0, 0)),
    ("residual_settled", ("rounding_residual",), GIVES_BACK, NOTHING),
    ("reversal", GIVES_BACK, ("refund_payable",), GIVEN_BACK),
    ("reversal", GIVES_BACK, ("order_escrow",), (0, -1, 0, 0)),
    ("reversal", GIVES_BACK, ("chargeback_hold",), TAKEN_BACK),
    ("payout", OWED, ("payout_in_transit",), NOTHING),
    ("payout_settled", ("payout_in_transit",), ("channel_clearing",), NOTHING),
    ("payout_returned", ("payout_in_transit",), OWED, NOTHING),
    ("retain", ("payable",), ("retention",), NOTHING),
    ("retention_released", ("retention",), ("payable",), NOTHING),
    ("retention_drawn", ("retention",), ("refund_payable",), GIVEN_BACK),
    ("retention_drawn", ("retention",), ("chargeback_hold",), TAKEN_BACK),
    ("chargeback", ("order_escrow",), ("chargeback_hold",), (0, 0, 0, 1)),
    ("chargeback", ("payable",), ("chargeback_hold",), TAKEN_BACK),
    ("chargeback_won", ("chargeback_hold",), ("order_escrow",), (0, 0, 0, -1)),
    ("chargeback_won", ("chargeback_hold",), ("payable",), (0, 1, 0, -1)),
    ("chargeback_lost", ("chargeback_hold",), ("channel_clearing",), NOTHING),
    ("loss_covered", ("platform_loss",), ("refund_payable",), GIVEN_BACK),
    ("loss_covered", ("platform_loss",), ("chargeback_hold",), TAKEN_BACK),
    ("loss_covered", ("platform_loss",), ("channel_clearing",), NOTHING),
    ("channel_fee_charged", ("channel_fee",), ("channel_clearing",), NOTHING),
    ("suspense_booked", ("channel_clearing",), ("suspense",), NOTHING),
    ("shortfall_booked", ("suspense",), ("channel_clearing",), NOTHING),
    ("suspense_resolved", ("suspense",), ("order_escrow",), PAID),
    ("suspense_resolved", ("suspense",), ("refund_payable", "buyer_account", "channel_clearing"), NOTHING),
    ("adjustment", ("order_escrow",), OTHERS, RELEASED),
    ("adjustment", OTHERS, ("order_escrow",), PAID),
    ("adjustment", OTHERS, OTHERS, NOTHING),
)  # fmt: skip
OLD_PURPOSES = ALL[:9]
OLD_GUARDED = ("order_escrow", "payable", "department_payable", "refund_payable")
OLD_KINDS = ("pay_in", "release", "refund", "refund_settled")


def _literal(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


def _values(rows: Iterable[Iterable[object]]) -> str:
    return ", ".join(f"({', '.join(_literal(value) for value in row)})" for row in rows)


def _in(values: Iterable[str]) -> str:
    return f"({', '.join(_literal(value) for value in values)})"


def _flows() -> Iterator[tuple[object, ...]]:
    for kind, debits, arriving, effect in FLOWS:
        for debit in debits:
            for credit in arriving:
                yield kind, debit, credit, *effect


def upgrade() -> None:
    _chart()
    _accounts()
    _order_money()
    _periods()
    _floors()
    _journal()


def _chart() -> None:
    op.execute("""
        CREATE TABLE settlement.purposes (
            purpose text PRIMARY KEY,
            owner text NOT NULL CHECK (owner IN ('order', 'party', 'channel', 'market')),
            guarding text NOT NULL CHECK (guarding IN ('at_once', 'rolled_up', 'none')),
            may_be_overdrawn boolean NOT NULL,
            UNIQUE (purpose, guarding)
        )""")
    op.execute("""
        CREATE TABLE settlement.entry_kinds (
            code smallint PRIMARY KEY,
            kind text NOT NULL UNIQUE,
            is_split boolean NOT NULL,
            must_reverse boolean NOT NULL
        )""")
    effects = ", ".join(
        f"{name} smallint NOT NULL CHECK ({name} BETWEEN -1 AND 1)"
        for name in ("paid", "released", "refunded", "charged_back")
    )
    op.execute(f"""
        CREATE TABLE settlement.entry_flows (
            kind text NOT NULL REFERENCES settlement.entry_kinds (kind),
            debit text NOT NULL REFERENCES settlement.purposes (purpose),
            credit text NOT NULL REFERENCES settlement.purposes (purpose),
            {effects},
            PRIMARY KEY (kind, debit, credit)
        )""")
    op.execute(f"INSERT INTO settlement.purposes VALUES {_values(PURPOSES)}")
    op.execute(f"INSERT INTO settlement.entry_kinds VALUES {_values(KINDS)}")
    op.execute(f"INSERT INTO settlement.entry_flows VALUES {_values(_flows())}")
    for table in ("purposes", "entry_kinds", "entry_flows"):
        op.execute(f"GRANT SELECT ON settlement.{table} TO market_api")
        _refuse(table, "INSERT OR UPDATE OR DELETE OR TRUNCATE")


def _refuse(table: str, events: str) -> None:
    op.execute(f"""
        CREATE TRIGGER {table}_are_kept BEFORE {events} ON settlement.{table}
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def _accounts() -> None:
    op.execute("ALTER TABLE settlement.accounts ADD COLUMN guarding text")
    op.execute("ALTER TABLE settlement.accounts DISABLE TRIGGER accounts_are_kept")
    op.execute("""
        UPDATE settlement.accounts a SET guarding = p.guarding
          FROM settlement.purposes p WHERE p.purpose = a.purpose""")
    op.execute("ALTER TABLE settlement.accounts ENABLE TRIGGER accounts_are_kept")
    op.execute("""
        ALTER TABLE settlement.accounts ALTER COLUMN guarding SET NOT NULL,
            DROP CONSTRAINT account_purpose_is_charted,
            DROP COLUMN guarded,
            ADD CONSTRAINT account_purpose_is_charted
                FOREIGN KEY (purpose) REFERENCES settlement.purposes (purpose),
            ADD CONSTRAINT account_guarded_as_charted FOREIGN KEY (purpose, guarding)
                REFERENCES settlement.purposes (purpose, guarding),
            ADD CONSTRAINT account_book_is_known CHECK (book IN ('market', 'public_data'))""")
    op.execute("""
        CREATE OR REPLACE FUNCTION settlement.guard_account() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ BEGIN
            IF NEW.guarding <> 'none' THEN
                INSERT INTO settlement.guard_balances (account_id) VALUES (NEW.id);
            END IF;
            RETURN NULL;
        END $$""")
    # Those of purposes that were not guarded before start with what the journal says.
    op.execute(
        "ALTER TABLE settlement.guard_balances DISABLE TRIGGER guard_balances_follow_the_journal"
    )
    op.execute("""
        INSERT INTO settlement.guard_balances (account_id, posted)
        SELECT a.id, coalesce((SELECT sum(l.amt) FROM settlement.journal j
                                CROSS JOIN unnest(j.acct, j.amt) AS l (acct, amt)
                                WHERE j.acct @> ARRAY[a.id] AND l.acct = a.id), 0)
          FROM settlement.accounts a
         WHERE a.guarding <> 'none'
           AND NOT EXISTS (SELECT FROM settlement.guard_balances g WHERE g.account_id = a.id)""")
    op.execute(
        "ALTER TABLE settlement.guard_balances ENABLE TRIGGER guard_balances_follow_the_journal"
    )


def _order_money() -> None:
    op.execute("""
        ALTER TABLE settlement.order_money
            ADD COLUMN charged_back bigint NOT NULL DEFAULT 0,
            DROP CONSTRAINT order_money_not_negative,
            DROP CONSTRAINT order_money_not_given_out_twice,
            ADD CONSTRAINT order_money_not_negative
                CHECK (paid >= 0 AND released >= 0 AND refunded >= 0 AND disputed >= 0
                       AND charged_back >= 0),
            ADD CONSTRAINT order_money_not_given_out_twice
                CHECK (released + refunded + charged_back + disputed <= paid)""")
    op.execute("DROP TRIGGER order_money_follows_the_journal ON settlement.order_money")
    op.execute("""
        CREATE TRIGGER order_money_follows_the_journal
        BEFORE INSERT OR UPDATE OF order_id, paid, released, refunded, charged_back
        ON settlement.order_money
        FOR EACH ROW EXECUTE FUNCTION settlement.moved_by_entries_only()""")


def _periods() -> None:
    op.execute("""
        CREATE TABLE settlement.periods (
            book text NOT NULL
                CONSTRAINT period_book_is_known CHECK (book IN ('market', 'public_data')),
            month date NOT NULL
                CONSTRAINT period_is_a_month CHECK (extract(day FROM month) = 1),
            state text NOT NULL
                CONSTRAINT period_state_known CHECK (state IN ('open', 'closing', 'closed')),
            PRIMARY KEY (book, month)
        )""")
    op.execute("""
        CREATE FUNCTION settlement.keep_closed() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF OLD.state = 'closed' THEN
                RAISE EXCEPTION 'a closed period is never opened again'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER closed_periods_stay_closed BEFORE UPDATE ON settlement.periods
        FOR EACH ROW EXECUTE FUNCTION settlement.keep_closed()""")
    _refuse("periods", "DELETE OR TRUNCATE")
    op.execute("GRANT SELECT, INSERT, UPDATE (state) ON settlement.periods TO market_api")


def _floors() -> None:
    op.execute("""
        CREATE TABLE settlement.account_floors (
            id uuid PRIMARY KEY,
            account_id bigint NOT NULL REFERENCES settlement.accounts (id),
            floor_fen bigint NOT NULL
                CONSTRAINT floor_not_above_zero CHECK (floor_fen BETWEEN -1000000000000000 AND 0),
            rests_on text NOT NULL
                CONSTRAINT floor_rests_on_something CHECK (length(rests_on) BETWEEN 1 AND 200),
            set_at timestamptz NOT NULL
        )""")
    op.execute(
        "CREATE INDEX account_floors_by_account ON settlement.account_floors (account_id, id)"
    )
    op.execute("""
        CREATE FUNCTION settlement.set_floor() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ BEGIN
            IF NOT EXISTS (SELECT FROM settlement.accounts a JOIN settlement.purposes p USING (purpose)
                            WHERE a.id = NEW.account_id AND p.may_be_overdrawn) THEN
                RAISE EXCEPTION 'no contract sets a floor for such an account'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'floor_fits_account';
            END IF;
            UPDATE settlement.guard_balances SET floor = NEW.floor_fen
             WHERE account_id = NEW.account_id;
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE TRIGGER floor_is_set AFTER INSERT ON settlement.account_floors
        FOR EACH ROW EXECUTE FUNCTION settlement.set_floor()""")
    _refuse("account_floors", "UPDATE OR DELETE OR TRUNCATE")
    op.execute("ALTER TABLE settlement.account_floors ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlement.account_floors FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY account_floors_of_the_party ON settlement.account_floors
        USING (catalog.sees_all() OR EXISTS (
            SELECT FROM settlement.accounts a
             WHERE a.id = account_id AND a.owner = catalog.acting_party()::text))""")
    op.execute("GRANT SELECT, INSERT ON settlement.account_floors TO market_api")


def _journal() -> None:
    op.execute("""
        CREATE TABLE settlement.reversed_legs (
            original uuid NOT NULL,
            account_id bigint NOT NULL REFERENCES settlement.accounts (id),
            amount bigint NOT NULL,
            reversed bigint NOT NULL,
            PRIMARY KEY (original, account_id),
            CONSTRAINT reversed_no_more_than_the_leg CHECK (reversed BETWEEN 1 AND amount)
        ) WITH (fillfactor = 90)""")
    op.execute("GRANT SELECT ON settlement.reversed_legs TO market_api")
    op.execute("""
        CREATE TRIGGER reversed_legs_follow_the_journal
        BEFORE INSERT OR UPDATE ON settlement.reversed_legs
        FOR EACH ROW EXECUTE FUNCTION settlement.moved_by_entries_only()""")
    _refuse("reversed_legs", "DELETE OR TRUNCATE")
    op.execute("""
        ALTER TABLE settlement.journal
            DROP CONSTRAINT journal_reverses_fkey,
            DROP CONSTRAINT journal_kind_is_known,
            ADD CONSTRAINT journal_kind_is_known
                FOREIGN KEY (kind) REFERENCES settlement.entry_kinds (kind),
            ADD CONSTRAINT journal_book_is_known CHECK (book IN ('market', 'public_data')),
            ADD COLUMN adjusts date CONSTRAINT journal_adjusts_an_earlier_month
                CHECK (extract(day FROM adjusts) = 1 AND adjusts < date_trunc('month', value_on))""")
    # Reads the original of a reversal, whoever reverses it.
    op.execute("""
        CREATE POLICY journal_for_the_entries ON settlement.journal
        FOR SELECT TO CURRENT_USER USING (true)""")
    op.execute(APPLY_ENTRY)
    op.execute(APPLY_REVERSAL)


APPLY_ENTRY = """
    CREATE OR REPLACE FUNCTION settlement.apply_entry() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
    $$ DECLARE
        told jsonb := convert_from(NEW.record, 'UTF8')::jsonb;
        legs jsonb;
        known integer;
        different integer;
        others integer;
        unfitting integer;
        by_paid bigint; by_released bigint; by_refunded bigint; by_charged_back bigint;
        kind_rule settlement.entry_kinds;
        said jsonb := CASE WHEN NEW.adjusts IS NULL
            THEN jsonb_build_object('format', 'shushi/journal/1')
            ELSE jsonb_build_object('format', 'shushi/journal/2', 'adjusts', NEW.adjusts) END;
    BEGIN
        SELECT k.* INTO kind_rule FROM settlement.entry_kinds k WHERE k.kind = NEW.kind;
        SELECT jsonb_agg(jsonb_build_array(a.code, l.amt) ORDER BY l.n),
               count(a.id), count(DISTINCT a.id),
               count(*) FILTER (WHERE p.owner = 'order' AND a.owner IS DISTINCT FROM NEW.order_id::text),
               count(*) FILTER (WHERE l.n > 1 AND f.kind IS NULL),
               coalesce(sum(l.amt * f.paid), 0), coalesce(sum(l.amt * f.released), 0),
               coalesce(sum(l.amt * f.refunded), 0), coalesce(sum(l.amt * f.charged_back), 0)
          INTO legs, known, different, others, unfitting,
               by_paid, by_released, by_refunded, by_charged_back
          FROM unnest(NEW.acct, NEW.amt) WITH ORDINALITY AS l (acct, amt, n)
          JOIN settlement.accounts a
            ON a.id = l.acct AND a.book = NEW.book AND a.currency = NEW.currency
          JOIN settlement.purposes p ON p.purpose = a.purpose
          LEFT JOIN settlement.accounts s ON s.id = NEW.acct[1]
          LEFT JOIN settlement.entry_flows f
            ON l.n > 1 AND f.kind = NEW.kind AND f.debit = s.purpose AND f.credit = a.purpose;
        IF known <> cardinality(NEW.acct) OR different <> known THEN
            RAISE EXCEPTION 'a leg names an account that is unknown, foreign, or named before'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_accounts_are_known';
        END IF;
        IF unfitting > 0 OR others > 0 OR (known > 2 AND NOT kind_rule.is_split) THEN
            RAISE EXCEPTION 'the accounts are not those of a % entry', NEW.kind
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_kind_fits_accounts';
        END IF;
        IF told IS DISTINCT FROM said || jsonb_build_object(
                'key', NEW.key, 'kind', NEW.kind,
                'book', NEW.book, 'currency', NEW.currency, 'legs', legs,
                'order_id', NEW.order_id, 'reverses', NEW.reverses,
                'rule_version', NEW.rule_version, 'value_on', NEW.value_on,
                'booked_at', told -> 'booked_at')
            OR (told ->> 'booked_at')::timestamptz IS DISTINCT FROM NEW.booked_at THEN
            RAISE EXCEPTION 'the record does not say what the columns say'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_record_equals_columns';
        END IF;
        IF EXISTS (SELECT FROM settlement.periods p
                    WHERE p.book = NEW.book AND p.month = date_trunc('month', NEW.value_on)::date
                      AND p.state <> 'open') THEN
            RAISE EXCEPTION 'the period of % is closed', NEW.value_on
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_period_is_open';
        END IF;
        IF NEW.reverses IS NOT NULL OR kind_rule.must_reverse THEN
            PERFORM settlement.apply_reversal(NEW);
        END IF;

        -- Locked in the order of their ids, so that two entries can not wait for each other.
        PERFORM 1 FROM settlement.guard_balances g
          WHERE g.account_id = ANY (NEW.acct) ORDER BY g.account_id FOR UPDATE;
        UPDATE settlement.guard_balances g SET posted = g.posted + l.amt
          FROM unnest(NEW.acct, NEW.amt) AS l (acct, amt) WHERE g.account_id = l.acct;
        IF NEW.order_id IS NOT NULL
            AND (by_paid <> 0 OR by_released <> 0 OR by_refunded <> 0 OR by_charged_back <> 0) THEN
            INSERT INTO settlement.order_money (order_id) VALUES (NEW.order_id)
            ON CONFLICT (order_id) DO NOTHING;
            UPDATE settlement.order_money m
               SET paid = m.paid + by_paid, released = m.released + by_released,
                   refunded = m.refunded + by_refunded,
                   charged_back = m.charged_back + by_charged_back
             WHERE m.order_id = NEW.order_id;
        END IF;
        RETURN NULL;
    END $$"""

# The leg that is taken back is the original's credit of the account that now gives; a returned
# payout goes back to where the original took it from.
APPLY_REVERSAL = """
    CREATE FUNCTION settlement.apply_reversal(entry settlement.journal) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS
    $$ DECLARE
        source settlement.journal;
        leg bigint;
    BEGIN
        SELECT j.* INTO source FROM settlement.journal j WHERE j.key = entry.reverses;
        leg := source.amt[array_position(source.acct, entry.acct[1])];
        IF leg IS NULL OR leg <= 0 OR source.book <> entry.book
            OR source.order_id IS DISTINCT FROM entry.order_id
            OR (entry.kind = 'payout_returned'
                AND (source.kind <> 'payout' OR entry.acct[2] <> source.acct[1])) THEN
            RAISE EXCEPTION 'the entry takes nothing back of what it names'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_reverses_a_leg';
        END IF;
        INSERT INTO settlement.reversed_legs AS r (original, account_id, amount, reversed)
        VALUES (entry.reverses, entry.acct[1], leg, -entry.amt[1])
        ON CONFLICT (original, account_id) DO UPDATE SET reversed = r.reversed + excluded.reversed;
    END $$"""


def downgrade() -> None:
    op.execute("DROP FUNCTION settlement.apply_reversal(settlement.journal)")
    op.execute("DROP POLICY journal_for_the_entries ON settlement.journal")
    op.execute(f"""
        ALTER TABLE settlement.journal
            DROP CONSTRAINT journal_kind_is_known, DROP CONSTRAINT journal_book_is_known,
            DROP COLUMN adjusts,
            ADD CONSTRAINT journal_reverses_fkey
                FOREIGN KEY (reverses) REFERENCES settlement.journal (key),
            ADD CONSTRAINT journal_kind_is_known CHECK (kind IN {_in(OLD_KINDS)})""")
    op.execute("DROP TABLE settlement.reversed_legs")
    op.execute("DROP TABLE settlement.account_floors")
    op.execute("DROP FUNCTION settlement.set_floor()")
    op.execute("DROP TABLE settlement.periods")
    op.execute("DROP FUNCTION settlement.keep_closed()")
    op.execute("DROP TRIGGER order_money_follows_the_journal ON settlement.order_money")
    op.execute("""
        ALTER TABLE settlement.order_money
            DROP CONSTRAINT order_money_not_negative,
            DROP CONSTRAINT order_money_not_given_out_twice,
            DROP COLUMN charged_back,
            ADD CONSTRAINT order_money_not_negative
                CHECK (paid >= 0 AND released >= 0 AND refunded >= 0 AND disputed >= 0),
            ADD CONSTRAINT order_money_not_given_out_twice
                CHECK (released + refunded + disputed <= paid)""")
    op.execute("""
        CREATE TRIGGER order_money_follows_the_journal
        BEFORE INSERT OR UPDATE OF order_id, paid, released, refunded ON settlement.order_money
        FOR EACH ROW EXECUTE FUNCTION settlement.moved_by_entries_only()""")
    _accounts_as_before()
    op.execute("DROP TABLE settlement.entry_flows, settlement.entry_kinds, settlement.purposes")
    op.execute(OLD_APPLY_ENTRY)


def _accounts_as_before() -> None:
    # An account of a purpose that was not known then stops the way back, as it should.
    op.execute("ALTER TABLE settlement.guard_balances DISABLE TRIGGER guard_balances_are_kept")
    op.execute(f"""
        DELETE FROM settlement.guard_balances g USING settlement.accounts a
         WHERE a.id = g.account_id AND a.purpose NOT IN {_in(OLD_GUARDED)}""")
    op.execute("ALTER TABLE settlement.guard_balances ENABLE TRIGGER guard_balances_are_kept")
    op.execute("ALTER TABLE settlement.accounts ADD COLUMN guarded boolean")
    op.execute("ALTER TABLE settlement.accounts DISABLE TRIGGER accounts_are_kept")
    op.execute(f"UPDATE settlement.accounts SET guarded = purpose IN {_in(OLD_GUARDED)}")
    op.execute("ALTER TABLE settlement.accounts ENABLE TRIGGER accounts_are_kept")
    op.execute(f"""
        ALTER TABLE settlement.accounts ALTER COLUMN guarded SET NOT NULL,
            DROP CONSTRAINT account_purpose_is_charted, DROP CONSTRAINT account_guarded_as_charted,
            DROP CONSTRAINT account_book_is_known, DROP COLUMN guarding,
            ADD CONSTRAINT account_purpose_is_charted CHECK (purpose IN {_in(OLD_PURPOSES)}),
            ADD CONSTRAINT account_guarded_as_charted
                CHECK (guarded = (purpose IN {_in(OLD_GUARDED)}))""")
    op.execute("""
        CREATE OR REPLACE FUNCTION settlement.guard_account() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ BEGIN
            IF NEW.guarded THEN
                INSERT INTO settlement.guard_balances (account_id) VALUES (NEW.id);
            END IF;
            RETURN NULL;
        END $$""")


OLD_APPLY_ENTRY = """
    CREATE OR REPLACE FUNCTION settlement.apply_entry() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
    $$ DECLARE
        told jsonb := convert_from(NEW.record, 'UTF8')::jsonb;
        legs jsonb;
        codes text[];
        escrow text := 'order_escrow/' || NEW.order_id;
        moved bigint := -NEW.amt[1];
        fits boolean;
    BEGIN
        SELECT jsonb_agg(jsonb_build_array(a.code, l.amt) ORDER BY l.n),
               array_agg(a.code ORDER BY l.n)
          INTO legs, codes
          FROM unnest(NEW.acct, NEW.amt) WITH ORDINALITY AS l (acct, amt, n)
          JOIN settlement.accounts a
            ON a.id = l.acct AND a.book = NEW.book AND a.currency = NEW.currency;
        IF codes IS NULL OR cardinality(codes) <> cardinality(NEW.acct)
            OR (SELECT count(DISTINCT c) FROM unnest(codes) c) <> cardinality(codes) THEN
            RAISE EXCEPTION 'a leg names an account that is unknown, foreign, or named before'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_accounts_are_known';
        END IF;

        fits := CASE NEW.kind
            WHEN 'pay_in' THEN cardinality(codes) = 2 AND codes[2] = escrow
                AND starts_with(codes[1], 'channel_clearing/')
            WHEN 'release' THEN codes[1] = escrow
            WHEN 'refund' THEN cardinality(codes) = 2 AND codes[1] = escrow
                AND starts_with(codes[2], 'refund_payable/')
            WHEN 'refund_settled' THEN cardinality(codes) = 2
                AND starts_with(codes[1], 'refund_payable/')
                AND starts_with(codes[2], 'channel_clearing/')
        END;
        IF fits IS NOT TRUE THEN
            RAISE EXCEPTION 'the accounts are not those of a % entry', NEW.kind
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_kind_fits_accounts';
        END IF;

        IF told IS DISTINCT FROM jsonb_build_object(
                'format', 'shushi/journal/1', 'key', NEW.key, 'kind', NEW.kind,
                'book', NEW.book, 'currency', NEW.currency, 'legs', legs,
                'order_id', NEW.order_id, 'reverses', NEW.reverses,
                'rule_version', NEW.rule_version, 'value_on', NEW.value_on,
                'booked_at', told -> 'booked_at')
            OR (told ->> 'booked_at')::timestamptz IS DISTINCT FROM NEW.booked_at THEN
            RAISE EXCEPTION 'the record does not say what the columns say'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_record_equals_columns';
        END IF;

        -- Locked in the order of their ids, so that two entries can not wait for each other.
        PERFORM 1 FROM settlement.guard_balances g
          WHERE g.account_id = ANY (NEW.acct) ORDER BY g.account_id FOR UPDATE;
        UPDATE settlement.guard_balances g SET posted = g.posted + l.amt
          FROM unnest(NEW.acct, NEW.amt) AS l (acct, amt) WHERE g.account_id = l.acct;

        IF NEW.kind = 'pay_in' THEN
            INSERT INTO settlement.order_money AS m (order_id, paid) VALUES (NEW.order_id, moved)
            ON CONFLICT (order_id) DO UPDATE SET paid = m.paid + excluded.paid;
        ELSIF NEW.kind = 'release' THEN
            UPDATE settlement.order_money SET released = released + moved
             WHERE order_id = NEW.order_id;
        ELSIF NEW.kind = 'refund' THEN
            UPDATE settlement.order_money SET refunded = refunded + moved
             WHERE order_id = NEW.order_id;
        END IF;
        RETURN NULL;
    END $$"""
