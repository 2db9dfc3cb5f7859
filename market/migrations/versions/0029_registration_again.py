"""Let a registration go its way once more, under the rules of its filing."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT set_config('app.clearance', 'system', true)")
    # The rules of a case are those of the day on which it was first handed in.
    op.execute("ALTER TABLE catalog.applications ADD COLUMN filed_on date")
    op.execute("ALTER TABLE catalog.applications ADD COLUMN must_change jsonb NOT NULL DEFAULT '[]'")
    op.execute("""
        UPDATE catalog.applications a
           SET filed_on = timezone('Asia/Shanghai', s.submitted_at)::date
          FROM catalog.application_submissions s
         WHERE s.application_id = a.id AND s.submission_no = 1""")
    op.execute("""
        ALTER TABLE catalog.applications ADD CONSTRAINT submitted_application_was_filed_on_a_day
        CHECK ((submission_no > 0) = (filed_on IS NOT NULL))""")
    op.execute("ALTER TABLE catalog.acceptance_opinions ADD COLUMN correct_by date")

    # An authorisation lets exactly that be certified which was handed in last.
    op.execute("""
        ALTER TABLE catalog.issuance_authorisations
        ADD COLUMN submission_no integer NOT NULL DEFAULT 1""")
    op.execute("ALTER TABLE catalog.issuance_authorisations DISABLE TRIGGER USER")
    op.execute("""
        UPDATE catalog.issuance_authorisations i SET submission_no = a.submission_no
          FROM catalog.applications a WHERE a.id = i.application_id""")
    op.execute("ALTER TABLE catalog.issuance_authorisations ENABLE TRIGGER USER")
    op.execute("ALTER TABLE catalog.issuance_authorisations ALTER submission_no DROP DEFAULT")
    op.execute("""
        ALTER TABLE catalog.issuance_authorisations
        DROP CONSTRAINT one_authorisation_per_application,
        ADD CONSTRAINT one_authorisation_per_submission UNIQUE (application_id, submission_no)""")

    # An objection is dealt with under the rules of what it is about.
    op.execute("ALTER TABLE catalog.objections ADD COLUMN ruled_on date")
    op.execute("""
        UPDATE catalog.objections o SET ruled_on = a.filed_on
          FROM catalog.applications a WHERE a.id = o.application_id""")
    op.execute("ALTER TABLE catalog.objections ALTER ruled_on SET NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE catalog.objections DROP COLUMN ruled_on")
    op.execute("""
        ALTER TABLE catalog.issuance_authorisations
        DROP CONSTRAINT one_authorisation_per_submission,
        ADD CONSTRAINT one_authorisation_per_application UNIQUE (application_id)""")
    op.execute("ALTER TABLE catalog.issuance_authorisations DROP COLUMN submission_no")
    op.execute("ALTER TABLE catalog.acceptance_opinions DROP COLUMN correct_by")
    op.execute("""
        ALTER TABLE catalog.applications
        DROP CONSTRAINT submitted_application_was_filed_on_a_day,
        DROP COLUMN filed_on, DROP COLUMN must_change""")
