"""Find a certificate by the digest of its signed document."""

from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE UNIQUE INDEX certificates_by_digest ON catalog.certificates (record_sha256)""")


def downgrade() -> None:
    op.execute("DROP INDEX catalog.certificates_by_digest")
