"""Make the schemas, the least-privilege roles, and the record of answered commands."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMAS = ("catalog", "audit_log", "signing", "settlement", "market", "search")
ROLES = ("market_api", "market_sequencer")


def upgrade() -> None:
    # Roles belong to the whole server, so another database of ours may have made them already.
    for role in ROLES:
        op.execute(f"""
            DO $$ BEGIN
                CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$""")
    for schema in SCHEMAS:
        op.execute(f"CREATE SCHEMA {schema}")
        op.execute(f"GRANT USAGE ON SCHEMA {schema} TO {', '.join(ROLES)}")
    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")

    op.execute(f"GRANT SELECT ON public.schema_version TO {', '.join(ROLES)}")

    # What row-level security asks: who acts, and how far may they see.
    op.execute("""
        CREATE FUNCTION catalog.acting_party() RETURNS uuid LANGUAGE sql STABLE AS
        $$ SELECT nullif(current_setting('app.party', true), '')::uuid $$""")
    op.execute("""
        CREATE FUNCTION catalog.sees_all() RETURNS boolean LANGUAGE sql STABLE AS
        $$ SELECT coalesce(current_setting('app.clearance', true), '')
                  IN ('staff', 'regulator', 'system') $$""")
    op.execute("""
        CREATE FUNCTION catalog.refuse_change() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            RAISE EXCEPTION 'rows of %.% are never changed or removed', TG_TABLE_SCHEMA, TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END $$""")

    op.execute("""
        CREATE TABLE market.answered_commands (
            principal text NOT NULL,
            idempotency_key text NOT NULL
                CONSTRAINT idempotency_key_is_short CHECK (length(idempotency_key) BETWEEN 1 AND 255),
            route text NOT NULL,
            request_sha256 bytea NOT NULL,
            status integer,
            headers jsonb,
            body bytea,
            claimed_at timestamptz NOT NULL,
            PRIMARY KEY (principal, idempotency_key)
        )""")
    op.execute("CREATE INDEX answered_commands_claimed_at ON market.answered_commands (claimed_at)")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.answered_commands TO market_api")


def downgrade() -> None:
    for schema in reversed(SCHEMAS):
        op.execute(f"DROP SCHEMA {schema} CASCADE")
