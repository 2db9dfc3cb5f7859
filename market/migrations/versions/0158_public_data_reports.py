"""Keep the yearly reports of public data: versions that nobody changes."""

from alembic import op

revision = "0158"
down_revision = "0157"
branch_labels = None
depends_on = None

_TABLES = ("public_data_reports", "public_data_publications")


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.public_data_reports (
            id uuid PRIMARY KEY,
            operator_party_id uuid NOT NULL REFERENCES market.parties (id),
            year integer NOT NULL
                CONSTRAINT public_data_report_year_in_range CHECK (year BETWEEN 2023 AND 2200),
            version integer NOT NULL
                CONSTRAINT public_data_report_version_positive CHECK (version > 0),
            document bytea NOT NULL,
            sha256 text NOT NULL
                CONSTRAINT public_data_report_digest_of_its_document
                CHECK (sha256 = encode(sha256(document), 'hex')),
            key_id text NOT NULL,
            algorithm text NOT NULL,
            signature bytea NOT NULL,
            drawn_up_at timestamptz NOT NULL,
            drawn_up_by uuid,
            CONSTRAINT public_data_report_version_once UNIQUE (operator_party_id, year, version)
        )""")
    op.execute("ALTER TABLE market.public_data_reports ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.public_data_reports FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY public_data_reports_of_their_operators ON market.public_data_reports
        USING (catalog.sees_all() OR operator_party_id = catalog.acting_party())""")
    # What everybody reads lies apart, so that reading it opens nothing else.
    op.execute("""
        CREATE TABLE market.public_data_publications (
            report_id uuid PRIMARY KEY REFERENCES market.public_data_reports (id),
            operator_party_id uuid NOT NULL,
            year integer NOT NULL,
            version integer NOT NULL,
            sha256 text NOT NULL,
            public jsonb NOT NULL,
            CONSTRAINT public_data_publication_once UNIQUE (operator_party_id, year, version)
        )""")
    for table in _TABLES:
        op.execute(f"""
            CREATE TRIGGER {table}_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON market.{table}
            FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"GRANT SELECT, INSERT ON market.{table} TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE market.public_data_publications, market.public_data_reports")
