"""Make parties, accounts, role grants, sessions and tokens.

The service's role sees accounts, sessions and tokens of one party at a time. Who has a token, and
who signs in, is asked through two functions that take exactly the token's hash or the login.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TENANT_TABLES = ("party_files", "accounts", "role_grants", "sessions", "api_tokens")


def upgrade() -> None:
    _parties()
    _accounts()
    _secrets()
    _row_level_security()
    _separation()
    _lookups()


def _parties() -> None:
    op.execute("""
        CREATE TABLE market.parties (
            id uuid PRIMARY KEY,
            kind text NOT NULL CONSTRAINT parties_kind_known CHECK (kind IN (
                'natural_person', 'legal_person', 'unincorporated_organisation')),
            name text NOT NULL CONSTRAINT party_has_a_name CHECK (name <> ''),
            uscc text CONSTRAINT party_is_registered_once UNIQUE,
            capacities text[] NOT NULL CONSTRAINT parties_capacities_known CHECK (
                cardinality(capacities) > 0 AND capacities <@ ARRAY[
                    'trader', 'compliance_agency', 'supermarket_operator',
                    'provincial_authority']),
            state text NOT NULL CONSTRAINT parties_state_known CHECK (state IN (
                'registered', 'verified', 'suspended')),
            registered_at timestamptz NOT NULL,
            verified_at timestamptz,
            CONSTRAINT organisation_has_a_uscc CHECK (
                (kind = 'natural_person') = (uscc IS NULL)),
            CONSTRAINT verified_party_was_verified CHECK (
                state <> 'verified' OR verified_at IS NOT NULL)
        )""")
    op.execute("""
        CREATE UNIQUE INDEX there_is_one_operator ON market.parties ((1))
            WHERE 'supermarket_operator' = ANY (capacities)""")
    op.execute("""
        CREATE UNIQUE INDEX there_is_one_authority ON market.parties ((1))
            WHERE 'provincial_authority' = ANY (capacities)""")
    op.execute("CREATE INDEX parties_by_state ON market.parties (state, id)")
    op.execute("GRANT SELECT, INSERT ON market.parties TO market_api")
    op.execute("GRANT UPDATE (state, verified_at) ON market.parties TO market_api")


def _accounts() -> None:
    op.execute("""
        CREATE TABLE market.accounts (
            id uuid PRIMARY KEY,
            party_id uuid NOT NULL REFERENCES market.parties,
            login text NOT NULL CONSTRAINT login_is_taken_once UNIQUE,
            display_name text NOT NULL,
            password_hash text NOT NULL
                CONSTRAINT password_is_hashed CHECK (password_hash LIKE '$argon2id$%'),
            opened_at timestamptz NOT NULL,
            opened_by uuid,
            closed_at timestamptz
        )""")
    op.execute("CREATE INDEX accounts_of_a_party ON market.accounts (party_id)")
    op.execute("GRANT SELECT, INSERT ON market.accounts TO market_api")
    op.execute("GRANT UPDATE (password_hash, closed_at) ON market.accounts TO market_api")
    # What a party showed: for itself and for those who check it.
    op.execute("""
        CREATE TABLE market.party_files (
            party_id uuid PRIMARY KEY REFERENCES market.parties,
            evidence_sha256 text
                CONSTRAINT evidence_is_a_digest CHECK (evidence_sha256 ~ '^[0-9a-f]{64}$'),
            identity_hash bytea CONSTRAINT person_is_registered_once UNIQUE,
            identity_masked text,
            registered_by uuid NOT NULL REFERENCES market.accounts,
            verified_by uuid REFERENCES market.accounts,
            suspended_at timestamptz,
            suspension_reason text,
            CONSTRAINT identity_is_hashed_and_masked CHECK (
                (identity_hash IS NULL) = (identity_masked IS NULL))
        )""")
    op.execute("GRANT SELECT, INSERT ON market.party_files TO market_api")
    op.execute("""
        GRANT UPDATE (verified_by, suspended_at, suspension_reason)
            ON market.party_files TO market_api""")
    op.execute("""
        CREATE TABLE market.role_grants (
            id uuid PRIMARY KEY,
            account_id uuid NOT NULL REFERENCES market.accounts,
            role text NOT NULL CONSTRAINT role_grants_role_known CHECK (role IN (
                'supplier', 'buyer', 'operator_acceptor', 'operator_technical_reviewer',
                'operator_issuer', 'operator_adjudicator', 'agency_reviewer', 'regulator',
                'system_administrator', 'security_administrator', 'audit_administrator')),
            valid_from date NOT NULL,
            valid_to date,
            granted_by uuid,
            granted_at timestamptz NOT NULL,
            revoked_at timestamptz,
            revoked_by uuid,
            CONSTRAINT role_period_is_a_period CHECK (valid_to >= valid_from),
            CONSTRAINT nobody_grants_to_himself CHECK (granted_by <> account_id)
        )""")
    op.execute("CREATE INDEX role_grants_of_an_account ON market.role_grants (account_id)")
    op.execute("GRANT SELECT, INSERT ON market.role_grants TO market_api")
    op.execute("GRANT UPDATE (revoked_at, revoked_by) ON market.role_grants TO market_api")


def _secrets() -> None:
    op.execute("""
        CREATE TABLE market.sessions (
            id uuid PRIMARY KEY,
            account_id uuid NOT NULL REFERENCES market.accounts,
            token_sha256 bytea NOT NULL CONSTRAINT session_secret_is_unique UNIQUE
                CONSTRAINT session_secret_is_hashed CHECK (octet_length(token_sha256) = 32),
            opened_at timestamptz NOT NULL,
            last_used_at timestamptz NOT NULL,
            idle_ends_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL,
            closed_at timestamptz,
            CONSTRAINT session_is_not_idle_past_its_end CHECK (idle_ends_at <= ends_at)
        )""")
    op.execute("""
        CREATE INDEX sessions_open_of_an_account ON market.sessions (account_id)
            WHERE closed_at IS NULL""")
    op.execute("GRANT SELECT, INSERT, UPDATE (closed_at) ON market.sessions TO market_api")
    op.execute("""
        CREATE TABLE market.api_tokens (
            id uuid PRIMARY KEY,
            account_id uuid NOT NULL REFERENCES market.accounts,
            token_sha256 bytea NOT NULL CONSTRAINT token_secret_is_unique UNIQUE
                CONSTRAINT token_secret_is_hashed CHECK (octet_length(token_sha256) = 32),
            name text NOT NULL,
            scopes text[] NOT NULL
                CONSTRAINT token_is_for_something CHECK (cardinality(scopes) > 0),
            issued_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            revoked_at timestamptz,
            last_used_at timestamptz,
            CONSTRAINT token_lives_a_year_at_most CHECK (
                expires_at > issued_at AND expires_at <= issued_at + interval '365 days')
        )""")
    op.execute("CREATE INDEX api_tokens_of_an_account ON market.api_tokens (account_id, id)")
    op.execute("GRANT SELECT, INSERT, UPDATE (revoked_at) ON market.api_tokens TO market_api")
    # No tenant's rows: who tried to sign in is not known yet. Old ones are removed as one goes.
    op.execute("""
        CREATE TABLE market.sign_in_attempts (
            id uuid PRIMARY KEY,
            login text NOT NULL,
            address text NOT NULL,
            attempted_at timestamptz NOT NULL,
            succeeded boolean NOT NULL
        )""")
    op.execute("""
        CREATE INDEX sign_in_attempts_by_login
            ON market.sign_in_attempts (login, address, attempted_at)""")
    op.execute("GRANT SELECT, INSERT, DELETE ON market.sign_in_attempts TO market_api")
    op.execute("GRANT UPDATE (succeeded) ON market.sign_in_attempts TO market_api")


def _row_level_security() -> None:
    op.execute("""
        CREATE FUNCTION market.administers_accounts() RETURNS boolean LANGUAGE sql STABLE AS
        $$ SELECT coalesce(current_setting('app.clearance', true), '')
                  IN ('administrator', 'system') $$""")
    for table in TENANT_TABLES:
        op.execute(f"ALTER TABLE market.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE market.{table} FORCE ROW LEVEL SECURITY")
        # For the functions below, which run as the owner and ask for one row by its secret.
        op.execute(f"""
            CREATE POLICY {table}_for_the_lookups ON market.{table} TO CURRENT_USER USING (true)""")
    op.execute("""
        CREATE POLICY party_files_of_the_party ON market.party_files USING (
            catalog.sees_all() OR market.administers_accounts()
            OR party_id = catalog.acting_party())""")
    op.execute("""
        CREATE POLICY accounts_of_the_party ON market.accounts USING (
            market.administers_accounts() OR party_id = catalog.acting_party())""")
    op.execute("""
        CREATE POLICY role_grants_of_the_party ON market.role_grants USING (
            catalog.sees_all() OR market.administers_accounts()
            OR account_id IN (SELECT id FROM market.accounts))""")
    for table in ("sessions", "api_tokens"):
        op.execute(f"""
            CREATE POLICY {table}_of_the_party ON market.{table} USING (
                account_id IN (SELECT id FROM market.accounts))""")


def _separation() -> None:
    # An exclusion constraint would need an extension; the lock on the account makes this as tight.
    op.execute("""
        CREATE FUNCTION market.keep_administrators_apart() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
        $$ DECLARE administrators CONSTANT text[] := ARRAY[
               'system_administrator', 'security_administrator', 'audit_administrator'];
        BEGIN
            PERFORM 1 FROM market.accounts WHERE id = NEW.account_id FOR UPDATE;
            IF NEW.revoked_at IS NULL AND EXISTS (
                SELECT 1 FROM market.role_grants held
                 WHERE held.account_id = NEW.account_id AND held.id <> NEW.id
                   AND held.role <> NEW.role AND held.revoked_at IS NULL
                   AND (held.role = ANY (administrators) OR NEW.role = ANY (administrators))
                   AND daterange(held.valid_from, held.valid_to, '[]')
                       && daterange(NEW.valid_from, NEW.valid_to, '[]')
            ) THEN
                RAISE EXCEPTION 'an administrator wears no other role'
                    USING ERRCODE = 'exclusion_violation',
                          CONSTRAINT = 'administrator_wears_no_other_role';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER administrator_wears_no_other_role
        BEFORE INSERT OR UPDATE ON market.role_grants
        FOR EACH ROW EXECUTE FUNCTION market.keep_administrators_apart()""")


def _lookups() -> None:
    op.execute("""
        CREATE FUNCTION market.roles_on(wanted_account uuid, day date) RETURNS text[]
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
        $$ SELECT coalesce(array_agg(DISTINCT role), '{}') FROM market.role_grants
            WHERE account_id = wanted_account AND revoked_at IS NULL
              AND valid_from <= day AND (valid_to IS NULL OR valid_to >= day) $$""")
    # A session slides with its use, and a token is marked, but not more than once in a while.
    op.execute("""
        CREATE FUNCTION market.find_actor(
            wanted bytea, instant timestamptz, day date, idle interval, touch interval
        ) RETURNS TABLE (account_id uuid, party_id uuid, login text, roles text[], scopes text[])
        LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
        $$ WITH found AS (
               SELECT s.account_id AS holder, NULL::text[] AS scopes FROM market.sessions s
                WHERE s.token_sha256 = wanted AND s.closed_at IS NULL
                  AND instant < s.idle_ends_at AND instant < s.ends_at
               UNION ALL
               SELECT t.account_id, t.scopes FROM market.api_tokens t
                WHERE t.token_sha256 = wanted AND t.revoked_at IS NULL
                  AND instant < t.expires_at
           ), slid AS (
               UPDATE market.sessions
                  SET last_used_at = instant, idle_ends_at = least(instant + idle, ends_at)
                WHERE token_sha256 = wanted AND closed_at IS NULL
                  AND instant < idle_ends_at AND last_used_at <= instant - touch
           ), marked AS (
               UPDATE market.api_tokens SET last_used_at = instant
                WHERE token_sha256 = wanted AND revoked_at IS NULL AND instant < expires_at
                  AND (last_used_at IS NULL OR last_used_at <= instant - touch)
           )
           SELECT a.id, a.party_id, a.login, market.roles_on(a.id, day), found.scopes
             FROM found
             JOIN market.accounts a ON a.id = found.holder AND a.closed_at IS NULL
             JOIN market.parties p ON p.id = a.party_id AND p.state <> 'suspended' $$""")
    op.execute("""
        CREATE FUNCTION market.find_credentials(wanted text, day date) RETURNS TABLE (
            account_id uuid, party_id uuid, login text, password_hash text, may_sign_in boolean,
            roles text[])
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
        $$ SELECT a.id, a.party_id, a.login, a.password_hash,
                  a.closed_at IS NULL AND p.state <> 'suspended', market.roles_on(a.id, day)
             FROM market.accounts a JOIN market.parties p ON p.id = a.party_id
            WHERE a.login = wanted $$""")
    for function in (
        "roles_on(uuid, date)",
        "find_actor(bytea, timestamptz, date, interval, interval)",
        "find_credentials(text, date)",
        "keep_administrators_apart()",
    ):
        op.execute(f"REVOKE ALL ON FUNCTION market.{function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION market.{function} TO market_api")
    op.execute("REVOKE EXECUTE ON FUNCTION market.roles_on(uuid, date) FROM market_api")


def downgrade() -> None:
    for function in ("find_credentials", "find_actor", "roles_on"):
        op.execute(f"DROP FUNCTION market.{function}")
    for table in ("sign_in_attempts", "api_tokens", "sessions", "role_grants", "party_files"):
        op.execute(f"DROP TABLE market.{table}")
    op.execute("DROP TABLE market.accounts")
    op.execute("DROP TABLE market.parties")
    op.execute("DROP FUNCTION market.keep_administrators_apart")
    op.execute("DROP FUNCTION market.administers_accounts")
