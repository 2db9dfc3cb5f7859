"""Let the operator edit which words mean the same: groups, what was done to them, the table's version."""

from alembic import op

revision = "0088"
down_revision = "0087"
branch_labels = None
depends_on = None

STATES = "'proposed', 'in_force', 'declined', 'removed'"


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE catalog.synonym_groups (
            id uuid PRIMARY KEY,
            words text[] NOT NULL CONSTRAINT synonyms_are_several CHECK (
                cardinality(words) BETWEEN 2 AND 12),
            state text NOT NULL CONSTRAINT synonym_groups_state_known CHECK (state IN ({STATES})),
            reason text NOT NULL,
            changed_at timestamptz NOT NULL
        )""")
    op.execute("CREATE INDEX synonym_groups_by_state ON catalog.synonym_groups (state, id)")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON catalog.synonym_groups DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.synonym_groups TO market_api")

    op.execute(f"""
        CREATE TABLE catalog.synonym_changes (
            id uuid PRIMARY KEY,
            group_id uuid NOT NULL REFERENCES catalog.synonym_groups (id),
            words text[] NOT NULL,
            state text NOT NULL CONSTRAINT synonym_changes_state_known CHECK (state IN ({STATES})),
            reason text NOT NULL,
            changed_by uuid,
            changed_by_name text NOT NULL,
            changed_at timestamptz NOT NULL
        )""")
    op.execute("CREATE INDEX synonym_changes_by_group ON catalog.synonym_changes (group_id, id)")
    op.execute("ALTER TABLE catalog.synonym_changes ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.synonym_changes FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY synonym_changes_of_the_house ON catalog.synonym_changes
        USING (catalog.sees_all())""")
    # What was done stays: the service may add to it and nothing else.
    op.execute("GRANT SELECT, INSERT ON catalog.synonym_changes TO market_api")

    op.execute("""
        CREATE TABLE catalog.synonym_state (
            id boolean PRIMARY KEY DEFAULT true CONSTRAINT synonym_state_is_one CHECK (id),
            version bigint NOT NULL
        )""")
    op.execute("INSERT INTO catalog.synonym_state (version) VALUES (0)")
    op.execute("GRANT SELECT, UPDATE (version) ON catalog.synonym_state TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE catalog.synonym_state")
    op.execute("DROP TABLE catalog.synonym_changes")
    op.execute("DROP TABLE catalog.synonym_groups")
