"""Let the service have a key that seals certificates on paper."""

from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

_OF_THE_SERVICE = (
    "'certificate', 'checkpoint', 'access_token', 'report', 'statement', 'case_file',"
    " 'credential', 'status_list', 'receipt'"
)
_OF_A_PARTY = "'opinion', 'authorisation', 'contract'"


def upgrade() -> None:
    _purposes(f"{_OF_THE_SERVICE}, 'paper'")


def downgrade() -> None:
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
