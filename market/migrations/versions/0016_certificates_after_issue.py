"""Keep what happens to a certificate after its issue: successors and burdens."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SHA256 = "~ '^[0-9a-f]{64}$'"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE catalog.certificates ADD COLUMN supersedes text
            CONSTRAINT certificate_follows_another REFERENCES catalog.certificates (number)
            CONSTRAINT certificate_is_followed_once UNIQUE""")
    op.execute("""
        ALTER TABLE catalog.certificates ADD CONSTRAINT only_a_first_version_follows_none
            CHECK ((version = 1) = (supersedes IS NULL))""")
    op.execute(f"""
        CREATE TABLE catalog.certificate_encumbrances (
            id uuid PRIMARY KEY,
            certificate_number text NOT NULL REFERENCES catalog.certificates (number),
            kind text NOT NULL CONSTRAINT encumbrance_kind_known CHECK (kind IN (
                'pledge', 'trust', 'insurance', 'seizure')),
            beneficiary text NOT NULL CONSTRAINT encumbrance_is_for_somebody CHECK (
                beneficiary <> ''),
            document_number text NOT NULL CONSTRAINT encumbrance_has_a_document CHECK (
                document_number <> ''),
            file_id uuid NOT NULL REFERENCES catalog.files (id),
            file_sha256 text NOT NULL
                CONSTRAINT encumbrance_file_sha256_is_hex CHECK (file_sha256 {SHA256}),
            since_on date NOT NULL,
            until_on date,
            registered_by uuid,
            registered_at timestamptz NOT NULL,
            released_at timestamptz,
            release_reason text,
            release_file_sha256 text CONSTRAINT encumbrance_release_sha256_is_hex CHECK (
                release_file_sha256 {SHA256}),
            CONSTRAINT encumbrance_ends_after_it_begins CHECK (until_on >= since_on),
            CONSTRAINT encumbrance_is_released_with_proof CHECK (
                (released_at IS NULL) = (release_reason IS NULL)
                AND (released_at IS NULL) = (release_file_sha256 IS NULL))
        )""")
    op.execute("""
        CREATE INDEX certificate_encumbrances_by_number
            ON catalog.certificate_encumbrances (certificate_number, id)""")
    # The register is public: that a burden stands, not for whom. Who may see more is asked above.
    op.execute("GRANT SELECT, INSERT ON catalog.certificate_encumbrances TO market_api")
    op.execute("""
        GRANT UPDATE (released_at, release_reason, release_file_sha256)
            ON catalog.certificate_encumbrances TO market_api""")


    # The second wall behind market.consequences: no offer is committed on a certificate that does
    # not count. It looks at every row, whoever acts.
    op.execute("""
        CREATE FUNCTION market.check_offers_certificate() RETURNS trigger LANGUAGE plpgsql
        SET "app.clearance" = 'system' AS
        $$ BEGIN
            IF EXISTS (SELECT FROM market.listings l
                         JOIN catalog.certificates c ON c.number = l.certificate_number
                        WHERE l.state = 'listed' AND c.state <> 'active'
                          AND l.product_id = NEW.product_id) THEN
                RAISE EXCEPTION 'an offer rests on a certificate that does not count'
                    USING ERRCODE = 'check_violation',
                          CONSTRAINT = 'offers_rest_on_their_certificates';
            END IF;
            RETURN NULL;
        END $$""")
    for table in ("catalog.certificates", "market.listings"):
        op.execute(f"""
            CREATE CONSTRAINT TRIGGER offers_rest_on_their_certificates
            AFTER UPDATE OF state ON {table} DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION market.check_offers_certificate()""")


def downgrade() -> None:
    for table in ("catalog.certificates", "market.listings"):
        op.execute(f"DROP TRIGGER offers_rest_on_their_certificates ON {table}")
    op.execute("DROP FUNCTION market.check_offers_certificate")
    op.execute("DROP TABLE catalog.certificate_encumbrances")
    op.execute("ALTER TABLE catalog.certificates DROP COLUMN supersedes")
