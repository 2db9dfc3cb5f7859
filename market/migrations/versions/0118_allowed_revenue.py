"""Keep what operators of public data may take in a period, and what came of it."""

from alembic import op

revision = "0118"
down_revision = "0117"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE market.allowed_revenues (
            id uuid PRIMARY KEY,
            state text NOT NULL CONSTRAINT allowance_state_known
                CHECK (state IN ('laid_down', 'to_adjust', 'closed')),
            operator_party_id uuid NOT NULL REFERENCES market.parties (id),
            period_from date NOT NULL,
            period_to date NOT NULL,
            decided jsonb NOT NULL,
            deducted_fen bigint NOT NULL
                CONSTRAINT allowance_deducted_not_negative CHECK (deducted_fen >= 0),
            carried_fen bigint NOT NULL
                CONSTRAINT allowance_carried_not_negative CHECK (carried_fen >= 0),
            allowed_fen bigint NOT NULL CONSTRAINT allowance_within_the_books
                CHECK (allowed_fen BETWEEN 0 AND {MONEY_MAX}),
            version integer NOT NULL CONSTRAINT allowance_version_positive CHECK (version > 0),
            laid_down_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            warned_bps integer NOT NULL,
            compared jsonb,
            recovered_fen bigint,
            over_fen bigint,
            CONSTRAINT allowance_ends_after_it_begins CHECK (period_to >= period_from),
            CONSTRAINT allowance_summed_when_closed
                CHECK ((state = 'closed') = (recovered_fen IS NOT NULL))
        )""")
    op.execute("""
        CREATE INDEX allowed_revenues_by_operator
            ON market.allowed_revenues (operator_party_id, period_from)""")
    op.execute("""
        CREATE INDEX allowed_revenues_running ON market.allowed_revenues (period_to)
            WHERE state <> 'closed'""")
    op.execute("ALTER TABLE market.allowed_revenues ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.allowed_revenues FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY allowed_revenues_of_their_operators ON market.allowed_revenues
        USING (catalog.sees_all() OR operator_party_id = catalog.acting_party())""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.allowed_revenues DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT ON market.allowed_revenues TO market_api")
    # What was decided is never changed: only what came of it.
    op.execute("""
        GRANT UPDATE (state, version, updated_at, warned_bps, compared, recovered_fen, over_fen,
                      deducted_fen, carried_fen, allowed_fen)
            ON market.allowed_revenues TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE market.allowed_revenues")
