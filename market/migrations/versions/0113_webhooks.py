"""Keep endpoints, their secrets behind a wall of their own, and the messages to them."""

from alembic import op

revision = "0113"
down_revision = "0112"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.webhook_endpoints (
            id uuid PRIMARY KEY,
            party_id uuid NOT NULL REFERENCES market.parties (id),
            url text NOT NULL,
            event_types text[] NOT NULL CONSTRAINT told_something CHECK (cardinality(event_types) > 0),
            description text NOT NULL,
            created_at timestamptz NOT NULL,
            failing_since timestamptz,
            disabled_at timestamptz,
            disabled_because text,
            CONSTRAINT disabled_for_a_reason CHECK ((disabled_at IS NULL) = (disabled_because IS NULL))
        )""")
    op.execute("CREATE INDEX webhook_endpoints_of_party ON market.webhook_endpoints (party_id, id)")
    op.execute("""
        CREATE TABLE market.webhook_secrets (
            endpoint_id uuid NOT NULL REFERENCES market.webhook_endpoints (id),
            number integer NOT NULL,
            secret text NOT NULL,
            created_at timestamptz NOT NULL,
            valid_until timestamptz,
            PRIMARY KEY (endpoint_id, number)
        )""")
    op.execute("""
        CREATE TABLE market.webhook_deliveries (
            id uuid PRIMARY KEY,
            endpoint_id uuid NOT NULL REFERENCES market.webhook_endpoints (id),
            party_id uuid NOT NULL REFERENCES market.parties (id),
            message_id text NOT NULL,
            event_type text NOT NULL,
            aggregate text NOT NULL,
            log_index bigint NOT NULL,
            payload text NOT NULL CONSTRAINT payload_is_small CHECK (octet_length(payload) <= 20000),
            state text NOT NULL CONSTRAINT webhook_deliveries_state_known CHECK (
                state IN ('queued', 'delivered', 'dead')),
            attempts integer NOT NULL,
            next_attempt_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            last_status integer,
            last_error text,
            settled_at timestamptz,
            CONSTRAINT told_once_each UNIQUE (endpoint_id, message_id),
            CONSTRAINT settled_or_queued CHECK ((state = 'queued') = (settled_at IS NULL))
        )""")
    op.execute("""
        CREATE INDEX webhook_deliveries_due ON market.webhook_deliveries (next_attempt_at, id)
         WHERE state = 'queued'""")
    op.execute("""
        CREATE INDEX webhook_deliveries_in_order
            ON market.webhook_deliveries (endpoint_id, aggregate, log_index) WHERE state = 'queued'""")
    op.execute("""
        CREATE INDEX webhook_deliveries_of_endpoint
            ON market.webhook_deliveries (endpoint_id, id)""")
    for table in ("webhook_endpoints", "webhook_deliveries"):
        op.execute(f"ALTER TABLE market.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE market.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"""
            CREATE POLICY {table}_of_their_party ON market.{table}
            USING (party_id = catalog.acting_party()
                   OR current_setting('app.clearance', true) = 'system')""")
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON market.{table} TO market_api")
    op.execute("ALTER TABLE market.webhook_secrets ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.webhook_secrets FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY webhook_secrets_of_the_job ON market.webhook_secrets
        USING (current_setting('app.clearance', true) = 'system')""")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON market.webhook_secrets TO market_api")
    op.execute("""
        CREATE TABLE market.webhook_state (
            log_id smallint PRIMARY KEY CONSTRAINT one_log CHECK (log_id = 1),
            size bigint NOT NULL
        )""")
    # What happened before is told to nobody: no endpoint was there to ask for it.
    op.execute("""
        INSERT INTO market.webhook_state (log_id, size)
        SELECT 1, coalesce(max(idx) + 1, 0) FROM audit_log.places""")
    op.execute("GRANT SELECT, UPDATE ON market.webhook_state TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE market.webhook_state")
    op.execute("DROP TABLE market.webhook_deliveries")
    op.execute("DROP TABLE market.webhook_secrets")
    op.execute("DROP TABLE market.webhook_endpoints")
