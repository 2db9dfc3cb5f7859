"""Let an agent of one product see no clock of another (HN-06, HN-28)."""

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Whether one acts on certain products only is asked once a query, not once a row.
    op.execute("""
        CREATE POLICY timers_that_one_acts_in ON catalog.timers AS RESTRICTIVE FOR SELECT
        USING ((SELECT catalog.acts_on(NULL::uuid))
               OR EXISTS (SELECT 1 FROM catalog.applications a WHERE a.id = subject_id)
               OR EXISTS (SELECT 1 FROM catalog.changes g WHERE g.id = subject_id)
               OR EXISTS (SELECT 1 FROM catalog.objections o WHERE o.id = subject_id))""")


def downgrade() -> None:
    op.execute("DROP POLICY timers_that_one_acts_in ON catalog.timers")
