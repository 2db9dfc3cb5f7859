"""Make the books: accounts, journal, guarded balances, money per order, escrow, payments.

What the database itself enforces, whoever writes:

* an entry sums to zero, has one debit (its first leg), and 2 to 16 legs on distinct accounts of
  its own book and currency (CHECKs in plain expressions; no function is called for the sum);
* its record says what its columns say, and ``record_sha256`` is the record's digest (the other
  half of the tie stands in the audit log);
* a guarded account does not fall below its floor, and an order does not give out more than was
  paid in: both are moved by the entry itself and by nothing else;
* entries, accounts and what a channel sent are never changed or removed.

The entry moves them in an AFTER trigger, not in a BEFORE trigger: ``ON CONFLICT DO NOTHING`` runs
the latter for a key that exists already, and would move the money twice.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15
PURPOSES = (
    "channel_clearing",
    "order_escrow",
    "payable",
    "department_payable",
    "refund_payable",
    "platform_fee",
    "treasury_non_tax",
    "tax_payable",
    "rounding_residual",
)
GUARDED = ("order_escrow", "payable", "department_payable", "refund_payable")
KINDS = ("pay_in", "release", "refund", "refund_settled")
ESCROW_STATES = ("awaiting_payment", "held", "released", "refunded", "disputed")
PAYMENT_STATES = ("created", "pending", "succeeded", "failed", "expired")
BREAKS = ("amount_differs", "currency_differs", "reference_unknown", "paid_late", "paid_twice")

APPEND_ONLY = ("accounts", "journal", "channel_events", "channel_nonces")
NEVER_REMOVED = ("guard_balances", "order_money", "escrows", "payments", "channel_breaks")


def _in(values: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"


def upgrade() -> None:
    _ledger()
    _triggers()
    _escrow()
    _payments()
    _fence("escrows", "payer_party_id = catalog.acting_party() OR payee_party_id = catalog.acting_party()")
    # Whoever sees an escrow sees the payments into it: the inner table has its own fence.
    _fence("payments", "EXISTS (SELECT FROM settlement.escrows e WHERE e.order_id = payments.order_id)")
    for table in APPEND_ONLY:
        _refuse(table, "UPDATE OR DELETE OR TRUNCATE")
    for table in NEVER_REMOVED:
        _refuse(table, "DELETE OR TRUNCATE")


def _refuse(table: str, events: str) -> None:
    # For each statement: a change that finds no row is refused as well.
    op.execute(f"""
        CREATE TRIGGER {table}_are_kept BEFORE {events} ON settlement.{table}
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def _fence(table: str, is_theirs: str) -> None:
    # The second wall: a party sees the money of its own orders, as buyer or as supplier.
    op.execute(f"ALTER TABLE settlement.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE settlement.{table} FORCE ROW LEVEL SECURITY")
    op.execute(f"""
        CREATE POLICY {table}_of_both_sides ON settlement.{table}
        USING (catalog.sees_all() OR {is_theirs})
        WITH CHECK (catalog.sees_all() OR {is_theirs})""")


def _ledger() -> None:
    op.execute(f"""
        CREATE TABLE settlement.accounts (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            book text NOT NULL,
            purpose text NOT NULL CONSTRAINT account_purpose_is_charted
                CHECK (purpose IN {_in(PURPOSES)}),
            owner text NOT NULL CONSTRAINT account_owner_is_named
                CHECK (length(owner) BETWEEN 1 AND 64),
            currency text NOT NULL CONSTRAINT account_currency_is_cny CHECK (currency = 'CNY'),
            code text GENERATED ALWAYS AS (purpose || '/' || owner) STORED,
            guarded boolean NOT NULL,
            opened_at timestamptz NOT NULL,
            CONSTRAINT account_opened_once UNIQUE (book, purpose, owner, currency),
            CONSTRAINT account_guarded_as_charted CHECK (guarded = (purpose IN {_in(GUARDED)}))
        )""")
    op.execute("""
        CREATE TABLE settlement.guard_balances (
            account_id bigint PRIMARY KEY REFERENCES settlement.accounts (id),
            posted bigint NOT NULL DEFAULT 0,
            held bigint NOT NULL DEFAULT 0
                CONSTRAINT guarded_balance_hold_not_negative CHECK (held >= 0),
            floor bigint NOT NULL DEFAULT 0,
            CONSTRAINT guarded_balance_not_below_floor CHECK (posted - held >= floor)
        ) WITH (fillfactor = 70)""")
    op.execute("""
        CREATE TABLE settlement.order_money (
            order_id uuid PRIMARY KEY,
            paid bigint NOT NULL DEFAULT 0,
            released bigint NOT NULL DEFAULT 0,
            refunded bigint NOT NULL DEFAULT 0,
            disputed bigint NOT NULL DEFAULT 0,
            CONSTRAINT order_money_not_negative
                CHECK (paid >= 0 AND released >= 0 AND refunded >= 0 AND disputed >= 0),
            CONSTRAINT order_money_not_given_out_twice
                CHECK (released + refunded + disputed <= paid)
        ) WITH (fillfactor = 70)""")
    terms = " + ".join(f"coalesce(amt[{leg}], 0)" for leg in range(1, 17))
    op.execute(f"""
        CREATE TABLE settlement.journal (
            key uuid PRIMARY KEY
                CONSTRAINT journal_key_is_uuidv7 CHECK (substr(key::text, 15, 1) = '7'),
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            book text NOT NULL,
            kind text NOT NULL CONSTRAINT journal_kind_is_known CHECK (kind IN {_in(KINDS)}),
            currency text NOT NULL CONSTRAINT journal_currency_is_cny CHECK (currency = 'CNY'),
            acct bigint[] NOT NULL,
            amt bigint[] NOT NULL,
            order_id uuid,
            reverses uuid REFERENCES settlement.journal (key),
            rule_version text NOT NULL,
            booked_at timestamptz NOT NULL,
            value_on date NOT NULL,
            record bytea NOT NULL,
            record_sha256 bytea NOT NULL,
            CONSTRAINT journal_entry_balances CHECK ({terms} = 0),
            CONSTRAINT journal_entry_shape CHECK (
                array_ndims(acct) = 1 AND array_ndims(amt) = 1
                AND array_lower(acct, 1) = 1 AND array_lower(amt, 1) = 1
                AND cardinality(acct) = cardinality(amt)
                AND cardinality(amt) BETWEEN 2 AND 16
                AND array_position(acct, NULL) IS NULL AND array_position(amt, NULL) IS NULL
                AND amt[1] < 0 AND amt[1] >= -{MONEY_MAX} AND 0 < ALL (amt[2:16])
            ),
            CONSTRAINT journal_record_digest CHECK (record_sha256 = sha256(record))
        )""")
    op.execute("CREATE INDEX journal_by_order ON settlement.journal (order_id, key)")
    op.execute("CREATE INDEX journal_by_account ON settlement.journal USING gin (acct)")
    op.execute("GRANT SELECT, INSERT ON settlement.accounts, settlement.journal TO market_api")
    op.execute("GRANT SELECT, UPDATE (held) ON settlement.guard_balances TO market_api")
    op.execute("GRANT SELECT, UPDATE (disputed) ON settlement.order_money TO market_api")


def _triggers() -> None:
    op.execute("""
        CREATE FUNCTION settlement.guard_account() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ BEGIN
            IF NEW.guarded THEN
                INSERT INTO settlement.guard_balances (account_id) VALUES (NEW.id);
            END IF;
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE TRIGGER account_is_guarded_from_the_start AFTER INSERT ON settlement.accounts
        FOR EACH ROW EXECUTE FUNCTION settlement.guard_account()""")

    # A direct statement runs its triggers at depth 1, one made by an entry or account at depth 2.
    op.execute("""
        CREATE FUNCTION settlement.moved_by_entries_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF pg_trigger_depth() < 2 THEN
                RAISE EXCEPTION 'settlement.% is moved by journal entries only', TG_TABLE_NAME
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER guard_balances_follow_the_journal
        BEFORE INSERT OR UPDATE OF account_id, posted, floor ON settlement.guard_balances
        FOR EACH ROW EXECUTE FUNCTION settlement.moved_by_entries_only()""")
    op.execute("""
        CREATE TRIGGER order_money_follows_the_journal
        BEFORE INSERT OR UPDATE OF order_id, paid, released, refunded ON settlement.order_money
        FOR EACH ROW EXECUTE FUNCTION settlement.moved_by_entries_only()""")

    op.execute("""
        CREATE FUNCTION settlement.apply_entry() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ DECLARE
            told jsonb := convert_from(NEW.record, 'UTF8')::jsonb;
            legs jsonb;
            codes text[];
            escrow text := 'order_escrow/' || NEW.order_id;
            moved bigint := -NEW.amt[1];
            fits boolean;
        BEGIN
            SELECT jsonb_agg(jsonb_build_array(a.code, l.amt) ORDER BY l.n),
                   array_agg(a.code ORDER BY l.n)
              INTO legs, codes
              FROM unnest(NEW.acct, NEW.amt) WITH ORDINALITY AS l (acct, amt, n)
              JOIN settlement.accounts a
                ON a.id = l.acct AND a.book = NEW.book AND a.currency = NEW.currency;
            IF codes IS NULL OR cardinality(codes) <> cardinality(NEW.acct)
                OR (SELECT count(DISTINCT c) FROM unnest(codes) c) <> cardinality(codes) THEN
                RAISE EXCEPTION 'a leg names an account that is unknown, foreign, or named before'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_accounts_are_known';
            END IF;

            fits := CASE NEW.kind
                WHEN 'pay_in' THEN cardinality(codes) = 2 AND codes[2] = escrow
                    AND starts_with(codes[1], 'channel_clearing/')
                WHEN 'release' THEN codes[1] = escrow
                WHEN 'refund' THEN cardinality(codes) = 2 AND codes[1] = escrow
                    AND starts_with(codes[2], 'refund_payable/')
                WHEN 'refund_settled' THEN cardinality(codes) = 2
                    AND starts_with(codes[1], 'refund_payable/')
                    AND starts_with(codes[2], 'channel_clearing/')
            END;
            IF fits IS NOT TRUE THEN
                RAISE EXCEPTION 'the accounts are not those of a % entry', NEW.kind
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_kind_fits_accounts';
            END IF;

            IF told IS DISTINCT FROM jsonb_build_object(
                    'format', 'shushi/journal/1', 'key', NEW.key, 'kind', NEW.kind,
                    'book', NEW.book, 'currency', NEW.currency, 'legs', legs,
                    'order_id', NEW.order_id, 'reverses', NEW.reverses,
                    'rule_version', NEW.rule_version, 'value_on', NEW.value_on,
                    'booked_at', told -> 'booked_at')
                OR (told ->> 'booked_at')::timestamptz IS DISTINCT FROM NEW.booked_at THEN
                RAISE EXCEPTION 'the record does not say what the columns say'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_record_equals_columns';
            END IF;

            -- Locked in the order of their ids, so that two entries can not wait for each other.
            PERFORM 1 FROM settlement.guard_balances g
              WHERE g.account_id = ANY (NEW.acct) ORDER BY g.account_id FOR UPDATE;
            UPDATE settlement.guard_balances g SET posted = g.posted + l.amt
              FROM unnest(NEW.acct, NEW.amt) AS l (acct, amt) WHERE g.account_id = l.acct;

            IF NEW.kind = 'pay_in' THEN
                INSERT INTO settlement.order_money AS m (order_id, paid) VALUES (NEW.order_id, moved)
                ON CONFLICT (order_id) DO UPDATE SET paid = m.paid + excluded.paid;
            ELSIF NEW.kind = 'release' THEN
                UPDATE settlement.order_money SET released = released + moved
                 WHERE order_id = NEW.order_id;
            ELSIF NEW.kind = 'refund' THEN
                UPDATE settlement.order_money SET refunded = refunded + moved
                 WHERE order_id = NEW.order_id;
            END IF;
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE TRIGGER entry_moves_balances AFTER INSERT ON settlement.journal
        FOR EACH ROW EXECUTE FUNCTION settlement.apply_entry()""")


def _escrow() -> None:
    op.execute(f"""
        CREATE TABLE settlement.escrows (
            order_id uuid PRIMARY KEY,
            payer_party_id uuid NOT NULL,
            payee_party_id uuid,
            amount_fen bigint NOT NULL
                CONSTRAINT escrow_amount_in_range CHECK (amount_fen BETWEEN 1 AND {MONEY_MAX}),
            state text NOT NULL
                CONSTRAINT escrow_state_known CHECK (state IN {_in(ESCROW_STATES)}),
            opened_at timestamptz NOT NULL,
            funded_at timestamptz,
            closed_at timestamptz,
            funding_key uuid REFERENCES settlement.journal (key),
            closing_key uuid REFERENCES settlement.journal (key),
            CONSTRAINT escrow_funded_by_an_entry
                CHECK ((state = 'awaiting_payment') = (funding_key IS NULL)
                       AND (funding_key IS NULL) = (funded_at IS NULL)),
            CONSTRAINT escrow_closed_by_an_entry
                CHECK ((state IN ('released', 'refunded')) = (closing_key IS NOT NULL)
                       AND (closing_key IS NULL) = (closed_at IS NULL))
        )""")
    op.execute("GRANT SELECT, INSERT ON settlement.escrows TO market_api")
    op.execute("""
        GRANT UPDATE (state, funded_at, closed_at, funding_key, closing_key)
        ON settlement.escrows TO market_api""")


def _payments() -> None:
    op.execute(f"""
        CREATE TABLE settlement.payments (
            id uuid PRIMARY KEY,
            reference text NOT NULL CONSTRAINT payment_reference_used_once UNIQUE,
            channel text NOT NULL,
            order_id uuid NOT NULL,
            payer_party_id uuid NOT NULL,
            amount_fen bigint NOT NULL
                CONSTRAINT payment_amount_in_range CHECK (amount_fen BETWEEN 1 AND {MONEY_MAX}),
            currency text NOT NULL CONSTRAINT payment_currency_is_cny CHECK (currency = 'CNY'),
            state text NOT NULL
                CONSTRAINT payment_state_known CHECK (state IN {_in(PAYMENT_STATES)}),
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            channel_reference text,
            succeeded_at timestamptz,
            channel_transaction_id text,
            journal_key uuid REFERENCES settlement.journal (key),
            CONSTRAINT payment_expires_after_it_starts CHECK (expires_at > created_at),
            CONSTRAINT payment_booked_when_succeeded
                CHECK ((state = 'succeeded') = (journal_key IS NOT NULL)
                       AND (journal_key IS NULL) = (succeeded_at IS NULL))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX payment_one_open_or_succeeded_per_order ON settlement.payments (order_id)
        WHERE state IN ('created', 'pending', 'succeeded')""")
    op.execute("CREATE INDEX payments_by_order ON settlement.payments (order_id, id)")
    op.execute(f"""
        CREATE TABLE settlement.channel_events (
            channel text NOT NULL,
            event_id text NOT NULL
                CONSTRAINT channel_event_id_is_short CHECK (length(event_id) BETWEEN 1 AND 128),
            reference text NOT NULL,
            kind text NOT NULL CONSTRAINT channel_event_kind_is_known
                CHECK (kind IN ('succeeded', 'failed')),
            amount_fen bigint NOT NULL
                CONSTRAINT channel_event_amount_in_range CHECK (amount_fen BETWEEN 1 AND {MONEY_MAX}),
            currency text NOT NULL,
            channel_transaction_id text NOT NULL,
            happened_at timestamptz NOT NULL,
            received_at timestamptz NOT NULL,
            payment_id uuid REFERENCES settlement.payments (id),
            effect text NOT NULL CONSTRAINT channel_event_effect_is_known
                CHECK (effect IN ('applied', 'ignored', 'break')),
            PRIMARY KEY (channel, event_id)
        )""")
    op.execute("""
        CREATE TABLE settlement.channel_nonces (
            channel text NOT NULL,
            nonce text NOT NULL
                CONSTRAINT channel_nonce_is_short CHECK (length(nonce) BETWEEN 1 AND 128),
            event_id text NOT NULL,
            seen_at timestamptz NOT NULL,
            PRIMARY KEY (channel, nonce)
        )""")
    op.execute(f"""
        CREATE TABLE settlement.channel_breaks (
            id uuid PRIMARY KEY,
            channel text NOT NULL,
            event_id text NOT NULL,
            kind text NOT NULL
                CONSTRAINT channel_break_kind_is_known CHECK (kind IN {_in(BREAKS)}),
            expected_fen bigint,
            told_fen bigint NOT NULL,
            payment_id uuid REFERENCES settlement.payments (id),
            found_at timestamptz NOT NULL,
            CONSTRAINT channel_break_found_once UNIQUE (channel, event_id),
            FOREIGN KEY (channel, event_id) REFERENCES settlement.channel_events (channel, event_id)
        )""")
    op.execute("""
        GRANT SELECT, INSERT ON settlement.payments, settlement.channel_events,
            settlement.channel_nonces, settlement.channel_breaks TO market_api""")
    op.execute("""
        GRANT UPDATE (state, channel_reference, succeeded_at, channel_transaction_id, journal_key)
        ON settlement.payments TO market_api""")


def downgrade() -> None:
    for table in reversed(
        (
            "accounts",
            "guard_balances",
            "order_money",
            "journal",
            "escrows",
            "payments",
            "channel_events",
            "channel_nonces",
            "channel_breaks",
        )
    ):
        op.execute(f"DROP TABLE settlement.{table}")
    for function in ("guard_account", "moved_by_entries_only", "apply_entry"):
        op.execute(f"DROP FUNCTION settlement.{function}()")
