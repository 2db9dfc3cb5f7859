"""Let products be found by whether they are open data, as the openings say it.

Openings are confirmed and closed, and a product that comes back may be open still. Its document follows
by triggers, as it follows certificates and prices: whoever changes a state can not forget it.
"""

from alembic import op

revision = "0116"
down_revision = "0115"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE catalog.product_documents
            ADD COLUMN open_data text NOT NULL DEFAULT 'no'
                CONSTRAINT document_open_data_known CHECK (open_data IN ('yes', 'no'))""")
    # Whoever changes an opening need not see all of them; that a product is open is public.
    op.execute("""
        CREATE FUNCTION market.is_open(product uuid) RETURNS text LANGUAGE sql STABLE
        SET app.clearance = 'system' AS
        $$ SELECT CASE WHEN EXISTS (SELECT FROM market.openings
                                     WHERE product_id = product AND state = 'open')
                       THEN 'yes' ELSE 'no' END $$""")
    op.execute("""
        CREATE FUNCTION market.document_follows_opening() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            UPDATE catalog.product_documents SET open_data = market.is_open(NEW.product_id)
             WHERE product_id = NEW.product_id
               AND open_data <> market.is_open(NEW.product_id);
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE TRIGGER document_follows AFTER INSERT OR UPDATE OF state ON market.openings
        FOR EACH ROW EXECUTE FUNCTION market.document_follows_opening()""")
    op.execute("""
        CREATE FUNCTION market.document_begins_open() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF NEW.source IS NULL THEN
                NEW.open_data := market.is_open(NEW.product_id);
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER document_begins_open BEFORE INSERT ON catalog.product_documents
        FOR EACH ROW EXECUTE FUNCTION market.document_begins_open()""")
    op.execute("ALTER TABLE market.openings NO FORCE ROW LEVEL SECURITY")
    op.execute("""
        UPDATE catalog.product_documents SET open_data = 'yes'
         WHERE product_id IN (SELECT product_id FROM market.openings WHERE state = 'open')""")
    op.execute("ALTER TABLE market.openings FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.execute("DROP TRIGGER document_begins_open ON catalog.product_documents")
    op.execute("DROP FUNCTION market.document_begins_open()")
    op.execute("DROP TRIGGER document_follows ON market.openings")
    op.execute("DROP FUNCTION market.document_follows_opening()")
    op.execute("DROP FUNCTION market.is_open(uuid)")
    op.execute("ALTER TABLE catalog.product_documents DROP COLUMN open_data")
