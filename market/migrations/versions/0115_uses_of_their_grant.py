"""Let a use name its order by its grant: one check for each use, and none that waits for the order's row.

Each use was looked up twice, in orders and in grants, and held its order's row while it was written: whoever moved
the order and then stopped its grant waited for a use that waited for him. A grant names its order, so the pair is enough
and says more: that the grant is the order's own.
"""

from alembic import op

revision = "0115"
down_revision = "0114"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE market.grants ADD CONSTRAINT grant_of_its_order UNIQUE (id, order_id)""")
    op.execute("""
        ALTER TABLE market.usage_events
            DROP CONSTRAINT usage_events_order_id_fkey,
            DROP CONSTRAINT usage_events_grant_id_fkey,
            ADD CONSTRAINT usage_of_its_grant
                FOREIGN KEY (grant_id, order_id) REFERENCES market.grants (id, order_id)""")
    # A grant is written with each use: beside the row there is room for its next version.
    op.execute("ALTER TABLE market.grants SET (fillfactor = 60)")


def downgrade() -> None:
    op.execute("ALTER TABLE market.grants RESET (fillfactor)")
    op.execute("""
        ALTER TABLE market.usage_events
            DROP CONSTRAINT usage_of_its_grant,
            ADD CONSTRAINT usage_events_order_id_fkey
                FOREIGN KEY (order_id) REFERENCES market.orders (id),
            ADD CONSTRAINT usage_events_grant_id_fkey
                FOREIGN KEY (grant_id) REFERENCES market.grants (id)""")
    op.execute("ALTER TABLE market.grants DROP CONSTRAINT grant_of_its_order")
