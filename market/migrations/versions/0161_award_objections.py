"""Keep objections to results of auctions, and the public notice before which nothing is awarded (成交异议)."""

from alembic import op

revision = "0161"
down_revision = "0160"
branch_labels = None
depends_on = None

_STATES = (
    "'draft', 'announced', 'open', 'closed', 'decided', 'awarded', 'contracted', 'failed', "
    "'cancelled', 'voided'"
)


def upgrade() -> None:
    _known_states(_STATES + ", 'objected'")
    op.execute("""
        ALTER TABLE market.auctions
            ADD COLUMN result integer NOT NULL DEFAULT 0
                CONSTRAINT auction_result_not_negative CHECK (result >= 0),
            ADD COLUMN notice_ends_at timestamptz,
            ADD COLUMN excluded integer[] NOT NULL DEFAULT '{}'""")
    op.execute("GRANT UPDATE (result, notice_ends_at, excluded) ON market.auctions TO market_api")
    op.execute("""
        CREATE FUNCTION market.keep_the_notice() RETURNS trigger LANGUAGE plpgsql AS
        $$ DECLARE a record;
        BEGIN
            SELECT notice_ends_at, excluded INTO a FROM market.auctions WHERE id = NEW.auction_id;
            IF a.notice_ends_at > NEW.awarded_at OR NEW.paddle = ANY (a.excluded) THEN
                RAISE EXCEPTION 'nothing is awarded before the notice is over, and nobody who was excluded'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'award_after_its_notice';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER awards_come_after_the_notice BEFORE INSERT ON market.auction_awards
        FOR EACH ROW EXECUTE FUNCTION market.keep_the_notice()""")
    _objections()


def _objections() -> None:
    op.execute("""
        CREATE TABLE market.award_objections (
            id uuid PRIMARY KEY,
            auction_id uuid NOT NULL REFERENCES market.auctions (id),
            party_id uuid NOT NULL REFERENCES market.parties (id),
            supplier_party_id uuid NOT NULL REFERENCES market.parties (id),
            paddle integer NOT NULL,
            result integer NOT NULL,
            against_paddle integer,
            reasons text NOT NULL CONSTRAINT award_objection_says_why CHECK (btrim(reasons) <> ''),
            state text NOT NULL CONSTRAINT award_objection_state_known
                CHECK (state IN ('filed', 'upheld', 'dismissed', 'withdrawn', 'superseded')),
            filed_at timestamptz NOT NULL,
            filed_by uuid NOT NULL REFERENCES market.accounts (id),
            decide_until timestamptz NOT NULL,
            decision text,
            decided_at timestamptz,
            decided_by uuid REFERENCES market.accounts (id),
            CONSTRAINT award_objection_decided_with_reasons
                CHECK ((state IN ('upheld', 'dismissed')) =
                       (num_nonnulls(decision, decided_by) = 2 AND decided_at IS NOT NULL)),
            CONSTRAINT award_objection_not_of_who_decides CHECK (filed_by <> decided_by),
            CONSTRAINT award_objection_is_a_bidders FOREIGN KEY (auction_id, paddle)
                REFERENCES market.auction_bidders (auction_id, paddle)
        )""")
    op.execute("""
        CREATE UNIQUE INDEX award_objected_to_once
            ON market.award_objections (auction_id, result, paddle) WHERE state <> 'withdrawn'""")
    op.execute("""
        CREATE INDEX award_objections_waiting
            ON market.award_objections (filed_at, id) WHERE state = 'filed'""")
    op.execute("""
        CREATE FUNCTION market.keep_objections_in_time() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF NOT EXISTS (SELECT FROM market.auctions
                            WHERE id = NEW.auction_id AND state = 'objected'
                              AND NEW.filed_at < notice_ends_at) THEN
                RAISE EXCEPTION 'a result is objected to while it is on public notice'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'award_objection_in_time';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER award_objections_in_time BEFORE INSERT ON market.award_objections
        FOR EACH ROW EXECUTE FUNCTION market.keep_objections_in_time()""")
    op.execute("ALTER TABLE market.award_objections ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.award_objections FORCE ROW LEVEL SECURITY")
    who = "catalog.sees_all() OR catalog.acting_party() IN (party_id, supplier_party_id)"
    op.execute(f"""
        CREATE POLICY award_objections_of_their_readers ON market.award_objections
        USING ({who}) WITH CHECK ({who})""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.award_objections DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT ON market.award_objections TO market_api")
    op.execute("""
        GRANT UPDATE (state, decision, decided_at, decided_by)
           ON market.award_objections TO market_api""")


def _known_states(states: str) -> None:
    op.execute("ALTER TABLE market.auctions DROP CONSTRAINT auction_state_known")
    op.execute(f"""
        ALTER TABLE market.auctions ADD CONSTRAINT auction_state_known
        CHECK (state IN ({states}))""")


def downgrade() -> None:
    op.execute("DROP TABLE market.award_objections")
    op.execute("DROP FUNCTION market.keep_objections_in_time()")
    op.execute("DROP TRIGGER awards_come_after_the_notice ON market.auction_awards")
    op.execute("DROP FUNCTION market.keep_the_notice()")
    op.execute("""
        ALTER TABLE market.auctions DROP COLUMN result, DROP COLUMN notice_ends_at,
            DROP COLUMN excluded""")
    # What was held by an objection stands decided, as it did before.
    op.execute("UPDATE market.auctions SET state = 'decided' WHERE state = 'objected'")
    _known_states(_STATES)
