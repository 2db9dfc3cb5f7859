"""Close what an entry says, and who acted, to all but those who find it in a search.

The row of an entry beside its leaf tells what the leaf tells; a payload names people and says what lies in
a case. The service's role reads payloads through one view, which is as narrow as ``catalog/log_search``.
"""

from alembic import op

revision = "0083"
down_revision = "0082"
branch_labels = None
depends_on = None

CLEARANCE = "coalesce(current_setting('app.clearance', true), '')"
# What a security administrator reads (安全管理员): as in catalog/log_search/reach.py.
SECURITY = (
    "access:denied",
    "account:closed",
    "account:opened",
    "configuration:changed",
    "contact:confirmed",
    "contact:removed",
    "credential:refused",
    "key:announced",
    "key:destroyed",
    "key:distrusted",
    "key:ended",
    "key:loaded",
    "key:registered",
    "key:revoked",
    "key:used",
    "log:exported",
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
_IS_SECURITY = f"event IN ({', '.join(repr(event) for event in SECURITY)})"
_OF_ITS_PARTY = "actor_party_id = catalog.acting_party()"
_ITS_OWN = "actor_account_id::text = catalog.acting_principal()"
# In a house (运营者、主管部门) each reads its own acts alone; elsewhere a party's people read each other's.
_OF_ITS_PEOPLE = (
    f"{_OF_ITS_PARTY} AND ({_ITS_OWN} OR NOT (SELECT audit_log.acts_for_a_house()))"
)
_NARROW = f"""
    CASE {CLEARANCE}
    WHEN 'system' THEN true
    WHEN 'auditor' THEN true
    WHEN 'regulator' THEN ({_ITS_OWN} OR (SELECT catalog.supervises(NULL)))
         AND audit_log.opens_cases(subjects)
    WHEN 'administrator' THEN {_IS_SECURITY} OR ({_ITS_OWN} AND audit_log.opens_cases(subjects))
    WHEN 'staff' THEN {_ITS_OWN} AND audit_log.opens_cases(subjects)
    ELSE {_OF_ITS_PEOPLE} AND audit_log.opens_cases(subjects) END"""
_PUBLIC = "entry_id, at, event, subjects"


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION audit_log.acts_for_a_house() RETURNS boolean LANGUAGE sql STABLE AS
        $$ SELECT EXISTS (
               SELECT 1 FROM market.parties p
                WHERE p.id = catalog.acting_party()
                  AND p.capacities && ARRAY['supermarket_operator', 'provincial_authority',
                                            'other_regulator']) $$""")
    _who_acted(_OF_ITS_PEOPLE)
    op.execute("DROP VIEW audit_log.open_payloads")
    # With its owner's rights: whoever asks has none to these columns of the table.
    op.execute(f"""
        CREATE VIEW audit_log.open_payloads WITH (security_barrier) AS
        SELECT {_PUBLIC}, actor_account_id, actor_party_id, salt, payload
          FROM audit_log.payloads WHERE {_NARROW}""")
    op.execute("GRANT SELECT ON audit_log.open_payloads TO market_api")
    op.execute("REVOKE SELECT ON audit_log.payloads FROM market_api")
    op.execute(f"GRANT SELECT ({_PUBLIC}) ON audit_log.payloads TO market_api")


def _who_acted(of_its_people: str) -> None:
    op.execute("DROP POLICY who_acted_is_told_to_those_concerned ON audit_log.search_entries")
    op.execute(f"""
        CREATE POLICY who_acted_is_told_to_those_concerned ON audit_log.search_entries FOR SELECT
        USING (CASE {CLEARANCE}
               WHEN 'system' THEN true
               WHEN 'auditor' THEN true
               WHEN 'regulator' THEN (SELECT catalog.supervises(NULL)) OR {_ITS_OWN}
               WHEN 'administrator' THEN {_IS_SECURITY} OR {_ITS_OWN}
               WHEN 'staff' THEN {_ITS_OWN}
               ELSE {of_its_people} END)""")


def downgrade() -> None:
    op.execute("REVOKE SELECT ON audit_log.payloads FROM market_api")
    op.execute("GRANT SELECT ON audit_log.payloads TO market_api")
    op.execute("DROP VIEW audit_log.open_payloads")
    op.execute(f"""
        CREATE VIEW audit_log.open_payloads WITH (security_invoker, security_barrier) AS
        SELECT entry_id, salt, payload FROM audit_log.payloads
         WHERE CASE {CLEARANCE}
               WHEN 'system' THEN true
               WHEN 'auditor' THEN true
               WHEN 'regulator' THEN audit_log.opens_cases(subjects)
               WHEN 'administrator' THEN {_IS_SECURITY}
                    OR ({_ITS_OWN} AND audit_log.opens_cases(subjects))
               WHEN 'staff' THEN {_ITS_OWN} AND audit_log.opens_cases(subjects)
               ELSE {_OF_ITS_PARTY} AND audit_log.opens_cases(subjects) END""")
    op.execute("GRANT SELECT ON audit_log.open_payloads TO market_api")
    _who_acted(_OF_ITS_PARTY)
    op.execute("DROP FUNCTION audit_log.acts_for_a_house()")
