"""Keep how a certificate is corrected that is issued anew, and by whose authorisation (HN-20)."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

SHA256 = "~ '^[0-9a-f]{64}$'"
EFFECTS = "'new_holder', 'no_holder', 'against_registrant', 'for_registrant'"


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE catalog.certificate_reissues (
            id uuid PRIMARY KEY,
            certificate_number text NOT NULL REFERENCES catalog.certificates (number),
            registrant_party_id uuid NOT NULL,
            ground text NOT NULL CONSTRAINT reissue_ground_known CHECK (
                ground IN ('objection', 'instrument')),
            ground_id uuid NOT NULL,
            corrected jsonb NOT NULL,
            corrected_sha256 text NOT NULL
                CONSTRAINT reissue_corrected_sha256_is_hex CHECK (corrected_sha256 {SHA256}),
            ordered_at timestamptz NOT NULL,
            bureau_party_id uuid,
            authority text,
            authorisation_number text,
            authorisation bytea,
            authorisation_sha256 text
                CONSTRAINT reissue_authorisation_sha256_is_hex CHECK (
                    authorisation_sha256 {SHA256}),
            key_id text,
            signature bytea,
            authorised_by uuid,
            authorised_at timestamptz,
            new_certificate_number text REFERENCES catalog.certificates (number),
            issued_at timestamptz,
            CONSTRAINT reissue_is_authorised_as_a_whole CHECK (
                num_nonnulls(bureau_party_id, authority, authorisation_number, authorisation,
                             authorisation_sha256, key_id, signature, authorised_at) IN (0, 8)),
            CONSTRAINT reissue_is_issued_with_authorisation CHECK (
                issued_at IS NULL OR authorised_at IS NOT NULL),
            CONSTRAINT reissue_names_what_was_issued CHECK (
                (issued_at IS NULL) = (new_certificate_number IS NULL))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_open_reissue_per_certificate
            ON catalog.certificate_reissues (certificate_number) WHERE issued_at IS NULL""")
    op.execute("""
        CREATE UNIQUE INDEX reissue_authorisation_number_once
            ON catalog.certificate_reissues (bureau_party_id, authorisation_number)""")
    op.execute("ALTER TABLE catalog.certificate_reissues ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.certificate_reissues FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY reissues_of_their_registrant ON catalog.certificate_reissues
        USING (catalog.sees_all() OR registrant_party_id = catalog.acting_party())""")
    op.execute("GRANT SELECT, INSERT ON catalog.certificate_reissues TO market_api")
    op.execute("""
        GRANT UPDATE (bureau_party_id, authority, authorisation_number, authorisation,
                      authorisation_sha256, key_id, signature, authorised_by, authorised_at,
                      new_certificate_number, issued_at)
            ON catalog.certificate_reissues TO market_api""")
    op.execute("""
        ALTER TABLE catalog.legal_instruments ADD COLUMN corrected jsonb,
            DROP CONSTRAINT instrument_effect_known""")
    op.execute(f"""
        ALTER TABLE catalog.legal_instruments
            ADD CONSTRAINT instrument_effect_known CHECK (effect IN ({EFFECTS}, 'corrected')),
            ADD CONSTRAINT a_correction_is_given_if_it_is_the_effect CHECK (
                (effect = 'corrected') = (corrected IS NOT NULL))""")


def downgrade() -> None:
    op.execute(f"""
        ALTER TABLE catalog.legal_instruments
            DROP CONSTRAINT a_correction_is_given_if_it_is_the_effect,
            DROP CONSTRAINT instrument_effect_known""")
    op.execute(f"""
        ALTER TABLE catalog.legal_instruments DROP COLUMN corrected,
            ADD CONSTRAINT instrument_effect_known CHECK (effect IN ({EFFECTS}))""")
    op.execute("DROP TABLE catalog.certificate_reissues")
