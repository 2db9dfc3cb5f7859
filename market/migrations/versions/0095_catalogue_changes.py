"""Let public products be read by when they changed last, for feeds and harvesters."""

from alembic import op

revision = "0095"
down_revision = "0094"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX products_by_change ON catalog.products (updated_at DESC, id DESC)"
        " WHERE is_public"
    )


def downgrade() -> None:
    op.execute("DROP INDEX catalog.products_by_change")
