"""Keep the replays of the journal that were asked for, and what they came to (全账重放)."""

from alembic import op

revision = "0159"
down_revision = "0158"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.ledger_replays (
            id uuid PRIMARY KEY,
            asked_at timestamptz NOT NULL,
            asked_by_name text NOT NULL,
            entries_total bigint NOT NULL,
            entries_done bigint NOT NULL,
            started_at timestamptz,
            heard_at timestamptz,
            finished_at timestamptz,
            report jsonb,
            CONSTRAINT ledger_replay_counts_up CHECK (entries_total >= 0 AND entries_done >= 0),
            CONSTRAINT ledger_replay_is_heard_of CHECK (
                (started_at IS NULL) = (heard_at IS NULL)),
            CONSTRAINT ledger_replay_ends_with_a_report CHECK (
                (finished_at IS NULL) = (report IS NULL)
                AND (finished_at IS NULL OR started_at IS NOT NULL))
        )""")
    op.execute("""
        CREATE INDEX ledger_replays_due ON market.ledger_replays (id) WHERE finished_at IS NULL""")
    # What was found names accounts of parties: for the houses, the auditors and the jobs.
    op.execute("ALTER TABLE market.ledger_replays ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.ledger_replays FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY ledger_replays_of_house_and_auditors ON market.ledger_replays
        USING (catalog.sees_all() OR current_setting('app.clearance', true) = 'auditor')""")
    op.execute("""
        CREATE TRIGGER ledger_replays_are_kept BEFORE DELETE OR TRUNCATE ON market.ledger_replays
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("GRANT SELECT, INSERT ON market.ledger_replays TO market_api")
    op.execute("""
        GRANT UPDATE (entries_done, started_at, heard_at, finished_at, report)
           ON market.ledger_replays TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE market.ledger_replays")
