"""Send back what one entry owes through each payment that brought it."""

from alembic import op

revision = "0165"
down_revision = "0164"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE settlement.refunds
            DROP CONSTRAINT refund_once_for_an_entry,
            ADD CONSTRAINT refund_once_for_an_entry UNIQUE (owed_by, paid_transaction_id)""")


def downgrade() -> None:
    op.execute("""
        ALTER TABLE settlement.refunds
            DROP CONSTRAINT refund_once_for_an_entry,
            ADD CONSTRAINT refund_once_for_an_entry UNIQUE (owed_by)""")
