"""Let the policy by which entries are appended say that something was remembered, and no trigger.

A trigger cost as much as a third of what an entry costs the database, in every command; the policy is looked at for
each row anyhow. A superuser, whom no policy holds, says it for himself.
"""

from alembic import op

revision = "0134"
down_revision = "0133"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER POLICY entries_are_appended_by_all ON audit_log.entries
        WITH CHECK (set_config('app.remembered', 'yes', true) = 'yes')""")
    op.execute("DROP TRIGGER an_entry_is_remembered ON audit_log.entries")
    op.execute("DROP FUNCTION audit_log.say_remembered()")


def downgrade() -> None:
    op.execute("""
        CREATE FUNCTION audit_log.say_remembered() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            PERFORM set_config('app.remembered', 'yes', true);
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE TRIGGER an_entry_is_remembered AFTER INSERT ON audit_log.entries
        FOR EACH STATEMENT EXECUTE FUNCTION audit_log.say_remembered()""")
    op.execute("ALTER POLICY entries_are_appended_by_all ON audit_log.entries WITH CHECK (true)")
