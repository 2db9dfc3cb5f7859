"""Keep what was found of a party's honesty apart from what everybody reads of it."""

from alembic import op

revision = "0109"
down_revision = "0108"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.credit_records (
            id uuid PRIMARY KEY,
            party_id uuid NOT NULL REFERENCES market.parties (id),
            state text NOT NULL CONSTRAINT credit_records_state_known CHECK (
                state IN ('found', 'contested', 'confirmed', 'overturned', 'punished', 'repaired',
                          'expired')),
            act text NOT NULL CONSTRAINT credit_act_known CHECK (
                act IN ('misuse_of_data', 'data_leak', 'false_statement', 'breach_of_contract',
                        'non_payment', 'decision_defied', 'other')),
            facts text NOT NULL,
            basis text NOT NULL,
            found_by uuid,
            found_at timestamptz NOT NULL,
            objection_ends_at timestamptz NOT NULL,
            objection text,
            objected_at timestamptz,
            objection_answer text,
            sanction jsonb,
            punished_at timestamptz,
            effective_until date,
            repair_reason text,
            repaired_at timestamptz,
            expired_at timestamptz,
            CONSTRAINT punished_by_something CHECK (
                (state IN ('punished', 'repaired', 'expired')) = (sanction IS NOT NULL)
                AND (sanction IS NULL) = (effective_until IS NULL)
                AND (sanction IS NULL) = (punished_at IS NULL)),
            CONSTRAINT objected_in_words CHECK ((objection IS NULL) = (objected_at IS NULL)),
            CONSTRAINT repaired_for_a_reason CHECK (
                (state = 'repaired') = (repair_reason IS NOT NULL)
                AND (repair_reason IS NULL) = (repaired_at IS NULL)),
            CONSTRAINT expired_at_some_time CHECK ((state = 'expired') = (expired_at IS NOT NULL))
        )""")
    op.execute("CREATE INDEX credit_records_of_party ON market.credit_records (party_id, id)")
    op.execute("""
        CREATE INDEX credit_records_in_force ON market.credit_records (effective_until, id)
         WHERE state = 'punished'""")
    op.execute("ALTER TABLE market.credit_records ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.credit_records FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY credit_records_of_their_party ON market.credit_records
        USING (catalog.sees_all() OR party_id = catalog.acting_party())""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.credit_records DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.credit_records TO market_api")
    op.execute("""
        CREATE TABLE market.credit_rewards (
            id uuid PRIMARY KEY,
            party_id uuid NOT NULL REFERENCES market.parties (id),
            text text NOT NULL,
            rewarded_by uuid,
            rewarded_at timestamptz NOT NULL,
            valid_until date NOT NULL
        )""")
    op.execute("CREATE INDEX credit_rewards_of_party ON market.credit_rewards (party_id, id)")
    op.execute("CREATE INDEX credit_rewards_in_force ON market.credit_rewards (valid_until, id)")
    op.execute("ALTER TABLE market.credit_rewards ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.credit_rewards FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY credit_rewards_of_their_party ON market.credit_rewards
        USING (catalog.sees_all() OR party_id = catalog.acting_party())""")
    op.execute("GRANT SELECT, INSERT ON market.credit_rewards TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE market.credit_rewards")
    op.execute("DROP TABLE market.credit_records")
