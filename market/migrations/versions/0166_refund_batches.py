"""Keep batches of refunds that a bank is told of by a file, and what it says of each."""

from alembic import op

revision = "0166"
down_revision = "0165"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE settlement.refund_batches (
            id uuid PRIMARY KEY,
            channel text NOT NULL,
            made_at timestamptz NOT NULL,
            made_by uuid,
            file_sha256 text NOT NULL CONSTRAINT refund_file_is_digested
                CHECK (file_sha256 ~ '^[0-9a-f]{64}$')
        )""")
    op.execute("""
        CREATE TABLE settlement.refund_batch_lines (
            batch_id uuid NOT NULL REFERENCES settlement.refund_batches (id),
            refund_id uuid NOT NULL REFERENCES settlement.refunds (id),
            outcome text
                CONSTRAINT refund_outcome_known CHECK (outcome IN ('paid', 'returned')),
            reason text,
            ended_at timestamptz,
            PRIMARY KEY (batch_id, refund_id),
            CONSTRAINT refund_line_ended_with_its_outcome CHECK (
                (outcome IS NULL) = (ended_at IS NULL))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX refund_in_one_open_batch
            ON settlement.refund_batch_lines (refund_id) WHERE outcome IS NULL""")
    op.execute("""
        CREATE UNIQUE INDEX refund_paid_in_one_batch
            ON settlement.refund_batch_lines (refund_id) WHERE outcome = 'paid'""")
    op.execute("""
        CREATE TABLE settlement.refund_outcome_files (
            sha256 text PRIMARY KEY,
            batch_id uuid NOT NULL REFERENCES settlement.refund_batches (id),
            taken_at timestamptz NOT NULL
        )""")
    for table in ("refund_batches", "refund_batch_lines", "refund_outcome_files"):
        op.execute(f"ALTER TABLE settlement.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE settlement.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"""
            CREATE POLICY {table}_of_the_house ON settlement.{table}
            USING (catalog.sees_all()) WITH CHECK (catalog.sees_all())""")
        kept = "DELETE" if table == "refund_batch_lines" else "UPDATE OR DELETE"
        op.execute(f"""
            CREATE TRIGGER {table}_are_kept BEFORE {kept} OR TRUNCATE ON settlement.{table}
            FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"GRANT SELECT, INSERT ON settlement.{table} TO market_api")
    op.execute("""
        GRANT UPDATE (outcome, reason, ended_at) ON settlement.refund_batch_lines TO market_api""")
    # Who locks a batch has to be able to change something of it: nobody changes its channel.
    op.execute("GRANT UPDATE (channel) ON settlement.refund_batches TO market_api")


def downgrade() -> None:
    for table in ("refund_outcome_files", "refund_batch_lines", "refund_batches"):
        op.execute(f"DROP TABLE settlement.{table}")
