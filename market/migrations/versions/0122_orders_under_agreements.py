"""Let an order stand under an agreement that was negotiated; an agreement pays for one."""

from alembic import op

revision = "0122"
down_revision = "0121"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE market.orders
            ADD COLUMN agreement_id uuid REFERENCES market.agreements (id)""")
    op.execute("""
        CREATE UNIQUE INDEX one_order_by_an_agreement ON market.orders (agreement_id)
         WHERE agreement_id IS NOT NULL AND state NOT IN ('rejected', 'cancelled', 'terminated')""")


def downgrade() -> None:
    op.execute("DROP INDEX market.one_order_by_an_agreement")
    op.execute("ALTER TABLE market.orders DROP COLUMN agreement_id")
