"""Give each finding of a spot check its own clock, where one of before still runs for the whole check."""

from typing import Final

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

# The owner is behind the second wall too, and is to see every row.
SEE_ALL: Final = "SELECT set_config('app.clearance', 'system', true)"
SEE_NOTHING: Final = "SELECT set_config('app.clearance', '', true)"

# What is published runs on, with the same days, for every finding that is not put right. What is not
# published gets its clocks when it is, from that day on.
SPLIT: Final = """
    INSERT INTO catalog.timers (
        id, kind, subject_kind, subject_id, against, party_id, rulebook, started_on, started_at,
        period_length, period_unit, period_source, period_note, due_on, ends_at, provisional, state,
        overdue_since, note, pauses, extended_by)
    SELECT gen_random_uuid(), t.kind, 'spot_check_finding', f.id, t.against, a.operator_party_id,
           t.rulebook, t.started_on, t.started_at, t.period_length, t.period_unit, t.period_source,
           t.period_note, t.due_on, t.ends_at, t.provisional, t.state, t.overdue_since, t.note,
           t.pauses, t.extended_by
      FROM catalog.timers t
      JOIN market.spot_checks c ON c.id = t.subject_id AND c.state = 'published'
      JOIN market.spot_check_findings f ON f.spot_check_id = c.id
      JOIN catalog.applications a ON a.id = f.application_id
     WHERE t.kind = 'rectification' AND t.subject_kind = 'spot_check'
       AND t.state IN ('open', 'overdue') AND NOT f.conforms AND f.rectified_at IS NULL"""
END_OLD: Final = """
    UPDATE catalog.timers SET state = 'cancelled', cancelled_at = now(), note = 'one per finding'
     WHERE kind = 'rectification' AND subject_kind = 'spot_check'
       AND state IN ('open', 'overdue')"""
STATEMENTS: Final = (SEE_ALL, SPLIT, END_OLD, SEE_NOTHING)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Leave the clocks as they are: which of them were one before is not written down."""
