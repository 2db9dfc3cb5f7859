"""Make the tables of the change registrations (变更登记, HN-18)."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STATES = (
    "'draft','submitted','correction_required','not_accepted','accepted','under_review','refused',"
    "'review_failed_technical','review_passed','issuance_authorised','issued','withdrawn','closed'"
)
OPEN_STATES = (
    "'draft','submitted','correction_required','accepted','under_review','review_passed',"
    "'issuance_authorised'"
)
SHA256 = "~ '^[0-9a-f]{64}$'"
PAPERS = ("change_materials", "change_papers")


def upgrade() -> None:
    op.execute("""
        CREATE TABLE catalog.change_serials (
            year integer PRIMARY KEY,
            last_serial integer NOT NULL CONSTRAINT change_serials_count CHECK (last_serial >= 1)
        )""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.change_serials TO market_api")
    op.execute(f"""
        CREATE TABLE catalog.changes (
            id uuid PRIMARY KEY,
            change_number text CONSTRAINT change_number_once UNIQUE,
            kind text NOT NULL CONSTRAINT change_kind_known CHECK (kind IN ('change','correction')),
            certificate_number text NOT NULL REFERENCES catalog.certificates (number),
            new_certificate_number text REFERENCES catalog.certificates (number),
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            registrant_party_id uuid NOT NULL,
            agent_party_id uuid,
            filed_by uuid,
            operator_party_id uuid,
            rulebook text NOT NULL CONSTRAINT change_names_its_rulebook CHECK (rulebook <> ''),
            state text NOT NULL CONSTRAINT changes_state_known CHECK (state IN ({STATES})),
            wanted jsonb NOT NULL CONSTRAINT change_wants_something CHECK (wanted <> '{{}}'::jsonb),
            reason text NOT NULL,
            occurred_on date NOT NULL,
            prompt_until date NOT NULL,
            version integer NOT NULL CONSTRAINT change_version_counts CHECK (version >= 1),
            submission_no integer NOT NULL
                CONSTRAINT change_submission_no_counts CHECK (submission_no >= 0),
            dossier_sha256 text
                CONSTRAINT change_dossier_sha256_is_hex CHECK (dossier_sha256 {SHA256}),
            acceptor_account_id uuid,
            technical_reviewer_account_id uuid,
            agency_party_id uuid,
            agency_contract_id uuid REFERENCES catalog.agency_contracts (id),
            compliance_is_skipped boolean NOT NULL,
            technical_round integer NOT NULL,
            closing text,
            created_at timestamptz NOT NULL,
            submitted_at timestamptz,
            accepted_at timestamptz,
            updated_at timestamptz NOT NULL,
            CONSTRAINT submitted_change_has_a_number CHECK (
                (submission_no > 0)
                = (change_number IS NOT NULL AND submitted_at IS NOT NULL
                   AND dossier_sha256 IS NOT NULL)),
            CONSTRAINT issued_change_names_its_certificate CHECK (
                new_certificate_number IS NULL OR state = 'issued'),
            CONSTRAINT change_reviewer_is_not_the_acceptor CHECK (
                technical_reviewer_account_id IS NULL
                OR technical_reviewer_account_id <> acceptor_account_id),
            CONSTRAINT change_agency_works_under_a_contract CHECK (
                (agency_party_id IS NULL) = (agency_contract_id IS NULL)),
            CONSTRAINT change_skips_or_has_its_agency CHECK (
                NOT compliance_is_skipped OR agency_party_id IS NULL),
            CONSTRAINT only_a_correction_skips_compliance CHECK (
                NOT compliance_is_skipped OR kind = 'correction')
        )""")
    op.execute(f"""
        CREATE UNIQUE INDEX one_open_change_per_certificate
            ON catalog.changes (certificate_number) WHERE state IN ({OPEN_STATES})""")
    op.execute("CREATE INDEX changes_by_certificate ON catalog.changes (certificate_number, id)")
    op.execute("CREATE INDEX changes_by_registrant ON catalog.changes (registrant_party_id, id)")
    op.execute("CREATE INDEX changes_by_state ON catalog.changes (state, id)")
    op.execute("ALTER TABLE catalog.changes ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.changes FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY changes_of_their_parties ON catalog.changes
        USING (catalog.sees_all() OR registrant_party_id = catalog.acting_party()
               OR agent_party_id = catalog.acting_party()
               OR agency_party_id = catalog.acting_party())
        WITH CHECK (catalog.sees_all() OR registrant_party_id = catalog.acting_party()
               OR agent_party_id = catalog.acting_party()
               OR agency_party_id = catalog.acting_party())""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.changes TO market_api")
    # Whoever may see a change may see, and by handing in sets off, its clocks.
    op.execute("""
        CREATE POLICY timers_of_changes ON catalog.timers
        USING (subject_kind = 'change'
               AND EXISTS (SELECT 1 FROM catalog.changes c WHERE c.id = subject_id))""")
    _papers()


def _papers() -> None:
    op.execute(f"""
        CREATE TABLE catalog.change_materials (
            id uuid PRIMARY KEY,
            change_id uuid NOT NULL REFERENCES catalog.changes (id),
            kind text NOT NULL CONSTRAINT change_material_kind_known CHECK (kind IN (
                'change_application_form','change_proof','registry_required_other')),
            version integer NOT NULL CONSTRAINT change_material_version_counts CHECK (version >= 1),
            file_id uuid NOT NULL REFERENCES catalog.files (id),
            sha256 text NOT NULL CONSTRAINT change_material_sha256_is_hex CHECK (sha256 {SHA256}),
            handed_in_by uuid,
            handed_in_at timestamptz NOT NULL,
            CONSTRAINT change_material_version_once UNIQUE (change_id, kind, version)
        )""")
    op.execute("""
        CREATE TABLE catalog.change_papers (
            id uuid PRIMARY KEY,
            change_id uuid NOT NULL REFERENCES catalog.changes (id),
            kind text NOT NULL CONSTRAINT change_paper_kind_known CHECK (kind IN (
                'submission','acceptance_opinion','notification','technical_opinion',
                'compliance_opinion','review_decision','authorisation')),
            no integer NOT NULL CONSTRAINT change_paper_counts CHECK (no >= 1),
            body jsonb NOT NULL,
            document bytea,
            sha256 text,
            key_id text,
            signature bytea
                CONSTRAINT change_paper_signature_has_64_bytes CHECK (octet_length(signature) = 64),
            written_by uuid,
            party_id uuid,
            written_at timestamptz NOT NULL,
            CONSTRAINT change_paper_once UNIQUE (change_id, kind, no),
            CONSTRAINT one_authorisation_per_change CHECK (kind <> 'authorisation' OR no = 1),
            CONSTRAINT one_compliance_opinion_per_change CHECK (
                kind <> 'compliance_opinion' OR no = 1),
            CONSTRAINT change_paper_sha256_fits CHECK (
                (document IS NULL) = (sha256 IS NULL)
                AND (sha256 IS NULL OR sha256 = encode(sha256(document), 'hex'))),
            CONSTRAINT change_paper_of_others_is_signed CHECK (
                kind NOT IN ('compliance_opinion', 'authorisation')
                OR (document IS NOT NULL AND key_id IS NOT NULL AND signature IS NOT NULL)),
            CONSTRAINT change_notification_has_a_receipt CHECK (
                kind <> 'notification' OR coalesce(body->>'receipt', '') <> '')
        )""")
    op.execute("""
        CREATE UNIQUE INDEX change_authorisation_number_once
            ON catalog.change_papers (party_id, (body->>'authorisation_number'))
         WHERE kind = 'authorisation'""")
    for table in PAPERS:
        op.execute(f"ALTER TABLE catalog.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE catalog.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"""
            CREATE POLICY {table}_of_their_change ON catalog.{table}
            USING (EXISTS (SELECT 1 FROM catalog.changes c WHERE c.id = change_id))""")
        op.execute(f"GRANT SELECT, INSERT ON catalog.{table} TO market_api")
        op.execute(f"""
            CREATE TRIGGER {table}_are_never_changed BEFORE UPDATE OR DELETE ON catalog.{table}
            FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"""
            CREATE TRIGGER {table}_are_never_emptied BEFORE TRUNCATE ON catalog.{table}
            FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def downgrade() -> None:
    op.execute("DROP POLICY timers_of_changes ON catalog.timers")
    for table in ("change_papers", "change_materials", "changes", "change_serials"):
        op.execute(f"DROP TABLE catalog.{table}")
