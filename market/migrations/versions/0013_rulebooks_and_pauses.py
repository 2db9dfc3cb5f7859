"""Let clocks stand still and run longer, and keep what was set of the rulebooks."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_RUNNING = "'open', 'paused', 'overdue'"


def upgrade() -> None:
    op.execute("ALTER TABLE catalog.timers ADD COLUMN pauses jsonb NOT NULL DEFAULT '[]'")
    op.execute("ALTER TABLE catalog.timers ALTER COLUMN pauses DROP DEFAULT")
    op.execute("""
        ALTER TABLE catalog.timers ADD COLUMN extended_by integer NOT NULL DEFAULT 0
            CONSTRAINT timer_is_never_shortened CHECK (extended_by >= 0)""")
    op.execute("ALTER TABLE catalog.timers ALTER COLUMN extended_by DROP DEFAULT")
    _states(f"{_RUNNING}, 'met', 'met_late', 'cancelled'", _RUNNING, "'open', 'paused', 'met'")
    op.execute("""
        ALTER TABLE catalog.timers ADD CONSTRAINT only_working_days_stop_or_are_extended
            CHECK (period_unit = 'working_days' OR (pauses = '[]' AND extended_by = 0))""")


    # A setting is never edited: another one, from a later day, takes its place.
    op.execute("""
        CREATE TABLE catalog.rulebook_settings (
            id uuid PRIMARY KEY,
            rulebook text NOT NULL,
            name text NOT NULL CONSTRAINT setting_names_a_value CHECK (name ~ '^[a-z][a-z_]*$'),
            value jsonb NOT NULL
                CONSTRAINT setting_value_lies_in_an_object CHECK (value ? 'value'),
            effective_from date NOT NULL,
            reason text NOT NULL CONSTRAINT setting_has_a_reason CHECK (reason <> ''),
            set_by text NOT NULL,
            set_at timestamptz NOT NULL,
            CONSTRAINT setting_is_not_retroactive CHECK (
                effective_from > (set_at AT TIME ZONE 'Asia/Shanghai')::date)
        )""")
    op.execute("""
        CREATE INDEX rulebook_settings_in_order
            ON catalog.rulebook_settings (rulebook, effective_from, set_at, id)""")
    op.execute("""
        CREATE TRIGGER rulebook_settings_are_kept
        BEFORE UPDATE OR DELETE ON catalog.rulebook_settings
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("GRANT SELECT, INSERT ON catalog.rulebook_settings TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE catalog.rulebook_settings")
    op.execute("ALTER TABLE catalog.timers DROP CONSTRAINT only_working_days_stop_or_are_extended")
    op.execute("ALTER TABLE catalog.timers DROP COLUMN pauses, DROP COLUMN extended_by")
    _states(
        "'open', 'overdue', 'met', 'met_late', 'cancelled'", "'open', 'overdue'", "'open', 'met'"
    )


def _states(known: str, running: str, in_time: str) -> None:
    op.execute("ALTER TABLE catalog.timers DROP CONSTRAINT timers_state_known")
    op.execute(f"""
        ALTER TABLE catalog.timers ADD CONSTRAINT timers_state_known CHECK (state IN ({known}))""")
    op.execute("ALTER TABLE catalog.timers DROP CONSTRAINT timer_overdue_since_when_overdue")
    op.execute(f"""
        ALTER TABLE catalog.timers ADD CONSTRAINT timer_overdue_since_when_overdue
            CHECK (CASE WHEN state IN ('overdue', 'met_late') THEN overdue_since IS NOT NULL
                        WHEN state IN ({in_time}) THEN overdue_since IS NULL
                        ELSE true END)""")
    op.execute("DROP INDEX catalog.one_running_timer_of_a_kind_per_subject")
    op.execute(f"""
        CREATE UNIQUE INDEX one_running_timer_of_a_kind_per_subject
            ON catalog.timers (subject_kind, subject_id, kind) WHERE state IN ({running})""")
    op.execute("DROP INDEX catalog.timers_running_by_end")
    op.execute(f"""
        CREATE INDEX timers_running_by_end ON catalog.timers (ends_at, id)
            WHERE state IN ({running})""")
