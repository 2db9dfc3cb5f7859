"""Keep what came of checking again what is kept (留存复核)."""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

CLEARANCE = "coalesce(current_setting('app.clearance', true), '')"
# What makes up a case; nothing of it is ever removed, before its retention is over or after.
KEPT = (
    "applications",
    "changes",
    "objections",
    "legal_instruments",
    "notices",
    "file_readers",
    "file_quarantines",
    "material_requests",
)


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.rechecks (
            id uuid PRIMARY KEY,
            kind text NOT NULL CONSTRAINT recheck_kind_known CHECK (kind IN (
                'files', 'certificates')),
            round integer NOT NULL CONSTRAINT recheck_rounds_count CHECK (round >= 1),
            position text,
            is_last boolean NOT NULL,
            checked_count integer NOT NULL
                CONSTRAINT recheck_counts CHECK (checked_count >= 0),
            wrong jsonb NOT NULL,
            checked_at timestamptz NOT NULL
        )""")
    op.execute("CREATE INDEX rechecks_by_kind ON market.rechecks (kind, id)")
    op.execute("ALTER TABLE market.rechecks ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.rechecks FORCE ROW LEVEL SECURITY")
    op.execute(f"""
        CREATE POLICY rechecks_of_the_house ON market.rechecks
        USING ({CLEARANCE} IN ('system', 'staff')
               OR ({CLEARANCE} = 'regulator' AND catalog.supervises(NULL)))""")
    op.execute("GRANT SELECT, INSERT ON market.rechecks TO market_api")
    for table in ("market.rechecks", *(f"catalog.{name}" for name in KEPT)):
        name = table.partition(".")[2]
        op.execute(f"""
            CREATE TRIGGER {name}_are_kept BEFORE DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"""
            CREATE TRIGGER {name}_are_kept_whole BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def downgrade() -> None:
    for name in KEPT:
        op.execute(f"DROP TRIGGER {name}_are_kept ON catalog.{name}")
        op.execute(f"DROP TRIGGER {name}_are_kept_whole ON catalog.{name}")
    op.execute("DROP TABLE market.rechecks")
