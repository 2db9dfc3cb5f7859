"""Let an offer be for some buyers alone, and hide it and its prices from everybody else."""

from typing import Final

from alembic import op

revision = "0133"
down_revision = "0132"
branch_labels = None
depends_on = None

PRICED: Final = "('recorded', 'effective', 'under_inquiry')"


def upgrade() -> None:
    op.execute("ALTER TABLE market.listings ADD COLUMN audience jsonb")
    op.execute("GRANT UPDATE (audience) ON market.listings TO market_api")
    op.execute("""
        CREATE INDEX targeted_listings ON market.listings (product_id)
         WHERE audience IS NOT NULL AND state <> 'delisted'""")
    # What the register knows of a party is asked when it looks: a certificate that ended hides
    # the offer at once. A code names its registrar's division in the third to eighth place.
    op.execute("""
        CREATE FUNCTION market.addresses(audience jsonb, party uuid) RETURNS boolean
        LANGUAGE sql STABLE SET "app.clearance" = 'system' AS
        $$ SELECT coalesce(audience -> 'party_ids' ? party::text, false)
               OR EXISTS (
            SELECT FROM jsonb_array_elements(audience -> 'classes') AS c (class)
              JOIN market.parties p ON p.id = party AND p.state = 'verified'
             WHERE (jsonb_array_length(class -> 'region_codes') = 0
                    OR EXISTS (
                        SELECT FROM jsonb_array_elements_text(class -> 'region_codes') AS r (code)
                         WHERE starts_with(substr(p.uscc, 3, 6), r.code)))
               AND (NOT (class ->> 'is_certified')::boolean
                    OR EXISTS (
                        SELECT FROM catalog.certificates t
                         WHERE t.registrant_party_id = party AND t.state = 'active'))
               AND (jsonb_array_length(class -> 'industry_sections') = 0
                    OR EXISTS (
                        SELECT FROM catalog.certificates t
                          JOIN catalog.products d ON d.id = t.product_id
                         WHERE t.registrant_party_id = party AND t.state = 'active'
                           AND class -> 'industry_sections'
                               ? (d.description ->> 'industry_section')))) $$""")
    # Sets, so that a list asks once and not for each of its rows.
    op.execute("""
        CREATE FUNCTION market.offered_to_me() RETURNS SETOF uuid
        LANGUAGE sql STABLE SET "app.clearance" = 'system' AS
        $$ SELECT product_id FROM market.listings
            WHERE audience IS NOT NULL AND state = 'listed'
              AND market.addresses(audience, catalog.acting_party()) $$""")
    op.execute("""
        CREATE FUNCTION market.withheld_from_me() RETURNS SETOF uuid
        LANGUAGE sql STABLE SET "app.clearance" = 'system' AS
        $$ SELECT product_id FROM market.listings
            WHERE audience IS NOT NULL AND state <> 'delisted'
              AND market.addresses(audience, catalog.acting_party()) IS NOT TRUE $$""")
    # The functions read these tables themselves, as one who sees all: only CASE promises that
    # they are not asked again on the way.
    op.execute("""
        CREATE POLICY targeted_products_are_read ON catalog.products FOR SELECT
        USING (CASE WHEN catalog.sees_all() THEN true
                    ELSE id IN (SELECT market.offered_to_me()) END)""")
    op.execute("DROP POLICY offers_are_read ON market.listings")
    op.execute("""
        CREATE POLICY offers_are_read ON market.listings FOR SELECT
        USING (state = 'listed'
               AND CASE WHEN audience IS NULL OR catalog.sees_all() THEN true
                        ELSE product_id IN (SELECT market.offered_to_me()) END)""")
    op.execute("DROP POLICY recorded_prices_are_read ON market.pricing_filings")
    op.execute(f"""
        CREATE POLICY recorded_prices_are_read ON market.pricing_filings FOR SELECT
        USING (state IN {PRICED}
               AND CASE WHEN catalog.sees_all() THEN true
                        ELSE product_id NOT IN (SELECT market.withheld_from_me()) END)""")


def downgrade() -> None:
    op.execute("DROP POLICY recorded_prices_are_read ON market.pricing_filings")
    op.execute(f"""
        CREATE POLICY recorded_prices_are_read ON market.pricing_filings
        FOR SELECT USING (state IN {PRICED})""")
    op.execute("DROP POLICY offers_are_read ON market.listings")
    op.execute("""
        CREATE POLICY offers_are_read ON market.listings FOR SELECT USING (state = 'listed')""")
    op.execute("DROP POLICY targeted_products_are_read ON catalog.products")
    op.execute("DROP FUNCTION market.withheld_from_me()")
    op.execute("DROP FUNCTION market.offered_to_me()")
    op.execute("DROP FUNCTION market.addresses(jsonb, uuid)")
    op.execute("DROP INDEX market.targeted_listings")
    op.execute("ALTER TABLE market.listings DROP COLUMN audience")
