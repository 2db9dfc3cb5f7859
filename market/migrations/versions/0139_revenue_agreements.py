"""Keep what was agreed on how a product's revenue is shared; one agreement is in force at a time."""

from alembic import op

revision = "0139"
down_revision = "0138"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE market.revenue_agreement_numbers")
    op.execute("GRANT USAGE ON SEQUENCE market.revenue_agreement_numbers TO market_api")
    op.execute("""
        CREATE TABLE market.revenue_agreements (
            id uuid PRIMARY KEY,
            number text NOT NULL CONSTRAINT revenue_agreement_number_once UNIQUE,
            state text NOT NULL CONSTRAINT revenue_agreement_state_known
                CHECK (state IN ('proposed', 'in_force', 'declined', 'withdrawn', 'ended')),
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            supplier_party_id uuid NOT NULL REFERENCES market.parties (id),
            agreed jsonb NOT NULL,
            asked uuid[] NOT NULL,
            given uuid[] NOT NULL,
            version integer NOT NULL
                CONSTRAINT revenue_agreement_version_positive CHECK (version > 0),
            proposed_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            in_force_at timestamptz,
            reason text,
            CONSTRAINT revenue_agreement_given_by_who_was_asked
                CHECK (given <@ asked AND supplier_party_id = ANY (asked)),
            CONSTRAINT revenue_agreement_in_force_by_all CHECK (
                (state IN ('in_force', 'ended')) = (in_force_at IS NOT NULL)
                AND (in_force_at IS NULL OR asked <@ given)
            )
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_revenue_agreement_in_force
            ON market.revenue_agreements (product_id) WHERE state = 'in_force'""")
    op.execute("CREATE INDEX revenue_agreements_asked ON market.revenue_agreements USING gin (asked)")
    op.execute("ALTER TABLE market.revenue_agreements ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.revenue_agreements FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY revenue_agreements_of_who_shares ON market.revenue_agreements
        USING (catalog.sees_all() OR catalog.acting_party() = ANY (asked))""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.revenue_agreements DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT ON market.revenue_agreements TO market_api")
    # What was agreed on is never rewritten: only who agreed, and what came of it.
    op.execute("""
        GRANT UPDATE (state, given, version, updated_at, in_force_at, reason)
            ON market.revenue_agreements TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE market.revenue_agreements")
    op.execute("DROP SEQUENCE market.revenue_agreement_numbers")
