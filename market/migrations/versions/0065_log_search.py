"""Search the log at its size: an index beside it, filled by a job, behind the second wall."""

from alembic import op

revision = "0065"
down_revision = "0063"
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
_IS_SECURITY = f"event IN ({', '.join(repr(event) for event in SECURITY)})"
_OF_ITS_PARTY = "actor_party_id = catalog.acting_party()"
_ITS_OWN = "actor_account_id::text = catalog.acting_principal()"


def upgrade() -> None:
    _index()
    _subjects()
    _payloads()


def _index() -> None:
    op.execute("""
        CREATE TABLE audit_log.search_entries (
            idx bigint PRIMARY KEY,
            entry_id uuid NOT NULL,
            at timestamptz NOT NULL,
            event text NOT NULL,
            actor_account_id uuid,
            actor_party_id uuid
        )""")
    op.execute("CREATE INDEX search_by_time ON audit_log.search_entries (at, idx)")
    op.execute("CREATE INDEX search_by_event ON audit_log.search_entries (event, at, idx)")
    for what in ("account", "party"):
        op.execute(f"""
            CREATE INDEX search_by_{what} ON audit_log.search_entries (actor_{what}_id, at, idx)
            WHERE actor_{what}_id IS NOT NULL""")
        op.execute(f"""
            CREATE INDEX search_by_{what}_and_event
            ON audit_log.search_entries (actor_{what}_id, event, at, idx)
            WHERE actor_{what}_id IS NOT NULL""")
    # A subject is the first 16 bytes of SHA-256 of kind:id. Which entries name it is public.
    op.execute("""
        CREATE TABLE audit_log.search_subjects (
            subject uuid NOT NULL,
            at timestamptz NOT NULL,
            idx bigint NOT NULL,
            event text NOT NULL,
            PRIMARY KEY (subject, at, idx)
        )""")
    op.execute("""
        CREATE INDEX search_by_subject_and_event
        ON audit_log.search_subjects (subject, event, at, idx)""")
    op.execute("""
        CREATE TABLE audit_log.search_state (
            log_id smallint PRIMARY KEY CONSTRAINT there_is_one_index CHECK (log_id = 1),
            size bigint NOT NULL CONSTRAINT index_size_is_not_negative CHECK (size >= 0)
        )""")
    op.execute("INSERT INTO audit_log.search_state VALUES (1, 0)")
    op.execute("ALTER TABLE audit_log.search_entries ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE audit_log.search_entries FORCE ROW LEVEL SECURITY")
    op.execute(f"""
        CREATE POLICY who_acted_is_told_to_those_concerned ON audit_log.search_entries FOR SELECT
        USING (CASE {CLEARANCE}
               WHEN 'system' THEN true
               WHEN 'auditor' THEN true
               WHEN 'regulator' THEN (SELECT catalog.supervises(NULL)) OR {_ITS_OWN}
               WHEN 'administrator' THEN {_IS_SECURITY} OR {_ITS_OWN}
               WHEN 'staff' THEN {_ITS_OWN}
               ELSE {_OF_ITS_PARTY} END)""")
    op.execute(f"""
        CREATE POLICY entries_are_indexed_by_the_job ON audit_log.search_entries FOR INSERT
        WITH CHECK ({CLEARANCE} = 'system')""")
    op.execute("""
        GRANT SELECT ON audit_log.search_entries, audit_log.search_subjects, audit_log.search_state
        TO market_api""")
    op.execute("""
        GRANT SELECT, INSERT ON audit_log.search_entries, audit_log.search_subjects
        TO market_sequencer""")
    op.execute("GRANT SELECT, UPDATE ON audit_log.search_state TO market_sequencer")
    # What the index is made of, and neither payload nor salt.
    op.execute("""
        GRANT SELECT (entry_id, at, event, subjects, actor_account_id, actor_party_id)
        ON audit_log.payloads TO market_sequencer""")


def _subjects() -> None:
    op.execute("""
        CREATE FUNCTION audit_log.subject_key(subject text) RETURNS uuid
        LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
        encode(substr(sha256(convert_to(subject, 'UTF8')), 1, 16), 'hex')::uuid""")
    # Whether a thing is the acting one's to look at: its own party's, or a case that it may open.
    # Row-level security of each table has its say first.
    op.execute(f"""
        CREATE FUNCTION audit_log.opens_subject(kind text, id text) RETURNS boolean
        LANGUAGE plpgsql STABLE AS $$
        DECLARE
            acting uuid := catalog.acting_party();
            in_house boolean := {CLEARANCE} IN ('staff', 'regulator');
            thing uuid;
        BEGIN
            IF {CLEARANCE} IN ('system', 'auditor') THEN RETURN true; END IF;
            IF kind IN ('party', 'buyer', 'supplier') THEN RETURN id = acting::text; END IF;
            IF kind = 'certificate' THEN
                RETURN EXISTS (
                    SELECT 1 FROM catalog.certificates c
                      LEFT JOIN catalog.applications a ON a.id = c.application_id
                     WHERE c.number = opens_subject.id
                       AND (c.registrant_party_id = acting
                            OR (in_house
                                AND catalog.opens_case(c.application_id, a.operator_party_id))));
            END IF;
            IF kind = 'key' THEN
                RETURN EXISTS (SELECT 1 FROM signing.keys k
                                WHERE k.key_id = opens_subject.id AND k.holder_party_id = acting);
            END IF;
            IF id !~ '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$' THEN RETURN false; END IF;
            thing := id::uuid;
            RETURN CASE kind
            WHEN 'account' THEN EXISTS (
                SELECT 1 FROM market.accounts x WHERE x.id = thing AND x.party_id = acting)
            WHEN 'application' THEN EXISTS (
                SELECT 1 FROM catalog.applications x
                 WHERE x.id = thing
                   AND (acting IN (x.applicant_party_id, x.agency_party_id)
                        OR acting = ANY (x.owner_party_ids)
                        OR (in_house AND catalog.opens_case(x.id, x.operator_party_id))))
            WHEN 'change' THEN EXISTS (
                SELECT 1 FROM catalog.changes x
                 WHERE x.id = thing
                   AND (acting IN (x.registrant_party_id, x.agency_party_id)
                        OR (in_house AND catalog.opens_case(x.id, x.operator_party_id))))
            WHEN 'objection' THEN EXISTS (
                SELECT 1 FROM catalog.objections x
                  LEFT JOIN catalog.applications a ON a.id = x.application_id
                 WHERE x.id = thing
                   AND (acting IN (x.objector_party_id, x.registrant_party_id)
                        OR (in_house
                            AND (catalog.opens_case(x.id, a.operator_party_id)
                                 OR catalog.opens_case(x.application_id, a.operator_party_id)))))
            WHEN 'instrument' THEN EXISTS (
                SELECT 1 FROM catalog.legal_instruments x
                  LEFT JOIN catalog.applications a ON a.id = x.application_id
                 WHERE x.id = thing
                   AND (acting IN (x.lodged_by_party_id, x.new_holder_party_id,
                                   x.registrant_party_id)
                        OR (in_house
                            AND (catalog.opens_case(x.id, a.operator_party_id)
                                 OR catalog.opens_case(x.application_id, a.operator_party_id)))))
            WHEN 'notice' THEN EXISTS (
                SELECT 1 FROM catalog.notices x
                  LEFT JOIN catalog.applications a ON a.id = x.application_id
                 WHERE x.id = thing
                   AND (x.registrant_party_id = acting
                        OR (in_house
                            AND catalog.opens_case(x.application_id, a.operator_party_id))))
            WHEN 'spot_check' THEN in_house AND EXISTS (
                SELECT 1 FROM market.spot_checks x WHERE x.id = thing)
            WHEN 'file' THEN EXISTS (
                SELECT 1 FROM catalog.files x
                 WHERE x.id = thing AND (in_house OR x.owner_party_id = acting))
            WHEN 'agency_bid' THEN EXISTS (
                SELECT 1 FROM catalog.agency_bids x
                 WHERE x.id = thing AND (in_house OR x.agency_party_id = acting))
            WHEN 'product' THEN EXISTS (
                SELECT 1 FROM catalog.products x
                 WHERE x.id = thing AND (in_house OR x.supplier_party_id = acting))
            WHEN 'listing' THEN EXISTS (
                SELECT 1 FROM market.listings x
                 WHERE x.id = thing AND (in_house OR x.supplier_party_id = acting))
            WHEN 'filing' THEN EXISTS (
                SELECT 1 FROM market.pricing_filings x
                 WHERE x.id = thing AND (in_house OR x.supplier_party_id = acting))
            WHEN 'order' THEN EXISTS (
                SELECT 1 FROM market.orders x
                 WHERE x.id = thing
                   AND (in_house OR acting IN (x.buyer_party_id, x.supplier_party_id)))
            WHEN 'grant' THEN EXISTS (
                SELECT 1 FROM market.grants x
                 WHERE x.id = thing
                   AND (in_house OR acting IN (x.buyer_party_id, x.supplier_party_id)))
            WHEN 'notification' THEN EXISTS (
                SELECT 1 FROM catalog.notifications x
                 WHERE x.id = thing AND x.owner_party_id = acting)
            WHEN 'authorisation_letter' THEN EXISTS (
                SELECT 1 FROM catalog.authorisation_letters x
                 WHERE x.id = thing AND acting IN (x.principal_party_id, x.agent_party_id))
            ELSE false END;
        END $$""")
    op.execute("""
        CREATE FUNCTION audit_log.opens_cases(subjects text[]) RETURNS boolean
        LANGUAGE sql STABLE AS
        $$ SELECT coalesce(bool_and(audit_log.opens_subject(split_part(s.key, ':', 1),
                                                            substr(s.key, strpos(s.key, ':') + 1))),
                           true)
             FROM unnest(subjects) AS s (key)
            WHERE split_part(s.key, ':', 1) IN
                  ('application', 'change', 'objection', 'instrument', 'spot_check',
                   'agency_bid') $$""")


def _payloads() -> None:
    op.execute("DROP POLICY payloads_are_read_by_those_concerned ON audit_log.payloads")
    op.execute(f"""
        CREATE POLICY payloads_are_read_by_those_concerned ON audit_log.payloads FOR SELECT
        USING ({_OF_ITS_PARTY}
               OR {CLEARANCE} IN ('staff', 'system', 'auditor')
               OR ({CLEARANCE} = 'regulator' AND catalog.supervises(NULL))
               OR ({CLEARANCE} = 'administrator' AND {_IS_SECURITY}))""")
    # What a search tells of a payload: its reader's own acts, and none of a case that is closed to it.
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


def downgrade() -> None:
    op.execute("DROP VIEW audit_log.open_payloads")
    op.execute("DROP POLICY payloads_are_read_by_those_concerned ON audit_log.payloads")
    op.execute(f"""
        CREATE POLICY payloads_are_read_by_those_concerned ON audit_log.payloads FOR SELECT
        USING ({_OF_ITS_PARTY}
               OR {CLEARANCE} IN ('staff', 'system', 'auditor')
               OR ({CLEARANCE} = 'regulator' AND catalog.supervises(NULL)))""")
    op.execute("""
        REVOKE SELECT (entry_id, at, event, subjects, actor_account_id, actor_party_id)
        ON audit_log.payloads FROM market_sequencer""")
    op.execute("DROP FUNCTION audit_log.opens_cases(text[])")
    op.execute("DROP FUNCTION audit_log.opens_subject(text, text)")
    op.execute("DROP FUNCTION audit_log.subject_key(text)")
    for table in ("search_state", "search_subjects", "search_entries"):
        op.execute(f"DROP TABLE audit_log.{table}")
