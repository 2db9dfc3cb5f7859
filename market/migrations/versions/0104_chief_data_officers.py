"""Keep whom providers named as their chief data officers."""

from alembic import op

revision = "0104"
down_revision = "0103"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.chief_data_officers (
            party_id uuid PRIMARY KEY REFERENCES market.parties (id),
            name text NOT NULL CONSTRAINT officer_has_a_name CHECK (name <> ''),
            post text NOT NULL,
            contact text NOT NULL,
            named_at timestamptz NOT NULL
        )""")
    op.execute("ALTER TABLE market.chief_data_officers ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.chief_data_officers FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY chief_data_officers_of_their_party ON market.chief_data_officers
        USING (catalog.sees_all() OR party_id = catalog.acting_party())""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.chief_data_officers DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.chief_data_officers TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE market.chief_data_officers")
