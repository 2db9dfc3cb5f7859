"""Keep what is held back of a sale: one row an order, the money on its party's retention account."""

from alembic import op

revision = "0172"
down_revision = "0171"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE settlement.retentions (
            order_id uuid PRIMARY KEY
                CONSTRAINT retention_of_an_escrow REFERENCES settlement.escrows (order_id),
            party_id uuid NOT NULL,
            book text NOT NULL
                CONSTRAINT retention_book_known CHECK (book IN ('market', 'public_data')),
            amount_fen bigint NOT NULL
                CONSTRAINT retention_amount_in_range CHECK (amount_fen BETWEEN 1 AND {MONEY_MAX}),
            drawn_fen bigint NOT NULL
                CONSTRAINT retention_covers_what_is_drawn CHECK (drawn_fen BETWEEN 0 AND amount_fen),
            kept_by uuid NOT NULL,
            kept_at timestamptz NOT NULL,
            due_at timestamptz NOT NULL,
            hold_key uuid NOT NULL
                CONSTRAINT retention_has_its_hold REFERENCES settlement.holds (key),
            state text NOT NULL CONSTRAINT retention_state_known
                CHECK (state IN ('kept', 'used_up', 'released')),
            released_at timestamptz
                CONSTRAINT retention_released_on_its_day CHECK (released_at >= due_at),
            released_by uuid,
            CONSTRAINT retention_used_up_when_nothing_is_left CHECK (
                (state = 'used_up') = (drawn_fen = amount_fen)),
            CONSTRAINT retention_released_by_an_entry CHECK (
                (state = 'released') = (released_by IS NOT NULL)
                AND (released_by IS NULL) = (released_at IS NULL))
        )""")
    op.execute("""
        CREATE INDEX retentions_due ON settlement.retentions (due_at, order_id)
        WHERE state = 'kept'""")
    op.execute("CREATE INDEX retentions_by_party ON settlement.retentions (party_id, due_at)")
    _rules()
    _wall()


def _rules() -> None:
    op.execute("""
        CREATE FUNCTION settlement.check_retention() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog AS
        $$ BEGIN
            IF (NEW.order_id, NEW.party_id, NEW.book, NEW.amount_fen, NEW.kept_by, NEW.kept_at,
                NEW.due_at) IS DISTINCT FROM
               (OLD.order_id, OLD.party_id, OLD.book, OLD.amount_fen, OLD.kept_by, OLD.kept_at,
                OLD.due_at) OR OLD.state = 'released' THEN
                RAISE EXCEPTION 'retention money is drawn and freed, nothing else; what is freed stays'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER retentions_go_forward BEFORE UPDATE ON settlement.retentions
        FOR EACH ROW EXECUTE FUNCTION settlement.check_retention()""")
    op.execute("""
        CREATE TRIGGER retentions_are_kept BEFORE DELETE OR TRUNCATE ON settlement.retentions
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    # What is said to be kept is held, and what was drawn or freed is not: looked at as it is at the end.
    op.execute("""
        CREATE FUNCTION settlement.check_retention_is_held() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ BEGIN
            IF EXISTS (
                SELECT FROM settlement.retentions r
                  LEFT JOIN settlement.holds h ON h.key = r.hold_key AND h.state = 'held'
                   AND h.order_id = r.order_id AND h.reason = 'retention'
                   AND h.account_id = (SELECT a.id FROM settlement.accounts a
                                        WHERE a.purpose = 'retention' AND a.book = r.book
                                          AND a.owner = r.party_id::text)
                 WHERE r.order_id = NEW.order_id
                   AND (r.state = 'kept') IS DISTINCT FROM (
                       h.key IS NOT NULL AND h.amount_fen - h.captured_fen - h.released_fen
                                             = r.amount_fen - r.drawn_fen)) THEN
                RAISE EXCEPTION 'what is kept is held, to the fen'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'retention_is_held';
            END IF;
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER retentions_are_held AFTER INSERT OR UPDATE ON settlement.retentions
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION settlement.check_retention_is_held()""")


def _wall() -> None:
    op.execute("ALTER TABLE settlement.retentions ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlement.retentions FORCE ROW LEVEL SECURITY")
    # From whom it is kept, and both sides of the order.
    op.execute("""
        CREATE POLICY retentions_of_both_sides ON settlement.retentions
        USING (catalog.sees_all() OR party_id = catalog.acting_party()
            OR EXISTS (SELECT FROM settlement.escrows e WHERE e.order_id = retentions.order_id))""")
    op.execute("""
        CREATE POLICY retentions_for_their_holds ON settlement.retentions TO CURRENT_USER
        USING (true)""")
    op.execute("GRANT SELECT, INSERT ON settlement.retentions TO market_api")
    op.execute("""
        GRANT UPDATE (drawn_fen, hold_key, state, released_at, released_by)
           ON settlement.retentions TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE settlement.retentions")
    op.execute("DROP FUNCTION settlement.check_retention()")
    op.execute("DROP FUNCTION settlement.check_retention_is_held()")
