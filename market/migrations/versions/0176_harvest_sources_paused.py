"""Say of a harvest source whether it is read, paused, or retired for good."""

from alembic import op

revision = "0176"
down_revision = "0175"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE catalog.harvest_sources
            ADD COLUMN state text NOT NULL DEFAULT 'active'
                CONSTRAINT harvest_source_state_known
                CHECK (state IN ('active', 'paused', 'retired'))""")
    op.execute("""
        CREATE FUNCTION catalog.check_harvest_source() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog AS
        $$ BEGIN
            IF OLD.state = 'retired' AND NEW IS DISTINCT FROM OLD THEN
                RAISE EXCEPTION 'a harvest source that is retired stays so'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER harvest_sources_retired_stay BEFORE UPDATE ON catalog.harvest_sources
        FOR EACH ROW EXECUTE FUNCTION catalog.check_harvest_source()""")


def downgrade() -> None:
    # What was paused or retired is read again by an older release, which knows no such thing.
    op.execute("DROP TRIGGER harvest_sources_retired_stay ON catalog.harvest_sources")
    op.execute("DROP FUNCTION catalog.check_harvest_source()")
    op.execute("ALTER TABLE catalog.harvest_sources DROP COLUMN state")
