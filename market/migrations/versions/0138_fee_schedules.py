"""Keep versions of the fee schedule: proposed by one, decided by another, one in force at a time."""

from alembic import op

revision = "0138"
down_revision = "0137"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE settlement.fee_schedules (
            id uuid PRIMARY KEY,
            number integer NOT NULL CONSTRAINT fee_schedule_number_once UNIQUE
                CONSTRAINT fee_schedule_number_positive CHECK (number > 0),
            state text NOT NULL CONSTRAINT fee_schedule_state_known
                CHECK (state IN ('proposed', 'decided', 'ended', 'rejected', 'withdrawn')),
            name text NOT NULL,
            document_number text NOT NULL,
            effective_from date NOT NULL,
            effective_to date,
            fees jsonb NOT NULL CONSTRAINT fee_schedule_has_fees
                CHECK (jsonb_typeof(fees) = 'array' AND jsonb_array_length(fees) BETWEEN 1 AND 3),
            proposed_by uuid NOT NULL,
            proposed_at timestamptz NOT NULL,
            decided_by uuid,
            decided_at timestamptz,
            reason text,
            version integer NOT NULL CONSTRAINT fee_schedule_version_positive CHECK (version > 0),
            updated_at timestamptz NOT NULL,
            CONSTRAINT fee_schedule_ends_after_it_begins CHECK (effective_to >= effective_from),
            CONSTRAINT fee_schedule_decided_by_another CHECK (decided_by <> proposed_by),
            CONSTRAINT fee_schedule_decided_by_somebody CHECK (
                (state IN ('decided', 'ended', 'rejected')) = (decided_by IS NOT NULL)
                AND (decided_by IS NULL) = (decided_at IS NULL)
            ),
            CONSTRAINT one_fee_schedule_at_a_time EXCLUDE USING gist (
                daterange(effective_from, effective_to, '[]') WITH &&
            ) WHERE (state IN ('decided', 'ended'))
        )""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON settlement.fee_schedules DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT ON settlement.fee_schedules TO market_api")
    # What was proposed is never rewritten: only what came of it, and when it ends.
    op.execute("""
        GRANT UPDATE (state, effective_to, decided_by, decided_at, reason, version, updated_at)
            ON settlement.fee_schedules TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE settlement.fee_schedules")
