"""Let parties find in the log what is about their negotiations, agreements, bundles, endpoints, credit."""

from alembic import op

revision = "0128"
down_revision = "0127"
branch_labels = None
depends_on = None

#: Kind → its table and whose it is. Of a negotiation each side has a copy, and an id, of its own.
_KINDS = {
    "negotiation": ("market.negotiations", "x.party_id"),
    "agreement": ("market.agreements", "x.buyer_party_id, x.supplier_party_id"),
    "bundle": ("market.bundles", "x.buyer_party_id"),
    "webhook_endpoint": ("market.webhook_endpoints", "x.party_id"),
    "credit_record": ("market.credit_records", "x.party_id"),
}
_CASES = "\n            ".join(
    f"WHEN '{kind}' THEN EXISTS (SELECT 1 FROM {table} x"
    f" WHERE x.id = thing AND (in_house OR acting IN ({parties})))"
    for kind, (table, parties) in _KINDS.items()
)
_BEFORE = "WHEN 'notification' THEN"


def upgrade() -> None:
    _put(_BEFORE, f"{_CASES}\n            {_BEFORE}")


def downgrade() -> None:
    _put(f"{_CASES}\n            {_BEFORE}", _BEFORE)


def _put(old: str, new: str) -> None:
    """Put something else into the function that tells what is whose, which others add to as well."""
    function = "audit_log.opens_subject(text, text)"
    op.execute(f"""
        DO $put$
        DECLARE
            before text := pg_get_functiondef('{function}'::regprocedure);
            after text := replace(before, $old${old}$old$, $new${new}$new$);
        BEGIN
            IF after = before THEN RAISE EXCEPTION 'nothing was put in'; END IF;
            EXECUTE after;
        END $put$""")
