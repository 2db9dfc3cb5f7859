"""Keep the proposals to destroy keys, and that another person decided each."""

from alembic import op

revision = "0105"
down_revision = "0104"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE signing.key_destructions (
            id uuid PRIMARY KEY,
            key_id text NOT NULL REFERENCES signing.keys (key_id),
            state text NOT NULL CONSTRAINT key_destructions_state_known CHECK (
                state IN ('proposed', 'confirmed', 'refused', 'withdrawn')),
            reason text NOT NULL,
            proposed_by uuid NOT NULL,
            proposed_by_name text NOT NULL,
            proposed_at timestamptz NOT NULL,
            decided_by uuid,
            decided_by_name text,
            decided_at timestamptz,
            remark text,
            CONSTRAINT decided_by_somebody CHECK (
                (state = 'proposed') = (decided_by IS NULL) AND (state = 'proposed') = (decided_at IS NULL)),
            CONSTRAINT two_people_needed CHECK (
                state NOT IN ('confirmed', 'refused') OR decided_by <> proposed_by),
            CONSTRAINT withdrawn_by_who_proposed CHECK (
                state <> 'withdrawn' OR decided_by = proposed_by)
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_key_destruction_under_way ON signing.key_destructions (key_id)
        WHERE state = 'proposed'""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON signing.key_destructions DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON signing.key_destructions TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE signing.key_destructions")
