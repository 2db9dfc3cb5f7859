"""Let agents act under letters of authorisation, and joint owners consent."""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

PARTIES = """(catalog.sees_all() OR principal_party_id = catalog.acting_party()
              OR agent_party_id = catalog.acting_party())"""


def upgrade() -> None:
    _letters()
    _scope()
    _owners()
    _consents()


def _letters() -> None:
    op.execute("""
        CREATE TABLE catalog.authorisation_letters (
            id uuid PRIMARY KEY,
            principal_party_id uuid NOT NULL,
            agent_party_id uuid NOT NULL,
            powers jsonb NOT NULL
                CONSTRAINT letter_lets_something_be_done CHECK (jsonb_array_length(powers) > 0),
            product_id uuid REFERENCES catalog.products (id),
            valid_from date NOT NULL,
            valid_to date NOT NULL,
            file_id uuid NOT NULL REFERENCES catalog.files (id),
            sha256 text NOT NULL
                CONSTRAINT letter_sha256_is_hex CHECK (sha256 ~ '^[0-9a-f]{64}$'),
            granted_by uuid,
            granted_at timestamptz NOT NULL,
            revoked_at timestamptz,
            revoked_by uuid,
            revocation_reason text,
            CONSTRAINT letter_is_to_somebody_else CHECK (principal_party_id <> agent_party_id),
            CONSTRAINT letter_ends_after_it_begins CHECK (valid_to >= valid_from),
            CONSTRAINT letter_is_revoked_with_a_reason CHECK (
                (revoked_at IS NOT NULL) = (coalesce(revocation_reason, '') <> ''))
        )""")
    op.execute("""
        CREATE INDEX authorisation_letters_by_principal
            ON catalog.authorisation_letters (principal_party_id, agent_party_id, id)""")
    op.execute("""
        CREATE INDEX authorisation_letters_by_agent
            ON catalog.authorisation_letters (agent_party_id, id)""")
    op.execute("ALTER TABLE catalog.authorisation_letters ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.authorisation_letters FORCE ROW LEVEL SECURITY")
    op.execute(f"""
        CREATE POLICY letters_of_their_parties ON catalog.authorisation_letters
        USING {PARTIES} WITH CHECK {PARTIES}""")
    op.execute("GRANT SELECT, INSERT ON catalog.authorisation_letters TO market_api")
    op.execute("""
        GRANT UPDATE (revoked_at, revoked_by, revocation_reason)
           ON catalog.authorisation_letters TO market_api""")
    # A letter says what it said; it can only be revoked, once.
    op.execute("""
        CREATE FUNCTION catalog.keep_letter() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF OLD.revoked_at IS NOT NULL
               OR (to_jsonb(NEW) - '{revoked_at,revoked_by,revocation_reason}'::text[])
                  IS DISTINCT FROM
                  (to_jsonb(OLD) - '{revoked_at,revoked_by,revocation_reason}'::text[]) THEN
                RAISE EXCEPTION 'a letter is only revoked, and once'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER letters_are_only_revoked BEFORE UPDATE ON catalog.authorisation_letters
        FOR EACH ROW EXECUTE FUNCTION catalog.keep_letter()""")
    op.execute("""
        CREATE TRIGGER letters_are_never_removed BEFORE DELETE ON catalog.authorisation_letters
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER letters_are_never_emptied BEFORE TRUNCATE ON catalog.authorisation_letters
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def _scope() -> None:
    # An agent sees, as its principal does, what its letters are for; and nothing as itself.
    op.execute("""
        CREATE FUNCTION catalog.acts_on(product uuid) RETURNS boolean LANGUAGE sql STABLE AS
        $$ SELECT coalesce(current_setting('app.products', true), '') = ''
                  OR catalog.sees_all()
                  OR product = ANY (nullif(current_setting('app.products', true), '')::uuid[]) $$""")
    for table in ("applications", "changes", "objections"):
        op.execute(f"""
            CREATE POLICY {table}_that_one_acts_in ON catalog.{table} AS RESTRICTIVE
            USING (catalog.acts_on(product_id)) WITH CHECK (catalog.acts_on(product_id))""")


def _owners() -> None:
    # Joint owners see the case in which they are named (HN-08(7), HN-28).
    op.execute("SELECT set_config('app.clearance', 'system', true)")
    op.execute("""
        ALTER TABLE catalog.applications ADD COLUMN owner_party_ids uuid[] NOT NULL DEFAULT '{}'""")
    op.execute("""
        UPDATE catalog.applications SET owner_party_ids = ARRAY(
            SELECT (o->>'party_id')::uuid FROM jsonb_array_elements(form->'owners') o)
         WHERE form ? 'owners'""")
    op.execute("""
        CREATE INDEX applications_by_owner ON catalog.applications USING gin (owner_party_ids)""")
    _seen_by("applications", "applicant_party_id", " OR catalog.acting_party() = ANY (owner_party_ids)")
    _seen_by("changes", "registrant_party_id", "")


def _consents() -> None:
    op.execute("""
        CREATE TABLE catalog.application_consents (
            id uuid PRIMARY KEY,
            application_id uuid NOT NULL REFERENCES catalog.applications (id),
            owner_party_id uuid NOT NULL,
            basis text NOT NULL CONSTRAINT consent_basis_known CHECK (basis IN (
                'own_account','signed_document','authorisation_letter')),
            content_sha256 text NOT NULL
                CONSTRAINT consented_sha256_is_hex CHECK (content_sha256 ~ '^[0-9a-f]{64}$'),
            file_id uuid REFERENCES catalog.files (id),
            file_sha256 text,
            given_by uuid,
            given_at timestamptz NOT NULL,
            withdrawn_at timestamptz,
            withdrawn_by uuid,
            withdrawal_reason text,
            CONSTRAINT consent_on_paper_has_its_paper CHECK (
                (basis = 'own_account') = (file_id IS NULL)
                AND (file_id IS NULL) = (file_sha256 IS NULL)),
            CONSTRAINT consent_is_withdrawn_with_a_reason CHECK (
                (withdrawn_at IS NOT NULL) = (coalesce(withdrawal_reason, '') <> ''))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_consent_per_owner_and_content
            ON catalog.application_consents (application_id, owner_party_id, content_sha256)
         WHERE withdrawn_at IS NULL""")
    op.execute("ALTER TABLE catalog.application_consents ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.application_consents FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY consents_of_their_application ON catalog.application_consents
        USING (EXISTS (SELECT 1 FROM catalog.applications a WHERE a.id = application_id))""")
    op.execute("GRANT SELECT, INSERT ON catalog.application_consents TO market_api")
    op.execute("""
        GRANT UPDATE (withdrawn_at, withdrawn_by, withdrawal_reason)
           ON catalog.application_consents TO market_api""")
    # A consent says what it said; it can only be taken back, once.
    op.execute("""
        CREATE FUNCTION catalog.keep_consent() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF OLD.withdrawn_at IS NOT NULL
               OR (to_jsonb(NEW) - '{withdrawn_at,withdrawn_by,withdrawal_reason}'::text[])
                  IS DISTINCT FROM
                  (to_jsonb(OLD) - '{withdrawn_at,withdrawn_by,withdrawal_reason}'::text[]) THEN
                RAISE EXCEPTION 'a consent is only withdrawn, and once'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER consents_are_only_withdrawn BEFORE UPDATE ON catalog.application_consents
        FOR EACH ROW EXECUTE FUNCTION catalog.keep_consent()""")
    op.execute("""
        CREATE TRIGGER consents_are_never_removed BEFORE DELETE ON catalog.application_consents
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER consents_are_never_emptied BEFORE TRUNCATE ON catalog.application_consents
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def _seen_by(table: str, own: str, others: str) -> None:
    seen = f"""(catalog.sees_all() OR {own} = catalog.acting_party()
                OR agency_party_id = catalog.acting_party(){others})"""
    op.execute(f"DROP POLICY {table}_of_their_parties ON catalog.{table}")
    op.execute(f"""
        CREATE POLICY {table}_of_their_parties ON catalog.{table}
        USING {seen} WITH CHECK {seen}""")


def downgrade() -> None:
    op.execute("DROP TABLE catalog.application_consents")
    op.execute("DROP FUNCTION catalog.keep_consent()")
    _seen_by("changes", "registrant_party_id", " OR agent_party_id = catalog.acting_party()")
    _seen_by("applications", "applicant_party_id", " OR agent_party_id = catalog.acting_party()")
    op.execute("ALTER TABLE catalog.applications DROP COLUMN owner_party_ids")
    for table in ("applications", "changes", "objections"):
        op.execute(f"DROP POLICY {table}_that_one_acts_in ON catalog.{table}")
    op.execute("DROP FUNCTION catalog.acts_on(uuid)")
    op.execute("DROP TABLE catalog.authorisation_letters")
    op.execute("DROP FUNCTION catalog.keep_letter()")
