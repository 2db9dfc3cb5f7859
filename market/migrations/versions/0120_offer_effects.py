"""Keep what was declared of running contracts when an offer was stopped."""

from alembic import op

revision = "0120"
down_revision = "0119"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE market.listings ADD COLUMN effect text
            CONSTRAINT listing_effect_known CHECK (effect IN ('drain', 'freeze', 'cut'))""")


def downgrade() -> None:
    op.execute("ALTER TABLE market.listings DROP COLUMN effect")
