"""Let an objection follow the right to another certificate and another holder (HN-19, HN-20)."""

from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        GRANT UPDATE (certificate_number, registrant_party_id) ON catalog.objections
            TO market_api""")
    op.execute("""
        CREATE INDEX objections_open_against_certificates
            ON catalog.objections (certificate_number, id) WHERE state NOT IN ('rejected', 'closed')""")


def downgrade() -> None:
    op.execute("DROP INDEX catalog.objections_open_against_certificates")
    op.execute("""
        REVOKE UPDATE (certificate_number, registrant_party_id) ON catalog.objections
            FROM market_api""")
