"""Keep editions, inquiries and receipts of filings, ceilings, and one price for a product, use and scenario."""

from alembic import op

revision = "0114"
down_revision = "0113"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15
HOLDING = "('effective', 'under_inquiry', 'suspended', 'non_compliant')"

PRICE_OF = """
    CREATE OR REPLACE FUNCTION market.price_of(product uuid) RETURNS bigint LANGUAGE sql STABLE
    SET app.clearance = 'system' AS
    $$ SELECT min((item ->> 'unit_price_fen')::bigint)
         FROM market.pricing_filings f,
              jsonb_array_elements(f.terms -> 'price_items') AS item
        WHERE f.product_id = product AND f.state IN {states}
          AND item ->> 'charge' <> 'trial' $$"""

PUBLIC = """
    CREATE POLICY recorded_prices_are_read ON market.pricing_filings
    FOR SELECT USING (state IN {states})"""


def upgrade() -> None:
    op.execute("""
        ALTER TABLE market.pricing_filings
            ADD COLUMN edition integer NOT NULL DEFAULT 1
                CONSTRAINT pricing_filing_edition_positive CHECK (edition > 0),
            ADD COLUMN amends uuid REFERENCES market.pricing_filings (id),
            ADD COLUMN inquiry jsonb,
            ADD COLUMN needs_recording boolean NOT NULL DEFAULT true,
            ADD COLUMN receipt jsonb,
            ADD CONSTRAINT pricing_filing_edition_follows_another
                CHECK ((edition > 1) = (amends IS NOT NULL))""")
    op.execute("DROP POLICY recorded_prices_are_read ON market.pricing_filings")
    op.execute(PUBLIC.format(states="('recorded', 'effective', 'under_inquiry')"))
    op.execute(PRICE_OF.format(states="('effective', 'under_inquiry')"))
    _prices_held()
    _ceilings()


def _prices_held() -> None:
    op.execute("""
        CREATE TABLE market.prices_held (
            product_id uuid NOT NULL,
            use_category text NOT NULL,
            scenario text NOT NULL,
            filing_id uuid NOT NULL REFERENCES market.pricing_filings (id),
            CONSTRAINT one_price_per_product_use_and_scenario
                PRIMARY KEY (product_id, use_category, scenario)
        )""")
    op.execute("CREATE INDEX prices_held_by_filing ON market.prices_held (filing_id)")
    op.execute("GRANT SELECT, INSERT, DELETE ON market.prices_held TO market_api")
    op.execute(f"""
        CREATE FUNCTION market.filing_holds_its_scenarios() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF NEW.state IN {HOLDING} AND OLD.state NOT IN {HOLDING} THEN
                INSERT INTO market.prices_held (product_id, use_category, scenario, filing_id)
                SELECT NEW.product_id, NEW.use_category, scenario, NEW.id
                  FROM jsonb_array_elements_text(NEW.terms -> 'scenarios') AS s (scenario)
                 GROUP BY scenario;
            ELSIF OLD.state IN {HOLDING} AND NEW.state NOT IN {HOLDING} THEN
                DELETE FROM market.prices_held WHERE filing_id = NEW.id;
            END IF;
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE TRIGGER filing_holds_its_scenarios AFTER UPDATE OF state ON market.pricing_filings
        FOR EACH ROW EXECUTE FUNCTION market.filing_holds_its_scenarios()""")
    # The owner reads past its own wall for the length of this migration. What was stopped before
    # this one holds nothing: another price took its place, or none did.
    op.execute("ALTER TABLE market.pricing_filings NO FORCE ROW LEVEL SECURITY")
    op.execute("""
        INSERT INTO market.prices_held (product_id, use_category, scenario, filing_id)
        SELECT DISTINCT f.product_id, f.use_category, s.scenario, f.id
          FROM market.pricing_filings f,
               jsonb_array_elements_text(f.terms -> 'scenarios') AS s (scenario)
         WHERE f.state = 'effective'""")
    op.execute("ALTER TABLE market.pricing_filings FORCE ROW LEVEL SECURITY")
    op.execute("DROP INDEX market.one_effective_price_per_product_and_use")


def _ceilings() -> None:
    op.execute(f"""
        CREATE TABLE market.fee_ceilings (
            id uuid PRIMARY KEY,
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            unit text NOT NULL,
            amount_fen bigint NOT NULL CONSTRAINT ceiling_within_the_books
                CHECK (amount_fen BETWEEN 0 AND {MONEY_MAX}),
            document_number text NOT NULL
                CONSTRAINT ceiling_has_a_document CHECK (btrim(document_number) <> ''),
            authority text NOT NULL,
            valid_from date NOT NULL,
            valid_to date,
            is_trial boolean NOT NULL,
            laid_down_at timestamptz NOT NULL,
            applied_at timestamptz,
            CONSTRAINT ceiling_ends_after_it_begins CHECK (valid_to >= valid_from)
        )""")
    op.execute("CREATE INDEX fee_ceilings_by_product ON market.fee_ceilings (product_id, id)")
    op.execute("""
        CREATE INDEX fee_ceilings_due ON market.fee_ceilings (valid_from)
            WHERE applied_at IS NULL""")
    op.execute("GRANT SELECT, INSERT ON market.fee_ceilings TO market_api")
    # What was laid down is never changed: only whether filings were held under it.
    op.execute("GRANT UPDATE (applied_at) ON market.fee_ceilings TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE market.fee_ceilings")
    op.execute("DROP TRIGGER filing_holds_its_scenarios ON market.pricing_filings")
    op.execute("DROP FUNCTION market.filing_holds_its_scenarios()")
    op.execute("DROP TABLE market.prices_held")
    op.execute("""
        CREATE UNIQUE INDEX one_effective_price_per_product_and_use
            ON market.pricing_filings (product_id, use_category) WHERE state = 'effective'""")
    op.execute("DROP POLICY recorded_prices_are_read ON market.pricing_filings")
    op.execute(PUBLIC.format(states="('recorded', 'effective')"))
    op.execute(PRICE_OF.format(states="('effective')"))
    op.execute("""
        ALTER TABLE market.pricing_filings
            DROP CONSTRAINT pricing_filing_edition_follows_another,
            DROP COLUMN receipt,
            DROP COLUMN needs_recording,
            DROP COLUMN inquiry,
            DROP COLUMN amends,
            DROP COLUMN edition""")
