"""Keep what is held on an account as rows: placed, captured in parts by entries, released, timed out.

Until now whoever held money moved ``guard_balances.held`` itself. From here on it follows the rows:
nobody moves it by hand, not even the owner, and a capture is a capture of an entry of the same
transaction that debits the held account by exactly so much.
"""

from alembic import op

revision = "0163"
down_revision = "0162"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15


def upgrade() -> None:
    _tables()
    # What is frozen already becomes a row, before rows move anything.
    op.execute("""
        INSERT INTO settlement.holds (key, account_id, order_id, reason, amount_fen, state, placed_at)
        SELECT gen_random_uuid(), a.id, e.order_id, 'dispute',
               e.amount_fen - e.captured_fen - e.refunded_fen, 'held', now()
          FROM settlement.escrows e
          JOIN settlement.accounts a
            ON a.purpose = 'order_escrow' AND a.owner = e.order_id::text AND a.book = e.book
         WHERE e.state = 'disputed' AND e.amount_fen > e.captured_fen + e.refunded_fen""")
    _moving()
    _capturing()
    _wall()


def _tables() -> None:
    op.execute(f"""
        CREATE TABLE settlement.holds (
            key uuid PRIMARY KEY,
            account_id bigint NOT NULL REFERENCES settlement.accounts (id),
            order_id uuid,
            reason text NOT NULL CONSTRAINT hold_reason_known
                CHECK (reason IN ('dispute', 'deposit', 'retention')),
            amount_fen bigint NOT NULL
                CONSTRAINT hold_amount_in_range CHECK (amount_fen BETWEEN 1 AND {MONEY_MAX}),
            captured_fen bigint NOT NULL DEFAULT 0,
            released_fen bigint NOT NULL DEFAULT 0,
            state text NOT NULL CONSTRAINT hold_state_known
                CHECK (state IN ('held', 'captured', 'released', 'expired')),
            placed_at timestamptz NOT NULL,
            expires_at timestamptz
                CONSTRAINT hold_expires_after_it_was_placed CHECK (expires_at > placed_at),
            closed_at timestamptz,
            CONSTRAINT hold_covers_what_leaves_it CHECK (
                captured_fen >= 0 AND released_fen >= 0
                AND captured_fen + released_fen <= amount_fen),
            CONSTRAINT hold_is_over_when_nothing_is_left CHECK (
                (state = 'held') = (captured_fen + released_fen < amount_fen)
                AND (state = 'held') = (closed_at IS NULL)),
            CONSTRAINT hold_state_says_how CHECK (
                (state IN ('released', 'expired')) = (released_fen > 0)),
            CONSTRAINT hold_expired_when_its_time_was_over CHECK (
                state <> 'expired' OR (expires_at IS NOT NULL AND closed_at >= expires_at))
        )""")
    op.execute("CREATE INDEX holds_by_order ON settlement.holds (order_id, placed_at)")
    op.execute("CREATE INDEX holds_by_account ON settlement.holds (account_id) WHERE state = 'held'")
    op.execute("""
        CREATE INDEX holds_running_out ON settlement.holds (expires_at, key)
        WHERE state = 'held' AND expires_at IS NOT NULL""")
    op.execute("""
        CREATE UNIQUE INDEX disputed_once_at_a_time ON settlement.holds (order_id)
        WHERE state = 'held' AND reason = 'dispute'""")
    op.execute("""
        CREATE TABLE settlement.hold_captures (
            journal_key uuid PRIMARY KEY,
            hold_key uuid NOT NULL REFERENCES settlement.holds (key),
            amount_fen bigint NOT NULL CONSTRAINT capture_positive CHECK (amount_fen > 0),
            captured_at timestamptz NOT NULL
        )""")
    op.execute("CREATE INDEX hold_captures_by_hold ON settlement.hold_captures (hold_key)")
    op.execute("""
        CREATE TRIGGER hold_captures_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE
        ON settlement.hold_captures
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER holds_are_kept BEFORE DELETE OR TRUNCATE ON settlement.holds
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def _moving() -> None:
    op.execute("""
        CREATE FUNCTION settlement.check_hold() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ BEGIN
            IF TG_OP = 'INSERT' THEN
                IF NEW.captured_fen <> 0 OR NEW.released_fen <> 0 OR NEW.state <> 'held' THEN
                    RAISE EXCEPTION 'a hold begins whole' USING ERRCODE = 'check_violation',
                        CONSTRAINT = 'hold_begins_whole';
                END IF;
                IF NOT EXISTS (
                    SELECT FROM settlement.accounts a
                      JOIN settlement.purposes p ON p.purpose = a.purpose
                     WHERE a.id = NEW.account_id AND a.guarding <> 'none'
                       AND (p.owner <> 'order' OR a.owner = NEW.order_id::text)
                       AND (NEW.reason <> 'dispute' OR a.purpose = 'order_escrow')) THEN
                    RAISE EXCEPTION 'on such an account nothing is held so'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_fits_account';
                END IF;
                RETURN NEW;
            END IF;
            IF (NEW.key, NEW.account_id, NEW.order_id, NEW.reason, NEW.amount_fen, NEW.placed_at,
                NEW.expires_at) IS DISTINCT FROM
               (OLD.key, OLD.account_id, OLD.order_id, OLD.reason, OLD.amount_fen, OLD.placed_at,
                OLD.expires_at) OR OLD.state <> 'held' THEN
                RAISE EXCEPTION 'a hold is captured or freed, nothing else; what is over stays'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER holds_change_as_told BEFORE INSERT OR UPDATE ON settlement.holds
        FOR EACH ROW EXECUTE FUNCTION settlement.check_hold()""")
    op.execute("""
        CREATE TRIGGER holds_follow_their_captures BEFORE UPDATE OF captured_fen ON settlement.holds
        FOR EACH ROW WHEN (pg_trigger_depth() = 0)
        EXECUTE FUNCTION settlement.moved_by_entries_only()""")
    op.execute("""
        CREATE FUNCTION settlement.move_hold() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ DECLARE
            by_fen bigint := NEW.amount_fen - NEW.captured_fen - NEW.released_fen;
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                by_fen := by_fen - (OLD.amount_fen - OLD.captured_fen - OLD.released_fen);
            END IF;
            UPDATE settlement.guard_balances SET held = held + by_fen
             WHERE account_id = NEW.account_id;
            IF NEW.reason = 'dispute' THEN
                UPDATE settlement.order_money SET disputed = disputed + by_fen
                 WHERE order_id = NEW.order_id;
            END IF;
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE TRIGGER holds_move_the_guard AFTER INSERT OR UPDATE ON settlement.holds
        FOR EACH ROW EXECUTE FUNCTION settlement.move_hold()""")
    # After it, so that what no CHECK allows is refused by its own name.
    for table, column in (("guard_balances", "held"), ("order_money", "disputed")):
        op.execute(f"""
            CREATE TRIGGER {table}_follow_the_holds AFTER UPDATE OF {column} ON settlement.{table}
            FOR EACH ROW WHEN (pg_trigger_depth() = 0)
            EXECUTE FUNCTION settlement.moved_by_entries_only()""")
        op.execute(f"REVOKE UPDATE ({column}) ON settlement.{table} FROM market_api")


def _capturing() -> None:
    op.execute("""
        CREATE FUNCTION settlement.capture_hold() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ BEGIN
            UPDATE settlement.holds h
               SET captured_fen = h.captured_fen + NEW.amount_fen,
                   state = CASE WHEN h.captured_fen + NEW.amount_fen = h.amount_fen
                                THEN 'captured' ELSE h.state END,
                   closed_at = CASE WHEN h.captured_fen + NEW.amount_fen = h.amount_fen
                                    THEN NEW.captured_at END
             WHERE h.key = NEW.hold_key
               AND (h.expires_at IS NULL OR NEW.captured_at < h.expires_at);
            IF NOT FOUND THEN
                RAISE EXCEPTION 'the hold ran out, or there is none'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'captured_before_it_ran_out';
            END IF;
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE TRIGGER captures_take_from_the_hold AFTER INSERT ON settlement.hold_captures
        FOR EACH ROW EXECUTE FUNCTION settlement.capture_hold()""")
    # The entry comes after its capture, so it is looked for when the transaction ends.
    op.execute("""
        CREATE FUNCTION settlement.check_capture() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ BEGIN
            IF NOT EXISTS (
                SELECT FROM settlement.journal j JOIN settlement.holds h ON h.key = NEW.hold_key
                 WHERE j.key = NEW.journal_key AND j.a1 = h.account_id AND j.v1 = -NEW.amount_fen
                   AND j.order_id IS NOT DISTINCT FROM h.order_id
                   AND j.xid = (pg_current_xact_id()::text)::bigint) THEN
                RAISE EXCEPTION 'no entry of this transaction takes what was captured'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'captured_by_its_entry';
            END IF;
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER captures_belong_to_entries
        AFTER INSERT ON settlement.hold_captures DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION settlement.check_capture()""")


def _wall() -> None:
    # Whose the account is, and both sides of the order; the triggers see all.
    op.execute("ALTER TABLE settlement.holds ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlement.holds FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY holds_of_both_sides ON settlement.holds
        USING (catalog.sees_all()
            OR EXISTS (SELECT FROM settlement.escrows e WHERE e.order_id = holds.order_id)
            OR EXISTS (SELECT FROM settlement.accounts a
                        WHERE a.id = holds.account_id
                          AND a.owner = catalog.acting_party()::text))""")
    op.execute("""
        CREATE POLICY holds_for_their_captures ON settlement.holds TO CURRENT_USER USING (true)""")
    op.execute("ALTER TABLE settlement.hold_captures ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlement.hold_captures FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY captures_of_what_is_seen ON settlement.hold_captures
        USING (catalog.sees_all() OR EXISTS (
            SELECT FROM settlement.holds h WHERE h.key = hold_captures.hold_key))""")
    op.execute("GRANT SELECT, INSERT ON settlement.holds, settlement.hold_captures TO market_api")
    op.execute("GRANT UPDATE (state, released_fen, closed_at) ON settlement.holds TO market_api")


def downgrade() -> None:
    for table, column in (("guard_balances", "held"), ("order_money", "disputed")):
        op.execute(f"DROP TRIGGER {table}_follow_the_holds ON settlement.{table}")
        op.execute(f"GRANT UPDATE ({column}) ON settlement.{table} TO market_api")
    op.execute("DROP TABLE settlement.hold_captures, settlement.holds")
    for function in ("check_hold", "move_hold", "capture_hold", "check_capture"):
        op.execute(f"DROP FUNCTION settlement.{function}()")
