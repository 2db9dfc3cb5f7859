"""Let a transfer be issued without the bureau where the certificate's rulebook asks for none (NDA35-34)."""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

_WHOLE = "new_certificate_number IS NOT NULL AND ended_at IS NOT NULL"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE catalog.certificate_transfers
            ADD COLUMN needs_authorisation boolean NOT NULL DEFAULT true,
            DROP CONSTRAINT transfer_is_issued_with_authorisation""")
    op.execute(f"""
        ALTER TABLE catalog.certificate_transfers
            ADD CONSTRAINT transfer_is_issued_with_authorisation CHECK (
                issued_at IS NULL
                OR ((authorised_at IS NOT NULL OR NOT needs_authorisation)
                    AND accepted_at IS NOT NULL AND {_WHOLE})) NOT VALID""")
    op.execute("""
        ALTER TABLE catalog.certificate_transfers
            VALIDATE CONSTRAINT transfer_is_issued_with_authorisation""")


def downgrade() -> None:
    op.execute(f"""
        ALTER TABLE catalog.certificate_transfers
            DROP CONSTRAINT transfer_is_issued_with_authorisation,
            DROP COLUMN needs_authorisation,
            ADD CONSTRAINT transfer_is_issued_with_authorisation CHECK (
                issued_at IS NULL OR (authorised_at IS NOT NULL AND {_WHOLE}))""")
