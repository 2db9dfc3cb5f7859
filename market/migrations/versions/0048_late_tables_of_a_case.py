"""Close what hangs on a case to those who do not handle it: the tables that came later (HN-26, HN-28)."""

from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

CLEARANCE = "coalesce(current_setting('app.clearance', true), '')"
PRINCIPAL = "current_setting('app.principal', true)"
SITS = (
    "EXISTS (SELECT 1 FROM catalog.agency_panels p"
    " WHERE p.selection_id = {0}.selection_id AND p.experts ? " + PRINCIPAL + ")"
)
OPENED = (
    "EXISTS (SELECT 1 FROM catalog.agency_bids b WHERE b.id = bid_id AND b.opened_at IS NOT NULL)"
)
AGENCY = "agency_party_id = catalog.acting_party()"
EXPERT = f"expert::text = {PRINCIPAL}"
DUTIES = """
    (case_kind IN ('application', 'change') AND duty IN (
        'acceptance', 'technical_review', 'decision', 'issuance'))
    OR (case_kind = 'objection' AND duty = 'adjudication')
    OR (case_kind = 'instrument' AND duty IN (
        'instrument_check', 'instrument_verification', 'instrument_execution'))"""


def upgrade() -> None:
    _functions()
    _files()
    _certificates()
    _foreign()
    _agencies()


def _functions() -> None:
    # Whose duty it is to keep the application is who deals with what comes after the certificate.
    op.execute(f"""
        CREATE FUNCTION catalog.opens_certificate(wanted text) RETURNS boolean
        LANGUAGE sql STABLE AS
        $$ SELECT CASE
               WHEN {CLEARANCE} = 'system' THEN true
               WHEN {CLEARANCE} IN ('staff', 'regulator') THEN EXISTS (
                   SELECT 1 FROM catalog.certificates c
                     JOIN catalog.applications a ON a.id = c.application_id
                    WHERE c.number = wanted AND catalog.opens_case(a.id, a.operator_party_id))
               ELSE false END $$""")
    # What is an operator's own business, and no case: its staff and the authority that delegates it.
    op.execute(f"""
        CREATE FUNCTION catalog.sees_office_of(operator uuid) RETURNS boolean
        LANGUAGE sql STABLE AS
        $$ SELECT CASE {CLEARANCE}
               WHEN 'system' THEN true
               WHEN 'staff' THEN operator = catalog.acting_party()
               WHEN 'regulator' THEN catalog.supervises(operator)
               ELSE false END $$""")


def _files() -> None:
    op.execute("""
        ALTER TABLE catalog.certificate_transfers ADD COLUMN contract_file_id uuid
            REFERENCES catalog.files (id)""")
    op.execute("""
        ALTER TABLE catalog.certificate_encumbrances ADD COLUMN release_file_id uuid
            REFERENCES catalog.files (id)""")
    op.execute("""
        GRANT UPDATE (release_file_id) ON catalog.certificate_encumbrances TO market_api""")
    for table, column in (
        ("certificate_transfers", "contract_file_id"),
        ("certificate_encumbrances", "release_file_id"),
        ("foreign_certificates", "file_id"),
    ):
        op.execute(f"CREATE INDEX {table}_by_{column} ON catalog.{table} ({column})")
    # What one of an operator's people uploads for a case is not the whole house's to read.
    op.execute("""
        CREATE FUNCTION catalog.is_operator(party uuid) RETURNS boolean LANGUAGE sql STABLE AS
        $$ SELECT EXISTS (SELECT 1 FROM market.parties p
                           WHERE p.id = party AND 'supermarket_operator' = ANY (p.capacities)) $$""")
    _readers("""owner_party_id = catalog.acting_party()
                AND (uploaded_by::text = catalog.acting_principal()
                     OR NOT catalog.is_operator(owner_party_id))""")
    _known_files("""
        SELECT 'application', a.id
          FROM catalog.certificate_encumbrances e
          JOIN catalog.certificates c ON c.number = e.certificate_number
          JOIN catalog.applications a ON a.id = c.application_id
         WHERE (e.file_id = wanted OR e.release_file_id = wanted)
           AND catalog.opens_case(a.id, a.operator_party_id)
        UNION ALL
        SELECT 'application', a.id
          FROM catalog.certificate_transfers t
          JOIN catalog.certificates c ON c.number = t.certificate_number
          JOIN catalog.applications a ON a.id = c.application_id
         WHERE t.contract_file_id = wanted AND catalog.opens_case(a.id, a.operator_party_id)
        UNION ALL
        SELECT 'foreign_certificate', f.id FROM catalog.foreign_certificates f
         WHERE f.file_id = wanted AND catalog.opens_case(f.id, NULL)""")


def _readers(own: str) -> None:
    """Say who reads a file; what is sealed is its owner's alone until it is unsealed."""
    unsealed = """(sealed_for IS NOT NULL AND EXISTS (
                      SELECT 1 FROM catalog.file_unsealings u WHERE u.case_id = sealed_for))"""
    op.execute("DROP POLICY files_of_their_readers ON catalog.files")
    op.execute(f"""
        CREATE POLICY files_of_their_readers ON catalog.files
        USING (({own})
               OR CASE {CLEARANCE}
                  WHEN 'system' THEN sealed_for IS NULL OR {unsealed}
                  WHEN 'staff' THEN
                      {unsealed} OR EXISTS (SELECT 1 FROM catalog.cases_of_file(files.id))
                  WHEN 'regulator' THEN
                      ({unsealed} AND catalog.supervises(NULL))
                      OR EXISTS (SELECT 1 FROM catalog.cases_of_file(files.id))
                  ELSE EXISTS (SELECT 1 FROM catalog.file_readers r
                                WHERE r.file_id = files.id
                                  AND r.party_id = catalog.acting_party()
                                  AND r.until IS NULL)
                  END)
        WITH CHECK (catalog.sees_all() OR owner_party_id = catalog.acting_party())""")


def _known_files(of_certificates: str) -> None:
    """Say in which cases a file lies; row-level security of each table has its say first."""
    op.execute(f"""
        CREATE OR REPLACE FUNCTION catalog.cases_of_file(wanted uuid)
        RETURNS TABLE (kind text, id uuid) LANGUAGE sql STABLE AS $$
        SELECT 'application', m.application_id FROM catalog.application_materials m
         WHERE m.file_id = wanted
        UNION ALL
        SELECT 'application', r.application_id FROM catalog.material_requests r
         WHERE r.answer @> jsonb_build_array(jsonb_build_object('file_id', wanted))
        UNION ALL
        SELECT 'application', a.id
          FROM catalog.product_contents p JOIN catalog.applications a USING (product_id)
         WHERE p.file_id = wanted AND catalog.opens_case(a.id, a.operator_party_id)
        UNION ALL {of_certificates}
        UNION ALL
        SELECT 'application', n.application_id FROM catalog.application_consents n
         WHERE n.file_id = wanted
        UNION ALL
        SELECT 'application', a.id
          FROM catalog.authorisation_letters l
          JOIN catalog.applications a ON a.applicant_party_id = l.principal_party_id
                                     AND (l.product_id IS NULL OR a.product_id = l.product_id)
         WHERE l.file_id = wanted AND catalog.opens_case(a.id, a.operator_party_id)
        UNION ALL
        SELECT 'change', m.change_id FROM catalog.change_materials m WHERE m.file_id = wanted
        UNION ALL
        SELECT 'objection', o.id
          FROM catalog.objections o LEFT JOIN catalog.applications a ON a.id = o.application_id
         WHERE (o.evidence @> jsonb_build_array(jsonb_build_object('file_id', wanted))
                OR o.response @> jsonb_build_object(
                       'evidence', jsonb_build_array(jsonb_build_object('file_id', wanted)))
                OR o.proceedings @> jsonb_build_object(
                       'evidence', jsonb_build_array(jsonb_build_object('file_id', wanted))))
           AND (catalog.opens_case(o.id, a.operator_party_id)
                OR catalog.opens_case(o.application_id, a.operator_party_id))
        UNION ALL
        SELECT 'instrument', i.id
          FROM catalog.legal_instruments i
          LEFT JOIN catalog.applications a ON a.id = i.application_id
         WHERE i.file_id = wanted
           AND (catalog.opens_case(i.id, a.operator_party_id)
                OR catalog.opens_case(i.application_id, a.operator_party_id))
        UNION ALL
        SELECT 'spot_check', f.spot_check_id FROM market.spot_check_findings f
         WHERE f.evidence_file_id = wanted $$""")


def _certificates() -> None:
    _policy(
        "certificate_requests",
        "certificate_requests_of_the_registrant",
        "registrant_party_id = catalog.acting_party()"
        " OR catalog.opens_certificate(certificate_number)",
    )
    _policy(
        "certificate_transfers",
        "transfers_of_their_parties",
        "from_party_id = catalog.acting_party() OR to_party_id = catalog.acting_party()"
        " OR catalog.opens_certificate(certificate_number)",
    )
    _policy(
        "certificate_reissues",
        "reissues_of_their_registrant",
        "registrant_party_id = catalog.acting_party()"
        " OR catalog.opens_certificate(certificate_number)",
    )
    _policy(
        "notice_waivers",
        "notice_waivers_of_their_application",
        """EXISTS (
            SELECT 1 FROM catalog.applications a
             WHERE a.id = application_id
               AND (a.applicant_party_id = catalog.acting_party()
                    OR catalog.acting_party() = ANY (a.owner_party_ids)
                    OR catalog.opens_case(a.id, a.operator_party_id)))""",
    )


def _foreign() -> None:
    # One that is not recognised is on the staff's list; its file is opened by who looks it up.
    _policy(
        "foreign_certificates",
        "foreign_certificates_recognised_or_own",
        f"""state IN ('recognised', 'withdrawn') OR supplier_party_id = catalog.acting_party()
            OR {CLEARANCE} IN ('staff', 'system')
            OR ({CLEARANCE} = 'regulator' AND catalog.supervises(NULL))""",
    )
    _duties(f"""{DUTIES}
        OR (case_kind = 'foreign_certificate' AND duty IN (
            'foreign_check', 'foreign_verification'))""")


def _agencies() -> None:
    _policy(
        "agency_evaluations",
        "agency_evaluations_of_those_concerned",
        f"catalog.sees_office_of(operator_party_id) OR ({AGENCY} AND filed_at IS NOT NULL)",
        "catalog.sees_office_of(operator_party_id)",
    )
    _policy(
        "agency_contracts",
        "agency_contracts_of_their_parties",
        f"catalog.sees_office_of(operator_party_id) OR {AGENCY}",
        "catalog.sees_office_of(operator_party_id)",
    )
    of_contract = """EXISTS (
        SELECT 1 FROM catalog.agency_contracts k
         WHERE k.id = contract_id AND catalog.sees_office_of(k.operator_party_id))"""
    for table in ("agency_misconducts", "agency_assignments"):
        _policy(table, f"{table}_of_those_concerned", f"{of_contract} OR {AGENCY}")
    house = """EXISTS (
        SELECT 1 FROM catalog.agency_selections s
         WHERE s.id = selection_id AND catalog.sees_office_of(s.operator_party_id))"""
    _policy("agency_selection_remarks", "agency_selection_remarks_of_those_concerned", house)
    _policy(
        "agency_panels",
        "agency_panels_of_those_who_sit",
        f"""{house} OR experts ? {PRINCIPAL} OR EXISTS (
            SELECT 1 FROM catalog.agency_selections s
             WHERE s.id = selection_id AND s.state IN ('awarded', 'failed'))""",
        house,
    )
    _policy(
        "agency_bids",
        "agency_bids_of_those_concerned",
        f"{house} OR {AGENCY} OR {SITS.format('agency_bids')}",
    )
    _policy(
        "agency_bid_contents",
        "agency_bid_contents_of_those_concerned",
        f"{AGENCY} OR ({OPENED} AND ({house} OR {SITS.format('agency_bid_contents')}))",
        AGENCY,
    )
    _policy(
        "agency_score_sheets",
        "agency_score_sheets_of_those_concerned",
        f"{house} OR {EXPERT}",
    )


def _policy(table: str, name: str, sees: str, writes: str | None = None) -> None:
    op.execute(f"DROP POLICY {name} ON catalog.{table}")
    op.execute(f"""
        CREATE POLICY {name} ON catalog.{table}
        USING ({sees}) WITH CHECK ({writes or sees})""")


def _duties(known: str) -> None:
    op.execute("""
        ALTER TABLE catalog.case_assignments DROP CONSTRAINT duty_is_of_this_kind_of_case""")
    op.execute(f"""
        ALTER TABLE catalog.case_assignments
            ADD CONSTRAINT duty_is_of_this_kind_of_case CHECK ({known})""")


def downgrade() -> None:
    wide = "catalog.sees_all()"
    _policy("agency_score_sheets", "agency_score_sheets_of_those_concerned", f"{wide} OR {EXPERT}")
    _policy(
        "agency_bid_contents",
        "agency_bid_contents_of_those_concerned",
        f"{AGENCY} OR ({OPENED} AND ({wide} OR {SITS.format('agency_bid_contents')}))",
        AGENCY,
    )
    _policy(
        "agency_bids",
        "agency_bids_of_those_concerned",
        f"{wide} OR {AGENCY} OR {SITS.format('agency_bids')}",
    )
    _policy(
        "agency_panels",
        "agency_panels_of_those_who_sit",
        f"""{wide} OR experts ? {PRINCIPAL} OR EXISTS (
            SELECT 1 FROM catalog.agency_selections s
             WHERE s.id = selection_id AND s.state IN ('awarded', 'failed'))""",
        wide,
    )
    _policy("agency_selection_remarks", "agency_selection_remarks_of_those_concerned", wide)
    for table in ("agency_misconducts", "agency_assignments"):
        _policy(table, f"{table}_of_those_concerned", f"{wide} OR {AGENCY}")
    _policy(
        "agency_contracts",
        "agency_contracts_of_their_parties",
        f"{wide} OR {AGENCY} OR operator_party_id = catalog.acting_party()",
        f"{wide} OR operator_party_id = catalog.acting_party()",
    )
    _policy(
        "agency_evaluations",
        "agency_evaluations_of_those_concerned",
        f"{wide} OR ({AGENCY} AND filed_at IS NOT NULL)",
        wide,
    )
    op.execute("ALTER TABLE catalog.case_assignments DISABLE TRIGGER USER")
    op.execute("DELETE FROM catalog.case_assignments WHERE case_kind = 'foreign_certificate'")
    op.execute("ALTER TABLE catalog.case_assignments ENABLE TRIGGER USER")
    _duties(DUTIES)
    _policy(
        "foreign_certificates",
        "foreign_certificates_recognised_or_own",
        f"state IN ('recognised', 'withdrawn') OR {wide}"
        " OR supplier_party_id = catalog.acting_party()",
    )
    _policy(
        "notice_waivers",
        "notice_waivers_of_their_application",
        "EXISTS (SELECT 1 FROM catalog.applications a WHERE a.id = application_id)",
    )
    for table, name in (
        ("certificate_reissues", "reissues_of_their_registrant"),
        ("certificate_requests", "certificate_requests_of_the_registrant"),
    ):
        _policy(table, name, f"{wide} OR registrant_party_id = catalog.acting_party()")
    _policy(
        "certificate_transfers",
        "transfers_of_their_parties",
        f"{wide} OR from_party_id = catalog.acting_party()"
        " OR to_party_id = catalog.acting_party()",
    )
    _known_files("""
        SELECT 'application', a.id
          FROM catalog.certificate_encumbrances e
          JOIN catalog.certificates c ON c.number = e.certificate_number
          JOIN catalog.applications a ON a.id = c.application_id
         WHERE e.file_id = wanted AND catalog.opens_case(a.id, a.operator_party_id)
        UNION ALL
        SELECT 'foreign_certificate', f.id FROM catalog.foreign_certificates f
         WHERE f.file_id = wanted""")
    _readers("owner_party_id = catalog.acting_party()")
    op.execute("DROP FUNCTION catalog.is_operator(uuid)")
    op.execute("DROP INDEX catalog.foreign_certificates_by_file_id")
    op.execute("ALTER TABLE catalog.certificate_encumbrances DROP COLUMN release_file_id")
    op.execute("ALTER TABLE catalog.certificate_transfers DROP COLUMN contract_file_id")
    op.execute("DROP FUNCTION catalog.sees_office_of(uuid)")
    op.execute("DROP FUNCTION catalog.opens_certificate(text)")
