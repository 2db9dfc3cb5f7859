"""End the duties of cases that are over; keep a spot check from those it checks until it begins."""

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

CLEARANCE = "coalesce(current_setting('app.clearance', true), '')"
# What is over, and which duty is left in it: to keep the file of what was issued, and to tell the
# applicant what went against it. As the rooms' own tables say it from now on.
OVER = (
    ("application", "applications", "state = 'issued'", "issuance"),
    (
        "application",
        "applications",
        "state IN ('not_accepted', 'refused', 'review_failed_technical')",
        "acceptance",
    ),
    ("application", "applications", "state IN ('withdrawn', 'lapsed', 'unfiled', 'terminated')", ""),
    ("change", "changes", "state = 'issued'", "issuance"),
    (
        "change",
        "changes",
        "state IN ('not_accepted', 'refused', 'review_failed_technical')",
        "acceptance",
    ),
    ("change", "changes", "state IN ('withdrawn', 'closed')", ""),
    ("objection", "objections", "state IN ('closed', 'rejected')", ""),
    ("instrument", "legal_instruments", "state IN ('applied', 'rejected')", ""),
)


def upgrade() -> None:
    op.execute("ALTER TABLE catalog.case_assignments NO FORCE ROW LEVEL SECURITY")
    for kind, table, is_over, left in OVER:
        op.execute(f"ALTER TABLE catalog.{table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"""
            UPDATE catalog.case_assignments s
               SET until = now(), end_reason = '案件办结'
              FROM catalog.{table} c
             WHERE s.case_kind = '{kind}' AND s.case_id = c.id AND s.until IS NULL
               AND c.{is_over} AND s.duty <> '{left}'""")
        op.execute(f"ALTER TABLE catalog.{table} FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.case_assignments FORCE ROW LEVEL SECURITY")
    # Who is checked learns of the check when it begins, and of what was found when that is published.
    op.execute("DROP POLICY spot_checks_of_the_supervisors ON market.spot_checks")
    op.execute(f"""
        CREATE POLICY spot_checks_of_the_supervisors ON market.spot_checks
        USING (published_at IS NOT NULL OR {CLEARANCE} = 'system'
               OR authority_party_id = catalog.acting_party()
               OR ({CLEARANCE} = 'staff' AND state NOT IN ('planned', 'drawn')))
        WITH CHECK (catalog.sees_all())""")
    op.execute("DROP POLICY findings_of_the_supervisors ON market.spot_check_findings")
    op.execute(f"""
        CREATE POLICY findings_of_the_supervisors ON market.spot_check_findings
        USING ({CLEARANCE} = 'system'
               OR ({CLEARANCE} IN ('staff', 'regulator') AND EXISTS (
                   SELECT 1 FROM market.spot_checks s
                    WHERE s.id = spot_check_id
                      AND (s.authority_party_id = catalog.acting_party()
                           OR ({CLEARANCE} = 'staff' AND s.published_at IS NOT NULL)))))""")


def downgrade() -> None:
    op.execute("DROP POLICY findings_of_the_supervisors ON market.spot_check_findings")
    op.execute(f"""
        CREATE POLICY findings_of_the_supervisors ON market.spot_check_findings
        USING ({CLEARANCE} IN ('staff', 'system')
               OR ({CLEARANCE} = 'regulator' AND EXISTS (
                   SELECT 1 FROM market.spot_checks s
                    WHERE s.id = spot_check_id
                      AND s.authority_party_id = catalog.acting_party())))""")
    op.execute("DROP POLICY spot_checks_of_the_supervisors ON market.spot_checks")
    op.execute(f"""
        CREATE POLICY spot_checks_of_the_supervisors ON market.spot_checks
        USING (published_at IS NOT NULL OR {CLEARANCE} IN ('staff', 'system')
               OR authority_party_id = catalog.acting_party())
        WITH CHECK (catalog.sees_all())""")
