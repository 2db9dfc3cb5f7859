"""Remember refusals, folded by the minute; tell the log why a credential was refused."""

from alembic import op

revision = "0062"
down_revision = "0060"
branch_labels = None
depends_on = None

_JOB = "coalesce(current_setting('app.clearance', true), '') = 'system'"


def upgrade() -> None:
    # What was answered is here until its minute is over, and then in the log.
    op.execute("""
        CREATE TABLE audit_log.denial_counts (
            key bytea PRIMARY KEY CONSTRAINT denial_key_is_a_hash CHECK (octet_length(key) = 32),
            minute timestamptz NOT NULL,
            waiting bytea NOT NULL
        )""")
    op.execute("CREATE INDEX denial_counts_minute ON audit_log.denial_counts (minute)")
    op.execute("ALTER TABLE audit_log.denial_counts ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE audit_log.denial_counts FORCE ROW LEVEL SECURITY")
    op.execute(f"""
        CREATE POLICY denial_counts_are_the_jobs ON audit_log.denial_counts USING ({_JOB})""")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON audit_log.denial_counts TO market_api")
    op.execute("""
        CREATE FUNCTION market.why_refused(wanted bytea, instant timestamptz)
        RETURNS TABLE (why text, kind text, id uuid, account_id uuid)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
        $$ SELECT CASE WHEN found.why IS NOT NULL THEN found.why
                       WHEN a.closed_at IS NOT NULL THEN 'account_closed'
                       WHEN p.state = 'suspended' THEN 'party_suspended'
                       ELSE 'unknown' END,
                  found.kind, found.id, found.holder
             FROM (SELECT 'session' AS kind, s.id, s.account_id AS holder,
                          CASE WHEN s.closed_at IS NOT NULL THEN 'closed'
                               WHEN instant >= s.idle_ends_at OR instant >= s.ends_at
                               THEN 'expired' END AS why
                     FROM market.sessions s WHERE s.token_sha256 = wanted
                   UNION ALL
                   SELECT 'token', t.id, t.account_id,
                          CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked'
                               WHEN instant >= t.expires_at THEN 'expired' END
                     FROM market.api_tokens t WHERE t.token_sha256 = wanted) found
             JOIN market.accounts a ON a.id = found.holder
             JOIN market.parties p ON p.id = a.party_id $$""")
    op.execute("REVOKE ALL ON FUNCTION market.why_refused(bytea, timestamptz) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION market.why_refused(bytea, timestamptz) TO market_api")


def downgrade() -> None:
    op.execute("DROP FUNCTION market.why_refused(bytea, timestamptz)")
    op.execute("DROP TABLE audit_log.denial_counts")
