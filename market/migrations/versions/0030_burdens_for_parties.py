"""Keep for which party a burden is, so that it is told of it and may read it."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE catalog.certificate_encumbrances ADD COLUMN beneficiary_party_id uuid")


def downgrade() -> None:
    op.execute("ALTER TABLE catalog.certificate_encumbrances DROP COLUMN beneficiary_party_id")
