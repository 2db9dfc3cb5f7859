"""Keep corrections of the books that two people make (调账)."""

from alembic import op

revision = "0157"
down_revision = "0156"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15
ADJUSTABLE = (
    "payable|department_payable|platform_fee|treasury_non_tax|tax_payable|buyer_account|retention"
    "|suspense|channel_fee|platform_loss"
)


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE settlement.adjustments (
            id uuid PRIMARY KEY,
            number bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT adjustment_numbered_once UNIQUE,
            state text NOT NULL CONSTRAINT adjustment_state_known CHECK (state IN (
                'proposed', 'posted', 'rejected', 'withdrawn')),
            book text NOT NULL
                CONSTRAINT adjustment_book_is_known CHECK (book IN ('market', 'public_data')),
            source text NOT NULL CONSTRAINT adjustment_source_is_adjustable
                CHECK (source ~ '^({ADJUSTABLE})/.'),
            target text NOT NULL CONSTRAINT adjustment_target_is_adjustable
                CHECK (target ~ '^({ADJUSTABLE})/.'),
            amount_fen bigint NOT NULL
                CONSTRAINT adjustment_amount_in_range CHECK (amount_fen BETWEEN 1 AND {MONEY_MAX}),
            value_on date NOT NULL,
            adjusts date CONSTRAINT adjustment_adjusts_an_earlier_month
                CHECK (extract(day FROM adjusts) = 1 AND adjusts < date_trunc('month', value_on)),
            reason text NOT NULL
                CONSTRAINT adjustment_says_why CHECK (length(btrim(reason)) BETWEEN 1 AND 1000),
            evidence text NOT NULL CONSTRAINT adjustment_names_its_evidence
                CHECK (length(btrim(evidence)) BETWEEN 1 AND 1000),
            evidence_file_id uuid,
            evidence_sha256 text CONSTRAINT adjustment_evidence_is_digested
                CHECK (evidence_sha256 ~ '^[0-9a-f]{{64}}$'),
            proposed_at timestamptz NOT NULL,
            proposed_by uuid,
            proposed_by_name text NOT NULL,
            decided_at timestamptz,
            decided_by uuid,
            decided_by_name text,
            decision_reason text,
            entry_key uuid CONSTRAINT adjustment_entry_used_once UNIQUE
                REFERENCES settlement.journal (key),
            CONSTRAINT adjustment_between_two_accounts CHECK (source <> target),
            CONSTRAINT adjustment_evidence_with_its_digest CHECK (
                (evidence_file_id IS NULL) = (evidence_sha256 IS NULL)),
            CONSTRAINT adjustment_decided_by_two CHECK (
                decided_at IS NULL OR decided_by IS DISTINCT FROM proposed_by),
            CONSTRAINT adjustment_decided_by_somebody CHECK (
                (state IN ('posted', 'rejected')) = (decided_at IS NOT NULL)
                AND (decided_at IS NULL OR decided_by_name IS NOT NULL)),
            CONSTRAINT adjustment_posted_by_an_entry CHECK (
                (state = 'posted') = (entry_key IS NOT NULL)),
            CONSTRAINT adjustment_rejected_with_a_reason CHECK (
                (state = 'rejected') = (coalesce(btrim(decision_reason), '') <> ''))
        )""")
    op.execute("ALTER TABLE settlement.adjustments ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlement.adjustments FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY adjustments_of_the_house ON settlement.adjustments
        USING (catalog.sees_all()) WITH CHECK (catalog.sees_all())""")
    op.execute("""
        CREATE TRIGGER adjustments_are_kept BEFORE DELETE OR TRUNCATE ON settlement.adjustments
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE FUNCTION settlement.keep_adjusted() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF OLD.state <> 'proposed' THEN
                RAISE EXCEPTION 'adjustment % was decided', OLD.number
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'decided_adjustment_stays';
            END IF;
            IF (NEW.book, NEW.source, NEW.target, NEW.amount_fen, NEW.value_on, NEW.adjusts,
                NEW.proposed_by) IS DISTINCT FROM
               (OLD.book, OLD.source, OLD.target, OLD.amount_fen, OLD.value_on, OLD.adjusts,
                OLD.proposed_by) THEN
                RAISE EXCEPTION 'what was proposed in adjustment % stays', OLD.number
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'proposed_adjustment_stays';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER adjustments_stay_as_decided BEFORE UPDATE ON settlement.adjustments
        FOR EACH ROW EXECUTE FUNCTION settlement.keep_adjusted()""")
    op.execute("GRANT SELECT, INSERT ON settlement.adjustments TO market_api")
    op.execute("""
        GRANT UPDATE (state, decided_at, decided_by, decided_by_name, decision_reason, entry_key)
           ON settlement.adjustments TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE settlement.adjustments")
    op.execute("DROP FUNCTION settlement.keep_adjusted()")
