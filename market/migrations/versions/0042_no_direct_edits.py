"""Let no row of the register change without an entry of the audit log beside it (HN-26)."""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

REGISTER = (
    "applications",
    "changes",
    "certificates",
    "notices",
    "objections",
    "legal_instruments",
    "case_assignments",
)


def upgrade() -> None:
    # Whoever appends to the log says so for the rest of the transaction, and for no longer.
    op.execute("""
        CREATE FUNCTION audit_log.say_remembered() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            PERFORM set_config('app.remembered', 'yes', true);
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE TRIGGER an_entry_is_remembered AFTER INSERT ON audit_log.payloads
        FOR EACH STATEMENT EXECUTE FUNCTION audit_log.say_remembered()""")
    op.execute("""
        CREATE FUNCTION catalog.refuse_direct_edit() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF coalesce(current_setting('app.remembered', true), '') <> 'yes' THEN
                RAISE EXCEPTION 'rows of %.% change by events only, and nothing was remembered',
                    TG_TABLE_SCHEMA, TG_TABLE_NAME
                    USING ERRCODE = 'restrict_violation', CONSTRAINT = 'direct_edit_forbidden';
            END IF;
            RETURN NULL;
        END $$""")
    # At the end of the transaction: an operation stores first and remembers then.
    for table in REGISTER:
        op.execute(f"""
            CREATE CONSTRAINT TRIGGER direct_edit_forbidden
            AFTER UPDATE OR DELETE ON catalog.{table} DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")


def downgrade() -> None:
    for table in REGISTER:
        op.execute(f"DROP TRIGGER direct_edit_forbidden ON catalog.{table}")
    op.execute("DROP FUNCTION catalog.refuse_direct_edit()")
    op.execute("DROP TRIGGER an_entry_is_remembered ON audit_log.payloads")
    op.execute("DROP FUNCTION audit_log.say_remembered()")
