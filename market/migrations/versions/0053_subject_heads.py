"""Publish the heads of all subjects: what was said of them stays, the heads are of the newest two."""

from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE audit_log.head_snapshots (
            log_size bigint PRIMARY KEY CONSTRAINT heads_are_of_a_log CHECK (log_size > 0),
            record bytea NOT NULL,
            entry_id uuid NOT NULL CONSTRAINT heads_have_an_entry_of_their_own UNIQUE,
            published_at timestamptz NOT NULL
        )""")
    op.execute("""
        CREATE TABLE audit_log.head_bundles (
            log_size bigint NOT NULL REFERENCES audit_log.head_snapshots,
            number bigint NOT NULL CONSTRAINT head_bundle_is_counted CHECK (number >= 0),
            first_hash bytea NOT NULL,
            heads bytea NOT NULL CONSTRAINT head_bundle_holds_heads CHECK (
                octet_length(heads) BETWEEN 80 AND 20480 AND octet_length(heads) % 80 = 0
                AND substr(heads, 1, 32) = first_hash),
            PRIMARY KEY (log_size, number)
        )""")
    op.execute("""
        CREATE UNIQUE INDEX head_bundles_by_hash ON audit_log.head_bundles (log_size, first_hash)
        INCLUDE (number)""")
    op.execute("""
        CREATE TABLE audit_log.head_tiles (
            log_size bigint NOT NULL REFERENCES audit_log.head_snapshots,
            level smallint NOT NULL CONSTRAINT head_tile_level_is_known CHECK (level BETWEEN 0 AND 63),
            number bigint NOT NULL CONSTRAINT head_tile_is_counted CHECK (number >= 0),
            hashes bytea NOT NULL CONSTRAINT head_tile_holds_hashes CHECK (
                octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0),
            PRIMARY KEY (log_size, level, number)
        )""")
    for table, column in (("head_bundles", "heads"), ("head_tiles", "hashes")):
        op.execute(f"ALTER TABLE audit_log.{table} ALTER COLUMN {column} SET STORAGE EXTERNAL")
    op.execute("""
        CREATE TRIGGER audit_log_head_snapshots_are_eternal
        BEFORE UPDATE OR DELETE ON audit_log.head_snapshots
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER audit_log_head_snapshots_are_not_emptied
        BEFORE TRUNCATE ON audit_log.head_snapshots
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("GRANT SELECT, INSERT ON audit_log.head_snapshots TO market_api")
    op.execute("""
        GRANT SELECT, INSERT, DELETE ON audit_log.head_bundles, audit_log.head_tiles
        TO market_api""")


def downgrade() -> None:
    for table in ("head_tiles", "head_bundles", "head_snapshots"):
        op.execute(f"DROP TABLE audit_log.{table}")
