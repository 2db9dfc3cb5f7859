"""Keep which agency was given a case, what it declared, when it answered; and misconduct."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE catalog.agency_assignments (
            id uuid PRIMARY KEY,
            case_kind text NOT NULL CONSTRAINT assigned_case_kind_known CHECK (
                case_kind IN ('application', 'change')),
            case_id uuid NOT NULL,
            agency_party_id uuid NOT NULL,
            contract_id uuid NOT NULL REFERENCES catalog.agency_contracts (id),
            method text NOT NULL CONSTRAINT assignment_method_known CHECK (
                method IN ('random', 'in_turn', 'named')),
            reason text NOT NULL,
            assigned_at timestamptz NOT NULL,
            declared_at timestamptz,
            declared_by uuid,
            declaration text,
            opined_at timestamptz,
            ended_at timestamptz,
            ending text CONSTRAINT assignment_ending_known CHECK (
                ending IN ('conflict', 'replaced', 'suspended', 'closed')),
            CONSTRAINT who_names_an_agency_says_why CHECK (method <> 'named' OR reason <> ''),
            CONSTRAINT declaration_says_something CHECK (
                (declared_at IS NULL) = (declaration IS NULL)),
            CONSTRAINT opinion_comes_after_the_declaration CHECK (
                opined_at IS NULL OR declared_at IS NOT NULL),
            CONSTRAINT assignment_ends_for_a_reason CHECK ((ended_at IS NULL) = (ending IS NULL))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX a_case_is_one_agencys
            ON catalog.agency_assignments (case_kind, case_id) WHERE ended_at IS NULL""")
    op.execute("""
        CREATE INDEX agency_assignments_by_case
            ON catalog.agency_assignments (case_kind, case_id, id)""")
    op.execute("""
        CREATE INDEX agency_assignments_by_contract
            ON catalog.agency_assignments (contract_id, id)""")
    op.execute("""
        CREATE INDEX agency_assignments_by_agency
            ON catalog.agency_assignments (agency_party_id, assigned_at)""")
    _fence("agency_assignments")
    op.execute("GRANT SELECT, INSERT ON catalog.agency_assignments TO market_api")
    op.execute("""
        GRANT UPDATE (declared_at, declared_by, declaration, opined_at, ended_at, ending)
            ON catalog.agency_assignments TO market_api""")
    # Cases that are under review on this day go on where they are.
    for table, kind in (("applications", "application"), ("changes", "change")):
        op.execute(f"""
            INSERT INTO catalog.agency_assignments (
                id, case_kind, case_id, agency_party_id, contract_id, method, reason, assigned_at)
            SELECT gen_random_uuid(), '{kind}', id, agency_party_id, agency_contract_id, 'named',
                   'given before assignments were kept', updated_at
              FROM catalog.{table}
             WHERE state = 'under_review' AND agency_party_id IS NOT NULL""")

    op.execute("""
        CREATE TABLE catalog.agency_misconducts (
            id uuid PRIMARY KEY,
            contract_id uuid NOT NULL REFERENCES catalog.agency_contracts (id),
            agency_party_id uuid NOT NULL,
            misconduct text NOT NULL CONSTRAINT recorded_misconduct_known CHECK (misconduct IN (
                'false_record', 'misleading_statement', 'information_leak', 'other_violation')),
            facts text NOT NULL CONSTRAINT misconduct_tells_facts CHECK (facts <> ''),
            measure text NOT NULL CONSTRAINT misconduct_measure_known CHECK (
                measure IN ('flag', 'suspend')),
            recorded_by_party uuid NOT NULL,
            recorded_by uuid,
            recorded_at timestamptz NOT NULL
        )""")
    op.execute("""
        CREATE INDEX agency_misconducts_by_contract
            ON catalog.agency_misconducts (contract_id, id)""")
    op.execute("""
        CREATE TRIGGER agency_misconducts_are_never_changed
        BEFORE UPDATE OR DELETE ON catalog.agency_misconducts
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER agency_misconducts_are_never_emptied
        BEFORE TRUNCATE ON catalog.agency_misconducts
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    _fence("agency_misconducts")
    op.execute("GRANT SELECT, INSERT ON catalog.agency_misconducts TO market_api")
    op.execute("""
        INSERT INTO catalog.agency_misconducts (
            id, contract_id, agency_party_id, misconduct, facts, measure, recorded_by_party,
            recorded_at)
        SELECT gen_random_uuid(), id, agency_party_id, misconduct, suspension_reason, 'suspend',
               operator_party_id, suspended_at
          FROM catalog.agency_contracts
         WHERE state = 'suspended'""")


def _fence(table: str) -> None:
    op.execute(f"ALTER TABLE catalog.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE catalog.{table} FORCE ROW LEVEL SECURITY")
    op.execute(f"""
        CREATE POLICY {table}_of_those_concerned ON catalog.{table}
        USING (catalog.sees_all() OR agency_party_id = catalog.acting_party())
        WITH CHECK (catalog.sees_all() OR agency_party_id = catalog.acting_party())""")


def downgrade() -> None:
    op.execute("DROP TABLE catalog.agency_misconducts")
    op.execute("DROP TABLE catalog.agency_assignments")
