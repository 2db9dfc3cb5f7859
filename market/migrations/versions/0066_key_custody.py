"""Keep how the keys of the log change, from which entry on a key is distrusted, and root keys."""

from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

_OF_THE_SERVICE = (
    "'certificate', 'checkpoint', 'access_token', 'report', 'statement', 'case_file',"
    " 'credential', 'status_list', 'receipt', 'paper'"
)
_OF_A_PARTY = "'opinion', 'authorisation', 'contract'"


def upgrade() -> None:
    _purposes(f"{_OF_THE_SERVICE}, 'root'")
    op.execute("""
        ALTER TABLE signing.keys ADD COLUMN distrusted_from bigint
            CONSTRAINT distrusted_from_is_a_place CHECK (distrusted_from >= 0)""")
    op.execute("GRANT UPDATE (distrusted_from) ON signing.keys TO market_api")
    op.execute("""
        CREATE TABLE audit_log.key_notices (
            entry_id uuid PRIMARY KEY,
            action text NOT NULL CONSTRAINT key_notice_action_is_known
                CHECK (action IN ('announce', 'root', 'end', 'distrust')),
            key_id text NOT NULL REFERENCES signing.keys,
            note bytea NOT NULL
        )""")
    op.execute("""
        CREATE TRIGGER audit_log_key_notices_are_eternal BEFORE UPDATE OR DELETE
        ON audit_log.key_notices FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER audit_log_key_notices_are_not_emptied BEFORE TRUNCATE
        ON audit_log.key_notices FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("GRANT SELECT, INSERT ON audit_log.key_notices TO market_api")
    op.execute("GRANT SELECT ON audit_log.key_notices TO market_sequencer")


def downgrade() -> None:
    op.execute("DROP TABLE audit_log.key_notices")
    op.execute("ALTER TABLE signing.keys DROP COLUMN distrusted_from")
    op.execute("DELETE FROM signing.keys WHERE purpose = 'root'")
    _purposes(_OF_THE_SERVICE)


def _purposes(of_the_service: str) -> None:
    op.execute("ALTER TABLE signing.keys DROP CONSTRAINT key_purpose_is_known")
    op.execute("ALTER TABLE signing.keys DROP CONSTRAINT key_holder_fits_its_purpose")
    op.execute(f"""
        ALTER TABLE signing.keys ADD CONSTRAINT key_purpose_is_known
            CHECK (purpose IN ({of_the_service}, {_OF_A_PARTY}))""")
    op.execute(f"""
        ALTER TABLE signing.keys ADD CONSTRAINT key_holder_fits_its_purpose
            CHECK ((holder_party_id IS NULL) = (purpose IN ({of_the_service})))""")
