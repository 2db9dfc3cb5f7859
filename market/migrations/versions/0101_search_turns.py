"""Number the turns in which an index elsewhere is written: a later turn has a later snapshot."""

from alembic import op

revision = "0101"
down_revision = "0100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE catalog.search_turns")
    op.execute("GRANT USAGE ON SEQUENCE catalog.search_turns TO market_api")


def downgrade() -> None:
    op.execute("DROP SEQUENCE catalog.search_turns")
