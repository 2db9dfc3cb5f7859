"""Keep transfers by agreement, signed by both parties (A22)."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

SHA256 = "~ '^[0-9a-f]{64}$'"


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE catalog.certificate_transfers (
            id uuid PRIMARY KEY,
            certificate_number text NOT NULL REFERENCES catalog.certificates (number),
            from_party_id uuid NOT NULL,
            to_party_id uuid NOT NULL,
            agreement bytea NOT NULL,
            agreement_sha256 text NOT NULL
                CONSTRAINT transfer_agreement_sha256_is_hex CHECK (agreement_sha256 {SHA256}),
            from_key_id text NOT NULL,
            from_signature bytea NOT NULL,
            offered_by uuid,
            offered_at timestamptz NOT NULL,
            to_key_id text,
            to_signature bytea,
            accepted_at timestamptz,
            bureau_party_id uuid,
            authority text,
            authorisation_number text,
            authorisation bytea,
            authorisation_sha256 text
                CONSTRAINT transfer_authorisation_sha256_is_hex CHECK (
                    authorisation_sha256 {SHA256}),
            authorisation_key_id text,
            authorisation_signature bytea,
            authorised_at timestamptz,
            new_certificate_number text REFERENCES catalog.certificates (number),
            issued_at timestamptz,
            ended_at timestamptz,
            CONSTRAINT transfer_goes_to_another CHECK (from_party_id <> to_party_id),
            CONSTRAINT transfer_is_signed_as_a_whole CHECK (
                num_nonnulls(to_key_id, to_signature, accepted_at) IN (0, 3)),
            CONSTRAINT transfer_is_authorised_after_both_signed CHECK (
                authorised_at IS NULL OR (accepted_at IS NOT NULL AND authorisation IS NOT NULL)),
            CONSTRAINT transfer_is_issued_with_authorisation CHECK (
                issued_at IS NULL
                OR (authorised_at IS NOT NULL AND new_certificate_number IS NOT NULL
                    AND ended_at IS NOT NULL))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_open_transfer_per_certificate
            ON catalog.certificate_transfers (certificate_number) WHERE ended_at IS NULL""")
    op.execute("""
        CREATE UNIQUE INDEX transfer_authorisation_number_once
            ON catalog.certificate_transfers (bureau_party_id, authorisation_number)""")
    op.execute("ALTER TABLE catalog.certificate_transfers ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.certificate_transfers FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY transfers_of_their_parties ON catalog.certificate_transfers
        USING (catalog.sees_all() OR from_party_id = catalog.acting_party()
               OR to_party_id = catalog.acting_party())""")
    op.execute("GRANT SELECT, INSERT ON catalog.certificate_transfers TO market_api")
    op.execute("""
        GRANT UPDATE (to_key_id, to_signature, accepted_at, bureau_party_id, authority,
                      authorisation_number, authorisation, authorisation_sha256,
                      authorisation_key_id, authorisation_signature, authorised_at,
                      new_certificate_number, issued_at, ended_at)
            ON catalog.certificate_transfers TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE catalog.certificate_transfers")
