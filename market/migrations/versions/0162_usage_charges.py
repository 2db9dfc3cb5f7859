"""Charge orders that pay as they use: their accounts, and charges that follow one another without a gap."""

from alembic import op

revision = "0162"
down_revision = "0161"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15
LIVE = "'created', 'pending', 'unknown', 'succeeded'"
STATES = "'running', 'low', 'arrears', 'suspended', 'owing', 'settled'"


def upgrade() -> None:
    _accounts()
    _charges()
    # Whoever sees an escrow sees what is charged to it: the inner table has its own fence.
    for table in ("usage_accounts", "charges"):
        op.execute(f"ALTER TABLE settlement.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE settlement.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"""
            CREATE POLICY {table}_of_both_sides ON settlement.{table}
            USING (catalog.sees_all() OR EXISTS (
                SELECT FROM settlement.escrows e WHERE e.order_id = {table}.order_id))""")
    op.execute("GRANT UPDATE (amount_fen) ON settlement.escrows TO market_api")
    _top_ups()


def downgrade() -> None:
    op.execute("DROP INDEX settlement.payment_one_open_top_up_per_order")
    op.execute("DROP INDEX settlement.payment_one_open_or_succeeded_per_order")
    op.execute(f"""
        CREATE UNIQUE INDEX payment_one_open_or_succeeded_per_order ON settlement.payments (order_id)
        WHERE state IN ({LIVE})""")
    op.execute("ALTER TABLE settlement.payments DROP COLUMN is_top_up")
    op.execute("REVOKE UPDATE (amount_fen) ON settlement.escrows FROM market_api")
    op.execute("DROP TABLE settlement.charges")
    op.execute("DROP TABLE settlement.usage_accounts")


def _top_ups() -> None:
    op.execute("ALTER TABLE settlement.payments ADD COLUMN is_top_up boolean NOT NULL DEFAULT false")
    op.execute("DROP INDEX settlement.payment_one_open_or_succeeded_per_order")
    op.execute(f"""
        CREATE UNIQUE INDEX payment_one_open_or_succeeded_per_order ON settlement.payments (order_id)
        WHERE state IN ({LIVE}) AND NOT is_top_up""")
    op.execute("""
        CREATE UNIQUE INDEX payment_one_open_top_up_per_order ON settlement.payments (order_id)
        WHERE state IN ('created', 'pending', 'unknown') AND is_top_up""")


def _accounts() -> None:
    op.execute(f"""
        CREATE TABLE settlement.usage_accounts (
            order_id uuid PRIMARY KEY
                CONSTRAINT usage_account_of_an_escrow REFERENCES settlement.escrows (order_id),
            payer_party_id uuid NOT NULL,
            payee_party_id uuid NOT NULL,
            state text NOT NULL
                CONSTRAINT usage_account_state_known CHECK (state IN ({STATES})),
            credit_limit_fen bigint NOT NULL CONSTRAINT usage_account_credit_not_negative
                CHECK (credit_limit_fen BETWEEN 0 AND {MONEY_MAX}),
            low_fen bigint NOT NULL CONSTRAINT usage_account_low_not_negative
                CHECK (low_fen BETWEEN 0 AND {MONEY_MAX}),
            opened_at timestamptz NOT NULL,
            due_on date,
            due_at timestamptz,
            suspended_at timestamptz,
            closed_at timestamptz,
            CONSTRAINT usage_account_between_two CHECK (payer_party_id <> payee_party_id),
            CONSTRAINT usage_account_arrears_have_a_day CHECK (
                (due_on IS NULL) = (due_at IS NULL)
                AND (state NOT IN ('arrears', 'suspended') OR due_on IS NOT NULL)
                AND (state NOT IN ('running', 'low', 'settled') OR due_on IS NULL)),
            CONSTRAINT usage_account_suspended_at_a_time CHECK (
                (state <> 'suspended' OR suspended_at IS NOT NULL)
                AND (state NOT IN ('running', 'low', 'arrears') OR suspended_at IS NULL)),
            CONSTRAINT usage_account_closed_when_settled
                CHECK ((state = 'settled') = (closed_at IS NOT NULL))
        )""")
    op.execute("""
        CREATE INDEX usage_accounts_in_arrears ON settlement.usage_accounts (due_at, order_id)
        WHERE state = 'arrears'""")
    op.execute("""
        CREATE INDEX usage_accounts_of_payer ON settlement.usage_accounts (payer_party_id, order_id)""")
    op.execute("""
        CREATE TRIGGER usage_accounts_are_kept BEFORE DELETE OR TRUNCATE ON settlement.usage_accounts
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("GRANT SELECT, INSERT ON settlement.usage_accounts TO market_api")
    # What both sides signed is never rewritten: only how the account stands.
    op.execute("""
        GRANT UPDATE (state, due_on, due_at, suspended_at, closed_at)
           ON settlement.usage_accounts TO market_api""")


def _charges() -> None:
    # Each charge names the end and the sums of the one before it, which the foreign key holds: there
    # is no gap, no overlap, and the amounts of all windows are the last sum.
    op.execute(f"""
        CREATE TABLE settlement.charges (
            id uuid PRIMARY KEY,
            order_id uuid NOT NULL
                CONSTRAINT charge_of_an_account REFERENCES settlement.usage_accounts (order_id),
            after_seq integer,
            to_seq integer NOT NULL,
            calls_before bigint NOT NULL,
            calls bigint NOT NULL,
            bytes_before bigint NOT NULL,
            bytes bigint NOT NULL,
            quantity bigint NOT NULL,
            before_fen bigint NOT NULL,
            cumulative_fen bigint NOT NULL,
            price_item text NOT NULL,
            price_sha256 text NOT NULL CONSTRAINT charge_price_digest_is_sha256
                CHECK (price_sha256 ~ '^[0-9a-f]{{64}}$'),
            record_sha256 text NOT NULL CONSTRAINT charge_record_digest_is_sha256
                CHECK (record_sha256 ~ '^[0-9a-f]{{64}}$'),
            charged_at timestamptz NOT NULL,
            CONSTRAINT charge_window_not_empty CHECK (to_seq > coalesce(after_seq, 0)),
            CONSTRAINT charge_first_follows_nothing CHECK (
                after_seq IS NOT NULL
                OR (before_fen = 0 AND calls_before = 0 AND bytes_before = 0)),
            CONSTRAINT charge_sums_never_fall CHECK (
                before_fen >= 0 AND cumulative_fen BETWEEN before_fen AND {MONEY_MAX}
                AND calls_before >= 0 AND calls >= calls_before
                AND bytes_before >= 0 AND bytes >= bytes_before AND quantity >= 0),
            CONSTRAINT charge_ends_once UNIQUE (order_id, to_seq),
            CONSTRAINT charge_begins_once UNIQUE NULLS NOT DISTINCT (order_id, after_seq),
            CONSTRAINT charge_sums_once
                UNIQUE (order_id, to_seq, cumulative_fen, calls, bytes),
            CONSTRAINT charge_follows_the_last
                FOREIGN KEY (order_id, after_seq, before_fen, calls_before, bytes_before)
                REFERENCES settlement.charges (order_id, to_seq, cumulative_fen, calls, bytes)
        )""")
    op.execute("""
        CREATE TRIGGER charges_are_never_changed
        BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.charges
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("GRANT SELECT, INSERT ON settlement.charges TO market_api")
