"""Take many products at once: batches, and what became of each of their rows."""

from alembic import op

revision = "0099"
down_revision = "0098"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE catalog.product_batches (
            id uuid PRIMARY KEY,
            supplier_party_id uuid NOT NULL REFERENCES market.parties (id),
            opened_by uuid NOT NULL REFERENCES market.accounts (id),
            acting_for uuid REFERENCES market.parties (id),
            file_id uuid NOT NULL REFERENCES catalog.files (id),
            file_name text NOT NULL,
            sha256 text NOT NULL CONSTRAINT batch_sha256_is_hex CHECK (sha256 ~ '^[0-9a-f]{64}$'),
            kind text NOT NULL CONSTRAINT product_batches_kind_known CHECK (kind IN (
                'csv', 'xlsx', 'jsonl', 'json', 'dcat_json_ld', 'dcat_turtle', 'ckan')),
            is_dry_run boolean NOT NULL,
            is_draft boolean NOT NULL,
            state text NOT NULL CONSTRAINT product_batches_state_known CHECK (
                state IN ('waiting', 'taking', 'finished', 'failed')),
            total integer,
            created integer NOT NULL DEFAULT 0,
            revised integer NOT NULL DEFAULT 0,
            unchanged integer NOT NULL DEFAULT 0,
            refused integer NOT NULL DEFAULT 0,
            columns jsonb NOT NULL,
            failure jsonb,
            opened_at timestamptz NOT NULL,
            finished_at timestamptz,
            taken_until timestamptz,
            CONSTRAINT what_is_taken_was_counted CHECK (
                state IN ('waiting', 'failed') OR total IS NOT NULL),
            CONSTRAINT no_more_rows_than_there_are CHECK (
                created + revised + unchanged + refused <= coalesce(total, 0)),
            CONSTRAINT what_is_finished_is_whole CHECK (
                state <> 'finished' OR created + revised + unchanged + refused = total),
            CONSTRAINT over_when_it_ended CHECK (
                (state IN ('finished', 'failed')) = (finished_at IS NOT NULL)),
            CONSTRAINT failed_says_why CHECK ((state = 'failed') = (failure IS NOT NULL))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_open_batch_of_a_file
            ON catalog.product_batches (supplier_party_id, sha256, kind, is_dry_run, is_draft)
         WHERE state IN ('waiting', 'taking')""")
    op.execute("""
        CREATE INDEX product_batches_of_their_supplier
            ON catalog.product_batches (supplier_party_id, id)""")
    op.execute("""
        CREATE INDEX product_batches_to_take
            ON catalog.product_batches (opened_at, id) WHERE state IN ('waiting', 'taking')""")
    op.execute("""
        CREATE TABLE catalog.product_batch_rows (
            batch_id uuid NOT NULL REFERENCES catalog.product_batches (id),
            number integer NOT NULL CONSTRAINT batch_row_number_counts CHECK (number >= 1),
            line integer NOT NULL,
            key text NOT NULL,
            outcome text NOT NULL CONSTRAINT product_batch_rows_outcome_known CHECK (
                outcome IN ('created', 'revised', 'unchanged', 'refused')),
            product_id uuid,
            faults jsonb NOT NULL,
            cells jsonb,
            PRIMARY KEY (batch_id, number),
            CONSTRAINT refused_says_why CHECK (
                (outcome = 'refused') = (jsonb_array_length(faults) > 0))
        )""")
    op.execute("""
        CREATE TRIGGER product_batch_rows_are_never_changed
        BEFORE UPDATE OR DELETE ON catalog.product_batch_rows
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER product_batch_rows_are_never_emptied
        BEFORE TRUNCATE ON catalog.product_batch_rows
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    for table in ("product_batches", "product_batch_rows"):
        op.execute(f"ALTER TABLE catalog.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE catalog.{table} FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY product_batches_of_their_suppliers ON catalog.product_batches
        USING (catalog.sees_all() OR supplier_party_id = catalog.acting_party())
        WITH CHECK (catalog.sees_all() OR supplier_party_id = catalog.acting_party())""")
    op.execute("""
        CREATE POLICY product_batch_rows_of_their_batch ON catalog.product_batch_rows
        USING (EXISTS (SELECT 1 FROM catalog.product_batches b WHERE b.id = batch_id))""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.product_batches TO market_api")
    op.execute("GRANT SELECT, INSERT ON catalog.product_batch_rows TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE catalog.product_batch_rows")
    op.execute("DROP TABLE catalog.product_batches")
