"""Keep the approval chains of organisations and what they approved; a role for who approves."""

from alembic import op

revision = "0132"
down_revision = "0131"
branch_labels = None
depends_on = None

ROLES = (
    "'supplier', 'buyer'{new}, 'operator_acceptor', 'operator_technical_reviewer',"
    " 'operator_issuer', 'operator_adjudicator', 'operator_head', 'other_regulator',"
    " 'agency_reviewer', 'expert', 'regulator', 'system_administrator',"
    " 'security_administrator', 'audit_administrator'"
)


def upgrade() -> None:
    _roles(", 'buyer_approver'")
    op.execute("""
        CREATE TABLE market.approval_chains (
            party_id uuid PRIMARY KEY REFERENCES market.parties (id),
            steps jsonb NOT NULL,
            version integer NOT NULL,
            updated_at timestamptz NOT NULL,
            updated_by uuid NOT NULL REFERENCES market.accounts (id)
        )""")
    op.execute("""
        CREATE TABLE market.approvals (
            id uuid PRIMARY KEY,
            party_id uuid NOT NULL REFERENCES market.parties (id),
            requested_by uuid NOT NULL REFERENCES market.accounts (id),
            about text NOT NULL CONSTRAINT approval_about_known CHECK (
                about IN ('negotiation', 'order')),
            subject_id uuid NOT NULL,
            terms_sha256 text NOT NULL CONSTRAINT approval_of_digested_terms CHECK (
                terms_sha256 ~ '^[0-9a-f]{64}$'),
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            product_name text NOT NULL,
            amount_fen bigint NOT NULL CONSTRAINT approval_amount_within_the_books CHECK (
                amount_fen BETWEEN 0 AND 1000000000000000),
            state text NOT NULL CONSTRAINT approvals_state_known CHECK (
                state IN ('pending', 'approved', 'rejected', 'expired', 'withdrawn', 'used')),
            steps jsonb NOT NULL CONSTRAINT approval_has_steps CHECK (
                jsonb_array_length(steps) > 0),
            due_at timestamptz,
            version integer NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            CONSTRAINT approval_runs_while_it_is_pending CHECK (
                (state = 'pending') = (due_at IS NOT NULL))
        )""")
    # Nobody asks twice for the same terms while an answer is waited for, or counts.
    op.execute("""
        CREATE UNIQUE INDEX one_live_approval_of_the_same_terms
            ON market.approvals (party_id, about, subject_id, terms_sha256)
         WHERE state IN ('pending', 'approved', 'used')""")
    op.execute("CREATE INDEX approvals_by_party ON market.approvals (party_id, id)")
    op.execute("""
        CREATE INDEX approvals_due ON market.approvals (due_at, id) WHERE due_at IS NOT NULL""")
    for table in ("approval_chains", "approvals"):
        op.execute(f"ALTER TABLE market.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE market.{table} FORCE ROW LEVEL SECURITY")
        # What an organisation settles with itself is nobody's, the operator's and the
        # regulator's neither.
        op.execute(f"""
            CREATE POLICY {table}_of_their_party ON market.{table}
            USING (party_id = catalog.acting_party()
                   OR current_setting('app.clearance', true) = 'system')""")
        op.execute(f"""
            CREATE CONSTRAINT TRIGGER direct_edit_forbidden
            AFTER UPDATE OR DELETE ON market.{table} DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
        op.execute(f"GRANT SELECT, INSERT ON market.{table} TO market_api")
    op.execute("""
        GRANT UPDATE (steps, version, updated_at, updated_by)
           ON market.approval_chains TO market_api""")
    # What was asked for stays as it was asked.
    op.execute("""
        GRANT UPDATE (state, steps, due_at, version, updated_at)
           ON market.approvals TO market_api""")


def _roles(new: str) -> None:
    op.execute("ALTER TABLE market.role_grants DROP CONSTRAINT role_grants_role_known")
    op.execute(f"""
        ALTER TABLE market.role_grants ADD CONSTRAINT role_grants_role_known
            CHECK (role IN ({ROLES.format(new=new)}))""")


def downgrade() -> None:
    op.execute("DROP TABLE market.approvals")
    op.execute("DROP TABLE market.approval_chains")
    op.execute("DELETE FROM market.role_grants WHERE role = 'buyer_approver'")
    _roles("")
