"""Open a case to those who handle it, and to nobody else of the house (HN-26, HN-28, A49)."""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

ROLES = (
    "'supplier', 'buyer', 'operator_acceptor', 'operator_technical_reviewer', 'operator_issuer',"
    " 'operator_adjudicator'{new}, 'agency_reviewer', 'expert', 'regulator', 'system_administrator',"
    " 'security_administrator', 'audit_administrator'"
)
OF_AN_APPLICATION = (
    "application_materials",
    "application_submissions",
    "acceptance_opinions",
    "technical_opinions",
    "compliance_opinions",
    "review_decisions",
    "decision_notifications",
    "issuance_authorisations",
    "material_requests",
    "application_consents",
)
NAMED_OTHERWISE = {
    "material_requests": "material_requests_of_their_applications",
    "application_consents": "consents_of_their_application",
}
OF_A_CHANGE = ("change_materials", "change_papers")
CLEARANCE = "coalesce(current_setting('app.clearance', true), '')"


def upgrade() -> None:
    _roles(", 'operator_head', 'other_regulator'")
    _capacities(", 'other_regulator'")
    _assignments()
    _functions()
    _applications()
    _changes()
    _disputes()
    _files()
    _spot_checks()
    # What the log says of people, other authorities' cases among it, is not told to a regulator
    # that delegates nobody.
    op.execute("DROP POLICY payloads_are_read_by_those_concerned ON audit_log.payloads")
    op.execute(f"""
        CREATE POLICY payloads_are_read_by_those_concerned ON audit_log.payloads FOR SELECT
        USING (actor_party_id = catalog.acting_party()
               OR {CLEARANCE} IN ('staff', 'system', 'auditor')
               OR ({CLEARANCE} = 'regulator' AND catalog.supervises(NULL)))""")


def _roles(new: str) -> None:
    op.execute("ALTER TABLE market.role_grants DROP CONSTRAINT role_grants_role_known")
    op.execute(f"""
        ALTER TABLE market.role_grants ADD CONSTRAINT role_grants_role_known
            CHECK (role IN ({ROLES.format(new=new)}))""")


def _capacities(new: str) -> None:
    op.execute("ALTER TABLE market.parties DROP CONSTRAINT parties_capacities_known")
    op.execute(f"""
        ALTER TABLE market.parties ADD CONSTRAINT parties_capacities_known CHECK (
            cardinality(capacities) > 0 AND capacities <@ ARRAY[
                'trader', 'compliance_agency', 'supermarket_operator',
                'provincial_authority'{new}])""")


def _assignments() -> None:
    op.execute("""
        CREATE TABLE catalog.case_assignments (
            id uuid PRIMARY KEY,
            case_kind text NOT NULL,
            case_id uuid NOT NULL,
            opens_application_id uuid,
            duty text NOT NULL,
            account_id uuid NOT NULL,
            operator_party_id uuid NOT NULL,
            since timestamptz NOT NULL,
            assigned_by uuid,
            until timestamptz,
            ended_by uuid,
            end_reason text,
            CONSTRAINT duty_is_of_this_kind_of_case CHECK (
                (case_kind IN ('application', 'change') AND duty IN (
                    'acceptance', 'technical_review', 'decision', 'issuance'))
                OR (case_kind = 'objection' AND duty = 'adjudication')
                OR (case_kind = 'instrument' AND duty IN (
                    'instrument_check', 'instrument_verification', 'instrument_execution'))),
            CONSTRAINT only_a_dispute_opens_another_case CHECK (
                (opens_application_id IS NOT NULL) = (case_kind IN ('objection', 'instrument'))),
            CONSTRAINT ended_assignment_says_why CHECK (
                (until IS NULL) = (end_reason IS NULL)
                AND (end_reason IS NULL OR end_reason <> ''))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX a_duty_is_one_accounts_at_a_time
            ON catalog.case_assignments (case_id, duty) WHERE until IS NULL""")
    op.execute("""
        CREATE INDEX assignments_by_account
            ON catalog.case_assignments (account_id, case_id) WHERE until IS NULL""")
    op.execute("CREATE INDEX assignments_by_case ON catalog.case_assignments (case_id, since)")
    op.execute("ALTER TABLE catalog.case_assignments ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.case_assignments FORCE ROW LEVEL SECURITY")
    op.execute(f"""
        CREATE POLICY assignments_of_the_house ON catalog.case_assignments
        USING ({CLEARANCE} IN ('regulator', 'system')
               OR ({CLEARANCE} = 'staff' AND operator_party_id = catalog.acting_party()))""")
    op.execute("GRANT SELECT, INSERT ON catalog.case_assignments TO market_api")
    op.execute("GRANT UPDATE (until, ended_by, end_reason) ON catalog.case_assignments TO market_api")
    op.execute("""
        CREATE TRIGGER assignments_are_never_removed BEFORE DELETE ON catalog.case_assignments
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    # Whoever accepted or reviews a case goes on with it.
    for kind, table in (("application", "applications"), ("change", "changes")):
        for duty, column in (
            ("acceptance", "acceptor_account_id"),
            ("technical_review", "technical_reviewer_account_id"),
        ):
            op.execute(f"ALTER TABLE catalog.{table} NO FORCE ROW LEVEL SECURITY")
            op.execute(f"""
                INSERT INTO catalog.case_assignments (
                    id, case_kind, case_id, duty, account_id, operator_party_id, since)
                SELECT gen_random_uuid(), '{kind}', id, '{duty}', {column}, operator_party_id,
                       coalesce(accepted_at, submitted_at)
                  FROM catalog.{table}
                 WHERE {column} IS NOT NULL AND operator_party_id IS NOT NULL""")
            op.execute(f"ALTER TABLE catalog.{table} FORCE ROW LEVEL SECURITY")


def _functions() -> None:
    op.execute("""
        CREATE FUNCTION catalog.supervises(operator uuid) RETURNS boolean LANGUAGE sql STABLE AS
        $$ SELECT EXISTS (
               SELECT 1 FROM catalog.delegations d
                WHERE d.authority_party_id = catalog.acting_party()
                  AND (operator IS NULL OR d.operator_party_id = operator)) $$""")
    op.execute("""
        CREATE FUNCTION catalog.inspects_case(wanted uuid) RETURNS boolean LANGUAGE sql STABLE AS
        $$ SELECT EXISTS (
               SELECT 1 FROM market.spot_checks s
                WHERE s.state = 'in_progress' AND s.cases ? wanted::text
                  AND s.inspectors ? catalog.acting_principal()) $$""")
    # A party is asked nothing here: the row of the case itself says whether it may see it.
    op.execute(f"""
        CREATE FUNCTION catalog.opens_case(wanted uuid, operator uuid) RETURNS boolean
        LANGUAGE sql STABLE AS
        $$ SELECT CASE {CLEARANCE}
               WHEN 'staff' THEN EXISTS (
                   SELECT 1 FROM catalog.case_assignments s
                    WHERE s.account_id::text = catalog.acting_principal() AND s.until IS NULL
                      AND (s.case_id = wanted OR s.opens_application_id = wanted))
               WHEN 'regulator' THEN catalog.supervises(operator) OR catalog.inspects_case(wanted)
               ELSE true END $$""")
    op.execute(f"""
        CREATE FUNCTION catalog.sees_cases_of(operator uuid) RETURNS boolean LANGUAGE sql STABLE AS
        $$ SELECT CASE {CLEARANCE}
               WHEN 'system' THEN true
               WHEN 'regulator' THEN true
               WHEN 'staff' THEN operator IS NULL OR operator = catalog.acting_party()
               ELSE false END $$""")


def _applications() -> None:
    # A draft is the applicant's own; what was handed in is on the lists of who has to deal with it.
    own = (
        "applicant_party_id = catalog.acting_party() OR agency_party_id = catalog.acting_party()"
        " OR catalog.acting_party() = ANY (owner_party_ids)"
    )
    op.execute("DROP POLICY applications_of_their_parties ON catalog.applications")
    op.execute(f"""
        CREATE POLICY applications_of_their_parties ON catalog.applications
        USING ({own} OR {CLEARANCE} = 'system'
               OR (submission_no > 0 AND catalog.sees_cases_of(operator_party_id)))
        WITH CHECK (catalog.sees_all() OR {own})""")
    for table in OF_AN_APPLICATION:
        name = NAMED_OTHERWISE.get(table, f"{table}_of_their_application")
        op.execute(f"DROP POLICY {name} ON catalog.{table}")
        op.execute(f"""
            CREATE POLICY {name} ON catalog.{table}
            USING (EXISTS (
                SELECT 1 FROM catalog.applications a
                 WHERE a.id = application_id
                   AND (a.applicant_party_id = catalog.acting_party()
                        OR catalog.acting_party() = ANY (a.owner_party_ids)
                        OR catalog.opens_case(a.id, a.operator_party_id))))""")


def _changes() -> None:
    own = (
        "registrant_party_id = catalog.acting_party() OR agency_party_id = catalog.acting_party()"
    )
    op.execute("DROP POLICY changes_of_their_parties ON catalog.changes")
    op.execute(f"""
        CREATE POLICY changes_of_their_parties ON catalog.changes
        USING ({own} OR {CLEARANCE} = 'system'
               OR (submission_no > 0 AND catalog.sees_cases_of(operator_party_id)))
        WITH CHECK (catalog.sees_all() OR {own})""")
    for table in OF_A_CHANGE:
        op.execute(f"DROP POLICY {table}_of_their_change ON catalog.{table}")
        op.execute(f"""
            CREATE POLICY {table}_of_their_change ON catalog.{table}
            USING (EXISTS (
                SELECT 1 FROM catalog.changes c
                 WHERE c.id = change_id
                   AND (c.registrant_party_id = catalog.acting_party()
                        OR catalog.opens_case(c.id, c.operator_party_id))))""")


def _disputes() -> None:
    # What either side of an objection says lies in its row, of which lists show the cover; its
    # archive, the whole case, is read by those who handle it.
    op.execute("DROP POLICY archives_of_their_objections ON catalog.objection_archives")
    op.execute("""
        CREATE POLICY archives_of_their_objections ON catalog.objection_archives
        USING (EXISTS (
            SELECT 1 FROM catalog.objections o
              LEFT JOIN catalog.applications a ON a.id = o.application_id
             WHERE o.id = objection_id
               AND (o.objector_party_id = catalog.acting_party()
                    OR o.registrant_party_id = catalog.acting_party()
                    OR catalog.opens_case(o.id, a.operator_party_id)
                    OR catalog.opens_case(o.application_id, a.operator_party_id))))""")


def _files() -> None:
    for table, column in (
        ("application_materials", "file_id"),
        ("change_materials", "file_id"),
        ("legal_instruments", "file_id"),
        ("product_contents", "file_id"),
        ("certificate_encumbrances", "file_id"),
    ):
        op.execute(f"CREATE INDEX {table}_by_file ON catalog.{table} ({column})")
    for column in ("evidence", "response", "proceedings"):
        op.execute(f"""
            CREATE INDEX objections_by_{column} ON catalog.objections
            USING gin ({column} jsonb_path_ops)""")
    op.execute("""
        CREATE INDEX material_requests_by_answer ON catalog.material_requests
        USING gin (answer jsonb_path_ops)""")
    # In which cases a file lies, of those that the acting one may open. Row-level security of
    # each table has its say first.
    op.execute("""
        CREATE FUNCTION catalog.cases_of_file(wanted uuid) RETURNS TABLE (kind text, id uuid)
        LANGUAGE sql STABLE AS $$
        SELECT 'application', m.application_id FROM catalog.application_materials m
         WHERE m.file_id = wanted
        UNION ALL
        SELECT 'application', r.application_id FROM catalog.material_requests r
         WHERE r.answer @> jsonb_build_array(jsonb_build_object('file_id', wanted))
        UNION ALL
        SELECT 'application', a.id
          FROM catalog.product_contents p JOIN catalog.applications a USING (product_id)
         WHERE p.file_id = wanted AND catalog.opens_case(a.id, a.operator_party_id)
        UNION ALL
        SELECT 'application', a.id
          FROM catalog.certificate_encumbrances e
          JOIN catalog.certificates c ON c.number = e.certificate_number
          JOIN catalog.applications a ON a.id = c.application_id
         WHERE e.file_id = wanted AND catalog.opens_case(a.id, a.operator_party_id)
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
        SELECT 'foreign_certificate', f.id FROM catalog.foreign_certificates f
         WHERE f.file_id = wanted
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
    # What is sealed is its owner's alone until it is unsealed; then those who deal with it see it.
    unsealed = """(sealed_for IS NOT NULL AND EXISTS (
                      SELECT 1 FROM catalog.file_unsealings u WHERE u.case_id = sealed_for))"""
    op.execute("DROP POLICY files_of_their_readers ON catalog.files")
    op.execute(f"""
        CREATE POLICY files_of_their_readers ON catalog.files
        USING (owner_party_id = catalog.acting_party()
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


def _spot_checks() -> None:
    op.execute("DROP POLICY spot_checks_of_the_supervisors ON market.spot_checks")
    op.execute(f"""
        CREATE POLICY spot_checks_of_the_supervisors ON market.spot_checks
        USING (published_at IS NOT NULL OR {CLEARANCE} IN ('staff', 'system')
               OR authority_party_id = catalog.acting_party())
        WITH CHECK (catalog.sees_all())""")
    op.execute("DROP POLICY findings_of_the_supervisors ON market.spot_check_findings")
    op.execute(f"""
        CREATE POLICY findings_of_the_supervisors ON market.spot_check_findings
        USING ({CLEARANCE} IN ('staff', 'system')
               OR ({CLEARANCE} = 'regulator' AND EXISTS (
                   SELECT 1 FROM market.spot_checks s
                    WHERE s.id = spot_check_id
                      AND s.authority_party_id = catalog.acting_party())))""")


def downgrade() -> None:
    op.execute("DROP POLICY findings_of_the_supervisors ON market.spot_check_findings")
    op.execute("""
        CREATE POLICY findings_of_the_supervisors ON market.spot_check_findings
        USING (catalog.sees_all())""")
    op.execute("DROP POLICY spot_checks_of_the_supervisors ON market.spot_checks")
    op.execute("""
        CREATE POLICY spot_checks_of_the_supervisors ON market.spot_checks
        USING (catalog.sees_all() OR published_at IS NOT NULL)
        WITH CHECK (catalog.sees_all())""")
    op.execute("DROP POLICY files_of_their_readers ON catalog.files")
    op.execute("""
        CREATE POLICY files_of_their_readers ON catalog.files
        USING ((catalog.sees_all() AND (sealed_for IS NULL OR EXISTS (
                    SELECT 1 FROM catalog.file_unsealings u WHERE u.case_id = sealed_for)))
               OR owner_party_id = catalog.acting_party()
               OR EXISTS (SELECT 1 FROM catalog.file_readers r
                           WHERE r.file_id = id AND r.party_id = catalog.acting_party()
                             AND r.until IS NULL))
        WITH CHECK (catalog.sees_all() OR owner_party_id = catalog.acting_party())""")
    op.execute("DROP FUNCTION catalog.cases_of_file(uuid)")
    op.execute("DROP INDEX catalog.material_requests_by_answer")
    for column in ("evidence", "response", "proceedings"):
        op.execute(f"DROP INDEX catalog.objections_by_{column}")
    for table in (
        "application_materials",
        "change_materials",
        "legal_instruments",
        "product_contents",
        "certificate_encumbrances",
    ):
        op.execute(f"DROP INDEX catalog.{table}_by_file")
    op.execute("DROP POLICY archives_of_their_objections ON catalog.objection_archives")
    op.execute("""
        CREATE POLICY archives_of_their_objections ON catalog.objection_archives
        USING (EXISTS (SELECT 1 FROM catalog.objections o WHERE o.id = objection_id))""")
    for table in OF_A_CHANGE:
        op.execute(f"DROP POLICY {table}_of_their_change ON catalog.{table}")
        op.execute(f"""
            CREATE POLICY {table}_of_their_change ON catalog.{table}
            USING (EXISTS (SELECT 1 FROM catalog.changes c WHERE c.id = change_id))""")
    for table in OF_AN_APPLICATION:
        name = NAMED_OTHERWISE.get(table, f"{table}_of_their_application")
        op.execute(f"DROP POLICY {name} ON catalog.{table}")
        op.execute(f"""
            CREATE POLICY {name} ON catalog.{table}
            USING (EXISTS (SELECT 1 FROM catalog.applications a WHERE a.id = application_id))""")
    for table, holder, others in (
        ("changes", "registrant", ""),
        ("applications", "applicant", " OR catalog.acting_party() = ANY (owner_party_ids)"),
    ):
        seen = (
            f"(catalog.sees_all() OR {holder}_party_id = catalog.acting_party()"
            f" OR agency_party_id = catalog.acting_party(){others})"
        )
        op.execute(f"DROP POLICY {table}_of_their_parties ON catalog.{table}")
        op.execute(f"""
            CREATE POLICY {table}_of_their_parties ON catalog.{table}
            USING {seen} WITH CHECK {seen}""")
    op.execute("DROP POLICY payloads_are_read_by_those_concerned ON audit_log.payloads")
    op.execute("""
        CREATE POLICY payloads_are_read_by_those_concerned ON audit_log.payloads FOR SELECT
        USING (catalog.sees_all() OR actor_party_id = catalog.acting_party()
               OR current_setting('app.clearance', true) = 'auditor')""")
    op.execute("DROP FUNCTION catalog.sees_cases_of(uuid)")
    op.execute("DROP FUNCTION catalog.opens_case(uuid, uuid)")
    op.execute("DROP FUNCTION catalog.inspects_case(uuid)")
    op.execute("DROP FUNCTION catalog.supervises(uuid)")
    op.execute("DROP TABLE catalog.case_assignments")
    op.execute("""
        DELETE FROM market.role_grants WHERE role IN ('operator_head', 'other_regulator')""")
    _roles("")
    _capacities("")
