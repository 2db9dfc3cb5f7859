"""Write uses without an index by time: nobody asks for them by it, and each use paid for it.

Uses are read by their order; what happened in a quarter is read from the log.
"""

from alembic import op

revision = "0117"
down_revision = "0116"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX market.usage_events_by_time")


def downgrade() -> None:
    op.execute("CREATE INDEX usage_events_by_time ON market.usage_events (at)")
