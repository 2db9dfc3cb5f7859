"""Keep every version of a product, which of them the public saw, and a tombstone when it is taken back."""

from alembic import op

revision = "0084"
down_revision = "0083"
branch_labels = None
depends_on = None

TABLES = ("product_revisions", "product_showings", "product_tombstones")


def upgrade() -> None:
    op.execute("""
        CREATE TABLE catalog.product_revisions (
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            version integer NOT NULL CONSTRAINT revision_version_counts CHECK (version >= 1),
            state text NOT NULL CONSTRAINT product_revisions_state_known CHECK (
                state IN ('draft', 'described', 'withdrawn')),
            name text NOT NULL,
            supplier_name text NOT NULL,
            description jsonb NOT NULL,
            reason text,
            revised_at timestamptz NOT NULL,
            PRIMARY KEY (product_id, version)
        )""")
    op.execute("""
        CREATE TABLE catalog.product_showings (
            product_id uuid NOT NULL,
            version integer NOT NULL,
            first_shown_at timestamptz NOT NULL,
            PRIMARY KEY (product_id, version),
            CONSTRAINT what_was_shown_is_kept FOREIGN KEY (product_id, version)
                REFERENCES catalog.product_revisions (product_id, version)
        )""")
    # Public: whoever knows the id saw the product.
    op.execute("""
        CREATE TABLE catalog.product_tombstones (
            product_id uuid PRIMARY KEY REFERENCES catalog.products (id),
            name text NOT NULL,
            supplier_name text NOT NULL,
            withdrawn_at timestamptz NOT NULL,
            reason text NOT NULL CONSTRAINT tombstone_says_why CHECK (reason <> '')
        )""")
    for table in TABLES:
        op.execute(f"""
            CREATE TRIGGER {table}_are_never_changed BEFORE UPDATE OR DELETE ON catalog.{table}
            FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"""
            CREATE TRIGGER {table}_are_never_emptied BEFORE TRUNCATE ON catalog.{table}
            FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"GRANT SELECT, INSERT ON catalog.{table} TO market_api")
    # The owner reads past its own wall for the length of this migration.
    op.execute("ALTER TABLE catalog.products NO FORCE ROW LEVEL SECURITY")
    op.execute("""
        INSERT INTO catalog.product_revisions (
            product_id, version, state, name, supplier_name, description, revised_at)
        SELECT id, version, state, name, supplier_name, description, updated_at
          FROM catalog.products WHERE description IS NOT NULL""")
    op.execute("""
        INSERT INTO catalog.product_showings (product_id, version, first_shown_at)
        SELECT id, version, updated_at
          FROM catalog.products WHERE is_public AND description IS NOT NULL""")
    op.execute("ALTER TABLE catalog.products FORCE ROW LEVEL SECURITY")
    for table in ("product_revisions", "product_showings"):
        op.execute(f"ALTER TABLE catalog.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE catalog.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"""
            CREATE POLICY {table}_of_their_product ON catalog.{table}
            USING (EXISTS (SELECT 1 FROM catalog.products p WHERE p.id = product_id))""")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE catalog.{table}")
