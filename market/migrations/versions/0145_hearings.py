"""Keep what both sides of a complaint said before it was decided, and until when they were heard."""

from alembic import op

revision = "0145"
down_revision = "0144"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What was taken before has no hearing: nobody was told of one.
    op.execute("""
        ALTER TABLE market.complaints
            ADD COLUMN positions jsonb NOT NULL DEFAULT '[]',
            ADD COLUMN hearing_ends_at timestamptz""")


def downgrade() -> None:
    op.execute("""
        ALTER TABLE market.complaints DROP COLUMN hearing_ends_at, DROP COLUMN positions""")
