"""Keep what both sides of a complaint said before it was decided, and until when they were heard."""

from alembic import op

<<<<<<<< HEAD:market/migrations/versions/0145_hearings.py
revision = "0145"
down_revision = "0144"
========
revision = "0145"
down_revision = "0144"
>>>>>>>> 58f78bac (complaints: Record what both sides say; come after 0143.):market/migrations/versions/0144_hearings.py
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
