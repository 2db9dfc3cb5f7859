"""Let a reissue have its price, and a registration one fee for each kind of application (HN-04)."""

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

BEFORE = "'first','change','transfer','deregistration','renewal'"
KINDS = f"{BEFORE},'reissue'"


def upgrade() -> None:
    _know(KINDS)
    op.execute("""
        ALTER TABLE catalog.fee_prices
          ADD CONSTRAINT one_price_at_a_time_for_reissue EXCLUDE USING gist (
              daterange(effective_on, ends_on, '[)') WITH &&)
              WHERE (application_kind = 'reissue')""")
    op.execute("ALTER TABLE catalog.fees DROP CONSTRAINT one_fee_per_application")
    op.execute("""
        ALTER TABLE catalog.fees
          ADD CONSTRAINT one_fee_per_application UNIQUE (subject_id, application_kind)""")


def downgrade() -> None:
    op.execute("ALTER TABLE catalog.fees DROP CONSTRAINT one_fee_per_application")
    op.execute("""
        ALTER TABLE catalog.fees ADD CONSTRAINT one_fee_per_application UNIQUE (subject_id)""")
    op.execute("ALTER TABLE catalog.fee_prices DROP CONSTRAINT one_price_at_a_time_for_reissue")
    _know(BEFORE)


def _know(kinds: str) -> None:
    for table, name in (("fee_prices", "fee_price_kind_known"), ("fees", "fee_kind_known")):
        op.execute(f"ALTER TABLE catalog.{table} DROP CONSTRAINT {name}")
        op.execute(
            f"ALTER TABLE catalog.{table} ADD CONSTRAINT {name} "
            f"CHECK (application_kind IN ({kinds}))"
        )
