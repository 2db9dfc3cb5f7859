"""Keep of orders, escrows and invoices what of their money is tax; the database computes it again."""

from alembic import op

revision = "0171"
down_revision = "0170"
branch_labels = None
depends_on = None

REASONS = "'exempt', 'zero_rated', 'small_scale', 'non_tax_revenue'"


def upgrade() -> None:
    # To the nearest fen, half a fen up: as settlement/taxes/taxing.py has it.
    op.execute("""
        CREATE FUNCTION settlement.tax_in(gross numeric, rate_bps numeric) RETURNS numeric
        LANGUAGE sql IMMUTABLE AS $$
            SELECT div(2 * gross * rate_bps + 10000 + rate_bps, 2 * (10000 + rate_bps)) $$""")
    op.execute("GRANT EXECUTE ON FUNCTION settlement.tax_in(numeric, numeric) TO market_api")
    op.execute("""
        ALTER TABLE market.orders
            ADD COLUMN net_fen bigint,
            ADD COLUMN tax_fen bigint,
            ADD CONSTRAINT order_net_and_tax_are_its_amount CHECK (
                num_nulls(net_fen, tax_fen) IN (0, 2)
                AND (tax_fen IS NULL OR net_fen + tax_fen = amount_fen)),
            ADD CONSTRAINT order_tax_is_that_of_its_price CHECK (
                tax_fen IS NULL OR coalesce(tax_fen = settlement.tax_in(
                    amount_fen, (price_item -> 'tax' ->> 'rate_bps')::numeric), false))""")
    op.execute(f"""
        ALTER TABLE settlement.escrows
            ADD COLUMN tax_rate_bps integer
                CONSTRAINT escrow_tax_rate_in_range CHECK (tax_rate_bps BETWEEN 0 AND 9999),
            ADD COLUMN tax_zero_reason text
                CONSTRAINT escrow_zero_reason_known CHECK (tax_zero_reason IN ({REASONS})),
            ADD CONSTRAINT escrow_of_no_tax_says_why CHECK (
                (tax_zero_reason IS NOT NULL) = (tax_rate_bps IS NOT DISTINCT FROM 0))""")
    op.execute("""
        ALTER TABLE settlement.invoices
            ADD COLUMN net_fen bigint CONSTRAINT invoice_net_not_negative CHECK (net_fen >= 0),
            ADD COLUMN tax_fen bigint CONSTRAINT invoice_tax_not_negative CHECK (tax_fen >= 0),
            ADD COLUMN tax jsonb,
            ADD CONSTRAINT invoice_net_and_tax_are_its_amount CHECK (
                num_nulls(net_fen, tax_fen) IN (0, 2)
                AND (tax_fen IS NULL OR net_fen + tax_fen = (wanted ->> 'amount_fen')::bigint))""")


def downgrade() -> None:
    op.execute("""
        ALTER TABLE settlement.invoices
            DROP COLUMN tax, DROP COLUMN tax_fen, DROP COLUMN net_fen""")
    op.execute("""
        ALTER TABLE settlement.escrows DROP COLUMN tax_zero_reason, DROP COLUMN tax_rate_bps""")
    op.execute("ALTER TABLE market.orders DROP COLUMN tax_fen, DROP COLUMN net_fen")
    op.execute("DROP FUNCTION settlement.tax_in(numeric, numeric)")
