"""Keep which processes hold the service's keys, and show a security administrator what became of keys."""

from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


CLEARANCE = "coalesce(current_setting('app.clearance', true), '')"
BEFORE = (
    "access:denied",
    "account:closed",
    "account:opened",
    "configuration:changed",
    "contact:confirmed",
    "contact:removed",
    "credential:refused",
    "key:loaded",
    "key:registered",
    "key:revoked",
    "key:used",
    "material:denied",
    "object:denied",
    "party:suspended",
    "password:changed",
    "role:granted",
    "role:revoked",
    "session:closed",
    "session:opened",
    "sign_in:failed",
    "sign_in:held_off",
    "token:issued",
    "token:revoked",
)
# What a security administrator reads (安全管理员): as in catalog/log_search/reach.py.
SECURITY = (
    *BEFORE,
    "key:announced",
    "key:destroyed",
    "key:distrusted",
    "key:ended",
    "log:exported",
)
_OF_ITS_PARTY = "actor_party_id = catalog.acting_party()"
_ITS_OWN = "actor_account_id::text = catalog.acting_principal()"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE signing.key_runs (
            id uuid PRIMARY KEY,
            key_ids text[] NOT NULL,
            begun_at timestamptz NOT NULL,
            told_at timestamptz NOT NULL,
            CONSTRAINT key_run_tells_after_it_began CHECK (told_at >= begun_at)
        )""")
    op.execute("CREATE INDEX key_runs_told_at ON signing.key_runs (told_at)")
    op.execute("GRANT SELECT, INSERT, DELETE, UPDATE (told_at) ON signing.key_runs TO market_api")
    _walls(SECURITY)


def _walls(security: tuple[str, ...]) -> None:
    """Make the second wall of the search anew, for this list of events."""
    is_security = f"event IN ({', '.join(repr(event) for event in security)})"
    op.execute("DROP POLICY who_acted_is_told_to_those_concerned ON audit_log.search_entries")
    op.execute(f"""
        CREATE POLICY who_acted_is_told_to_those_concerned ON audit_log.search_entries FOR SELECT
        USING (CASE {CLEARANCE}
               WHEN 'system' THEN true
               WHEN 'auditor' THEN true
               WHEN 'regulator' THEN (SELECT catalog.supervises(NULL)) OR {_ITS_OWN}
               WHEN 'administrator' THEN {is_security} OR {_ITS_OWN}
               WHEN 'staff' THEN {_ITS_OWN}
               ELSE {_OF_ITS_PARTY} END)""")
    op.execute("DROP POLICY payloads_are_read_by_those_concerned ON audit_log.payloads")
    op.execute(f"""
        CREATE POLICY payloads_are_read_by_those_concerned ON audit_log.payloads FOR SELECT
        USING ({_OF_ITS_PARTY}
               OR {CLEARANCE} IN ('staff', 'system', 'auditor')
               OR ({CLEARANCE} = 'regulator' AND catalog.supervises(NULL))
               OR ({CLEARANCE} = 'administrator' AND {is_security}))""")
    op.execute(f"""
        CREATE OR REPLACE VIEW audit_log.open_payloads
               WITH (security_invoker, security_barrier) AS
        SELECT entry_id, salt, payload FROM audit_log.payloads
         WHERE CASE {CLEARANCE}
               WHEN 'system' THEN true
               WHEN 'auditor' THEN true
               WHEN 'regulator' THEN audit_log.opens_cases(subjects)
               WHEN 'administrator' THEN {is_security}
                    OR ({_ITS_OWN} AND audit_log.opens_cases(subjects))
               WHEN 'staff' THEN {_ITS_OWN} AND audit_log.opens_cases(subjects)
               ELSE {_OF_ITS_PARTY} AND audit_log.opens_cases(subjects) END""")


def downgrade() -> None:
    _walls(BEFORE)
    op.execute("DROP TABLE signing.key_runs")
