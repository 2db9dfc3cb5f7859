"""Make the journal compact: fixed legs, small codes, no stored record; months; credits rolled up.

A row holds up to sixteen legs in columns of its own, so that a row of six is 172 bytes and its zero
sum a CHECK without any call. The canonical record is computed from the columns
(``settlement.entries``); its digest stands in the audit log. The journal is divided by the month of
its UUIDv7 keys, so that the primary key stays unique over all of it.

What an entry credits to a ``rolled_up`` account does not move its guard: ``settlement.rollup_state``
is updated from time to time, and adds up what all transactions wrote that were over by then. A
balance is what was rolled up and the tail behind it (``settlement.balances``).
"""

import importlib

from alembic import op

revision = "0152"
down_revision = "0151"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15
LEGS = range(1, 17)
ALWAYS = (1, 2)  # every entry has two legs
_FEW = 6  # most have no more; unfolding sixteen of them costs three times as much
ACCOUNTS = ", ".join(f"a{n}" for n in LEGS)
AMOUNTS = ", ".join(f"v{n}" for n in LEGS)
COLUMNS = (
    f"key, order_id, booked_at, xid, {AMOUNTS}, {ACCOUNTS}, value_on, rule_id, kind, book, currency,"
    " adjusts, reverses"
)


def _legs(of: str, last: int = 16) -> str:
    """Return the legs of a row as rows of their own."""
    rows = ", ".join(f"({n}, {of}.a{n}, {of}.v{n})" for n in range(1, last + 1))
    return f"(VALUES {rows}) AS l (n, account_id, amount)"


def upgrade() -> None:
    op.execute("DROP FUNCTION settlement.apply_reversal(settlement.journal)")
    _policies_away()
    op.execute(_KEEP_REFERENCES)
    op.execute("ALTER TABLE settlement.journal RENAME TO journal_before")
    op.execute(
        "ALTER TABLE settlement.journal_before RENAME CONSTRAINT journal_pkey TO journal_before_pkey"
    )
    op.execute("DROP INDEX settlement.journal_by_order, settlement.journal_by_account")
    _rule_versions()
    _journal()
    _months()
    _convert()
    op.execute("DROP TABLE settlement.journal_before")
    op.execute(_GIVE_REFERENCES_BACK)
    op.execute("DROP FUNCTION settlement.apply_entry()")
    _guards()
    _rollup()
    _views()
    _apply()
    _wall()
    _closings("j.book = NEW.book", _BOOK_OF_CLOSING)
    op.execute("UPDATE settlement.rollup_state SET asked_at = now()")


_BOOK_OF_CLOSING = "j.book = CASE NEW.book WHEN 'market' THEN 1 ELSE 2 END"


def _policies_away() -> None:
    op.execute("DROP POLICY vouchers_of_the_house ON settlement.vouchers")


def _policies_back(accounts: str) -> None:
    op.execute("""
        CREATE POLICY vouchers_of_the_house ON settlement.vouchers
        USING (catalog.sees_all() OR EXISTS (
            SELECT 1 FROM settlement.journal j WHERE j.key = vouchers.key))
        WITH CHECK (catalog.sees_all())""")
    op.execute(f"""
        CREATE POLICY journal_of_their_accounts ON settlement.journal FOR SELECT
        USING (EXISTS (SELECT 1 FROM settlement.accounts a
                        WHERE {accounts} AND a.owner = catalog.acting_party()::text))""")
    op.execute("""
        CREATE POLICY journal_for_sealing ON settlement.journal FOR SELECT
        TO CURRENT_USER USING (true)""")


def _closings(before: str, after: str) -> None:
    """Let the seal of a month count the entries of its book as the journal writes the book."""
    op.execute(f"""
        DO $do$ BEGIN
            EXECUTE replace(pg_get_functiondef('settlement.seal_month()'::regprocedure),
                            $text${before}$text$, $text${after}$text$);
        END $do$""")


# Who refers to the journal, room by room, keeps doing so.
_KEEP_REFERENCES = """
    DO $$ DECLARE each record; BEGIN
        CREATE TEMPORARY TABLE kept_references ON COMMIT DROP AS
        SELECT c.conrelid::regclass::text AS of_table, c.conname AS name,
               pg_get_constraintdef(c.oid) AS definition
          FROM pg_constraint c
         WHERE c.contype = 'f' AND c.conparentid = 0
           AND c.confrelid = 'settlement.journal'::regclass;
        FOR each IN SELECT of_table, name FROM kept_references LOOP
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', each.of_table, each.name);
        END LOOP;
    END $$"""
_GIVE_REFERENCES_BACK = """
    DO $$ DECLARE each record; BEGIN
        FOR each IN SELECT of_table, name, definition FROM kept_references LOOP
            EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s',
                           each.of_table, each.name, each.definition);
        END LOOP;
        DROP TABLE kept_references;
    END $$"""


def _refuse(table: str, events: str) -> None:
    op.execute(f"""
        CREATE TRIGGER {table}_are_kept BEFORE {events} ON settlement.{table}
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def _rule_versions() -> None:
    op.execute("""
        CREATE TABLE settlement.rule_versions (
            id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            version text NOT NULL CONSTRAINT rule_version_named_once UNIQUE
                CONSTRAINT rule_version_is_named CHECK (length(version) BETWEEN 1 AND 200)
        )""")
    _refuse("rule_versions", "UPDATE OR DELETE OR TRUNCATE")
    op.execute("GRANT SELECT, INSERT ON settlement.rule_versions TO market_api")


def _journal() -> None:
    amounts = ", ".join(f"v{n} bigint{' NOT NULL' if n in ALWAYS else ''}" for n in LEGS)
    accounts = ", ".join(f"a{n} integer{' NOT NULL' if n in ALWAYS else ''}" for n in LEGS)
    terms = " + ".join(f"v{n}" if n in ALWAYS else f"coalesce(v{n}, 0)" for n in LEGS)
    # A CHECK is read anew by every statement: short ones are fast ones. That a leg has both an account
    # and an amount, and no account two legs, the trigger sees.
    rest = f"coalesce(least({', '.join(f'v{n}' for n in LEGS if n not in ALWAYS)}), 1) > 0"
    op.execute(f"""
        CREATE TABLE settlement.journal (
            key uuid NOT NULL
                CONSTRAINT journal_key_is_uuidv7 CHECK (substr(key::text, 15, 1) = '7'),
            order_id uuid,
            booked_at timestamptz NOT NULL,
            xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text)::bigint,
            {amounts},
            {accounts},
            value_on date NOT NULL,
            rule_id integer NOT NULL,
            kind smallint NOT NULL,
            book smallint NOT NULL CONSTRAINT journal_book_is_known CHECK (book IN (1, 2)),
            currency smallint NOT NULL CONSTRAINT journal_currency_is_cny CHECK (currency = 156),
            adjusts date CONSTRAINT journal_adjusts_an_earlier_month
                CHECK (extract(day FROM adjusts) = 1 AND adjusts < date_trunc('month', value_on)),
            reverses uuid,
            batch uuid,
            CONSTRAINT journal_pkey PRIMARY KEY (key),
            CONSTRAINT journal_entry_balances CHECK ({terms} = 0),
            CONSTRAINT journal_entry_shape
                CHECK (v1 < 0 AND v1 >= -{MONEY_MAX} AND v2 > 0 AND {rest})
        ) PARTITION BY RANGE (key)""")
    op.execute("CREATE INDEX journal_by_order ON settlement.journal (order_id)")
    op.execute("""
        CREATE INDEX journal_by_xid ON settlement.journal
        USING brin (xid) WITH (pages_per_range = 16, autosummarize = on)""")


def _months() -> None:
    # A partition is written through the journal, or its trigger would not see it.
    op.execute("""
        CREATE FUNCTION settlement.make_months(since date, until date) RETURNS integer
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ DECLARE
            made integer := 0;
            month date := date_trunc('month', since);
            name text;
            floor text[];
        BEGIN
            IF until > since + 3660 THEN
                RAISE EXCEPTION 'not more than ten years at once' USING ERRCODE = 'check_violation';
            END IF;
            WHILE month <= until LOOP
                name := 'journal_' || to_char(month, 'YYYY_MM');
                IF to_regclass('settlement.' || name) IS NULL THEN
                    floor := ARRAY(
                        SELECT rpad(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0'),
                                    32, '0')
                          FROM unnest(ARRAY[month::timestamp, month + interval '1 month']) AS at);
                    EXECUTE format(
                        'CREATE TABLE settlement.%I PARTITION OF settlement.journal'
                        ' FOR VALUES FROM (%L) TO (%L)', name, floor[1]::uuid, floor[2]::uuid);
                    EXECUTE format(
                        'CREATE TRIGGER written_through_the_journal'
                        ' BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON settlement.%I'
                        ' FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()', name);
                    made := made + 1;
                END IF;
                month := month + interval '1 month';
            END LOOP;
            RETURN made;
        END $$""")
    op.execute("REVOKE EXECUTE ON FUNCTION settlement.make_months(date, date) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION settlement.make_months(date, date) TO market_api")
    op.execute("""
        SELECT settlement.make_months(
            coalesce((SELECT min(to_timestamp(('x' || substr(replace(key::text, '-', ''), 1, 12))
                                              ::bit(48)::bigint / 1000.0) AT TIME ZONE 'UTC')
                        FROM settlement.journal_before), now())::date - 31,
            now()::date + 62)""")


def _convert() -> None:
    op.execute("""
        INSERT INTO settlement.rule_versions (version)
        SELECT DISTINCT rule_version FROM settlement.journal_before ORDER BY 1""")
    amounts = ", ".join(f"j.amt[{n}]" for n in LEGS)
    accounts = ", ".join(f"j.acct[{n}]" for n in LEGS)
    op.execute(f"""
        INSERT INTO settlement.journal ({COLUMNS})
        SELECT j.key, j.order_id, j.booked_at, j.xid::text::bigint, {amounts}, {accounts},
               j.value_on, r.id, k.code, CASE j.book WHEN 'market' THEN 1 ELSE 2 END, 156,
               j.adjusts, j.reverses
          FROM settlement.journal_before j
          JOIN settlement.rule_versions r ON r.version = j.rule_version
          JOIN settlement.entry_kinds k ON k.kind = j.kind
         ORDER BY j.key""")


def _guards() -> None:
    # One row for every account. Of those that are not moved at once only debits stand in it until
    # they are rolled up; those that may stand anywhere have no floor.
    op.execute("DROP TRIGGER guard_balances_follow_the_journal ON settlement.guard_balances")
    op.execute("DROP TRIGGER order_money_follows_the_journal ON settlement.order_money")
    op.execute("DROP TRIGGER reversed_legs_follow_the_journal ON settlement.reversed_legs")
    op.execute("ALTER TABLE settlement.guard_balances ALTER COLUMN floor DROP NOT NULL")
    op.execute("""
        UPDATE settlement.guard_balances g SET posted = coalesce(
            (SELECT sum(j.v1) FROM settlement.journal j WHERE j.a1 = g.account_id), 0)
          FROM settlement.accounts a WHERE a.id = g.account_id AND a.guarding = 'rolled_up'""")
    op.execute("""
        INSERT INTO settlement.guard_balances (account_id, floor)
        SELECT id, NULL FROM settlement.accounts WHERE guarding = 'none'""")
    op.execute("""
        CREATE OR REPLACE FUNCTION settlement.guard_account() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ BEGIN
            INSERT INTO settlement.guard_balances (account_id, floor)
            VALUES (NEW.id, CASE WHEN NEW.guarding <> 'none' THEN 0 END);
            RETURN NULL;
        END $$""")


# A statement that somebody writes runs its triggers at depth 0 of this condition; one that an entry
# or a roll-up makes, at depth 1.
def _follows(table: str, columns: str) -> None:
    op.execute(f"""
        CREATE TRIGGER {table}_follow_the_journal
        BEFORE INSERT OR UPDATE OF {columns} ON settlement.{table}
        FOR EACH ROW WHEN (pg_trigger_depth() = 0)
        EXECUTE FUNCTION settlement.moved_by_entries_only()""")


def _rollup() -> None:
    op.execute("""
        CREATE TABLE settlement.turnovers (
            book text NOT NULL,
            currency text NOT NULL,
            month date NOT NULL,
            purpose text NOT NULL,
            entries bigint NOT NULL,
            debits bigint NOT NULL,
            credits bigint NOT NULL,
            PRIMARY KEY (book, currency, month, purpose)
        ) WITH (fillfactor = 50)""")
    op.execute("""
        CREATE TABLE settlement.posting_by_account (
            account_id integer NOT NULL,
            key uuid NOT NULL,
            amount bigint NOT NULL,
            PRIMARY KEY (account_id, key)
        )""")
    op.execute("""
        CREATE TABLE settlement.rollup_state (
            is_the_one boolean PRIMARY KEY CHECK (is_the_one),
            upto bigint NOT NULL,
            rolled bigint NOT NULL,
            asked_at timestamptz NOT NULL
        )""")
    op.execute("INSERT INTO settlement.rollup_state VALUES (true, 0, 0, now())")
    _follows("guard_balances", "account_id, posted, floor")
    _follows("order_money", "order_id, paid, released, refunded, charged_back")
    _follows("reversed_legs", "original, account_id, amount, reversed")
    _follows("turnovers", "book, currency, month, purpose, entries, debits, credits")
    _follows("posting_by_account", "account_id, key, amount")
    for table in ("turnovers", "posting_by_account"):
        _refuse(table, "DELETE OR TRUNCATE")
    _refuse("rollup_state", "INSERT OR DELETE OR TRUNCATE")
    op.execute("GRANT SELECT ON settlement.turnovers, settlement.posting_by_account TO market_api")
    op.execute("GRANT SELECT, UPDATE (asked_at) ON settlement.rollup_state TO market_api")
    op.execute(ROLL_UP)
    op.execute("""
        CREATE TRIGGER what_is_over_is_rolled_up BEFORE UPDATE ON settlement.rollup_state
        FOR EACH ROW EXECUTE FUNCTION settlement.roll_up()""")


ROLL_UP = f"""
    CREATE FUNCTION settlement.roll_up() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
    $$ DECLARE
        till bigint := (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint;
    BEGIN
        IF (NEW.upto, NEW.rolled) IS DISTINCT FROM (OLD.upto, OLD.rolled) THEN
            RAISE EXCEPTION 'only the roll-up says how far it came'
                USING ERRCODE = 'restrict_violation';
        END IF;
        NEW.upto := till;
        WITH added AS MATERIALIZED (
            SELECT j.key, j.value_on, l.n, l.amount, a.id, a.book, a.currency, a.purpose,
                   a.guarding, p.owner
              FROM settlement.journal j CROSS JOIN LATERAL {_legs("j")}
              JOIN settlement.accounts a ON a.id = l.account_id
              JOIN settlement.purposes p ON p.purpose = a.purpose
             WHERE j.xid >= OLD.upto AND j.xid < till
        ), moved AS (
            UPDATE settlement.guard_balances g SET posted = g.posted + d.amount
              FROM (SELECT id, sum(amount)::bigint AS amount FROM added
                     WHERE guarding = 'none' OR (guarding = 'rolled_up' AND n > 1)
                     GROUP BY id ORDER BY id) d
             WHERE g.account_id = d.id
        ), turned AS (
            INSERT INTO settlement.turnovers AS t
            SELECT book, currency, date_trunc('month', value_on)::date, purpose,
                   count(*) FILTER (WHERE n = 1),
                   coalesce(-sum(amount) FILTER (WHERE n = 1), 0),
                   coalesce(sum(amount) FILTER (WHERE n > 1), 0)
              FROM added GROUP BY 1, 2, 3, 4
            ON CONFLICT (book, currency, month, purpose) DO UPDATE
               SET entries = t.entries + excluded.entries, debits = t.debits + excluded.debits,
                   credits = t.credits + excluded.credits
        ), stated AS (
            INSERT INTO settlement.posting_by_account (account_id, key, amount)
            SELECT id, key, amount FROM added WHERE owner <> 'order' ORDER BY id, key
        )
        SELECT OLD.rolled + count(*) FILTER (WHERE n = 1) INTO NEW.rolled FROM added;
        RETURN NEW;
    END $$"""

def _views() -> None:
    op.execute(f"""
        CREATE VIEW settlement.entries WITH (security_invoker = true) AS
        SELECT d.*, sha256(d.record) AS record_sha256 FROM (SELECT e.*, convert_to(concat(
                   '{{', '"adjusts":"' || e.adjusts || '",',
                   '"book":', to_json(e.book), ',"booked_at":"',
                   to_char(e.booked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                   '","currency":', to_json(e.currency), ',"format":"shushi/journal/',
                   CASE WHEN e.adjusts IS NULL THEN '1' ELSE '2' END, '","key":"', e.key,
                   '","kind":', to_json(e.kind), ',"legs":[', e.legs, '],"order_id":',
                   coalesce('"' || e.order_id || '"', 'null'), ',"reverses":',
                   coalesce('"' || e.reverses || '"', 'null'), ',"rule_version":',
                   to_json(e.rule_version), ',"value_on":"', e.value_on, '"}}'), 'UTF8') AS record
          FROM (
            SELECT j.key, j.xid, j.order_id, j.booked_at, j.value_on, j.adjusts, j.reverses, j.batch,
                   coalesce(k.kind, j.kind::text) AS kind,
                   CASE j.book WHEN 1 THEN 'market' WHEN 2 THEN 'public_data'
                               ELSE j.book::text END AS book,
                   CASE j.currency WHEN 156 THEN 'CNY' ELSE j.currency::text END AS currency,
                   coalesce(r.version, '') AS rule_version, l.accounts, l.codes, l.amounts, l.legs
              FROM settlement.journal j
              LEFT JOIN settlement.entry_kinds k ON k.code = j.kind
              LEFT JOIN settlement.rule_versions r ON r.id = j.rule_id
             CROSS JOIN LATERAL (
                SELECT array_agg(l.account_id::bigint ORDER BY l.n) AS accounts,
                       array_agg(coalesce(a.code, l.account_id::text, '') ORDER BY l.n) AS codes,
                       array_agg(l.amount ORDER BY l.n) AS amounts,
                       string_agg(concat('[', to_json(coalesce(a.code, l.account_id::text, '')),
                                         ',', l.amount, ']'), ',' ORDER BY l.n) AS legs
                  FROM {_legs("j")} LEFT JOIN settlement.accounts a ON a.id = l.account_id
                 WHERE l.account_id IS NOT NULL OR l.amount IS NOT NULL) l) e) d""")
    op.execute(f"""
        CREATE VIEW settlement.postings WITH (security_invoker = true) AS
        SELECT j.key, j.xid, j.order_id, j.value_on, l.n, l.account_id, l.amount
          FROM settlement.journal j CROSS JOIN LATERAL {_legs("j", _FEW)}
         WHERE j.a{_FEW + 1} IS NULL AND (l.account_id IS NOT NULL OR l.amount IS NOT NULL)
        UNION ALL
        SELECT j.key, j.xid, j.order_id, j.value_on, l.n, l.account_id, l.amount
          FROM settlement.journal j CROSS JOIN LATERAL {_legs("j")}
         WHERE j.a{_FEW + 1} IS NOT NULL
           AND (l.account_id IS NOT NULL OR l.amount IS NOT NULL)""")
    op.execute("""
        CREATE VIEW settlement.balances WITH (security_invoker = true) AS
        SELECT a.id AS account_id, a.book, a.purpose, a.owner, a.currency, a.code, a.guarding,
               g.posted, g.held, g.floor, (g.posted + coalesce(t.amount, 0))::bigint AS balance
          FROM settlement.accounts a
          JOIN settlement.guard_balances g ON g.account_id = a.id
          LEFT JOIN (
            SELECT p.account_id, sum(p.amount) FILTER (WHERE p.n > 1 OR b.guarding = 'none') AS amount
              FROM settlement.postings p
              JOIN settlement.accounts b ON b.id = p.account_id AND b.guarding <> 'at_once'
             WHERE p.xid >= (SELECT upto FROM settlement.rollup_state)
             GROUP BY p.account_id) t ON t.account_id = a.id""")
    # The journal from its first entry, beside what every account says that it has.
    op.execute("""
        CREATE VIEW settlement.replayed WITH (security_invoker = true) AS
        SELECT account_id, b.code, b.book, coalesce(b.balance, 0) AS balance,
               coalesce(r.amount, 0) AS replayed, coalesce(r.postings, 0) AS postings
          FROM settlement.balances b
          FULL JOIN (SELECT account_id, sum(amount) AS amount, count(*) AS postings
                       FROM settlement.postings GROUP BY account_id) r USING (account_id)""")
    op.execute("ALTER FUNCTION catalog.sees_all() PARALLEL SAFE")
    for view in ("entries", "postings", "balances", "replayed"):
        op.execute(f"GRANT SELECT ON settlement.{view} TO market_api")


def _apply() -> None:
    op.execute("""
        ALTER TABLE settlement.entry_flows ADD COLUMN moves boolean NOT NULL GENERATED ALWAYS AS
            (paid <> 0 OR released <> 0 OR refunded <> 0 OR charged_back <> 0) STORED""")
    op.execute(_APPLY_TO_ORDERS)
    op.execute(_APPLY_REVERSAL)
    op.execute(_APPLY_ENTRIES)
    op.execute("""
        CREATE TRIGGER entries_move_balances AFTER INSERT ON settlement.journal
        REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION settlement.apply_entries()""")
    _refuse("journal", "UPDATE OR DELETE OR TRUNCATE")


_APPLY_ENTRIES = f"""
    CREATE FUNCTION settlement.apply_entries() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
    $$ DECLARE
        are_known boolean; do_differ boolean; do_fit boolean; are_open boolean; does_reverse boolean;
        accounts bigint[]; amounts bigint[];
        orders uuid[];
        by_paid bigint[]; by_released bigint[]; by_refunded bigint[]; by_charged_back bigint[];
        entry record;
    BEGIN
        SELECT bool_and(a.id IS NOT NULL AND l.amount IS NOT NULL
                        AND l.n <= num_nonnulls({", ".join(f"j.a{n}" for n in LEGS)})),
               count(*) = count(DISTINCT (j.key, l.account_id)),
               bool_and((l.n = 1 OR f.kind IS NOT NULL)
                        AND (p.owner <> 'order' OR a.owner IS NOT DISTINCT FROM j.order_id::text)
                        AND (j.a3 IS NULL OR k.is_split)),
               bool_and(t.state IS NULL),
               bool_or(l.n = 1 AND (j.reverses IS NOT NULL OR k.must_reverse)),
               array_agg(a.id) FILTER (WHERE CASE WHEN l.n = 1 THEN a.guarding <> 'none'
                                                  ELSE a.guarding = 'at_once' END),
               array_agg(l.amount) FILTER (WHERE CASE WHEN l.n = 1 THEN a.guarding <> 'none'
                                                      ELSE a.guarding = 'at_once' END),
               array_agg(j.order_id) FILTER (WHERE f.moves AND j.order_id IS NOT NULL),
               array_agg(l.amount * f.paid) FILTER (WHERE f.moves AND j.order_id IS NOT NULL),
               array_agg(l.amount * f.released) FILTER (WHERE f.moves AND j.order_id IS NOT NULL),
               array_agg(l.amount * f.refunded) FILTER (WHERE f.moves AND j.order_id IS NOT NULL),
               array_agg(l.amount * f.charged_back)
                   FILTER (WHERE f.moves AND j.order_id IS NOT NULL)
          INTO are_known, do_differ, do_fit, are_open, does_reverse, accounts, amounts, orders,
               by_paid, by_released, by_refunded, by_charged_back
          FROM added j
          LEFT JOIN settlement.entry_kinds k ON k.code = j.kind
          LEFT JOIN settlement.accounts s ON s.id = j.a1
         CROSS JOIN LATERAL {_legs("j")}
          LEFT JOIN settlement.accounts a
            ON a.id = l.account_id AND a.currency = 'CNY'
           AND a.book = CASE j.book WHEN 1 THEN 'market' ELSE 'public_data' END
          LEFT JOIN settlement.purposes p ON p.purpose = a.purpose
          LEFT JOIN settlement.entry_flows f
            ON l.n > 1 AND f.kind = k.kind AND f.debit = s.purpose AND f.credit = a.purpose
          LEFT JOIN settlement.periods t
            ON l.n = 1 AND t.book = a.book AND t.state <> 'open'
           AND t.month = j.value_on - (extract(day FROM j.value_on)::integer - 1)
         WHERE l.account_id IS NOT NULL OR l.amount IS NOT NULL;
        IF are_known IS NULL THEN
            RETURN NULL;  -- no row was added
        ELSIF NOT are_known THEN
            RAISE EXCEPTION 'a leg names an account that is unknown or foreign, or no amount, or comes after none'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_accounts_are_known';
        ELSIF NOT do_differ THEN
            RAISE EXCEPTION 'an account stands twice in an entry'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_accounts_differ';
        ELSIF do_fit IS NOT TRUE THEN
            RAISE EXCEPTION 'the accounts are not those of an entry of its kind'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_kind_fits_accounts';
        ELSIF NOT are_open THEN
            RAISE EXCEPTION 'the period of the value date is closed'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_period_is_open';
        END IF;
        IF does_reverse THEN
            FOR entry IN SELECT key, reverses, a1, v1, a2, book, order_id, kind FROM added
                          WHERE reverses IS NOT NULL OR kind IN (9, 12) ORDER BY reverses, a1 LOOP
                PERFORM settlement.apply_reversal(entry.reverses, entry.a1, -entry.v1, entry.a2,
                                                  entry.book, entry.order_id, entry.kind);
            END LOOP;
        END IF;

        IF cardinality(accounts) = 1 THEN
            UPDATE settlement.guard_balances SET posted = posted + amounts[1]
             WHERE account_id = accounts[1];
        ELSIF cardinality(accounts) > 1 THEN
            -- Locked in the order of their ids, so that two entries can not wait for each other.
            PERFORM FROM settlement.guard_balances g
              WHERE g.account_id = ANY (accounts) ORDER BY g.account_id FOR UPDATE;
            -- What leaves first: nothing is spent that another entry of the statement brings.
            UPDATE settlement.guard_balances g SET posted = g.posted + d.amount
              FROM (SELECT account_id, sum(amount)::bigint AS amount
                      FROM unnest(accounts, amounts) AS u (account_id, amount)
                     WHERE amount < 0 GROUP BY account_id) d
             WHERE g.account_id = d.account_id;
            UPDATE settlement.guard_balances g SET posted = g.posted + d.amount
              FROM (SELECT account_id, sum(amount)::bigint AS amount
                      FROM unnest(accounts, amounts) AS u (account_id, amount)
                     WHERE amount > 0 GROUP BY account_id) d
             WHERE g.account_id = d.account_id;
        END IF;
        IF orders IS NOT NULL THEN
            PERFORM settlement.apply_to_orders(orders, by_paid, by_released, by_refunded,
                                               by_charged_back);
        END IF;
        RETURN NULL;
    END $$"""

# A row that is there is moved first: what an entry takes from an order may not be tried as a new row.
_APPLY_TO_ORDERS = """
    CREATE FUNCTION settlement.apply_to_orders(
        orders uuid[], by_paid bigint[], by_released bigint[], by_refunded bigint[],
        by_charged_back bigint[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS
    $$ DECLARE
        moved integer;
    BEGIN
        WITH sums AS (
            SELECT u.order_id, sum(u.paid)::bigint AS paid, sum(u.released)::bigint AS released,
                   sum(u.refunded)::bigint AS refunded, sum(u.charged_back)::bigint AS charged_back
              FROM unnest(orders, by_paid, by_released, by_refunded, by_charged_back)
                   AS u (order_id, paid, released, refunded, charged_back)
             GROUP BY u.order_id ORDER BY u.order_id
        ), updated AS (
            UPDATE settlement.order_money m
               SET paid = m.paid + s.paid, released = m.released + s.released,
                   refunded = m.refunded + s.refunded,
                   charged_back = m.charged_back + s.charged_back
              FROM sums s WHERE m.order_id = s.order_id
            RETURNING m.order_id
        )
        INSERT INTO settlement.order_money AS m (order_id, paid, released, refunded, charged_back)
        SELECT s.order_id, s.paid, s.released, s.refunded, s.charged_back
          FROM sums s WHERE NOT EXISTS (SELECT FROM updated u WHERE u.order_id = s.order_id)
        ON CONFLICT (order_id) DO UPDATE
           SET paid = m.paid + excluded.paid, released = m.released + excluded.released,
               refunded = m.refunded + excluded.refunded,
               charged_back = m.charged_back + excluded.charged_back;
    END $$"""

# The leg that is taken back is the original's credit of the account that now gives; a returned
# payout goes back to where the original took it from.
_APPLY_REVERSAL = f"""
    CREATE FUNCTION settlement.apply_reversal(
        of uuid, gives integer, amount bigint, gets integer, in_book smallint, for_order uuid,
        as_kind smallint) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS
    $$ DECLARE
        leg bigint;
    BEGIN
        SELECT l.amount INTO leg
          FROM settlement.journal j CROSS JOIN LATERAL {_legs("j")}
         WHERE j.key = of AND l.account_id = gives AND l.n > 1 AND j.book = in_book
           AND j.order_id IS NOT DISTINCT FROM for_order
           AND (as_kind <> 12 OR (j.kind = 10 AND j.a1 = gets));
        IF leg IS NULL THEN
            RAISE EXCEPTION 'the entry takes nothing back of what it names'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_reverses_a_leg';
        END IF;
        INSERT INTO settlement.reversed_legs AS r (original, account_id, amount, reversed)
        VALUES (of, gives, leg, amount)
        ON CONFLICT ON CONSTRAINT reversed_legs_pkey
        DO UPDATE SET reversed = r.reversed + excluded.reversed;
    END $$"""


def _wall() -> None:
    op.execute("ALTER TABLE settlement.journal ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlement.journal FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY journal_of_both_sides ON settlement.journal
        USING (catalog.sees_all() OR EXISTS (
            SELECT 1 FROM settlement.escrows e WHERE e.order_id = journal.order_id))""")
    # The roll-up and the reversals read what others booked.
    op.execute("""
        CREATE POLICY journal_for_the_entries ON settlement.journal
        FOR SELECT TO CURRENT_USER USING (true)""")
    op.execute("ALTER TABLE settlement.posting_by_account ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlement.posting_by_account FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY posting_by_account_of_the_party ON settlement.posting_by_account
        USING (catalog.sees_all() OR EXISTS (
            SELECT FROM settlement.accounts a
             WHERE a.id = account_id AND a.owner = catalog.acting_party()::text))""")
    op.execute("""
        CREATE POLICY posting_by_account_for_the_rollup ON settlement.posting_by_account
        TO CURRENT_USER USING (true)""")
    _policies_back(f"a.id IN ({ACCOUNTS})")
    op.execute("GRANT SELECT, INSERT ON settlement.journal TO market_api")


def downgrade() -> None:
    op.execute("ALTER FUNCTION catalog.sees_all() PARALLEL UNSAFE")
    op.execute("DROP VIEW settlement.replayed, settlement.balances")
    _policies_away()
    _journal_before()
    op.execute(_KEEP_REFERENCES)
    op.execute("DROP VIEW settlement.entries, settlement.postings")
    op.execute("DROP TABLE settlement.journal")
    op.execute("ALTER TABLE settlement.journal_before RENAME TO journal")
    op.execute(
        "ALTER TABLE settlement.journal RENAME CONSTRAINT journal_before_pkey TO journal_pkey"
    )
    op.execute("CREATE INDEX journal_by_order ON settlement.journal (order_id, key)")
    op.execute("CREATE INDEX journal_by_account ON settlement.journal USING gin (acct)")
    op.execute(_GIVE_REFERENCES_BACK)
    for table in ("posting_by_account", "turnovers", "rollup_state", "rule_versions"):
        op.execute(f"DROP TABLE settlement.{table}")
    for function in (
        "make_months(date, date)",
        "roll_up()",
        "apply_entries()",
        "apply_to_orders(uuid[], bigint[], bigint[], bigint[], bigint[])",
        "apply_reversal(uuid, integer, bigint, integer, smallint, uuid, smallint)",
    ):
        op.execute(f"DROP FUNCTION settlement.{function}")
    op.execute("ALTER TABLE settlement.entry_flows DROP COLUMN moves")
    _guards_before()
    _apply_before()
    _closings(_BOOK_OF_CLOSING, "j.book = NEW.book")


def _journal_before() -> None:
    terms = " + ".join(f"coalesce(amt[{leg}], 0)" for leg in LEGS)
    op.execute(f"""
        CREATE TABLE settlement.journal_before (
            key uuid CONSTRAINT journal_before_pkey PRIMARY KEY
                CONSTRAINT journal_key_is_uuidv7 CHECK (substr(key::text, 15, 1) = '7'),
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            book text NOT NULL,
            kind text NOT NULL CONSTRAINT journal_kind_is_known
                REFERENCES settlement.entry_kinds (kind),
            currency text NOT NULL CONSTRAINT journal_currency_is_cny CHECK (currency = 'CNY'),
            acct bigint[] NOT NULL,
            amt bigint[] NOT NULL,
            order_id uuid,
            reverses uuid,
            rule_version text NOT NULL,
            booked_at timestamptz NOT NULL,
            value_on date NOT NULL,
            record bytea NOT NULL,
            record_sha256 bytea NOT NULL,
            adjusts date CONSTRAINT journal_adjusts_an_earlier_month
                CHECK (extract(day FROM adjusts) = 1 AND adjusts < date_trunc('month', value_on)),
            CONSTRAINT journal_book_is_known CHECK (book IN ('market', 'public_data')),
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
    op.execute("""
        INSERT INTO settlement.journal_before (key, xid, book, kind, currency, acct, amt, order_id,
               reverses, rule_version, booked_at, value_on, record, record_sha256, adjusts)
        SELECT e.key, e.xid::text::xid8, e.book, e.kind, e.currency,
               (SELECT array_agg(p.account_id::bigint ORDER BY p.n) FROM settlement.postings p
                 WHERE p.key = e.key),
               e.amounts, e.order_id, e.reverses, e.rule_version, e.booked_at, e.value_on,
               e.record, sha256(e.record), e.adjusts
          FROM settlement.entries e ORDER BY e.key""")


def _guards_before() -> None:
    op.execute("DROP TRIGGER guard_balances_follow_the_journal ON settlement.guard_balances")
    op.execute("DROP TRIGGER order_money_follow_the_journal ON settlement.order_money")
    op.execute("DROP TRIGGER reversed_legs_follow_the_journal ON settlement.reversed_legs")
    op.execute("ALTER TABLE settlement.guard_balances DISABLE TRIGGER guard_balances_are_kept")
    op.execute("DELETE FROM settlement.guard_balances WHERE floor IS NULL")
    op.execute("ALTER TABLE settlement.guard_balances ENABLE TRIGGER guard_balances_are_kept")
    op.execute("""
        UPDATE settlement.guard_balances g SET posted = s.amount
          FROM (SELECT l.acct, sum(l.amt)::bigint AS amount FROM settlement.journal j
                 CROSS JOIN unnest(j.acct, j.amt) AS l (acct, amt) GROUP BY l.acct) s
         WHERE g.account_id = s.acct""")
    op.execute("ALTER TABLE settlement.guard_balances ALTER COLUMN floor SET NOT NULL")
    op.execute("""
        CREATE OR REPLACE FUNCTION settlement.guard_account() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
        $$ BEGIN
            IF NEW.guarding <> 'none' THEN
                INSERT INTO settlement.guard_balances (account_id) VALUES (NEW.id);
            END IF;
            RETURN NULL;
        END $$""")
    for trigger, table, columns in (
        ("guard_balances_follow_the_journal", "guard_balances", " OF account_id, posted, floor"),
        (
            "order_money_follows_the_journal",
            "order_money",
            " OF order_id, paid, released, refunded, charged_back",
        ),
        ("reversed_legs_follow_the_journal", "reversed_legs", ""),
    ):
        op.execute(f"""
            CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE{columns} ON settlement.{table}
            FOR EACH ROW EXECUTE FUNCTION settlement.moved_by_entries_only()""")


def _apply_before() -> None:
    before = importlib.import_module("market.migrations.versions.0137_entry_kinds")
    op.execute(before.APPLY_ENTRY)
    op.execute(before.APPLY_REVERSAL)
    op.execute("""
        CREATE TRIGGER entry_moves_balances AFTER INSERT ON settlement.journal
        FOR EACH ROW EXECUTE FUNCTION settlement.apply_entry()""")
    _refuse("journal", "UPDATE OR DELETE OR TRUNCATE")
    op.execute("ALTER TABLE settlement.journal ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlement.journal FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY journal_of_both_sides ON settlement.journal
        USING (catalog.sees_all() OR EXISTS (
            SELECT 1 FROM settlement.escrows e WHERE e.order_id = journal.order_id))""")
    op.execute("""
        CREATE POLICY journal_for_the_entries ON settlement.journal
        FOR SELECT TO CURRENT_USER USING (true)""")
    _policies_back("a.id = ANY (acct)")
    op.execute("GRANT SELECT, INSERT ON settlement.journal TO market_api")
