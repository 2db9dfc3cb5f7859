"""Take catalogues of others in on a schedule: sources, runs, and what each record was when it was seen."""

from alembic import op

revision = "0098"
down_revision = "0097"
branch_labels = None
depends_on = None

TABLES = ("harvest_sources", "harvest_runs", "harvest_records")


def upgrade() -> None:
    op.execute("""
        CREATE TABLE catalog.harvest_sources (
            id uuid PRIMARY KEY,
            code text NOT NULL UNIQUE,
            kind text NOT NULL CHECK (kind IN ('ckan', 'dcat')),
            url text NOT NULL,
            licence text NOT NULL,
            every_hours integer NOT NULL CHECK (every_hours BETWEEN 1 AND 8760),
            created_at timestamptz NOT NULL
        )""")
    op.execute("""
        CREATE TABLE catalog.harvest_runs (
            id uuid PRIMARY KEY,
            source_id uuid NOT NULL REFERENCES catalog.harvest_sources (id),
            state text NOT NULL CONSTRAINT harvest_run_state_known
                CHECK (state IN ('running', 'held', 'finished', 'failed')),
            started_at timestamptz NOT NULL,
            ended_at timestamptz,
            next_address text,
            claimed_until timestamptz,
            pages integer NOT NULL,
            imported integer NOT NULL,
            updated integer NOT NULL,
            unchanged integer NOT NULL,
            duplicates integer NOT NULL,
            skipped integer NOT NULL,
            vanished integer NOT NULL,
            errors jsonb NOT NULL,
            reason text,
            CONSTRAINT harvest_run_that_goes_on_has_a_page
                CHECK ((state = 'running') = (ended_at IS NULL))
        )""")
    op.execute(
        "CREATE UNIQUE INDEX harvest_runs_one_at_a_time ON catalog.harvest_runs (source_id)"
        " WHERE state = 'running'"
    )
    op.execute("CREATE INDEX harvest_runs_by_source ON catalog.harvest_runs (source_id, started_at)")
    op.execute("""
        CREATE TABLE catalog.harvest_records (
            source_id uuid NOT NULL REFERENCES catalog.harvest_sources (id),
            record_id text NOT NULL,
            run_id uuid NOT NULL REFERENCES catalog.harvest_runs (id),
            keys text[] NOT NULL,
            duplicate_of text,
            address text NOT NULL,
            page_sha256 text NOT NULL,
            fetched_at timestamptz NOT NULL,
            PRIMARY KEY (source_id, record_id)
        )""")
    op.execute("CREATE INDEX harvest_records_by_key ON catalog.harvest_records USING gin (keys)")
    op.execute("CREATE INDEX harvest_records_by_run ON catalog.harvest_records (run_id)")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.harvest_sources TO market_api")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.harvest_runs TO market_api")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON catalog.harvest_records TO market_api")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE catalog.{table}")
