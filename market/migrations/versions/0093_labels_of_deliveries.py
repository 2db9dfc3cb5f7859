"""Let a licence grant say how much of its content a machine made, as the contract does (AIL-1)."""

from alembic import op

revision = "0093"
down_revision = "0092"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE market.grants ADD COLUMN ai_generated text NOT NULL DEFAULT 'none'
        CONSTRAINT grants_ai_generated_known CHECK (ai_generated IN ('none', 'partly', 'full'))""")


def downgrade() -> None:
    op.execute("ALTER TABLE market.grants DROP COLUMN ai_generated")
