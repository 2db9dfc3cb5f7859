"""Keep write-offs of usage debts that two people make (坏账核销)."""

from alembic import op

revision = "0174"
down_revision = "0173"
branch_labels = None
depends_on = None

LIMIT = 5_000_000
GROUNDS = (
    "'bankrupt', 'deregistered', 'enforcement_ended', 'dead_or_missing', 'overdue_three_years',"
    " 'small_and_overdue'"
)


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE settlement.write_offs (
            id uuid PRIMARY KEY,
            number bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT write_off_numbered_once UNIQUE,
            state text NOT NULL CONSTRAINT write_off_state_known CHECK (state IN (
                'proposed', 'written_off', 'rejected', 'withdrawn')),
            order_id uuid NOT NULL
                CONSTRAINT write_off_of_an_account REFERENCES settlement.usage_accounts (order_id),
            amount_fen bigint NOT NULL CONSTRAINT write_off_within_its_limit
                CHECK (amount_fen BETWEEN 1 AND {LIMIT}),
            ground text NOT NULL CONSTRAINT write_off_ground_known CHECK (ground IN ({GROUNDS})),
            evidence text NOT NULL CONSTRAINT write_off_names_its_evidence
                CHECK (length(btrim(evidence)) BETWEEN 1 AND 1000),
            proposed_at timestamptz NOT NULL,
            proposed_by uuid,
            proposed_by_name text NOT NULL,
            decided_at timestamptz,
            decided_by uuid,
            decided_by_name text,
            decision_reason text,
            entry_key uuid CONSTRAINT write_off_entry_used_once UNIQUE
                CONSTRAINT write_off_by_an_entry_of_ours REFERENCES settlement.journal (key),
            CONSTRAINT write_off_decided_by_two CHECK (
                decided_at IS NULL OR decided_by IS DISTINCT FROM proposed_by),
            CONSTRAINT write_off_decided_by_somebody CHECK (
                (state IN ('written_off', 'rejected')) = (decided_at IS NOT NULL)
                AND (decided_at IS NULL OR decided_by_name IS NOT NULL)),
            CONSTRAINT write_off_posted_by_an_entry CHECK (
                (state = 'written_off') = (entry_key IS NOT NULL)),
            CONSTRAINT write_off_rejected_with_a_reason CHECK (
                (state = 'rejected') = (coalesce(btrim(decision_reason), '') <> ''))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX write_off_one_per_debt ON settlement.write_offs (order_id)
        WHERE state IN ('proposed', 'written_off')""")
    op.execute("ALTER TABLE settlement.write_offs ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlement.write_offs FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY write_offs_of_the_house ON settlement.write_offs
        USING (catalog.sees_all()) WITH CHECK (catalog.sees_all())""")
    op.execute("""
        CREATE TRIGGER write_offs_are_kept BEFORE DELETE OR TRUNCATE ON settlement.write_offs
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE FUNCTION settlement.keep_written_off() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog AS
        $$ BEGIN
            IF OLD.state <> 'proposed' THEN
                RAISE EXCEPTION 'write-off % was decided', OLD.number
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'decided_write_off_stays';
            END IF;
            IF (NEW.order_id, NEW.amount_fen, NEW.ground, NEW.evidence, NEW.proposed_by)
               IS DISTINCT FROM
               (OLD.order_id, OLD.amount_fen, OLD.ground, OLD.evidence, OLD.proposed_by) THEN
                RAISE EXCEPTION 'what was proposed in write-off % stays', OLD.number
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'proposed_write_off_stays';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER write_offs_stay_as_decided BEFORE UPDATE ON settlement.write_offs
        FOR EACH ROW EXECUTE FUNCTION settlement.keep_written_off()""")
    op.execute("GRANT SELECT, INSERT ON settlement.write_offs TO market_api")
    op.execute("""
        GRANT UPDATE (state, decided_at, decided_by, decided_by_name, decision_reason, entry_key)
           ON settlement.write_offs TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE settlement.write_offs")
    op.execute("DROP FUNCTION settlement.keep_written_off()")
