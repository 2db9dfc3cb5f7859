"""Let nobody empty what was set of the rulebooks."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TRIGGER rulebook_settings_are_not_emptied
        BEFORE TRUNCATE ON catalog.rulebook_settings
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def downgrade() -> None:
    op.execute("DROP TRIGGER rulebook_settings_are_not_emptied ON catalog.rulebook_settings")
