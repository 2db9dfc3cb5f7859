"""Keep charge-backs: cases of channels, what was taken for them, and what was given back again."""

from alembic import op

revision = "0164"
down_revision = "0163"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15
EVENTS = "'succeeded', 'failed'"
BREAKS = "'amount_differs', 'currency_differs', 'reference_unknown', 'paid_late', 'paid_twice'"
MOVES = "'pay_in', 'refund', 'payout'"
ESCROWS = "'awaiting_payment', 'held', 'disputed', 'released', 'refunded', 'expired'"
#: To whom goes what was taken and won: to where it came from.
GIVEN_BACK = (
    "department_payable",
    "platform_fee",
    "treasury_non_tax",
    "tax_payable",
    "retention",
    "platform_loss",
)


def upgrade() -> None:
    _flows()
    _words(
        events=f"{EVENTS}, 'charged_back', 'chargeback_won', 'chargeback_lost'",
        breaks=f"{BREAKS}, 'not_paid', 'charged_back_twice', 'case_unknown', 'case_over'",
        moves=f"{MOVES}, 'chargeback'",
        escrows=f"{ESCROWS}, 'charged_back'",
    )
    _cases()
    _taken()


def _flows() -> None:
    op.execute("ALTER TABLE settlement.entry_flows DISABLE TRIGGER entry_flows_are_kept")
    for credit in GIVEN_BACK:
        op.execute(f"""
            INSERT INTO settlement.entry_flows
                (kind, debit, credit, paid, released, refunded, charged_back)
            VALUES ('chargeback_won', 'chargeback_hold', '{credit}', 0, 1, 0, -1)""")
    op.execute("ALTER TABLE settlement.entry_flows ENABLE TRIGGER entry_flows_are_kept")


def _words(*, events: str, breaks: str, moves: str, escrows: str) -> None:
    for table, constraint, column, words in (
        ("channel_events", "channel_event_kind_is_known", "kind", events),
        ("channel_breaks", "channel_break_kind_is_known", "kind", breaks),
        ("statement_lines", "statement_move_known", "move", moves),
        ("statement_breaks", "statement_break_move_known", "move", moves),
        ("escrows", "escrow_state_known", "state", escrows),
    ):
        op.execute(f"""
            ALTER TABLE settlement.{table} DROP CONSTRAINT {constraint},
                ADD CONSTRAINT {constraint} CHECK ({column} IN ({words}))""")


def _cases() -> None:
    op.execute(f"""
        CREATE TABLE settlement.chargebacks (
            id uuid PRIMARY KEY,
            channel text NOT NULL,
            case_number text NOT NULL
                CONSTRAINT chargeback_case_is_named CHECK (length(case_number) BETWEEN 1 AND 128),
            payment_id uuid NOT NULL REFERENCES settlement.payments (id),
            order_id uuid NOT NULL REFERENCES settlement.escrows (order_id),
            amount_fen bigint NOT NULL
                CONSTRAINT chargeback_amount_in_range CHECK (amount_fen BETWEEN 1 AND {MONEY_MAX}),
            was_shared boolean NOT NULL,
            state text NOT NULL CONSTRAINT chargeback_state_known
                CHECK (state IN ('opened', 'contested', 'won', 'lost')),
            opened_at timestamptz NOT NULL,
            contest_until timestamptz NOT NULL
                CONSTRAINT chargeback_can_be_contested CHECK (contest_until > opened_at),
            evidence text,
            contested_at timestamptz
                CONSTRAINT chargeback_contested_in_time CHECK (contested_at < contest_until),
            contested_by uuid,
            ended_at timestamptz,
            ending_key uuid,
            CONSTRAINT chargeback_told_once UNIQUE (channel, case_number),
            CONSTRAINT chargeback_contested_with_evidence CHECK (
                (contested_at IS NULL) = (evidence IS NULL)
                AND (contested_at IS NULL) = (contested_by IS NULL)
                AND (state <> 'contested' OR contested_at IS NOT NULL)
                AND (state <> 'opened' OR contested_at IS NULL)),
            CONSTRAINT chargeback_ended_by_an_entry CHECK (
                (state IN ('won', 'lost')) = (ending_key IS NOT NULL)
                AND (ending_key IS NULL) = (ended_at IS NULL))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX charged_back_once_at_a_time ON settlement.chargebacks (payment_id)
        WHERE state IN ('opened', 'contested')""")
    op.execute("CREATE INDEX chargebacks_by_order ON settlement.chargebacks (order_id)")
    op.execute("CREATE INDEX chargebacks_by_end ON settlement.chargebacks (channel, ended_at)")
    op.execute("""
        CREATE INDEX chargebacks_lapsing ON settlement.chargebacks (contest_until, id)
        WHERE state = 'opened'""")
    op.execute("""
        CREATE FUNCTION settlement.check_chargeback() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog AS
        $$ BEGIN
            IF (NEW.id, NEW.channel, NEW.case_number, NEW.payment_id, NEW.order_id, NEW.amount_fen,
                NEW.was_shared, NEW.opened_at, NEW.contest_until) IS DISTINCT FROM
               (OLD.id, OLD.channel, OLD.case_number, OLD.payment_id, OLD.order_id, OLD.amount_fen,
                OLD.was_shared, OLD.opened_at, OLD.contest_until)
               OR OLD.state IN ('won', 'lost') OR (OLD.state = 'contested' AND NEW.state = 'opened')
            THEN
                RAISE EXCEPTION 'a charge-back is contested and ended, nothing else'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER chargebacks_go_forward BEFORE UPDATE ON settlement.chargebacks
        FOR EACH ROW EXECUTE FUNCTION settlement.check_chargeback()""")
    op.execute("""
        CREATE TRIGGER chargebacks_are_kept BEFORE DELETE OR TRUNCATE ON settlement.chargebacks
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("ALTER TABLE settlement.chargebacks ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlement.chargebacks FORCE ROW LEVEL SECURITY")
    # Whoever sees an escrow sees what is taken back of it.
    op.execute("""
        CREATE POLICY chargebacks_of_both_sides ON settlement.chargebacks
        USING (catalog.sees_all() OR EXISTS (
            SELECT FROM settlement.escrows e WHERE e.order_id = chargebacks.order_id))""")
    op.execute("GRANT SELECT, INSERT ON settlement.chargebacks TO market_api")
    op.execute("""
        GRANT UPDATE (state, evidence, contested_at, contested_by, ended_at, ending_key)
           ON settlement.chargebacks TO market_api""")


def _taken() -> None:
    op.execute("""
        ALTER TABLE settlement.returned_legs ADD COLUMN what text NOT NULL DEFAULT 'refund'
            CONSTRAINT returned_for_something_known CHECK (what IN ('refund', 'chargeback'))""")
    op.execute("""
        CREATE TABLE settlement.restored_legs (
            key uuid NOT NULL,
            account text NOT NULL,
            restored_at timestamptz NOT NULL,
            PRIMARY KEY (key, account),
            CONSTRAINT restored_what_was_returned FOREIGN KEY (key, account)
                REFERENCES settlement.returned_legs (key, account)
        )""")
    op.execute("""
        CREATE TRIGGER restored_legs_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE
        ON settlement.restored_legs
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("ALTER TABLE settlement.restored_legs ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlement.restored_legs FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY restored_legs_of_both_sides ON settlement.restored_legs
        USING (catalog.sees_all() OR EXISTS (
            SELECT FROM settlement.returned_legs l
             WHERE l.key = restored_legs.key AND l.account = restored_legs.account))""")
    op.execute("GRANT SELECT, INSERT ON settlement.restored_legs TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE settlement.restored_legs")
    op.execute("ALTER TABLE settlement.returned_legs DROP COLUMN what")
    op.execute("DROP TABLE settlement.chargebacks")
    op.execute("DROP FUNCTION settlement.check_chargeback()")
    _words(events=EVENTS, breaks=BREAKS, moves=MOVES, escrows=ESCROWS)
    op.execute("ALTER TABLE settlement.entry_flows DISABLE TRIGGER entry_flows_are_kept")
    op.execute("""
        DELETE FROM settlement.entry_flows
         WHERE kind = 'chargeback_won' AND credit NOT IN ('order_escrow', 'payable')""")
    op.execute("ALTER TABLE settlement.entry_flows ENABLE TRIGGER entry_flows_are_kept")
