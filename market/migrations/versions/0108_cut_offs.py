"""Keep what is cut off at once, beside what it stops."""

from alembic import op

revision = "0108"
down_revision = "0107"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.cut_offs (
            id uuid PRIMARY KEY,
            level text NOT NULL CONSTRAINT cut_off_level_known CHECK (
                level IN ('agreement', 'product', 'grant', 'party')),
            subject_id uuid NOT NULL,
            state text NOT NULL CONSTRAINT cut_off_state_known CHECK (
                state IN ('standing', 'lifted')),
            reason text NOT NULL CONSTRAINT cut_off_for_a_reason CHECK (reason <> ''),
            ordered_by_party_id uuid NOT NULL REFERENCES market.parties (id),
            ordered_at timestamptz NOT NULL,
            orders_reached integer NOT NULL CONSTRAINT reached_none_or_more CHECK (
                orders_reached >= 0),
            version integer NOT NULL,
            zone_id uuid REFERENCES market.zones (id),
            told_at timestamptz,
            lifted_at timestamptz,
            lift_reason text,
            CONSTRAINT lifted_at_some_time_for_a_reason CHECK (
                (state = 'lifted') = (lifted_at IS NOT NULL)
                AND (lifted_at IS NULL) = (lift_reason IS NULL))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX cut_off_stands_once ON market.cut_offs (subject_id, level)
         WHERE state = 'standing'""")
    op.execute("CREATE INDEX cut_offs_untold ON market.cut_offs (id) WHERE told_at IS NULL")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.cut_offs DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT ON market.cut_offs TO market_api")
    # What was stopped, by whom and why is never changed: only that it was told and lifted.
    op.execute("""
        GRANT UPDATE (state, told_at, lifted_at, lift_reason, version)
        ON market.cut_offs TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE market.cut_offs")
