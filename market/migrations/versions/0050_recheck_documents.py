"""Let a batch of papers that somebody signed be checked again (留存复核)."""

from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _known("'files', 'certificates', 'documents'")


def downgrade() -> None:
    op.execute("ALTER TABLE market.rechecks DISABLE TRIGGER USER")
    op.execute("DELETE FROM market.rechecks WHERE kind = 'documents'")
    op.execute("ALTER TABLE market.rechecks ENABLE TRIGGER USER")
    _known("'files', 'certificates'")


def _known(kinds: str) -> None:
    op.execute("ALTER TABLE market.rechecks DROP CONSTRAINT recheck_kind_known")
    op.execute(f"""
        ALTER TABLE market.rechecks
            ADD CONSTRAINT recheck_kind_known CHECK (kind IN ({kinds}))""")
