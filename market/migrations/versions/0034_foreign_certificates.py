"""Make foreign certificates and the registrars that issue them (互认)."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

SHA256 = "~ '^[0-9a-f]{64}$'"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE catalog.foreign_registrars (
            id uuid PRIMARY KEY,
            name text NOT NULL CONSTRAINT foreign_registrar_is_named_once UNIQUE,
            agreement text NOT NULL,
            keys text,
            entered_by uuid,
            entered_at timestamptz NOT NULL
        )""")
    op.execute("GRANT SELECT, INSERT ON catalog.foreign_registrars TO market_api")
    op.execute(f"""
        CREATE TABLE catalog.foreign_certificates (
            id uuid PRIMARY KEY,
            registrar_id uuid NOT NULL REFERENCES catalog.foreign_registrars (id),
            number text NOT NULL,
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            supplier_party_id uuid NOT NULL,
            holder_name text NOT NULL,
            product_name text NOT NULL,
            issued_on date NOT NULL,
            valid_to date,
            file_id uuid NOT NULL REFERENCES catalog.files (id),
            file_sha256 text NOT NULL
                CONSTRAINT foreign_file_sha256_is_hex CHECK (file_sha256 {SHA256}),
            is_signature_checked boolean NOT NULL,
            state text NOT NULL CONSTRAINT foreign_certificates_state_known CHECK (state IN (
                'imported', 'verified', 'recognised', 'rejected', 'withdrawn')),
            imported_by uuid,
            imported_at timestamptz NOT NULL,
            checked_by uuid,
            source text,
            verified_by uuid,
            verified_at timestamptz,
            recognised_at timestamptz,
            recheck_by date,
            lapsed_at timestamptz,
            reason text,
            CONSTRAINT foreign_validity_ends_after_issue CHECK (valid_to >= issued_on),
            CONSTRAINT verified_by_signature_or_by_two CHECK (
                verified_at IS NULL OR is_signature_checked
                OR (checked_by <> verified_by AND source IS NOT NULL)),
            CONSTRAINT recognised_after_it_was_verified CHECK (
                state NOT IN ('recognised', 'withdrawn')
                OR (verified_at IS NOT NULL AND recheck_by IS NOT NULL))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX foreign_certificate_is_imported_once
            ON catalog.foreign_certificates (registrar_id, number)
         WHERE state NOT IN ('rejected', 'withdrawn')""")
    op.execute("""
        CREATE INDEX foreign_certificates_by_product
            ON catalog.foreign_certificates (product_id, id)""")
    op.execute("ALTER TABLE catalog.foreign_certificates ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.foreign_certificates FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY foreign_certificates_recognised_or_own ON catalog.foreign_certificates
        USING (state IN ('recognised', 'withdrawn') OR catalog.sees_all()
               OR supplier_party_id = catalog.acting_party())""")
    op.execute("GRANT SELECT, INSERT ON catalog.foreign_certificates TO market_api")
    op.execute("""
        GRANT UPDATE (state, checked_by, source, verified_by, verified_at, recognised_at,
                      recheck_by, lapsed_at, reason)
            ON catalog.foreign_certificates TO market_api""")
    op.execute("""
        ALTER TABLE market.listings ADD COLUMN foreign_certificate_id uuid
            REFERENCES catalog.foreign_certificates (id)""")
    op.execute("GRANT UPDATE (foreign_certificate_id) ON market.listings TO market_api")


def downgrade() -> None:
    op.execute("ALTER TABLE market.listings DROP COLUMN foreign_certificate_id")
    op.execute("DROP TABLE catalog.foreign_certificates")
    op.execute("DROP TABLE catalog.foreign_registrars")
