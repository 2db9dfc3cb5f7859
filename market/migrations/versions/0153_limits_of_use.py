"""Let a licence grant count what was used of late, where so many uses a minute, hour or day are agreed."""

from alembic import op

revision = "0153"
down_revision = "0152"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE market.grants ADD COLUMN recent jsonb NOT NULL DEFAULT '[]'")
    # As the other rules of what each use writes (0136): a CHECK is read anew with every use.
    op.execute("""
        CREATE POLICY grant_recent_is_a_list ON market.grants AS RESTRICTIVE USING (true)
        WITH CHECK (jsonb_typeof(recent) = 'array')""")
    op.execute("GRANT UPDATE (recent) ON market.grants TO market_api")


def downgrade() -> None:
    op.execute("DROP POLICY grant_recent_is_a_list ON market.grants")
    op.execute("ALTER TABLE market.grants DROP COLUMN recent")
