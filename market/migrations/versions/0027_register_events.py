"""Name what each change of a certificate was, so that the register can announce it (HN-19(d))."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE catalog.certificate_changes ADD COLUMN event text")
    # What was kept so far is told by its state; a reissue by the reason that it was kept with.
    op.execute("ALTER TABLE catalog.certificate_changes DISABLE TRIGGER USER")
    op.execute("""
        UPDATE catalog.certificate_changes SET event = CASE
            WHEN state = 'active' AND reason = 'issued' THEN 'issued'
            WHEN state = 'active' THEN 'unfrozen'
            WHEN state = 'superseded' AND reason LIKE 'objection %: to be issued anew'
                THEN 'reissued'
            WHEN state = 'superseded' THEN 'changed'
            ELSE state END""")
    op.execute("ALTER TABLE catalog.certificate_changes ENABLE TRIGGER USER")
    op.execute("""
        ALTER TABLE catalog.certificate_changes ALTER COLUMN event SET NOT NULL,
            ADD CONSTRAINT certificate_changes_event_known CHECK (event IN (
                'issued', 'changed', 'transferred', 'deregistered', 'revoked', 'reissued',
                'frozen', 'unfrozen', 'product_expired'))""")
    op.execute(
        "CREATE INDEX certificate_changes_by_event ON catalog.certificate_changes (event, id)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE catalog.certificate_changes DROP COLUMN event")
