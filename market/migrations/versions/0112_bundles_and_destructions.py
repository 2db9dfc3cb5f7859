"""Keep which orders were placed together, why one was given up, how it was accepted, and destructions."""

from alembic import op

revision = "0112"
down_revision = "0111"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.bundles (
            id uuid PRIMARY KEY,
            number text NOT NULL CONSTRAINT bundle_number_given_once UNIQUE,
            buyer_party_id uuid NOT NULL REFERENCES market.parties (id),
            total_fen bigint NOT NULL CONSTRAINT bundle_total_not_negative CHECK (total_fen >= 0),
            placed_at timestamptz NOT NULL
        )""")
    op.execute("ALTER TABLE market.bundles ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.bundles FORCE ROW LEVEL SECURITY")
    # Its suppliers see their orders, and not what the others cost.
    op.execute("""
        CREATE POLICY bundles_of_their_buyer ON market.bundles
        USING (catalog.sees_all() OR buyer_party_id = catalog.acting_party())""")
    op.execute("GRANT SELECT, INSERT ON market.bundles TO market_api")
    # An order is placed before the bundle knows its total, in one transaction.
    op.execute("""
        ALTER TABLE market.orders
            ADD COLUMN bundle_id uuid REFERENCES market.bundles (id) DEFERRABLE INITIALLY DEFERRED,
            ADD COLUMN cancellation_reason text CONSTRAINT order_cancellation_reason_known CHECK (
                cancellation_reason IN ('no_longer_needed', 'placed_by_mistake', 'supplier_late',
                    'cannot_deliver', 'product_withdrawn', 'buyer_late', 'agreed', 'other')),
            ADD COLUMN accepted_by text CONSTRAINT order_accepted_by_known CHECK (
                accepted_by IN ('buyer', 'silence', 'use', 'ruling'))""")
    op.execute("""
        CREATE INDEX orders_by_bundle ON market.orders (bundle_id, id)
         WHERE bundle_id IS NOT NULL""")
    op.execute("GRANT UPDATE (cancellation_reason, accepted_by) ON market.orders TO market_api")
    op.execute("""
        CREATE TABLE market.destruction_statements (
            order_id uuid PRIMARY KEY REFERENCES market.orders (id),
            buyer_party_id uuid NOT NULL,
            supplier_party_id uuid NOT NULL,
            content_sha256 text[] NOT NULL,
            fingerprint_id text NOT NULL,
            method text NOT NULL CONSTRAINT destroyed_by_some_method CHECK (method <> ''),
            destroyed_on date NOT NULL,
            destroyed_by text NOT NULL CONSTRAINT destroyed_by_somebody CHECK (destroyed_by <> ''),
            evidence_sha256 text,
            stated_at timestamptz NOT NULL
        )""")
    op.execute("ALTER TABLE market.destruction_statements ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.destruction_statements FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY destruction_statements_of_both_parties ON market.destruction_statements
        USING (catalog.sees_all()
               OR catalog.acting_party() IN (buyer_party_id, supplier_party_id))""")
    op.execute("GRANT SELECT, INSERT ON market.destruction_statements TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE market.destruction_statements")
    op.execute("""
        ALTER TABLE market.orders
            DROP COLUMN bundle_id, DROP COLUMN cancellation_reason, DROP COLUMN accepted_by""")
    op.execute("DROP TABLE market.bundles")
