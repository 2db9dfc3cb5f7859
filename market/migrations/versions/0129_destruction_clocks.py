"""Find a buyer's overdue statements of destruction at once: each of its orders asks for them."""

from alembic import op

revision = "0129"
down_revision = "0128"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE INDEX timers_of_destruction ON catalog.timers (party_id, ends_at)
         WHERE kind = 'destruction_statement' AND state IN ('open', 'overdue')""")


def downgrade() -> None:
    op.execute("DROP INDEX catalog.timers_of_destruction")
