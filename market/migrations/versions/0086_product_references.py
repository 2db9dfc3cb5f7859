"""Let a supplier call its products by names of its own, one product that still stands a name."""

from alembic import op

revision = "0086"
down_revision = "0085"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE catalog.products
            ADD COLUMN reference text,
            ADD CONSTRAINT reference_is_one_line CHECK (
                reference IS NULL
                OR (origin = 'described' AND reference = btrim(reference)
                    AND length(reference) BETWEEN 1 AND 100))""")
    op.execute("""
        CREATE UNIQUE INDEX one_product_of_a_reference
            ON catalog.products (supplier_party_id, reference)
         WHERE reference IS NOT NULL AND state <> 'withdrawn'""")


def downgrade() -> None:
    op.execute("ALTER TABLE catalog.products DROP COLUMN reference")
