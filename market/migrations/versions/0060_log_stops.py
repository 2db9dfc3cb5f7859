"""Keep since when the log was stopped, why, and when it went on."""

from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE audit_log.stops (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            stopped_at timestamptz NOT NULL,
            reason text NOT NULL,
            resumed_at timestamptz
        )""")
    op.execute("""
        CREATE UNIQUE INDEX the_log_is_stopped_once ON audit_log.stops ((true))
         WHERE resumed_at IS NULL""")
    op.execute("""
        CREATE FUNCTION audit_log.refuse_another_stop() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF OLD.resumed_at IS NOT NULL OR NEW.resumed_at IS NULL
               OR (NEW.id, NEW.stopped_at, NEW.reason) IS DISTINCT FROM
                  (OLD.id, OLD.stopped_at, OLD.reason) THEN
                RAISE EXCEPTION 'a stop of the log only ends'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER audit_log_stops_only_end BEFORE UPDATE ON audit_log.stops
        FOR EACH ROW EXECUTE FUNCTION audit_log.refuse_another_stop()""")
    op.execute("""
        CREATE TRIGGER audit_log_stops_are_kept BEFORE DELETE ON audit_log.stops
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER audit_log_stops_are_not_emptied BEFORE TRUNCATE ON audit_log.stops
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("GRANT SELECT ON audit_log.stops TO market_api")
    op.execute("GRANT SELECT, INSERT, UPDATE ON audit_log.stops TO market_sequencer")


def downgrade() -> None:
    op.execute("DROP TABLE audit_log.stops")
    op.execute("DROP FUNCTION audit_log.refuse_another_stop")
