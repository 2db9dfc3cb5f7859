"""Let consents be narrowed, and know when the last of a kind was withdrawn or narrowed."""

from alembic import op

revision = "0126"
down_revision = "0125"
branch_labels = None
depends_on = None

_SOURCES = "'people', 'invariant_broken', 'retained_file_altered', 'denied_readings'"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE market.consents
        ADD COLUMN narrowed_at timestamptz,
        ADD COLUMN is_purpose_narrowed boolean NOT NULL DEFAULT false,
        ADD CONSTRAINT consent_narrowed_at_some_time CHECK (
            NOT is_purpose_narrowed OR narrowed_at IS NOT NULL)""")
    op.execute("""
        GRANT UPDATE (narrowed_at, is_purpose_narrowed, purpose, data_categories, term_to)
        ON market.consents TO market_api""")
    op.execute("""
        ALTER TABLE market.consent_grounds
        ADD COLUMN purposes text[] NOT NULL DEFAULT '{}',
        ADD COLUMN stopped_at timestamptz""")
    op.execute("""
        CREATE INDEX consent_grounds_stopped ON market.consent_grounds (stopped_at)
         WHERE stopped_at IS NOT NULL""")
    _sources(f"{_SOURCES}, 'consent_withdrawn_use'")


def _sources(known: str) -> None:
    op.execute("ALTER TABLE market.incidents DROP CONSTRAINT incident_source_known")
    op.execute(f"""
        ALTER TABLE market.incidents ADD CONSTRAINT incident_source_known CHECK (
            source IN ({known}))""")


def downgrade() -> None:
    _sources(_SOURCES)
    op.execute("ALTER TABLE market.consent_grounds DROP COLUMN purposes, DROP COLUMN stopped_at")
    op.execute("""
        ALTER TABLE market.consents
        DROP COLUMN narrowed_at, DROP COLUMN is_purpose_narrowed""")
