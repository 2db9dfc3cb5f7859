"""Make spot checks: what was committed, drawn, found, and put right."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

SHA256 = "~ '^[0-9a-f]{64}$'"


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE market.spot_checks (
            id uuid PRIMARY KEY,
            title text NOT NULL CONSTRAINT spot_check_has_a_title CHECK (title <> ''),
            authority_party_id uuid NOT NULL,
            state text NOT NULL CONSTRAINT spot_checks_state_known CHECK (state IN (
                'planned', 'drawn', 'in_progress', 'concluded', 'published', 'closed')),
            commitment jsonb NOT NULL,
            commitment_sha256 text NOT NULL
                CONSTRAINT spot_check_commitment_is_hex CHECK (commitment_sha256 {SHA256}),
            entry_id uuid NOT NULL,
            population jsonb NOT NULL,
            planned_by uuid,
            planned_at timestamptz NOT NULL,
            checkpoint_size bigint,
            seed text CONSTRAINT spot_check_seed_is_hex CHECK (seed {SHA256}),
            cases jsonb NOT NULL,
            inspectors jsonb NOT NULL,
            recusals jsonb NOT NULL,
            drawn_at timestamptz,
            concluded_at timestamptz,
            summary text,
            published_at timestamptz,
            closed_at timestamptz,
            CONSTRAINT spot_check_is_drawn_after_its_plan CHECK (
                (state = 'planned') = (seed IS NULL) AND (seed IS NULL) = (checkpoint_size IS NULL)),
            CONSTRAINT published_spot_check_has_a_summary CHECK (
                (published_at IS NULL) = (summary IS NULL))
        )""")
    op.execute(f"""
        CREATE TABLE market.spot_check_findings (
            id uuid PRIMARY KEY,
            spot_check_id uuid NOT NULL REFERENCES market.spot_checks (id),
            application_id uuid NOT NULL REFERENCES catalog.applications (id),
            item text NOT NULL,
            conforms boolean NOT NULL,
            fact text NOT NULL CONSTRAINT finding_tells_a_fact CHECK (fact <> ''),
            evidence_file_id uuid REFERENCES catalog.files (id),
            inspector uuid,
            found_at timestamptz NOT NULL,
            rectified_at timestamptz,
            rectification text,
            rectification_sha256 text
                CONSTRAINT rectification_sha256_is_hex CHECK (rectification_sha256 {SHA256}),
            CONSTRAINT one_finding_per_item_and_case UNIQUE (spot_check_id, application_id, item),
            CONSTRAINT only_what_does_not_conform_is_rectified CHECK (
                NOT conforms OR rectified_at IS NULL),
            CONSTRAINT rectified_with_evidence CHECK (
                (rectified_at IS NULL) = (rectification IS NULL)
                AND (rectified_at IS NULL) = (rectification_sha256 IS NULL))
        )""")
    for table in ("spot_checks", "spot_check_findings"):
        op.execute(f"ALTER TABLE market.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE market.{table} FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY spot_checks_of_the_supervisors ON market.spot_checks
        USING (catalog.sees_all() OR published_at IS NOT NULL)
        WITH CHECK (catalog.sees_all())""")
    op.execute("""
        CREATE POLICY findings_of_the_supervisors ON market.spot_check_findings
        USING (catalog.sees_all())""")
    op.execute("GRANT SELECT, INSERT ON market.spot_checks, market.spot_check_findings TO market_api")
    op.execute("""
        GRANT UPDATE (state, checkpoint_size, seed, cases, inspectors, recusals, drawn_at,
                      concluded_at, summary, published_at, closed_at)
            ON market.spot_checks TO market_api""")
    op.execute("""
        GRANT UPDATE (rectified_at, rectification, rectification_sha256)
            ON market.spot_check_findings TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE market.spot_check_findings")
    op.execute("DROP TABLE market.spot_checks")
