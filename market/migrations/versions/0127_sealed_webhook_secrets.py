"""Keep what signs to endpoints sealed, and by which public key they believe it.

What was bare is sealed by the job that delivers: the key lies in a file, which no migration reads.
"""

from alembic import op

revision = "0127"
down_revision = "0126"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE market.webhook_secrets
        ALTER COLUMN secret DROP NOT NULL,
        ADD COLUMN sealed bytea,
        ADD CONSTRAINT sealed_or_to_be_sealed CHECK ((secret IS NULL) <> (sealed IS NULL))""")
    op.execute("ALTER TABLE market.webhook_endpoints ADD COLUMN public_key text")


def downgrade() -> None:
    # What is sealed can not be read here: every endpoint registers anew.
    op.execute("DELETE FROM market.webhook_secrets WHERE secret IS NULL")
    op.execute("""
        ALTER TABLE market.webhook_secrets
        DROP COLUMN sealed, ALTER COLUMN secret SET NOT NULL""")
    op.execute("ALTER TABLE market.webhook_endpoints DROP COLUMN public_key")
