"""Make the quarterly reports (季度报备, HN-21)."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.quarterly_reports (
            id uuid PRIMARY KEY,
            year integer NOT NULL
                CONSTRAINT report_year_in_range CHECK (year BETWEEN 2023 AND 2200),
            quarter integer NOT NULL
                CONSTRAINT report_quarter_is_a_quarter CHECK (quarter BETWEEN 1 AND 4),
            version integer NOT NULL CONSTRAINT report_version_counts_from_one CHECK (version >= 1),
            replaces uuid REFERENCES market.quarterly_reports (id),
            state text NOT NULL CONSTRAINT quarterly_reports_state_known CHECK (state IN (
                'open', 'generated', 'signed', 'submitted', 'acknowledged', 'returned',
                'regenerated')),
            operator_party_id uuid NOT NULL,
            opened_at timestamptz NOT NULL,
            log_size bigint,
            record bytea,
            record_sha256 bytea,
            generated_at timestamptz,
            generated_by uuid,
            key_id text,
            signature bytea CONSTRAINT report_signature_has_64_bytes
                CHECK (octet_length(signature) = 64),
            signed_at timestamptz,
            submitted_at timestamptz,
            submitted_by uuid,
            acknowledged_at timestamptz,
            acknowledged_by uuid,
            returned_at timestamptz,
            returned_by uuid,
            return_reason text,
            CONSTRAINT report_version_stands_once UNIQUE (year, quarter, version),
            CONSTRAINT report_replaces_from_version_two
                CHECK ((version = 1) = (replaces IS NULL)),
            CONSTRAINT report_record_digest CHECK (record_sha256 = sha256(record)),
            CONSTRAINT report_generated_whole CHECK (
                num_nulls(log_size, record, record_sha256, generated_at)
                    = CASE WHEN state = 'open' THEN 4 ELSE 0 END),
            CONSTRAINT report_signed_whole CHECK (
                num_nulls(key_id, signature, signed_at)
                    = CASE WHEN state IN ('open', 'generated') THEN 3 ELSE 0 END),
            CONSTRAINT report_submitted_when_signed CHECK (
                (submitted_at IS NULL) = (state IN ('open', 'generated', 'signed'))),
            CONSTRAINT report_acknowledged_at_when_acknowledged CHECK (
                (acknowledged_at IS NOT NULL) = (state = 'acknowledged')),
            CONSTRAINT report_returned_with_a_reason CHECK (
                num_nulls(returned_at, return_reason)
                    = CASE WHEN state IN ('returned', 'regenerated') THEN 0 ELSE 2 END)
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_living_report_per_quarter
            ON market.quarterly_reports (year, quarter) WHERE state <> 'regenerated'""")
    # The bytes are in the log by their digest; so they never change.
    op.execute("""
        CREATE TRIGGER report_record_is_eternal
        BEFORE UPDATE OF record ON market.quarterly_reports
        FOR EACH ROW WHEN (OLD.record IS NOT NULL AND NEW.record IS DISTINCT FROM OLD.record)
        EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER reports_are_kept BEFORE DELETE ON market.quarterly_reports
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER reports_are_not_emptied BEFORE TRUNCATE ON market.quarterly_reports
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.quarterly_reports TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE market.quarterly_reports")
