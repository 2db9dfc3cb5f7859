"""Keep who gave back what of an order after its release: by which account, and from where."""

from alembic import op

revision = "0148"
down_revision = "0147"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE settlement.returned_legs (
            key uuid NOT NULL,
            account text NOT NULL,
            order_id uuid NOT NULL REFERENCES settlement.escrows (order_id),
            amount_fen bigint NOT NULL
                CONSTRAINT returned_leg_positive CHECK (amount_fen > 0),
            from_owed_fen bigint NOT NULL,
            from_retention_fen bigint NOT NULL,
            from_platform_fen bigint NOT NULL,
            returned_at timestamptz NOT NULL,
            PRIMARY KEY (key, account),
            CONSTRAINT returned_leg_comes_from_somewhere CHECK (
                from_owed_fen >= 0 AND from_retention_fen >= 0 AND from_platform_fen >= 0
                AND from_owed_fen + from_retention_fen + from_platform_fen = amount_fen)
        )""")
    op.execute("CREATE INDEX returned_legs_of_order ON settlement.returned_legs (order_id)")
    op.execute("""
        CREATE TRIGGER returned_legs_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE
        ON settlement.returned_legs
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("ALTER TABLE settlement.returned_legs ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlement.returned_legs FORCE ROW LEVEL SECURITY")
    # Whoever sees the escrow sees what went back of it later.
    op.execute("""
        CREATE POLICY returned_legs_of_both_sides ON settlement.returned_legs
        USING (catalog.sees_all() OR EXISTS (
            SELECT 1 FROM settlement.escrows e WHERE e.order_id = returned_legs.order_id))""")
    op.execute("GRANT SELECT, INSERT ON settlement.returned_legs TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE settlement.returned_legs")
