"""Keep each order in one book, and freeze with it as what it counts in statistics.

What is paid for public data is accounted apart (单独核算). Orders that were cleared before stand in the
market's book, under no industry and no region.
"""

from alembic import op

revision = "0154"
down_revision = "0153"
branch_labels = None
depends_on = None

_BOOKS = "('market', 'public_data')"
_BOOKED = (("market.orders", "order"), ("settlement.escrows", "escrow"),
           ("settlement.statement_breaks", "break"))  # fmt: skip


def upgrade() -> None:
    for table, name in _BOOKED:
        op.execute(f"""
            ALTER TABLE {table} ADD COLUMN book text NOT NULL DEFAULT 'market'
                CONSTRAINT {name}_book_is_known CHECK (book IN {_BOOKS})""")
    op.execute("""
        CREATE INDEX escrows_apart ON settlement.escrows (order_id) WHERE book <> 'market'""")
    op.execute("""
        ALTER TABLE market.orders
            ADD COLUMN industry_section text NOT NULL DEFAULT ''
                CONSTRAINT order_industry_section_is_one CHECK (industry_section ~ '^[A-T]?$'),
            ADD COLUMN industry_division text NOT NULL DEFAULT ''
                CONSTRAINT order_industry_division_is_one
                CHECK (industry_division ~ '^([0-9]{2})?$'),
            ADD COLUMN region_code text NOT NULL DEFAULT ''
                CONSTRAINT order_region_is_one
                CHECK (region_code ~ '^([0-9]{2}|[0-9]{4}|[0-9]{6})?$')""")
    op.execute("""
        GRANT UPDATE (book, industry_section, industry_division, region_code)
           ON market.orders TO market_api""")
    # All that an order is paid enters through these: in a second book there is no account for it.
    op.execute("""
        CREATE UNIQUE INDEX account_of_an_order_in_one_book
            ON settlement.accounts (owner, purpose, currency)
         WHERE purpose IN ('order_escrow', 'rounding_residual', 'chargeback_hold')""")


def downgrade() -> None:
    op.execute("DROP INDEX settlement.account_of_an_order_in_one_book")
    op.execute("""
        ALTER TABLE market.orders
            DROP COLUMN industry_section, DROP COLUMN industry_division, DROP COLUMN region_code""")
    for table, _ in reversed(_BOOKED):
        op.execute(f"ALTER TABLE {table} DROP COLUMN book")
