"""Make the timers (期限) and the working-day calendar (工作日历)."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE catalog.timers (
            id uuid PRIMARY KEY,
            kind text NOT NULL CONSTRAINT timer_kind_is_a_word CHECK (kind ~ '^[a-z][a-z0-9_]*$'),
            subject_kind text NOT NULL
                CONSTRAINT timer_subject_kind_is_a_word CHECK (subject_kind ~ '^[a-z][a-z0-9_]*$'),
            subject_id uuid NOT NULL,
            against text NOT NULL CONSTRAINT timer_runs_against_someone CHECK (against <> ''),
            party_id uuid,
            rulebook text NOT NULL CONSTRAINT timer_names_its_rulebook CHECK (rulebook <> ''),
            started_on date NOT NULL,
            started_at timestamptz NOT NULL,
            period_length integer NOT NULL
                CONSTRAINT timer_period_has_a_length CHECK (period_length > 0),
            period_unit text NOT NULL
                CONSTRAINT timer_period_unit_known
                CHECK (period_unit IN ('working_days', 'days', 'months', 'years')),
            period_source text NOT NULL
                CONSTRAINT timer_period_has_a_source CHECK (period_source <> ''),
            period_note text NOT NULL,
            due_on date NOT NULL,
            ends_at timestamptz NOT NULL,
            provisional boolean NOT NULL,
            state text NOT NULL
                CONSTRAINT timers_state_known
                CHECK (state IN ('open', 'overdue', 'met', 'met_late', 'cancelled')),
            met_at timestamptz,
            cancelled_at timestamptz,
            note text NOT NULL,
            CONSTRAINT timer_first_day_not_counted CHECK (due_on > started_on),
            CONSTRAINT timer_ends_at_midnight_in_shanghai
                CHECK (ends_at = timezone('Asia/Shanghai', (due_on + 1)::timestamp)),
            CONSTRAINT timer_met_at_when_met
                CHECK ((met_at IS NOT NULL) = (state IN ('met', 'met_late'))),
            CONSTRAINT timer_cancelled_at_when_cancelled
                CHECK ((cancelled_at IS NOT NULL) = (state = 'cancelled')),
            CONSTRAINT timer_met_before_its_end CHECK (state <> 'met' OR met_at < ends_at),
            CONSTRAINT timer_met_late_after_its_end CHECK (state <> 'met_late' OR met_at >= ends_at)
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_running_timer_of_a_kind_per_subject
            ON catalog.timers (subject_kind, subject_id, kind)
            WHERE state IN ('open', 'overdue')""")
    op.execute("CREATE INDEX timers_by_subject ON catalog.timers (subject_kind, subject_id)")
    op.execute("""
        CREATE INDEX timers_open_by_end ON catalog.timers (ends_at, id) WHERE state = 'open'""")
    op.execute("""
        CREATE INDEX timers_running_by_end ON catalog.timers (ends_at, id)
            WHERE state IN ('open', 'overdue')""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.timers TO market_api")

    op.execute("""
        CREATE TABLE catalog.calendar_years (
            year integer NOT NULL,
            notice_number text NOT NULL
                CONSTRAINT calendar_notice_has_a_number CHECK (notice_number <> ''),
            issued_on date NOT NULL,
            holidays date[] NOT NULL
                CONSTRAINT calendar_year_has_days_off CHECK (cardinality(holidays) > 0),
            workdays date[] NOT NULL,
            loaded_at timestamptz NOT NULL,
            loaded_by text NOT NULL,
            CONSTRAINT calendar_day_is_off_or_worked CHECK (NOT holidays && workdays),
            PRIMARY KEY (year, notice_number)
        )""")
    # A notice is never edited. One that corrects it is a row of its own and takes precedence.
    op.execute("GRANT SELECT, INSERT ON catalog.calendar_years TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE catalog.calendar_years")
    op.execute("DROP TABLE catalog.timers")
