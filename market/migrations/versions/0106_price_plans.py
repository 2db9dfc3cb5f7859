"""Let prices have bands, free quotas and caps, trials and quotations; keep special prices of one buyer."""

from alembic import op

revision = "0106"
down_revision = "0105"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15

# The same rule as the service's, said a second time: the lines of a price, summed and capped.
AMOUNT = """
    CREATE FUNCTION market.amount_of(item jsonb, units bigint, bought_before bigint)
    RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
        WITH free AS (
            SELECT least(units, greatest(0,
                coalesce((item ->> 'free_quantity')::bigint, 0) - bought_before)) AS units
        ), bands AS (
            SELECT 0::bigint AS above, (item ->> 'unit_price_fen')::numeric AS price
            UNION ALL
            SELECT (band ->> 'above')::bigint, (band ->> 'unit_price_fen')::numeric
              FROM jsonb_array_elements(coalesce(item -> 'bands', '[]')) AS band
        ), steps AS (
            SELECT above, price, lead(above, 1, units) OVER (ORDER BY above) AS until FROM bands
        )
        SELECT least((item ->> 'cap_fen')::numeric,
            CASE WHEN item ->> 'banding' = 'cumulative'
                 THEN (SELECT price FROM steps WHERE above < amount_of.units
                        ORDER BY above DESC LIMIT 1) * (amount_of.units - free.units)
                 ELSE (SELECT sum(price * greatest(0,
                                  least(until, amount_of.units) - greatest(above, free.units)))
                         FROM steps)
            END)
          FROM free $$"""

PRICE_OF = """
    CREATE OR REPLACE FUNCTION market.price_of(product uuid) RETURNS bigint LANGUAGE sql STABLE
    SET app.clearance = 'system' AS
    $$ SELECT min((item ->> 'unit_price_fen')::bigint)
         FROM market.pricing_filings f,
              jsonb_array_elements(f.terms -> 'price_items') AS item
        WHERE f.product_id = product AND f.state = 'effective'{but} $$"""


def upgrade() -> None:
    op.execute(AMOUNT)
    op.execute(f"""
        ALTER TABLE market.orders
            ADD COLUMN bought_before bigint NOT NULL DEFAULT 0
                CONSTRAINT order_bought_before_not_negative CHECK (bought_before >= 0),
            ADD COLUMN special_price jsonb,
            DROP CONSTRAINT order_priced_as_filed,
            ADD CONSTRAINT order_priced_as_filed
                CHECK (CASE WHEN special_price IS NOT NULL
                            THEN amount_fen BETWEEN 0 AND {MONEY_MAX}
                                 AND special_price ->> 'reason' <> ''
                            WHEN price_item ?| ARRAY['bands', 'free_quantity', 'cap_fen']
                            THEN amount_fen = market.amount_of(price_item, quantity, bought_before)
                            ELSE amount_fen = (price_item ->> 'unit_price_fen')::bigint * quantity
                       END)""")
    # A trial is not what a product costs.
    op.execute(PRICE_OF.format(but=" AND item ->> 'charge' <> 'trial'"))
    _special_prices()


def _special_prices() -> None:
    op.execute(f"""
        CREATE TABLE market.special_prices (
            id uuid PRIMARY KEY,
            state text NOT NULL CONSTRAINT special_price_state_known
                CHECK (state IN ('offered', 'used', 'withdrawn')),
            filing_id uuid NOT NULL REFERENCES market.pricing_filings (id),
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            supplier_party_id uuid NOT NULL REFERENCES market.parties (id),
            buyer_party_id uuid NOT NULL REFERENCES market.parties (id),
            price_item text NOT NULL,
            quantity bigint NOT NULL CONSTRAINT special_price_quantity_positive CHECK (quantity > 0),
            amount_fen bigint NOT NULL CONSTRAINT special_price_within_the_books
                CHECK (amount_fen BETWEEN 0 AND {MONEY_MAX}),
            filed_fen bigint,
            reason text NOT NULL CONSTRAINT special_price_has_a_reason CHECK (btrim(reason) <> ''),
            valid_until date NOT NULL,
            version integer NOT NULL
                CONSTRAINT special_price_version_positive CHECK (version > 0),
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            CONSTRAINT special_price_below_the_filed_one CHECK (amount_fen < filed_fen),
            CONSTRAINT special_price_not_to_oneself CHECK (buyer_party_id <> supplier_party_id)
        )""")
    for column in ("buyer_party_id", "supplier_party_id", "product_id"):
        op.execute(
            f"CREATE INDEX special_prices_by_{column} ON market.special_prices ({column}, id)"
        )
    op.execute("ALTER TABLE market.special_prices ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.special_prices FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY special_prices_of_their_parties ON market.special_prices
        USING (catalog.sees_all()
               OR catalog.acting_party() IN (buyer_party_id, supplier_party_id))
        WITH CHECK (catalog.sees_all()
               OR catalog.acting_party() IN (buyer_party_id, supplier_party_id))""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.special_prices DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT ON market.special_prices TO market_api")
    # What was offered, to whom and why, is never changed: only how far it is.
    op.execute("GRANT UPDATE (state, version, updated_at) ON market.special_prices TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE market.special_prices")
    op.execute(PRICE_OF.format(but=""))
    op.execute("""
        ALTER TABLE market.orders
            DROP CONSTRAINT order_priced_as_filed,
            DROP COLUMN special_price,
            DROP COLUMN bought_before,
            ADD CONSTRAINT order_priced_as_filed
                CHECK (amount_fen = (price_item ->> 'unit_price_fen')::bigint * quantity)""")
    op.execute("DROP FUNCTION market.amount_of(jsonb, bigint, bigint)")
