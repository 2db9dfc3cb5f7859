"""Keep demands for open data apart from what is answered: the first are confidential, the second public."""

from alembic import op

revision = "0102"
down_revision = "0101"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.data_demands (
            id uuid PRIMARY KEY,
            state text NOT NULL CONSTRAINT data_demands_state_known CHECK (
                state IN ('received', 'joined', 'answered')),
            secret_sha256 bytea NOT NULL CONSTRAINT data_demand_secret_is_one UNIQUE,
            party_id uuid REFERENCES market.parties (id),
            title text NOT NULL,
            text text NOT NULL,
            contact text NOT NULL,
            received_at timestamptz NOT NULL,
            joined_to uuid REFERENCES market.data_demands (id),
            answered_at timestamptz,
            CONSTRAINT joined_to_another CHECK (
                (state = 'joined') = (joined_to IS NOT NULL) AND joined_to <> id),
            CONSTRAINT answered_at_some_time CHECK ((state = 'answered') = (answered_at IS NOT NULL))
        )""")
    op.execute("CREATE INDEX data_demands_by_state ON market.data_demands (state, id)")
    op.execute("""
        CREATE INDEX data_demands_unnamed ON market.data_demands (received_at) WHERE party_id IS NULL""")
    op.execute("""
        CREATE INDEX data_demands_joined ON market.data_demands (joined_to)
         WHERE joined_to IS NOT NULL""")
    op.execute("ALTER TABLE market.data_demands ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.data_demands FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY data_demands_are_handed_in_by_anybody ON market.data_demands
        FOR INSERT WITH CHECK (party_id IS NOT DISTINCT FROM catalog.acting_party()
                               AND state = 'received')""")
    op.execute("""
        CREATE POLICY data_demands_of_who_asked ON market.data_demands
        USING (catalog.sees_all() OR party_id = catalog.acting_party())""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.data_demands DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.data_demands TO market_api")
    op.execute("""
        CREATE TABLE market.data_demand_answers (
            demand_id uuid PRIMARY KEY REFERENCES market.data_demands (id),
            outcome text NOT NULL CONSTRAINT demand_outcome_known CHECK (
                outcome IN ('planned', 'open_already', 'declined')),
            title text NOT NULL,
            text text NOT NULL,
            department text NOT NULL,
            plan_item_id uuid REFERENCES market.open_plan_items (id),
            product_id uuid REFERENCES catalog.products (id),
            asked_times integer NOT NULL CONSTRAINT asked_once_at_least CHECK (asked_times >= 1),
            answered_at timestamptz NOT NULL,
            CONSTRAINT an_answer_names_what_it_rests_on CHECK (
                (outcome = 'planned') = (plan_item_id IS NOT NULL)
                AND (outcome = 'open_already') = (product_id IS NOT NULL))
        )""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.data_demand_answers DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.data_demand_answers TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE market.data_demand_answers")
    op.execute("DROP TABLE market.data_demands")
