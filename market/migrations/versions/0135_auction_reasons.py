"""Let no auction end otherwise than by a sale without saying why: an unknown reason passed the check."""

from alembic import op

revision = "0135"
down_revision = "0134"
branch_labels = None
depends_on = None

CONSTRAINT = "auction_that_ended_otherwise_says_why"


def upgrade() -> None:
    _replace("coalesce(btrim(reason), '') <> ''")


def downgrade() -> None:
    _replace("btrim(reason) <> ''")


def _replace(says_why: str) -> None:
    op.execute(f"ALTER TABLE market.auctions DROP CONSTRAINT {CONSTRAINT}")
    op.execute(f"""
        ALTER TABLE market.auctions ADD CONSTRAINT {CONSTRAINT}
            CHECK (state NOT IN ('failed', 'cancelled', 'voided') OR {says_why})""")
