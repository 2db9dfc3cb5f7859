"""Keep what witnesses cosigned of our checkpoints, and which of them enough witnesses had seen."""

from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

TABLES = ("cosignatures", "witnessed_checkpoints")


def upgrade() -> None:
    op.execute("""
        CREATE TABLE audit_log.cosignatures (
            size bigint NOT NULL REFERENCES audit_log.checkpoints,
            witness text NOT NULL CONSTRAINT witness_is_a_key CHECK (witness LIKE '%+%+%'),
            line bytea NOT NULL,
            cosigned_at timestamptz NOT NULL,
            PRIMARY KEY (size, witness)
        )""")
    op.execute("""
        CREATE INDEX cosignatures_by_witness ON audit_log.cosignatures (witness, size DESC)""")
    op.execute("""
        CREATE TABLE audit_log.witnessed_checkpoints (
            size bigint PRIMARY KEY REFERENCES audit_log.checkpoints,
            note bytea NOT NULL,
            witnessed_at timestamptz NOT NULL
        )""")
    for table in TABLES:
        op.execute(f"""
            CREATE TRIGGER audit_log_{table}_are_eternal BEFORE UPDATE OR DELETE
            ON audit_log.{table} FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"""
            CREATE TRIGGER audit_log_{table}_are_not_emptied BEFORE TRUNCATE
            ON audit_log.{table} FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"GRANT SELECT ON audit_log.{table} TO market_api")
        op.execute(f"GRANT SELECT, INSERT ON audit_log.{table} TO market_sequencer")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE audit_log.{table}")
