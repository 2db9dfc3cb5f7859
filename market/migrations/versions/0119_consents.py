"""Keep whom persons allowed what with their data, what that comes to, and what shows no person."""

from alembic import op

revision = "0119"
down_revision = "0118"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _consents()
    _grounds()
    _anonymisations()


def _consents() -> None:
    op.execute("""
        CREATE TABLE market.consents (
            id uuid PRIMARY KEY,
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            holder_party_id uuid NOT NULL REFERENCES market.parties (id),
            recipient_party_id uuid NOT NULL,
            person_ref text NOT NULL CONSTRAINT person_is_a_keyed_hash CHECK (
                person_ref ~ '^[0-9a-f]{64}$'),
            scenario text NOT NULL CONSTRAINT consent_for_one_scenario CHECK (scenario <> ''),
            purpose text NOT NULL,
            data_categories text[] NOT NULL,
            recipient jsonb NOT NULL,
            method text NOT NULL,
            term_from date NOT NULL,
            term_to date NOT NULL,
            separate boolean NOT NULL,
            sensitive boolean NOT NULL,
            presented_policy_version text NOT NULL,
            evidence_sha256 text NOT NULL,
            secret_sha256 bytea NOT NULL CONSTRAINT consent_secret_is_one UNIQUE,
            state text NOT NULL CONSTRAINT consent_state_known CHECK (
                state IN ('standing', 'withdrawn', 'expired')),
            granted_at timestamptz NOT NULL,
            withdrawn_at timestamptz,
            CONSTRAINT consent_has_an_end CHECK (term_to >= term_from),
            CONSTRAINT consent_separate_where_it_has_to_be CHECK (
                separate OR (NOT sensitive AND recipient_party_id = holder_party_id)),
            CONSTRAINT consent_withdrawn_at_some_time CHECK (
                (state = 'withdrawn') = (withdrawn_at IS NOT NULL))
        )""")
    op.execute("CREATE INDEX consents_by_product ON market.consents (product_id, id)")
    op.execute("CREATE INDEX consents_of_person ON market.consents (holder_party_id, person_ref)")
    op.execute("""
        CREATE INDEX consents_standing
            ON market.consents (product_id, scenario, recipient_party_id, term_to)
         WHERE state = 'standing'""")
    op.execute("CREATE INDEX consents_due ON market.consents (term_to) WHERE state = 'standing'")
    op.execute("ALTER TABLE market.consents ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.consents FORCE ROW LEVEL SECURITY")
    # The recipient uses the data; whose they are it is not told.
    op.execute("""
        CREATE POLICY consents_of_their_holder ON market.consents
        USING (catalog.sees_all() OR holder_party_id = catalog.acting_party())""")
    _guarded("consents")
    op.execute("GRANT SELECT, INSERT ON market.consents TO market_api")
    op.execute("GRANT UPDATE (state, withdrawn_at) ON market.consents TO market_api")


def _grounds() -> None:
    op.execute("""
        CREATE TABLE market.consent_grounds (
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            scenario text NOT NULL,
            recipient_party_id uuid NOT NULL,
            standing integer NOT NULL CONSTRAINT standing_none_or_more CHECK (standing >= 0),
            begins_on date,
            ends_on date,
            stopped_through_version integer NOT NULL,
            PRIMARY KEY (product_id, scenario, recipient_party_id)
        )""")
    _guarded("consent_grounds")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.consent_grounds TO market_api")


def _anonymisations() -> None:
    op.execute("""
        CREATE TABLE market.anonymisations (
            id uuid PRIMARY KEY,
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            product_version integer NOT NULL,
            supplier_party_id uuid NOT NULL REFERENCES market.parties (id),
            agency_party_id uuid NOT NULL REFERENCES market.parties (id),
            said jsonb NOT NULL,
            state text NOT NULL CONSTRAINT anonymisation_state_known CHECK (
                state IN ('submitted', 'accepted', 'refused', 'withdrawn')),
            submitted_at timestamptz NOT NULL,
            version integer NOT NULL,
            valid_to date,
            decided_at timestamptz,
            reason text,
            CONSTRAINT anonymisation_accepted_until_a_day CHECK (
                (state = 'accepted') = (valid_to IS NOT NULL)),
            CONSTRAINT anonymisation_accepted_by_another CHECK (
                agency_party_id <> supplier_party_id)
        )""")
    op.execute("CREATE INDEX anonymisations_by_product ON market.anonymisations (product_id, id)")
    op.execute("ALTER TABLE market.anonymisations ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.anonymisations FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY anonymisations_of_supplier_and_agency ON market.anonymisations
        USING (catalog.sees_all()
               OR catalog.acting_party() IN (supplier_party_id, agency_party_id))""")
    _guarded("anonymisations")
    op.execute("GRANT SELECT, INSERT ON market.anonymisations TO market_api")
    op.execute("""
        GRANT UPDATE (state, version, valid_to, decided_at, reason)
        ON market.anonymisations TO market_api""")
    op.execute("""
        CREATE TABLE market.anonymised_versions (
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            product_version integer NOT NULL,
            valid_to date,
            PRIMARY KEY (product_id, product_version)
        )""")
    _guarded("anonymised_versions")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.anonymised_versions TO market_api")


def _guarded(table: str) -> None:
    op.execute(f"""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.{table} DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")


def downgrade() -> None:
    for table in ("anonymised_versions", "anonymisations", "consent_grounds", "consents"):
        op.execute(f"DROP TABLE market.{table}")
