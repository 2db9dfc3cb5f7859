"""Keep what bidders lay down: one row a deposit, each with an escrow of its own and a hold on all of it."""

from alembic import op

revision = "0169"
down_revision = "0168"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15
CODE = 25
TO = ("payable", "treasury_non_tax")


def upgrade() -> None:
    _kind()
    op.execute(f"""
        CREATE TABLE settlement.deposits (
            id uuid PRIMARY KEY,
            secures uuid NOT NULL,
            payer_party_id uuid NOT NULL,
            amount_fen bigint NOT NULL
                CONSTRAINT deposit_amount_in_range CHECK (amount_fen BETWEEN 1 AND {MONEY_MAX}),
            book text NOT NULL
                CONSTRAINT deposit_book_known CHECK (book IN ('market', 'public_data')),
            pay_until timestamptz NOT NULL,
            state text NOT NULL CONSTRAINT deposit_state_known CHECK (state IN
                ('awaiting', 'held', 'charged_back', 'lapsed', 'returned', 'forfeited', 'lost')),
            opened_at timestamptz NOT NULL,
            held_at timestamptz
                CONSTRAINT deposit_held_in_time CHECK (held_at < pay_until),
            hold_key uuid REFERENCES settlement.holds (key),
            ended_at timestamptz,
            ground text CONSTRAINT deposit_ground_known CHECK (ground IN
                ('not_awarded', 'signed', 'withdrawn', 'sale_over', 'paid_late', 'refused_to_sign')),
            received_by text,
            ending_key uuid,
            CONSTRAINT deposit_can_be_paid CHECK (pay_until > opened_at),
            CONSTRAINT deposit_has_its_escrow FOREIGN KEY (id)
                REFERENCES settlement.escrows (order_id) DEFERRABLE INITIALLY DEFERRED,
            CONSTRAINT deposit_held_by_a_hold CHECK (
                (held_at IS NULL) = (hold_key IS NULL)
                AND (state IN ('awaiting', 'lapsed')) <= (hold_key IS NULL)
                AND (state IN ('held', 'charged_back', 'forfeited', 'lost')) <= (hold_key IS NOT NULL)),
            CONSTRAINT deposit_ended_when_it_is_over CHECK (
                (state IN ('lapsed', 'returned', 'forfeited', 'lost')) = (ended_at IS NOT NULL)),
            CONSTRAINT deposit_ended_by_an_entry CHECK (
                (state IN ('returned', 'forfeited', 'lost')) = (ending_key IS NOT NULL)),
            CONSTRAINT deposit_ended_on_a_ground CHECK (
                (state IN ('returned', 'forfeited')) = (ground IS NOT NULL)
                AND (state = 'forfeited') = (ground IS NOT DISTINCT FROM 'refused_to_sign')),
            CONSTRAINT deposit_forfeited_to_somebody CHECK (
                (state = 'forfeited') = (received_by IS NOT NULL)
                AND (received_by LIKE 'payable/%' OR received_by LIKE 'treasury_non_tax/%'))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_deposit_at_a_time ON settlement.deposits (secures, payer_party_id)
        WHERE state IN ('awaiting', 'held', 'charged_back')""")
    op.execute("CREATE INDEX deposits_by_what_they_secure ON settlement.deposits (secures, id)")
    op.execute("CREATE INDEX deposits_held ON settlement.deposits (secures) WHERE state = 'held'")
    op.execute("""
        CREATE INDEX deposits_unpaid ON settlement.deposits (pay_until, id)
        WHERE state = 'awaiting'""")
    _rules()
    _wall()


def _kind() -> None:
    for table in ("entry_kinds", "entry_flows"):
        op.execute(f"ALTER TABLE settlement.{table} DISABLE TRIGGER {table}_are_kept")
    op.execute(f"""
        INSERT INTO settlement.entry_kinds (code, kind, is_split, must_reverse)
        VALUES ({CODE}, 'deposit_forfeited', false, false)""")
    for credit in TO:
        op.execute(f"""
            INSERT INTO settlement.entry_flows
                (kind, debit, credit, paid, released, refunded, charged_back)
            VALUES ('deposit_forfeited', 'order_escrow', '{credit}', 0, 1, 0, 0)""")
    for table in ("entry_kinds", "entry_flows"):
        op.execute(f"ALTER TABLE settlement.{table} ENABLE TRIGGER {table}_are_kept")


def _rules() -> None:
    op.execute("""
        CREATE FUNCTION settlement.check_deposit() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog AS
        $$ BEGIN
            IF (NEW.id, NEW.secures, NEW.payer_party_id, NEW.amount_fen, NEW.book, NEW.pay_until,
                NEW.opened_at) IS DISTINCT FROM
               (OLD.id, OLD.secures, OLD.payer_party_id, OLD.amount_fen, OLD.book, OLD.pay_until,
                OLD.opened_at)
               OR (OLD.state, NEW.state) NOT IN (
                ('awaiting', 'held'), ('awaiting', 'returned'), ('awaiting', 'lapsed'),
                ('lapsed', 'returned'), ('held', 'returned'), ('held', 'forfeited'),
                ('held', 'charged_back'), ('charged_back', 'held'), ('charged_back', 'lost'))
            THEN
                RAISE EXCEPTION 'a deposit is paid, and given back or forfeited, nothing else'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER deposits_go_forward BEFORE UPDATE ON settlement.deposits
        FOR EACH ROW EXECUTE FUNCTION settlement.check_deposit()""")
    op.execute("""
        CREATE TRIGGER deposits_are_kept BEFORE DELETE OR TRUNCATE ON settlement.deposits
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    # Whoever says that a deposit is held has to hold it, and all of it.
    op.execute("""
        CREATE FUNCTION settlement.check_deposit_is_held() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ BEGIN
            IF EXISTS (SELECT FROM settlement.deposits d
                        WHERE d.id = NEW.id AND d.state = 'held') AND NOT EXISTS (
                SELECT FROM settlement.deposits d JOIN settlement.holds h ON h.key = d.hold_key
                 WHERE d.id = NEW.id AND h.order_id = d.id AND h.reason = 'deposit'
                   AND h.state = 'held' AND h.amount_fen = d.amount_fen) THEN
                RAISE EXCEPTION 'nothing holds this deposit'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'deposit_is_held';
            END IF;
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER deposits_are_held AFTER INSERT OR UPDATE ON settlement.deposits
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION settlement.check_deposit_is_held()""")


def _wall() -> None:
    # Who bids is a secret until bids are opened: nobody but who pays sees a deposit, and the houses.
    op.execute("ALTER TABLE settlement.deposits ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlement.deposits FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY deposits_of_who_pays ON settlement.deposits
        USING (catalog.sees_all() OR payer_party_id = catalog.acting_party())""")
    op.execute("""
        CREATE POLICY deposits_for_their_holds ON settlement.deposits TO CURRENT_USER USING (true)""")
    op.execute("GRANT SELECT, INSERT ON settlement.deposits TO market_api")
    op.execute("""
        GRANT UPDATE (state, held_at, hold_key, ended_at, ground, received_by, ending_key)
           ON settlement.deposits TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE settlement.deposits")
    op.execute("DROP FUNCTION settlement.check_deposit()")
    op.execute("DROP FUNCTION settlement.check_deposit_is_held()")
    for table in ("entry_kinds", "entry_flows"):
        op.execute(f"ALTER TABLE settlement.{table} DISABLE TRIGGER {table}_are_kept")
    op.execute("DELETE FROM settlement.entry_flows WHERE kind = 'deposit_forfeited'")
    op.execute("DELETE FROM settlement.entry_kinds WHERE kind = 'deposit_forfeited'")
    for table in ("entry_kinds", "entry_flows"):
        op.execute(f"ALTER TABLE settlement.{table} ENABLE TRIGGER {table}_are_kept")
