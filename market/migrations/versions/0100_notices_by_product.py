"""Find the notices about one product without reading them all."""

from alembic import op

revision = "0100"
down_revision = "0099"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX notices_by_product ON catalog.notices (product_id, id)")


def downgrade() -> None:
    op.execute("DROP INDEX catalog.notices_by_product")
