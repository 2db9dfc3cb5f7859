"""Make evaluations of agencies: what is due at the end of a contract, signed, filed, acknowledged."""

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE catalog.agency_contracts
            ADD COLUMN evaluated_at timestamptz,
            ADD COLUMN evaluation_points integer,
            ADD CONSTRAINT evaluation_has_its_points CHECK (
                (evaluated_at IS NULL) = (evaluation_points IS NULL)
                AND evaluation_points BETWEEN 0 AND 100)""")
    op.execute("""
        CREATE TABLE catalog.agency_evaluations (
            id uuid PRIMARY KEY,
            contract_id uuid NOT NULL REFERENCES catalog.agency_contracts (id)
                CONSTRAINT a_contract_is_evaluated_once UNIQUE,
            operator_party_id uuid NOT NULL,
            agency_party_id uuid NOT NULL,
            rulebook text NOT NULL,
            state text NOT NULL CONSTRAINT agency_evaluations_state_known CHECK (state IN (
                'due', 'evaluated', 'filed', 'acknowledged')),
            opened_at timestamptz NOT NULL,
            document bytea,
            sha256 text CONSTRAINT agency_evaluation_sha256_is_hex CHECK (
                sha256 ~ '^[0-9a-f]{64}$'),
            key_id text,
            signature bytea,
            evaluated_by uuid,
            evaluated_at timestamptz,
            filed_at timestamptz,
            filing_number text,
            acknowledged_by uuid,
            acknowledged_at timestamptz,
            CONSTRAINT evaluation_is_signed_whole CHECK (
                (state = 'due') = (document IS NULL)
                AND num_nulls(document, sha256, key_id, signature, evaluated_at) IN (0, 5)),
            CONSTRAINT filed_evaluation_says_when CHECK (
                (state IN ('filed', 'acknowledged')) = (filed_at IS NOT NULL)),
            CONSTRAINT acknowledged_filing_has_its_number CHECK (
                (state = 'acknowledged') = (acknowledged_at IS NOT NULL)
                AND (state = 'acknowledged') = (filing_number IS NOT NULL))
        )""")
    op.execute("ALTER TABLE catalog.agency_evaluations ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.agency_evaluations FORCE ROW LEVEL SECURITY")
    # An agency sees its own once it is filed; before, it is the operator's draft.
    op.execute("""
        CREATE POLICY agency_evaluations_of_those_concerned ON catalog.agency_evaluations
        USING (catalog.sees_all()
               OR (agency_party_id = catalog.acting_party() AND filed_at IS NOT NULL))
        WITH CHECK (catalog.sees_all())""")
    # What was signed stays as it was signed.
    op.execute("""
        CREATE FUNCTION catalog.keep_agency_evaluation() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF OLD.document IS NOT NULL AND (NEW.document, NEW.sha256, NEW.key_id, NEW.signature)
               IS DISTINCT FROM (OLD.document, OLD.sha256, OLD.key_id, OLD.signature) THEN
                RAISE EXCEPTION 'a signed evaluation is never altered'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER agency_evaluations_are_kept BEFORE UPDATE ON catalog.agency_evaluations
        FOR EACH ROW EXECUTE FUNCTION catalog.keep_agency_evaluation()""")
    op.execute("GRANT SELECT, INSERT ON catalog.agency_evaluations TO market_api")
    op.execute("""
        GRANT UPDATE (state, document, sha256, key_id, signature, evaluated_by, evaluated_at,
                      filed_at, filing_number, acknowledged_by, acknowledged_at)
            ON catalog.agency_evaluations TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE catalog.agency_evaluations")
    op.execute("DROP FUNCTION catalog.keep_agency_evaluation()")
    op.execute("""
        ALTER TABLE catalog.agency_contracts
            DROP COLUMN evaluated_at, DROP COLUMN evaluation_points""")
