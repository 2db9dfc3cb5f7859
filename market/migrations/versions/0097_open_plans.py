"""Keep the yearly plans of opening public data, and what became of what they promised."""

from alembic import op

revision = "0097"
down_revision = "0096"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.open_plans (
            id uuid PRIMARY KEY,
            year integer NOT NULL CONSTRAINT one_plan_a_year UNIQUE,
            title text NOT NULL CONSTRAINT open_plan_has_a_title CHECK (title <> ''),
            text text NOT NULL,
            version integer NOT NULL,
            updated_at timestamptz NOT NULL,
            due_on date NOT NULL,
            published_at timestamptz
        )""")
    op.execute("""
        CREATE TABLE market.open_plan_items (
            id uuid PRIMARY KEY,
            plan_id uuid NOT NULL REFERENCES market.open_plans (id),
            number integer NOT NULL,
            department text NOT NULL CONSTRAINT promised_by_somebody CHECK (department <> ''),
            title text NOT NULL,
            field text NOT NULL CONSTRAINT plan_field_known CHECK (
                field IN ('meteorology', 'research', 'transport', 'other')),
            due_year integer NOT NULL,
            due_quarter integer NOT NULL CONSTRAINT quarter_of_a_year CHECK (due_quarter BETWEEN 1 AND 4),
            state text NOT NULL CONSTRAINT open_plan_items_state_known CHECK (
                state IN ('planned', 'postponed', 'opened')),
            product_id uuid REFERENCES catalog.products (id),
            opened_at timestamptz,
            reason text,
            overdue_told_for date,
            UNIQUE (plan_id, number),
            CONSTRAINT opened_by_a_product CHECK (
                (state = 'opened') = (product_id IS NOT NULL AND opened_at IS NOT NULL)),
            CONSTRAINT postponed_for_a_reason CHECK (state <> 'postponed' OR reason <> '')
        )""")
    op.execute("""
        CREATE INDEX open_plan_items_to_come ON market.open_plan_items (due_year, due_quarter)
         WHERE state <> 'opened'""")
    for table in ("open_plans", "open_plan_items"):
        op.execute(f"ALTER TABLE market.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE market.{table} FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY open_plans_from_their_publication_on ON market.open_plans
        USING (catalog.sees_all() OR published_at IS NOT NULL)""")
    op.execute("""
        CREATE POLICY open_plan_items_of_their_plan ON market.open_plan_items
        USING (EXISTS (SELECT FROM market.open_plans p WHERE p.id = plan_id))""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.open_plans DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.open_plan_items DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.open_plans TO market_api")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON market.open_plan_items TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE market.open_plan_items")
    op.execute("DROP TABLE market.open_plans")
