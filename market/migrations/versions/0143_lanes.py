"""Keep who writes a lane of the journal, and by which epoch: one that was taken for dead writes nothing more."""

from alembic import op

revision = "0143"
down_revision = "0142"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE settlement.lanes (
            lane smallint PRIMARY KEY CONSTRAINT lane_has_a_number CHECK (lane BETWEEN 0 AND 1023),
            epoch bigint NOT NULL CONSTRAINT lane_epoch_counts_from_one CHECK (epoch > 0),
            owner text NOT NULL CONSTRAINT lane_owner_is_named
                CHECK (length(owner) BETWEEN 1 AND 200),
            claimed_at timestamptz NOT NULL,
            renewed_at timestamptz NOT NULL
        ) WITH (fillfactor = 50)""")
    op.execute("""
        CREATE FUNCTION settlement.lane_goes_on() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF NEW.lane <> OLD.lane OR NEW.epoch NOT IN (OLD.epoch, OLD.epoch + 1)
                OR (NEW.epoch = OLD.epoch) <> (NEW.owner = OLD.owner) THEN
                RAISE EXCEPTION 'an epoch of a lane has one owner, and the next one follows'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER lane_epoch_goes_on BEFORE UPDATE ON settlement.lanes
        FOR EACH ROW EXECUTE FUNCTION settlement.lane_goes_on()""")
    op.execute("""
        CREATE TRIGGER lanes_are_kept BEFORE DELETE OR TRUNCATE ON settlement.lanes
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        GRANT SELECT, INSERT, UPDATE (epoch, owner, claimed_at, renewed_at)
        ON settlement.lanes TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE settlement.lanes")
    op.execute("DROP FUNCTION settlement.lane_goes_on()")
