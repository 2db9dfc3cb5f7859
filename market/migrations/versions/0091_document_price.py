"""Let products be found by whether they are certified and by what they cost, as the register says it.

Certificates and filings change in many operations, and by jobs at the day they end or begin. Documents
follow by triggers, as the search follows documents: whoever changes a state can not forget it, and it
is one transaction.
"""

from alembic import op

revision = "0091"
down_revision = "0090"
branch_labels = None
depends_on = None

BANDS = """
    CASE WHEN price_fen = 0 THEN 'free' WHEN price_fen < 10000 THEN 'under_100_yuan'
         WHEN price_fen < 100000 THEN 'under_1000_yuan'
         WHEN price_fen < 1000000 THEN 'under_10000_yuan'
         WHEN price_fen IS NOT NULL THEN 'from_10000_yuan' END"""


def upgrade() -> None:
    op.execute(f"""
        ALTER TABLE catalog.product_documents
            ADD COLUMN certified text NOT NULL DEFAULT 'no'
                CONSTRAINT document_certified_known CHECK (certified IN ('yes', 'no')),
            ADD COLUMN price_fen bigint
                CONSTRAINT document_price_not_negative CHECK (price_fen >= 0),
            ADD COLUMN price text GENERATED ALWAYS AS ({BANDS}) STORED""")
    _certified()
    _priced()
    op.execute("""
        CREATE FUNCTION market.document_begins() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            -- What was imported from elsewhere has neither certificate nor price here.
            IF NEW.source IS NULL THEN
                NEW.certified := catalog.is_certified(NEW.product_id);
                NEW.price_fen := market.price_of(NEW.product_id);
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER document_begins BEFORE INSERT ON catalog.product_documents
        FOR EACH ROW EXECUTE FUNCTION market.document_begins()""")
    # The owner reads past its own wall for the length of this migration.
    op.execute("ALTER TABLE market.pricing_filings NO FORCE ROW LEVEL SECURITY")
    op.execute("""
        UPDATE catalog.product_documents
           SET certified = catalog.is_certified(product_id), price_fen = market.price_of(product_id)
         WHERE source IS NULL""")
    op.execute("ALTER TABLE market.pricing_filings FORCE ROW LEVEL SECURITY")


def _certified() -> None:
    op.execute("""
        CREATE FUNCTION catalog.is_certified(product uuid) RETURNS text LANGUAGE sql STABLE AS
        $$ SELECT CASE WHEN EXISTS (SELECT FROM catalog.certificates
                                     WHERE product_id = product AND state = 'active')
                       THEN 'yes' ELSE 'no' END $$""")
    op.execute("""
        CREATE FUNCTION catalog.document_follows_certificate() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            UPDATE catalog.product_documents
               SET certified = catalog.is_certified(NEW.product_id)
             WHERE product_id = NEW.product_id
               AND certified <> catalog.is_certified(NEW.product_id);
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE TRIGGER document_follows AFTER INSERT OR UPDATE OF state ON catalog.certificates
        FOR EACH ROW EXECUTE FUNCTION catalog.document_follows_certificate()""")


def _priced() -> None:
    # Whoever changes one filing need not see the others of the product; the price is public.
    op.execute("""
        CREATE FUNCTION market.price_of(product uuid) RETURNS bigint LANGUAGE sql STABLE
        SET app.clearance = 'system' AS
        $$ SELECT min((item ->> 'unit_price_fen')::bigint)
             FROM market.pricing_filings f,
                  jsonb_array_elements(f.terms -> 'price_items') AS item
            WHERE f.product_id = product AND f.state = 'effective' $$""")
    op.execute("""
        CREATE FUNCTION market.document_follows_price() RETURNS trigger LANGUAGE plpgsql AS
        $$ DECLARE lowest CONSTANT bigint := market.price_of(NEW.product_id);
        BEGIN
            UPDATE catalog.product_documents SET price_fen = lowest
             WHERE product_id = NEW.product_id AND price_fen IS DISTINCT FROM lowest;
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE TRIGGER document_follows AFTER INSERT OR UPDATE OF state ON market.pricing_filings
        FOR EACH ROW EXECUTE FUNCTION market.document_follows_price()""")


def downgrade() -> None:
    op.execute("DROP TRIGGER document_begins ON catalog.product_documents")
    op.execute("DROP FUNCTION market.document_begins()")
    op.execute("DROP TRIGGER document_follows ON market.pricing_filings")
    op.execute("DROP FUNCTION market.document_follows_price()")
    op.execute("DROP FUNCTION market.price_of(uuid)")
    op.execute("DROP TRIGGER document_follows ON catalog.certificates")
    op.execute("DROP FUNCTION catalog.document_follows_certificate()")
    op.execute("DROP FUNCTION catalog.is_certified(uuid)")
    for column in ("price", "price_fen", "certified"):
        op.execute(f"ALTER TABLE catalog.product_documents DROP COLUMN {column}")
