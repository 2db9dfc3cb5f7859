"""Keep of every timer when it was marked overdue, whatever became of it after."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE catalog.timers ADD COLUMN overdue_since timestamptz")
    # The owner is behind the second wall too, and is to see every row of the table.
    op.execute("SELECT set_config('app.clearance', 'system', true)")
    # When a mark was set was not written down; the end of the last day is the nearest known.
    op.execute("""
        UPDATE catalog.timers SET overdue_since = ends_at
         WHERE state IN ('overdue', 'met_late')
            OR (state = 'cancelled' AND cancelled_at >= ends_at)""")
    op.execute("SELECT set_config('app.clearance', '', true)")
    op.execute("""
        ALTER TABLE catalog.timers ADD CONSTRAINT timer_overdue_since_when_overdue
            CHECK (CASE WHEN state IN ('overdue', 'met_late') THEN overdue_since IS NOT NULL
                        WHEN state IN ('open', 'met') THEN overdue_since IS NULL
                        ELSE true END)""")
    op.execute("""
        CREATE INDEX timers_ever_overdue_by_end ON catalog.timers (ends_at, id)
            WHERE overdue_since IS NOT NULL""")


def downgrade() -> None:
    op.execute("DROP INDEX catalog.timers_ever_overdue_by_end")
    op.execute("ALTER TABLE catalog.timers DROP COLUMN overdue_since")
