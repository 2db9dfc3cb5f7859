"""Let the supervisor read the files that are attached to prices that were filed."""

from alembic import op

revision = "0130"
down_revision = "0129"
branch_labels = None
depends_on = None

_FIRST = "SELECT 'application', m.application_id FROM catalog.application_materials m"
_OF_FILINGS = """SELECT 'filing', f.id FROM market.pricing_filings f
         WHERE f.terms -> 'basis' -> 'attachments' @> jsonb_build_array(wanted)
           AND f.filed_at IS NOT NULL
           AND current_setting('app.clearance', true) = 'regulator'
        UNION ALL
        """


def upgrade() -> None:
    op.execute("""
        CREATE INDEX pricing_filings_by_attachment
            ON market.pricing_filings USING gin ((terms -> 'basis' -> 'attachments'))""")
    _put(_FIRST, _OF_FILINGS + _FIRST)


def downgrade() -> None:
    _put(_OF_FILINGS + _FIRST, _FIRST)
    op.execute("DROP INDEX market.pricing_filings_by_attachment")


def _put(old: str, new: str) -> None:
    """Put something else into the function that tells in which cases a file lies."""
    op.execute(f"""
        DO $put$
        DECLARE
            before text := pg_get_functiondef('catalog.cases_of_file(uuid)'::regprocedure);
            after text := replace(before, $old${old}$old$, $new${new}$new$);
        BEGIN
            IF after = before THEN RAISE EXCEPTION 'nothing was put in'; END IF;
            EXECUTE after;
        END $put$""")
