"""Let a licence grant count what was used of late, where so many uses a minute, hour or day are agreed."""

from alembic import op

revision = "0153"
down_revision = "0152"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE market.grants ADD COLUMN recent jsonb NOT NULL DEFAULT '[]'
        CONSTRAINT grant_recent_is_a_list CHECK (jsonb_typeof(recent) = 'array')""")
    op.execute("GRANT UPDATE (recent) ON market.grants TO market_api")


def downgrade() -> None:
    op.execute("ALTER TABLE market.grants DROP COLUMN recent")
