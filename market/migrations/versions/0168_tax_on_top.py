"""Price what is told without its tax with the tax on top, find a product by what is paid for it, and
let nobody change what was filed: with its tax, an amended price is another edition.
"""

from alembic import op

revision = "0168"
down_revision = "0167"
branch_labels = None
depends_on = None

# To the nearest fen, half a fen up, once for all units: as settlement/taxes/taxing.py has it.
PAID_FOR = """
    CREATE FUNCTION market.paid_for(item jsonb, told numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE WHEN item -> 'tax' ->> 'is_included' = 'false'
                    THEN told + div(2 * told * (item -> 'tax' ->> 'rate_bps')::numeric + 10000, 20000)
                    ELSE told END $$"""

# The lines of a price, summed and capped, and what comes on top.
AMOUNT = """
    CREATE OR REPLACE FUNCTION market.amount_of(item jsonb, units bigint, bought_before bigint)
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
        SELECT {before}least((item ->> 'cap_fen')::numeric,
            CASE WHEN item ->> 'banding' = 'cumulative'
                 THEN (SELECT price FROM steps WHERE above < amount_of.units
                        ORDER BY above DESC LIMIT 1) * (amount_of.units - free.units)
                 ELSE (SELECT sum(price * greatest(0,
                                  least(until, amount_of.units) - greatest(above, free.units)))
                         FROM steps)
            END){after}
          FROM free $$"""

PRICE_OF = """
    CREATE OR REPLACE FUNCTION market.price_of(product uuid) RETURNS bigint LANGUAGE sql STABLE
    SET app.clearance = 'system' AS
    $$ SELECT min({lowest})
         FROM market.pricing_filings f,
              jsonb_array_elements(f.terms -> 'price_items') AS item
        WHERE f.product_id = product AND f.state IN ('effective', 'under_inquiry')
          AND item ->> 'charge' <> 'trial' $$"""

PRICED_AS_FILED = """
    ALTER TABLE market.orders
        DROP CONSTRAINT order_priced_as_filed,
        ADD CONSTRAINT order_priced_as_filed
            CHECK (CASE WHEN special_price IS NOT NULL
                        THEN amount_fen BETWEEN 0 AND 1000000000000000
                             AND special_price ->> 'reason' <> ''
                        WHEN price_item ?| ARRAY[{parts}]
                        THEN amount_fen = market.amount_of(price_item, quantity, bought_before)
                        ELSE amount_fen = (price_item ->> 'unit_price_fen')::bigint * quantity
                   END)"""
PARTS = "'bands', 'free_quantity', 'cap_fen'"


def upgrade() -> None:
    op.execute(PAID_FOR)
    op.execute(AMOUNT.format(before="market.paid_for(item, ", after=")"))
    lowest = "market.paid_for(item, (item ->> 'unit_price_fen')::numeric)::bigint"
    op.execute(PRICE_OF.format(lowest=lowest))
    op.execute(PRICED_AS_FILED.format(parts=f"{PARTS}, 'tax'"))
    op.execute("""
        CREATE TRIGGER filed_terms_are_kept BEFORE UPDATE OF terms ON market.pricing_filings
        FOR EACH ROW WHEN (OLD.terms IS DISTINCT FROM NEW.terms)
        EXECUTE FUNCTION catalog.refuse_change()""")


def downgrade() -> None:
    op.execute("DROP TRIGGER filed_terms_are_kept ON market.pricing_filings")
    op.execute(PRICED_AS_FILED.format(parts=PARTS))
    op.execute(PRICE_OF.format(lowest="(item ->> 'unit_price_fen')::bigint"))
    op.execute(AMOUNT.format(before="", after=""))
    op.execute("DROP FUNCTION market.paid_for(jsonb, numeric)")
