"""Make the tables of the rights registration: applications, notices, certificates, objections."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATES = (
    "'draft','submitted','correction_required','not_accepted','accepted','under_review','refused',"
    "'review_failed_technical','review_passed','in_public_notice','objection_hold',"
    "'awaiting_issuance_authorisation','issuance_authorised','issued','withdrawn','lapsed'"
)
FINAL_STATES = "'not_accepted','refused','review_failed_technical','issued','withdrawn','lapsed'"
OBJECTION_STATES = (
    "'received','rejected','awaiting_response','under_determination','determined','unresolved',"
    "'referred_to_court','closed'"
)
CERTIFICATE_STATES = "'active','frozen','superseded','transferred','deregistered','revoked'"
SHA256 = "~ '^[0-9a-f]{64}$'"

# Written once. What an opinion, a decision or a certificate said is never said otherwise.
ETERNAL = (
    "application_materials",
    "application_submissions",
    "acceptance_opinions",
    "technical_opinions",
    "compliance_opinions",
    "review_decisions",
    "decision_notifications",
    "issuance_authorisations",
    "notice_postings",
    "certificate_changes",
    "objection_archives",
)
# Visible to whoever may see the application.
OF_AN_APPLICATION = (
    "application_materials",
    "application_submissions",
    "acceptance_opinions",
    "technical_opinions",
    "compliance_opinions",
    "review_decisions",
    "decision_notifications",
    "issuance_authorisations",
)


def upgrade() -> None:
    _applications()
    _opinions()
    _notices()
    _certificates()
    _objections()
    _guards()


def _applications() -> None:
    for series in ("application_serials", "certificate_serials"):
        op.execute(f"""
            CREATE TABLE catalog.{series} (
                year integer PRIMARY KEY,
                last_serial integer NOT NULL
                    CONSTRAINT {series}_count CHECK (last_serial >= 1)
            )""")
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON catalog.{series} TO market_api")
    op.execute(f"""
        CREATE TABLE catalog.applications (
            id uuid PRIMARY KEY,
            application_number text CONSTRAINT application_number_once UNIQUE,
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            applicant_party_id uuid NOT NULL,
            agent_party_id uuid,
            filed_by uuid,
            operator_party_id uuid,
            rulebook text NOT NULL CONSTRAINT application_names_its_rulebook CHECK (rulebook <> ''),
            state text NOT NULL CONSTRAINT applications_state_known CHECK (state IN ({STATES})),
            form jsonb NOT NULL,
            version integer NOT NULL CONSTRAINT application_version_counts CHECK (version >= 1),
            submission_no integer NOT NULL
                CONSTRAINT submission_no_counts CHECK (submission_no >= 0),
            dossier_sha256 text CONSTRAINT dossier_sha256_is_hex CHECK (dossier_sha256 {SHA256}),
            acceptor_account_id uuid,
            technical_reviewer_account_id uuid,
            agency_party_id uuid,
            agency_contract_id uuid REFERENCES catalog.agency_contracts (id),
            technical_round integer NOT NULL,
            compliance_round integer NOT NULL,
            open_objections integer NOT NULL
                CONSTRAINT open_objections_not_negative CHECK (open_objections >= 0),
            created_at timestamptz NOT NULL,
            submitted_at timestamptz,
            accepted_at timestamptz,
            updated_at timestamptz NOT NULL,
            CONSTRAINT submitted_application_has_a_number CHECK (
                (submission_no > 0)
                = (application_number IS NOT NULL AND submitted_at IS NOT NULL
                   AND dossier_sha256 IS NOT NULL)),
            CONSTRAINT reviewer_is_not_the_acceptor CHECK (
                technical_reviewer_account_id IS NULL
                OR technical_reviewer_account_id <> acceptor_account_id),
            CONSTRAINT agency_works_under_a_contract CHECK (
                (agency_party_id IS NULL) = (agency_contract_id IS NULL)),
            CONSTRAINT agency_is_not_the_applicant CHECK (
                agency_party_id <> applicant_party_id)
        )""")
    op.execute(f"""
        CREATE UNIQUE INDEX one_application_under_way_per_product
            ON catalog.applications (product_id) WHERE state NOT IN ({FINAL_STATES})""")
    op.execute(
        "CREATE INDEX applications_by_applicant ON catalog.applications (applicant_party_id, id)"
    )
    op.execute("CREATE INDEX applications_by_agency ON catalog.applications (agency_party_id, id)")
    op.execute("CREATE INDEX applications_by_state ON catalog.applications (state, id)")
    op.execute("ALTER TABLE catalog.applications ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.applications FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY applications_of_their_parties ON catalog.applications
        USING (catalog.sees_all() OR applicant_party_id = catalog.acting_party()
               OR agent_party_id = catalog.acting_party()
               OR agency_party_id = catalog.acting_party())
        WITH CHECK (catalog.sees_all() OR applicant_party_id = catalog.acting_party()
               OR agent_party_id = catalog.acting_party()
               OR agency_party_id = catalog.acting_party())""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.applications TO market_api")

    op.execute(f"""
        CREATE TABLE catalog.application_materials (
            id uuid PRIMARY KEY,
            application_id uuid NOT NULL REFERENCES catalog.applications (id),
            kind text NOT NULL CONSTRAINT material_kind_known CHECK (kind IN (
                'applicant_qualification','application_form','product_description','source_proof',
                'authorisation_channel_proof','security_compliance_statement',
                'joint_ownership_shares','agency_required_other','prior_registration_proof',
                'authorisation_letter','truth_statement')),
            version integer NOT NULL CONSTRAINT material_version_counts CHECK (version >= 1),
            file_id uuid REFERENCES catalog.files (id),
            sha256 text CONSTRAINT material_sha256_is_hex CHECK (sha256 {SHA256}),
            not_applicable_reason text,
            handed_in_by uuid,
            handed_in_at timestamptz NOT NULL,
            CONSTRAINT material_version_once UNIQUE (application_id, kind, version),
            CONSTRAINT material_is_a_file_or_a_reason CHECK (
                (file_id IS NOT NULL AND sha256 IS NOT NULL AND not_applicable_reason IS NULL)
                OR (file_id IS NULL AND sha256 IS NULL
                    AND coalesce(not_applicable_reason, '') <> ''))
        )""")
    op.execute(f"""
        CREATE TABLE catalog.application_submissions (
            application_id uuid NOT NULL REFERENCES catalog.applications (id),
            submission_no integer NOT NULL
                CONSTRAINT submission_counts CHECK (submission_no >= 1),
            submitted_at timestamptz NOT NULL,
            submitted_by uuid,
            dossier jsonb NOT NULL,
            dossier_sha256 text NOT NULL
                CONSTRAINT submission_sha256_is_hex CHECK (dossier_sha256 {SHA256}),
            conflicts jsonb NOT NULL,
            PRIMARY KEY (application_id, submission_no)
        )""")


def _opinions() -> None:
    op.execute("""
        CREATE TABLE catalog.acceptance_opinions (
            id uuid PRIMARY KEY,
            application_id uuid NOT NULL REFERENCES catalog.applications (id),
            submission_no integer NOT NULL,
            result text NOT NULL CONSTRAINT acceptance_result_known CHECK (result IN (
                'accepted','correction_required','not_accepted_out_of_scope')),
            reasons jsonb NOT NULL,
            items jsonb NOT NULL,
            override_reason text,
            overridden_targets jsonb NOT NULL,
            decided_by uuid,
            decided_at timestamptz NOT NULL,
            CONSTRAINT one_acceptance_opinion_per_submission UNIQUE (application_id, submission_no),
            CONSTRAINT correction_list_not_empty CHECK (
                (result = 'correction_required') = (jsonb_array_length(items) > 0)),
            CONSTRAINT exception_to_one_time_notice_has_a_reason CHECK (
                jsonb_array_length(overridden_targets) = 0 OR coalesce(override_reason, '') <> '')
        )""")
    op.execute(f"""
        CREATE TABLE catalog.technical_opinions (
            id uuid PRIMARY KEY,
            application_id uuid NOT NULL REFERENCES catalog.applications (id),
            round integer NOT NULL,
            reviewer_account_id uuid,
            overall text NOT NULL
                CONSTRAINT technical_result_known CHECK (overall IN ('pass','fail')),
            document bytea NOT NULL,
            sha256 text NOT NULL CONSTRAINT technical_sha256_is_hex CHECK (sha256 {SHA256}),
            recorded_at timestamptz NOT NULL,
            CONSTRAINT one_technical_opinion_per_round UNIQUE (application_id, round),
            CONSTRAINT technical_sha256_fits CHECK (sha256 = encode(sha256(document), 'hex'))
        )""")
    op.execute(f"""
        CREATE TABLE catalog.compliance_opinions (
            id uuid PRIMARY KEY,
            application_id uuid NOT NULL REFERENCES catalog.applications (id),
            round integer NOT NULL,
            agency_party_id uuid NOT NULL,
            contract_id uuid NOT NULL REFERENCES catalog.agency_contracts (id),
            overall text NOT NULL CONSTRAINT compliance_result_known CHECK (overall IN (
                'pass','pass_with_conditions','fail')),
            document bytea NOT NULL,
            sha256 text NOT NULL CONSTRAINT compliance_sha256_is_hex CHECK (sha256 {SHA256}),
            key_id text NOT NULL,
            signature bytea NOT NULL
                CONSTRAINT opinion_signature_has_64_bytes CHECK (octet_length(signature) = 64),
            recorded_at timestamptz NOT NULL,
            CONSTRAINT one_compliance_opinion_per_round UNIQUE (application_id, round),
            CONSTRAINT compliance_sha256_fits CHECK (sha256 = encode(sha256(document), 'hex'))
        )""")
    op.execute("""
        CREATE TABLE catalog.review_decisions (
            id uuid PRIMARY KEY,
            application_id uuid NOT NULL REFERENCES catalog.applications (id),
            result text NOT NULL CONSTRAINT review_result_known CHECK (result IN (
                'pass','refuse','fail_technical','return_technical_points')),
            grounds jsonb NOT NULL,
            reasons text NOT NULL,
            technical_opinion_id uuid REFERENCES catalog.technical_opinions (id),
            compliance_opinion_id uuid REFERENCES catalog.compliance_opinions (id),
            decided_by uuid,
            decided_at timestamptz NOT NULL,
            CONSTRAINT refusal_has_a_ground CHECK (
                (result = 'refuse') = (jsonb_array_length(grounds) > 0)),
            CONSTRAINT a_pass_rests_on_both_opinions CHECK (
                result <> 'pass'
                OR (technical_opinion_id IS NOT NULL AND compliance_opinion_id IS NOT NULL))
        )""")
    op.execute(
        "CREATE INDEX review_decisions_by_application ON catalog.review_decisions (application_id, id)"
    )
    op.execute("""
        CREATE TABLE catalog.decision_notifications (
            id uuid PRIMARY KEY,
            application_id uuid NOT NULL REFERENCES catalog.applications (id),
            decision_id uuid NOT NULL CONSTRAINT decision_is_notified_once UNIQUE,
            recipient_party_id uuid NOT NULL,
            channel text NOT NULL,
            receipt text NOT NULL CONSTRAINT notification_has_a_receipt CHECK (receipt <> ''),
            delivered_at timestamptz NOT NULL,
            notified_by uuid
        )""")
    op.execute(
        "CREATE INDEX decision_notifications_by_application ON catalog.decision_notifications (application_id, id)"
    )
    op.execute(f"""
        CREATE TABLE catalog.issuance_authorisations (
            id uuid PRIMARY KEY,
            application_id uuid NOT NULL REFERENCES catalog.applications (id)
                CONSTRAINT one_authorisation_per_application UNIQUE,
            bureau_party_id uuid NOT NULL,
            authority text NOT NULL,
            authorisation_number text NOT NULL,
            document bytea NOT NULL,
            sha256 text NOT NULL CONSTRAINT authorisation_sha256_is_hex CHECK (sha256 {SHA256}),
            key_id text NOT NULL,
            signature bytea NOT NULL
                CONSTRAINT authorisation_signature_has_64_bytes
                CHECK (octet_length(signature) = 64),
            decided_by uuid,
            decided_at timestamptz NOT NULL,
            CONSTRAINT authorisation_number_once UNIQUE (bureau_party_id, authorisation_number),
            CONSTRAINT authorisation_sha256_fits CHECK (sha256 = encode(sha256(document), 'hex'))
        )""")


def _notices() -> None:
    # Public: what stands here is what everybody may read.
    op.execute("""
        CREATE TABLE catalog.notices (
            id uuid PRIMARY KEY,
            application_id uuid NOT NULL REFERENCES catalog.applications (id),
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            registrant_party_id uuid NOT NULL,
            rulebook text NOT NULL,
            public_fields jsonb NOT NULL,
            state text NOT NULL CONSTRAINT notices_state_known CHECK (state IN (
                'posting','running','ended','closed')),
            starts_on date,
            ends_on date,
            ends_at timestamptz,
            provisional boolean NOT NULL,
            result text CONSTRAINT notice_result_known CHECK (result IN (
                'no_objection','objection_pending','withdrawn','refused','returned')),
            remark text NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT notice_counts_when_posted_everywhere CHECK (
                (starts_on IS NULL) = (ends_on IS NULL)
                AND (starts_on IS NULL) = (ends_at IS NULL)
                AND (state NOT IN ('running', 'ended') OR starts_on IS NOT NULL)),
            CONSTRAINT notice_first_day_not_counted CHECK (ends_on > starts_on),
            CONSTRAINT notice_ends_at_midnight_in_shanghai
                CHECK (ends_at = timezone('Asia/Shanghai', (ends_on + 1)::timestamp))
        )""")
    op.execute(
        "CREATE INDEX notices_by_application ON catalog.notices (application_id, created_at)"
    )
    op.execute(
        "CREATE INDEX notices_running_by_end ON catalog.notices (ends_at, id) WHERE state = 'running'"
    )
    op.execute("""
        CREATE UNIQUE INDEX one_open_notice_per_application ON catalog.notices (application_id)
         WHERE state IN ('posting', 'running')""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.notices TO market_api")
    op.execute(f"""
        CREATE TABLE catalog.notice_postings (
            notice_id uuid NOT NULL REFERENCES catalog.notices (id),
            channel text NOT NULL CONSTRAINT notice_channel_known CHECK (channel IN (
                'operator_platform','authority_website')),
            url text NOT NULL CONSTRAINT posting_has_an_address CHECK (url <> ''),
            published_at timestamptz NOT NULL,
            receipt_sha256 text NOT NULL
                CONSTRAINT posting_receipt_is_hex CHECK (receipt_sha256 {SHA256}),
            posted_by uuid,
            PRIMARY KEY (notice_id, channel)
        )""")


def _certificates() -> None:
    # Public: the register. The document is never changed; only whether it counts.
    op.execute(f"""
        CREATE TABLE catalog.certificates (
            number text PRIMARY KEY
                CONSTRAINT certificate_number_well_formed
                CHECK (number ~ '^[A-Z]{{2}}-[A-Z]{{2}}-[0-9]{{4}}-[0-9]{{7}}[0-9A-Z]$'),
            application_id uuid NOT NULL REFERENCES catalog.applications (id),
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            product_name text NOT NULL,
            registrant_party_id uuid NOT NULL,
            version integer NOT NULL CONSTRAINT certificate_version_counts CHECK (version >= 1),
            document bytea NOT NULL,
            record_sha256 text NOT NULL
                CONSTRAINT certificate_sha256_fits
                CHECK (record_sha256 = encode(sha256(document), 'hex')),
            key_id text NOT NULL,
            signature bytea NOT NULL
                CONSTRAINT certificate_signature_has_64_bytes
                CHECK (octet_length(signature) = 64),
            issued_at timestamptz NOT NULL,
            issued_by uuid,
            entry_id uuid NOT NULL,
            state text NOT NULL
                CONSTRAINT certificates_state_known CHECK (state IN ({CERTIFICATE_STATES})),
            state_since timestamptz NOT NULL,
            open_objections integer NOT NULL
                CONSTRAINT certificate_objections_not_negative CHECK (open_objections >= 0),
            CONSTRAINT one_certificate_per_application UNIQUE (application_id, version)
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_counting_certificate_per_product
            ON catalog.certificates (product_id) WHERE state IN ('active', 'frozen')""")
    op.execute("CREATE INDEX certificates_by_issue ON catalog.certificates (issued_at, number)")
    op.execute("GRANT SELECT, INSERT ON catalog.certificates TO market_api")
    op.execute("""
        GRANT UPDATE (state, state_since, open_objections) ON catalog.certificates TO market_api""")
    op.execute("""
        CREATE FUNCTION catalog.keep_certificate() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF (to_jsonb(NEW) - '{state,state_since,open_objections}'::text[])
               IS DISTINCT FROM (to_jsonb(OLD) - '{state,state_since,open_objections}'::text[]) THEN
                RAISE EXCEPTION 'a certificate is never altered' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER certificates_are_never_altered BEFORE UPDATE ON catalog.certificates
        FOR EACH ROW EXECUTE FUNCTION catalog.keep_certificate()""")
    op.execute("""
        CREATE TRIGGER certificates_are_never_removed BEFORE DELETE ON catalog.certificates
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER certificates_are_never_emptied BEFORE TRUNCATE ON catalog.certificates
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute(f"""
        CREATE TABLE catalog.certificate_changes (
            id uuid PRIMARY KEY,
            number text NOT NULL REFERENCES catalog.certificates (number),
            state text NOT NULL
                CONSTRAINT certificate_changes_state_known CHECK (state IN ({CERTIFICATE_STATES})),
            at timestamptz NOT NULL,
            reason text NOT NULL
        )""")
    op.execute(
        "CREATE INDEX certificate_changes_by_number ON catalog.certificate_changes (number, id)"
    )


def _objections() -> None:
    op.execute(f"""
        CREATE TABLE catalog.objections (
            id uuid PRIMARY KEY,
            notice_id uuid REFERENCES catalog.notices (id),
            certificate_number text REFERENCES catalog.certificates (number),
            application_id uuid NOT NULL REFERENCES catalog.applications (id),
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            objector_party_id uuid NOT NULL,
            registrant_party_id uuid NOT NULL,
            rulebook text NOT NULL,
            state text NOT NULL
                CONSTRAINT objections_state_known CHECK (state IN ({OBJECTION_STATES})),
            interest_statement text NOT NULL
                CONSTRAINT objection_states_an_interest CHECK (interest_statement <> ''),
            statement text NOT NULL,
            grounds jsonb NOT NULL
                CONSTRAINT objection_has_a_ground CHECK (jsonb_array_length(grounds) > 0),
            evidence jsonb NOT NULL
                CONSTRAINT objection_has_evidence CHECK (jsonb_array_length(evidence) > 0),
            filed_by uuid,
            received_at timestamptz NOT NULL,
            forward_due_on date NOT NULL,
            forwarded_at timestamptz,
            receipt text,
            response_started_on date,
            response_due_on date,
            response jsonb,
            no_response boolean NOT NULL,
            determination jsonb,
            answers jsonb NOT NULL,
            closing text,
            closed_at timestamptz,
            CONSTRAINT objection_is_against_a_notice_or_a_certificate CHECK (
                (notice_id IS NULL) <> (certificate_number IS NULL)),
            CONSTRAINT objector_is_not_the_registrant CHECK (
                objector_party_id <> registrant_party_id),
            CONSTRAINT objection_closed_at_when_over CHECK (
                (closed_at IS NOT NULL) = (state IN ('rejected', 'closed')))
        )""")
    op.execute("CREATE INDEX objections_by_objector ON catalog.objections (objector_party_id, id)")
    op.execute(
        "CREATE INDEX objections_by_registrant ON catalog.objections (registrant_party_id, id)"
    )
    op.execute("CREATE INDEX objections_by_application ON catalog.objections (application_id, id)")
    op.execute("""
        CREATE INDEX objections_awaiting_response ON catalog.objections (response_due_on, id)
         WHERE state = 'awaiting_response'""")
    op.execute("""
        CREATE UNIQUE INDEX one_open_objection_per_objector_and_product
            ON catalog.objections (objector_party_id, product_id)
         WHERE state NOT IN ('rejected', 'closed')""")
    # 存档备案 (HN-20(1)): the whole case as it was when it closed.
    op.execute(f"""
        CREATE TABLE catalog.objection_archives (
            objection_id uuid PRIMARY KEY REFERENCES catalog.objections (id),
            document bytea NOT NULL,
            sha256 text NOT NULL CONSTRAINT archive_sha256_is_hex CHECK (sha256 {SHA256}),
            archived_at timestamptz NOT NULL,
            CONSTRAINT archive_sha256_fits CHECK (sha256 = encode(sha256(document), 'hex'))
        )""")
    op.execute("ALTER TABLE catalog.objections ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.objections FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY objections_of_their_parties ON catalog.objections
        USING (catalog.sees_all() OR objector_party_id = catalog.acting_party()
               OR registrant_party_id = catalog.acting_party())
        WITH CHECK (catalog.sees_all() OR objector_party_id = catalog.acting_party()
               OR registrant_party_id = catalog.acting_party())""")
    op.execute("ALTER TABLE catalog.objection_archives ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.objection_archives FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY archives_of_their_objections ON catalog.objection_archives
        USING (EXISTS (SELECT 1 FROM catalog.objections o WHERE o.id = objection_id))""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.objections TO market_api")


def _guards() -> None:
    for table in OF_AN_APPLICATION:
        op.execute(f"ALTER TABLE catalog.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE catalog.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"""
            CREATE POLICY {table}_of_their_application ON catalog.{table}
            USING (EXISTS (SELECT 1 FROM catalog.applications a WHERE a.id = application_id))""")
    for table in ETERNAL:
        op.execute(f"GRANT SELECT, INSERT ON catalog.{table} TO market_api")
        op.execute(f"""
            CREATE TRIGGER {table}_are_never_changed BEFORE UPDATE OR DELETE ON catalog.{table}
            FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"""
            CREATE TRIGGER {table}_are_never_emptied BEFORE TRUNCATE ON catalog.{table}
            FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def downgrade() -> None:
    for table in (
        "objection_archives",
        "objections",
        "certificate_changes",
        "certificates",
        "notice_postings",
        "notices",
        "issuance_authorisations",
        "decision_notifications",
        "review_decisions",
        "compliance_opinions",
        "technical_opinions",
        "acceptance_opinions",
        "application_submissions",
        "application_materials",
        "applications",
        "certificate_serials",
        "application_serials",
    ):
        op.execute(f"DROP TABLE catalog.{table}")
    op.execute("DROP FUNCTION catalog.keep_certificate()")
