"""Keep quality issues, each step of the way up to their source, and what came of them (BJ-24)."""

from alembic import op

revision = "0103"
down_revision = "0102"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE catalog.quality_issues (
            id uuid PRIMARY KEY,
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            product_name text NOT NULL,
            supplier_party_id uuid NOT NULL,
            reporter_party_id uuid NOT NULL,
            state text NOT NULL CONSTRAINT quality_issues_state_known CHECK (state IN (
                'reported', 'traced', 'assigned', 'fixed', 'rejected', 'fed_back', 'closed')),
            dimension text NOT NULL CONSTRAINT quality_dimension_known CHECK (
                dimension IN ('accuracy', 'relevance', 'completeness', 'timeliness')),
            description text NOT NULL,
            "column" text NOT NULL,
            "row" integer,
            evidence_file_id uuid REFERENCES catalog.files (id),
            evidence_sha256 text,
            content_version integer,
            hops jsonb NOT NULL,
            provider_party_id uuid,
            due_on date,
            reply text,
            feedback text,
            reported_at timestamptz NOT NULL,
            assigned_at timestamptz,
            answered_at timestamptz,
            fed_back_at timestamptz,
            closed_at timestamptz,
            CONSTRAINT walked_before_it_is_assigned CHECK (
                state = 'reported' OR jsonb_array_length(hops) > 0),
            CONSTRAINT answered_by_somebody CHECK (
                state IN ('reported', 'traced') OR (provider_party_id IS NOT NULL AND due_on IS NOT NULL)),
            CONSTRAINT an_answer_has_words CHECK ((answered_at IS NULL) = (reply IS NULL)),
            CONSTRAINT feedback_has_words CHECK ((fed_back_at IS NULL) = (feedback IS NULL))
        )""")
    op.execute("CREATE INDEX quality_issues_by_product ON catalog.quality_issues (product_id, id)")
    op.execute("""
        CREATE INDEX quality_issues_by_provider ON catalog.quality_issues (provider_party_id, id)""")
    op.execute("ALTER TABLE catalog.quality_issues ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.quality_issues FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY quality_issues_of_their_parties ON catalog.quality_issues
        USING (catalog.sees_all() OR catalog.acting_party()
               IN (reporter_party_id, supplier_party_id, provider_party_id))""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON catalog.quality_issues DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.quality_issues TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE catalog.quality_issues")
