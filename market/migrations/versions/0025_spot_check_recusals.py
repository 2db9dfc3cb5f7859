"""Keep which entry concluded a spot check: it seals who stood aside."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE market.spot_checks ADD COLUMN concluded_entry_id uuid")
    op.execute("GRANT UPDATE (concluded_entry_id) ON market.spot_checks TO market_api")


def downgrade() -> None:
    op.execute("ALTER TABLE market.spot_checks DROP COLUMN concluded_entry_id")
