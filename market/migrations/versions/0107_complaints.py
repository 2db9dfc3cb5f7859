"""Keep complaints behind their own wall, and hold payouts while one is looked into."""

from alembic import op

revision = "0107"
down_revision = "0106"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE market.complaint_numbers")
    op.execute("""
        CREATE TABLE market.complaints (
            id uuid PRIMARY KEY,
            number text NOT NULL CONSTRAINT complaint_number_is_one UNIQUE,
            secret_sha256 bytea NOT NULL CONSTRAINT complaint_secret_is_one UNIQUE,
            kind text NOT NULL CONSTRAINT complaint_kind_known CHECK (
                kind IN ('product_quality', 'personal_information', 'misuse_or_leak', 'price',
                         'operator_conduct', 'agency_conduct', 'discrimination', 'ownership',
                         'data_content_error')),
            state text NOT NULL CONSTRAINT complaints_state_known CHECK (
                state IN ('received', 'redirected', 'declined', 'accepted', 'investigating',
                          'resolved', 'under_review_by_regulator', 'arbitration', 'closed')),
            house text NOT NULL CONSTRAINT complaint_house_known CHECK (
                house IN ('supermarket_operator', 'authority')),
            about text NOT NULL CONSTRAINT complaint_about_known CHECK (
                about IN ('product', 'order', 'party', 'agency', 'operator')),
            about_id uuid,
            product_id uuid REFERENCES catalog.products (id),
            complainant_party_id uuid REFERENCES market.parties (id),
            against_party_id uuid NOT NULL REFERENCES market.parties (id),
            facts text NOT NULL,
            contact text NOT NULL,
            files jsonb NOT NULL,
            received_at timestamptz NOT NULL,
            reason text,
            redirected_to text,
            triaged_at timestamptz,
            accepted_at timestamptz,
            handler_account_id uuid,
            handler_party_id uuid,
            evidence jsonb,
            measures jsonb NOT NULL,
            outcome text CONSTRAINT complaint_outcome_known CHECK (
                outcome IN ('upheld', 'partly_upheld', 'not_upheld')),
            findings text,
            ordered text,
            resolved_at timestamptz,
            appeal_ends_at timestamptz,
            appeal jsonb,
            referral jsonb,
            ending text CONSTRAINT complaint_ending_known CHECK (
                ending IN ('upheld', 'partly_upheld', 'not_upheld', 'redirected', 'declined',
                           'unresolved')),
            close_reason text,
            closed_at timestamptz,
            CONSTRAINT nobody_complains_of_itself CHECK (
                complainant_party_id IS DISTINCT FROM against_party_id),
            CONSTRAINT handler_is_no_party CHECK (
                handler_party_id IS NULL OR handler_party_id <> against_party_id
                AND handler_party_id IS DISTINCT FROM complainant_party_id),
            CONSTRAINT operator_needs_no_id CHECK ((about = 'operator') = (about_id IS NULL)),
            CONSTRAINT investigated_with_evidence CHECK (
                state <> 'investigating' OR evidence IS NOT NULL AND handler_party_id IS NOT NULL),
            CONSTRAINT decided_with_outcome CHECK (
                state NOT IN ('resolved', 'under_review_by_regulator', 'arbitration')
                OR outcome IS NOT NULL AND resolved_at IS NOT NULL AND appeal_ends_at IS NOT NULL),
            CONSTRAINT closed_in_some_way CHECK (
                (state = 'closed') = (ending IS NOT NULL) AND (state = 'closed') = (closed_at IS NOT NULL))
        )""")
    op.execute("CREATE INDEX complaints_by_state ON market.complaints (state, id)")
    op.execute("""
        CREATE INDEX complaints_of_party ON market.complaints (complainant_party_id, received_at)""")
    op.execute("CREATE INDEX complaints_against ON market.complaints (against_party_id, id)")
    op.execute("""
        CREATE INDEX complaints_of_thing ON market.complaints (about_id) WHERE about_id IS NOT NULL""")
    op.execute("""
        CREATE INDEX complaints_of_product ON market.complaints (product_id)
         WHERE product_id IS NOT NULL""")
    op.execute("ALTER TABLE market.complaints ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.complaints FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY complaints_are_made_by_anybody ON market.complaints
        FOR INSERT WITH CHECK (complainant_party_id IS NOT DISTINCT FROM catalog.acting_party()
                               AND state = 'received')""")
    # The operator's staff see nothing of what is complained of about the operator (HN-28).
    op.execute("""
        CREATE POLICY complaints_of_house_and_complainant ON market.complaints
        USING (complainant_party_id = catalog.acting_party()
               OR catalog.sees_all()
              AND (house <> 'authority'
                   OR current_setting('app.clearance', true) <> 'staff'))""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.complaints DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.complaints TO market_api")
    op.execute("GRANT USAGE ON SEQUENCE market.complaint_numbers TO market_api")
    op.execute("""
        CREATE TABLE market.payout_holds (
            id uuid PRIMARY KEY,
            order_id uuid NOT NULL REFERENCES market.orders (id),
            reason text NOT NULL,
            held_by uuid,
            held_at timestamptz NOT NULL,
            lifted_at timestamptz,
            lifted_because text,
            CONSTRAINT lifted_for_a_reason CHECK ((lifted_at IS NULL) = (lifted_because IS NULL))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_hold_stands_on_a_payout ON market.payout_holds (order_id)
         WHERE lifted_at IS NULL""")
    op.execute("ALTER TABLE market.payout_holds ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.payout_holds FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY payout_holds_of_the_houses ON market.payout_holds
        USING (catalog.sees_all())""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.payout_holds DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.payout_holds TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE market.payout_holds")
    op.execute("DROP TABLE market.complaints")
    op.execute("DROP SEQUENCE market.complaint_numbers")
