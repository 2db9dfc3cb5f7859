"""Give every certificate a place in a status list, and keep each version of a list that was shown."""

from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

_BEFORE = "'certificate', 'checkpoint', 'access_token', 'report', 'statement', 'case_file'"
_OF_A_PARTY = "'opinion', 'authorisation', 'contract'"
_TABLES = ("certificate_status_places", "status_list_versions")


def upgrade() -> None:
    _purposes(f"{_BEFORE}, 'credential', 'status_list'")
    op.execute("""
        CREATE TABLE catalog.certificate_status_places (
            number text PRIMARY KEY REFERENCES catalog.certificates (number),
            list_number integer NOT NULL
                CONSTRAINT status_list_is_counted CHECK (list_number >= 0),
            place integer NOT NULL
                CONSTRAINT status_place_is_in_its_list CHECK (place BETWEEN 0 AND 131071),
            CONSTRAINT status_place_is_given_once UNIQUE (list_number, place)
        )""")
    op.execute("""
        CREATE TABLE catalog.status_list_versions (
            list_number integer NOT NULL,
            version integer NOT NULL CONSTRAINT status_list_versions_count CHECK (version > 0),
            bits_sha256 text NOT NULL
                CONSTRAINT status_list_sha256_is_hex CHECK (bits_sha256 ~ '^[0-9a-f]{64}$'),
            encoded text NOT NULL,
            published_at timestamptz NOT NULL,
            entry_id uuid NOT NULL CONSTRAINT status_list_has_an_entry_of_its_own UNIQUE,
            PRIMARY KEY (list_number, version)
        )""")
    # Those that were issued before: half a list each, in an order that is nobody's.
    op.execute("""
        INSERT INTO catalog.certificate_status_places (number, list_number, place)
        SELECT c.number, (c.nth - 1) / 65536, p.place
          FROM (SELECT number, row_number() OVER (ORDER BY random()) AS nth
                  FROM catalog.certificates) c
          JOIN (SELECT place, row_number() OVER (ORDER BY random()) AS nth
                  FROM generate_series(0, 131071) place) p ON p.nth = (c.nth - 1) % 65536 + 1""")
    for table in _TABLES:
        op.execute(f"GRANT SELECT, INSERT ON catalog.{table} TO market_api")
        op.execute(f"""
            CREATE TRIGGER {table}_are_never_changed BEFORE UPDATE OR DELETE ON catalog.{table}
            FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"""
            CREATE TRIGGER {table}_are_not_emptied BEFORE TRUNCATE ON catalog.{table}
            FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE catalog.{table}")
    _purposes(_BEFORE)


def _purposes(of_the_service: str) -> None:
    op.execute("ALTER TABLE signing.keys DROP CONSTRAINT key_purpose_is_known")
    op.execute("ALTER TABLE signing.keys DROP CONSTRAINT key_holder_fits_its_purpose")
    op.execute(f"""
        ALTER TABLE signing.keys ADD CONSTRAINT key_purpose_is_known
            CHECK (purpose IN ({of_the_service}, {_OF_A_PARTY}))""")
    op.execute(f"""
        ALTER TABLE signing.keys ADD CONSTRAINT key_holder_fits_its_purpose
            CHECK ((holder_party_id IS NULL) = (purpose IN ({of_the_service})))""")
