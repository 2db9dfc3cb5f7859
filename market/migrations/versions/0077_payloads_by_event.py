"""Keep one index of the payloads where there were two: each entry of the log pays for each."""

from alembic import op

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("event", "at"):
        op.execute(f"DROP INDEX audit_log.payloads_{name}")
    op.execute("CREATE INDEX payloads_event ON audit_log.payloads (event, at, entry_id)")


def downgrade() -> None:
    op.execute("DROP INDEX audit_log.payloads_event")
    op.execute("CREATE INDEX payloads_event ON audit_log.payloads (event, entry_id)")
    op.execute("CREATE INDEX payloads_at ON audit_log.payloads (at, entry_id)")
