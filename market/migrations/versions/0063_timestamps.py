"""Keep timestamps of outside authorities over the log, and the hashes under archive stamps."""

from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE audit_log.timestamps (
            number bigint PRIMARY KEY CONSTRAINT timestamps_count_from_one CHECK (number > 0),
            kind text NOT NULL CONSTRAINT timestamp_kind_is_known
                CHECK (kind IN ('checkpoint', 'archive')),
            size bigint NOT NULL REFERENCES audit_log.checkpoints,
            algorithm text NOT NULL CONSTRAINT timestamp_algorithm_is_known
                CHECK (algorithm IN ('sha256', 'sha384', 'sha512', 'sm3')),
            record bytea NOT NULL,
            authority text NOT NULL,
            stamped_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL,
            entry_id uuid NOT NULL CONSTRAINT timestamps_have_an_entry_of_their_own UNIQUE,
            kept_at timestamptz NOT NULL
        )""")
    op.execute("""
        CREATE INDEX timestamps_by_authority ON audit_log.timestamps (authority, number DESC)""")
    op.execute("""
        CREATE INDEX timestamps_by_size ON audit_log.timestamps (size)
        WHERE kind = 'checkpoint'""")
    op.execute("""
        CREATE TABLE audit_log.archive_hashes (
            number bigint PRIMARY KEY REFERENCES audit_log.timestamps,
            covers bigint NOT NULL CONSTRAINT archive_covers_what_came_before CHECK (covers < number),
            records bytea NOT NULL,
            bundles bytea NOT NULL
        )""")
    for column in ("records", "bundles"):
        op.execute(f"ALTER TABLE audit_log.archive_hashes ALTER COLUMN {column} SET STORAGE EXTERNAL")
    for table in ("timestamps", "archive_hashes"):
        op.execute(f"""
            CREATE TRIGGER audit_log_{table}_are_eternal BEFORE UPDATE OR DELETE
            ON audit_log.{table} FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"""
            CREATE TRIGGER audit_log_{table}_are_not_emptied BEFORE TRUNCATE
            ON audit_log.{table} FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"GRANT SELECT, INSERT ON audit_log.{table} TO market_api")


def downgrade() -> None:
    for table in ("archive_hashes", "timestamps"):
        op.execute(f"DROP TABLE audit_log.{table}")
