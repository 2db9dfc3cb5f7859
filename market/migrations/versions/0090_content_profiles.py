"""Keep what is known of contents, once for each digest and each version of the profiler."""

from alembic import op

revision = "0090"
down_revision = "0089"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE catalog.content_profiles (
            sha256 text NOT NULL CONSTRAINT profile_is_of_a_digest CHECK (sha256 ~ '^[0-9a-f]{64}$'),
            profiler integer NOT NULL CONSTRAINT profiler_counts CHECK (profiler >= 1),
            outcome text NOT NULL CONSTRAINT content_profiles_outcome_known CHECK (
                outcome IN ('profiled', 'refused')),
            profile jsonb,
            refusal jsonb,
            profiled_at timestamptz NOT NULL,
            PRIMARY KEY (sha256, profiler),
            CONSTRAINT profile_or_refusal CHECK (
                (outcome = 'profiled') = (profile IS NOT NULL)
                AND (outcome = 'refused') = (refusal IS NOT NULL))
        )""")
    op.execute("CREATE INDEX product_contents_by_digest ON catalog.product_contents (sha256)")
    op.execute("""
        CREATE TRIGGER content_profiles_are_never_changed BEFORE UPDATE OR DELETE
        ON catalog.content_profiles FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER content_profiles_are_never_emptied BEFORE TRUNCATE
        ON catalog.content_profiles FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("GRANT SELECT, INSERT ON catalog.content_profiles TO market_api")
    op.execute("ALTER TABLE catalog.content_profiles ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.content_profiles FORCE ROW LEVEL SECURITY")
    # Whoever sees a product that has these bytes.
    op.execute("""
        CREATE POLICY content_profiles_of_their_products ON catalog.content_profiles
        USING (EXISTS (SELECT 1 FROM catalog.product_contents c
                        WHERE c.sha256 = content_profiles.sha256))""")


def downgrade() -> None:
    op.execute("DROP TABLE catalog.content_profiles")
    op.execute("DROP INDEX catalog.product_contents_by_digest")
