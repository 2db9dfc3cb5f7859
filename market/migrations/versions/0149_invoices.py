"""Keep invoices: who asked for which sum, what was issued in the tax system, what was taken back."""

from alembic import op

revision = "0149"
down_revision = "0148"
branch_labels = None
depends_on = None

STATES = "'requested', 'issued', 'refused', 'withdrawn', 'voided', 'reddened'"


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE settlement.invoices (
            id uuid PRIMARY KEY,
            state text NOT NULL CONSTRAINT invoice_state_known CHECK (state IN ({STATES})),
            order_id uuid NOT NULL REFERENCES settlement.escrows (order_id),
            issuer_party_id uuid NOT NULL,
            payer_party_id uuid NOT NULL,
            wanted jsonb NOT NULL CONSTRAINT invoice_amount_positive
                CHECK ((wanted ->> 'amount_fen')::bigint > 0),
            version integer NOT NULL CONSTRAINT invoice_version_positive CHECK (version > 0),
            requested_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            number text,
            issued_on date,
            red_letters jsonb NOT NULL,
            reason text,
            CONSTRAINT invoice_between_two CHECK (issuer_party_id <> payer_party_id),
            CONSTRAINT invoice_issued_has_number CHECK (
                (state IN ('issued', 'voided', 'reddened')) = (number IS NOT NULL)
                AND (number IS NULL) = (issued_on IS NULL)
            )
        )""")
    op.execute("""
        CREATE UNIQUE INDEX invoice_number_given_once
            ON settlement.invoices (issuer_party_id, number)""")
    op.execute("CREATE INDEX invoices_of_order ON settlement.invoices (order_id)")
    op.execute("ALTER TABLE settlement.invoices ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlement.invoices FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY invoices_of_both_sides ON settlement.invoices
        USING (catalog.sees_all() OR issuer_party_id = catalog.acting_party()
               OR payer_party_id = catalog.acting_party())""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON settlement.invoices DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT ON settlement.invoices TO market_api")
    # What was asked for is never rewritten: only what came of it.
    op.execute("""
        GRANT UPDATE (state, version, updated_at, number, issued_on, red_letters, reason)
            ON settlement.invoices TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE settlement.invoices")
