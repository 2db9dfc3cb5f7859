"""Make the audit log and the public keys: append only, even for their owner."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Never changed, never removed, by nobody. TRUNCATE fires no row trigger, so it has its own.
ETERNAL = ("audit_log.leaves", "audit_log.tiles", "audit_log.checkpoints")


def upgrade() -> None:
    _audit_log()
    _guards()
    _signing()


def _audit_log() -> None:
    # CACHE 1 (the default): if one command ended before another began, its entry comes first.
    op.execute("""
        CREATE TABLE audit_log.outbox (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            entry_id uuid NOT NULL CONSTRAINT outbox_entry_is_unique UNIQUE,
            leaf bytea NOT NULL
                CONSTRAINT outbox_leaf_fits_a_bundle CHECK (octet_length(leaf) BETWEEN 1 AND 65535)
        )""")
    op.execute("""
        CREATE TABLE audit_log.payloads (
            entry_id uuid PRIMARY KEY,
            at timestamptz NOT NULL,
            event text NOT NULL,
            subjects text[] NOT NULL,
            actor_account_id uuid,
            actor_party_id uuid,
            salt bytea
                CONSTRAINT payload_salt_is_long_enough CHECK (octet_length(salt) BETWEEN 16 AND 32),
            payload bytea,
            CONSTRAINT payload_is_erased_whole CHECK ((salt IS NULL) = (payload IS NULL))
        )""")
    op.execute("CREATE INDEX payloads_subjects ON audit_log.payloads USING gin (subjects)")
    op.execute("CREATE INDEX payloads_event ON audit_log.payloads (event, entry_id)")
    op.execute("CREATE INDEX payloads_actor ON audit_log.payloads (actor_account_id, entry_id)")
    op.execute("CREATE INDEX payloads_at ON audit_log.payloads (at, entry_id)")
    op.execute("""
        CREATE TABLE audit_log.leaves (
            idx bigint PRIMARY KEY CONSTRAINT leaf_index_is_not_negative CHECK (idx >= 0),
            entry_id uuid NOT NULL CONSTRAINT leaf_entry_is_unique UNIQUE,
            leaf bytea NOT NULL
                CONSTRAINT leaf_fits_a_bundle CHECK (octet_length(leaf) BETWEEN 1 AND 65535)
        )""")
    op.execute("""
        CREATE TABLE audit_log.tiles (
            level smallint NOT NULL CONSTRAINT tile_level_is_known CHECK (level BETWEEN 0 AND 63),
            number bigint NOT NULL CONSTRAINT tile_number_is_not_negative CHECK (number >= 0),
            hashes bytea NOT NULL CONSTRAINT tile_is_full CHECK (octet_length(hashes) = 8192),
            PRIMARY KEY (level, number)
        )""")
    # Hashes do not compress.
    op.execute("ALTER TABLE audit_log.tiles ALTER COLUMN hashes SET STORAGE EXTERNAL")
    op.execute("""
        CREATE TABLE audit_log.state (
            log_id smallint PRIMARY KEY CONSTRAINT there_is_one_log CHECK (log_id = 1),
            size bigint NOT NULL CONSTRAINT log_size_is_not_negative CHECK (size >= 0),
            root bytea NOT NULL CONSTRAINT log_root_is_a_hash CHECK (octet_length(root) = 32),
            frontier bytea NOT NULL
        )""")
    op.execute("ALTER TABLE audit_log.state ALTER COLUMN frontier SET STORAGE EXTERNAL")
    op.execute("INSERT INTO audit_log.state VALUES (1, 0, sha256(''), '')")
    op.execute("""
        CREATE TABLE audit_log.checkpoints (
            size bigint PRIMARY KEY CONSTRAINT checkpoint_is_not_empty CHECK (size > 0),
            root bytea NOT NULL CONSTRAINT checkpoint_root_is_a_hash CHECK (octet_length(root) = 32),
            note bytea NOT NULL,
            published_at timestamptz NOT NULL
        )""")


def _guards() -> None:
    for table in ETERNAL:
        name = table.replace(".", "_")
        op.execute(f"""
            CREATE TRIGGER {name}_are_eternal BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"""
            CREATE TRIGGER {name}_are_not_emptied BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    for table in ("outbox", "payloads", "state"):
        op.execute(f"""
            CREATE TRIGGER audit_log_{table}_is_not_emptied BEFORE TRUNCATE ON audit_log.{table}
            FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    # The log is one line: its state only grows.
    op.execute("""
        CREATE FUNCTION audit_log.refuse_shrinking() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF NEW.size <= OLD.size THEN
                RAISE EXCEPTION 'the log does not shrink from % to %', OLD.size, NEW.size
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER audit_log_state_only_grows BEFORE UPDATE ON audit_log.state
        FOR EACH ROW EXECUTE FUNCTION audit_log.refuse_shrinking()""")
    op.execute("""
        CREATE TRIGGER audit_log_state_is_kept BEFORE DELETE ON audit_log.state
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")

    op.execute("GRANT INSERT, SELECT ON audit_log.outbox, audit_log.payloads TO market_api")
    op.execute("""
        GRANT SELECT ON audit_log.leaves, audit_log.tiles, audit_log.state, audit_log.checkpoints
        TO market_api""")
    op.execute("GRANT SELECT, DELETE ON audit_log.outbox TO market_sequencer")
    op.execute("""
        GRANT SELECT, INSERT ON audit_log.leaves, audit_log.tiles, audit_log.checkpoints
        TO market_sequencer""")
    op.execute("GRANT SELECT, UPDATE ON audit_log.state TO market_sequencer")

    # The second wall: a payload names people. One's own, or all for auditors, staff, regulator, jobs.
    op.execute("ALTER TABLE audit_log.payloads ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE audit_log.payloads FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY payloads_are_appended_by_all ON audit_log.payloads FOR INSERT
        WITH CHECK (true)""")
    op.execute("""
        CREATE POLICY payloads_are_read_by_those_concerned ON audit_log.payloads FOR SELECT
        USING (catalog.sees_all() OR actor_party_id = catalog.acting_party()
               OR current_setting('app.clearance', true) = 'auditor')""")


def _signing() -> None:
    op.execute("""
        CREATE TABLE signing.keys (
            key_id text PRIMARY KEY
                CONSTRAINT key_id_is_16_hex_digits CHECK (key_id ~ '^[0-9a-f]{16}$'),
            purpose text NOT NULL
                CONSTRAINT key_purpose_is_known CHECK (purpose IN (
                    'certificate', 'checkpoint', 'access_token', 'report', 'statement',
                    'opinion', 'authorisation', 'contract')),
            holder_party_id uuid,
            algorithm text NOT NULL CONSTRAINT key_algorithm_is_known CHECK (algorithm = 'ed25519'),
            public_key bytea NOT NULL
                CONSTRAINT key_has_32_bytes CHECK (octet_length(public_key) = 32)
                CONSTRAINT key_stands_once UNIQUE,
            valid_from timestamptz NOT NULL,
            valid_to timestamptz,
            revoked_at timestamptz,
            registered_by uuid,
            CONSTRAINT key_id_is_of_the_key CHECK (
                key_id = left(encode(sha256(public_key), 'hex'), 16)),
            CONSTRAINT key_period_is_a_period CHECK (valid_to > valid_from),
            CONSTRAINT key_holder_fits_its_purpose CHECK (
                (holder_party_id IS NULL) = (purpose IN (
                    'certificate', 'checkpoint', 'access_token', 'report', 'statement')))
        )""")
    op.execute("CREATE INDEX keys_holder ON signing.keys (holder_party_id, purpose)")
    # A key may be ended or revoked, and nothing else of it ever changes.
    op.execute("GRANT SELECT, INSERT, UPDATE (valid_to, revoked_at) ON signing.keys TO market_api")
    op.execute("GRANT SELECT ON signing.keys TO market_sequencer")
    op.execute("""
        CREATE TRIGGER signing_keys_are_kept BEFORE DELETE ON signing.keys
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER signing_keys_are_not_emptied BEFORE TRUNCATE ON signing.keys
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def downgrade() -> None:
    op.execute("DROP TABLE signing.keys")
    for table in ("checkpoints", "state", "tiles", "leaves", "payloads", "outbox"):
        op.execute(f"DROP TABLE audit_log.{table}")
    op.execute("DROP FUNCTION audit_log.refuse_shrinking()")
