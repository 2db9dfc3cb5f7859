"""Let the outcome of a payment be unknown, and be asked for until it is known."""

from alembic import op

revision = "0141"
down_revision = "0140"
branch_labels = None
depends_on = None

STATES = "'created', 'pending', 'succeeded', 'failed', 'expired'"
ONE = "payment_one_open_or_succeeded_per_order"


def upgrade() -> None:
    _states(f"{STATES}, 'unknown'")
    _one("'created', 'pending', 'unknown', 'succeeded'")
    op.execute("""
        ALTER TABLE settlement.payments
            ADD COLUMN ask_at timestamptz,
            ADD COLUMN asked integer NOT NULL DEFAULT 0
                CONSTRAINT payment_asked_not_negative CHECK (asked >= 0)""")
    op.execute("""
        UPDATE settlement.payments SET ask_at = created_at + interval '5 minutes'
         WHERE state IN ('created', 'pending')""")
    op.execute("""
        CREATE INDEX payments_to_ask_about ON settlement.payments (ask_at, id)
        WHERE state IN ('created', 'pending', 'unknown')""")
    # A transfer is found by the short reference that was told to its buyer.
    op.execute("""
        CREATE UNIQUE INDEX payment_channel_reference_used_once
        ON settlement.payments (channel, channel_reference)""")
    op.execute("GRANT UPDATE (ask_at, asked) ON settlement.payments TO market_api")


def _states(states: str) -> None:
    op.execute("ALTER TABLE settlement.payments DROP CONSTRAINT payment_state_known")
    op.execute(f"""
        ALTER TABLE settlement.payments
            ADD CONSTRAINT payment_state_known CHECK (state IN ({states}))""")


def _one(states: str) -> None:
    op.execute(f"DROP INDEX settlement.{ONE}")
    op.execute(f"""
        CREATE UNIQUE INDEX {ONE} ON settlement.payments (order_id) WHERE state IN ({states})""")


def downgrade() -> None:
    op.execute("UPDATE settlement.payments SET state = 'pending' WHERE state = 'unknown'")
    op.execute("DROP INDEX settlement.payment_channel_reference_used_once")
    op.execute("DROP INDEX settlement.payments_to_ask_about")
    op.execute("ALTER TABLE settlement.payments DROP COLUMN ask_at, DROP COLUMN asked")
    _one("'created', 'pending', 'succeeded'")
    _states(STATES)
