"""Keep what is sent back to buyers through their channels."""

from alembic import op

revision = "0151"
down_revision = "0150"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE settlement.refunds (
            id uuid PRIMARY KEY,
            reference text NOT NULL CONSTRAINT refund_reference_used_once UNIQUE,
            owed_by uuid NOT NULL CONSTRAINT refund_once_for_an_entry UNIQUE,
            channel text NOT NULL,
            paid_transaction_id text NOT NULL,
            order_id uuid NOT NULL,
            payer_party_id uuid NOT NULL,
            book text NOT NULL,
            amount_fen bigint NOT NULL
                CONSTRAINT refund_amount_in_range CHECK (amount_fen BETWEEN 1 AND {MONEY_MAX}),
            state text NOT NULL CONSTRAINT refund_state_known CHECK (state IN (
                'prepared', 'sent', 'unknown', 'failed', 'settled')),
            created_at timestamptz NOT NULL,
            send_at timestamptz NOT NULL,
            tries integer NOT NULL CONSTRAINT refund_tries_not_negative CHECK (tries >= 0),
            transaction_id text,
            settled_at timestamptz,
            journal_key uuid,
            CONSTRAINT refund_settled_by_an_entry CHECK (
                (state = 'settled') = (journal_key IS NOT NULL)
                AND (journal_key IS NULL) = (settled_at IS NULL)
                AND (journal_key IS NULL) = (transaction_id IS NULL))
        )""")
    op.execute("CREATE INDEX refunds_by_order ON settlement.refunds (order_id, id)")
    op.execute("""
        CREATE INDEX refunds_due ON settlement.refunds (send_at, id) WHERE state <> 'settled'""")
    op.execute("CREATE INDEX refunds_by_end ON settlement.refunds (channel, settled_at)")
    op.execute("ALTER TABLE settlement.refunds ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlement.refunds FORCE ROW LEVEL SECURITY")
    # Whoever sees an escrow sees what goes back of it: the inner table has its own fence.
    op.execute("""
        CREATE POLICY refunds_of_both_sides ON settlement.refunds
        USING (catalog.sees_all() OR EXISTS (
            SELECT FROM settlement.escrows e WHERE e.order_id = refunds.order_id))""")
    op.execute("""
        CREATE TRIGGER refunds_are_kept BEFORE DELETE OR TRUNCATE ON settlement.refunds
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("GRANT SELECT, INSERT ON settlement.refunds TO market_api")
    op.execute("""
        GRANT UPDATE (state, send_at, tries, transaction_id, settled_at, journal_key)
           ON settlement.refunds TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE settlement.refunds")
