"""Let a quote at a special price be negotiated: what is chosen has a negotiation, and a price of its own besides."""

from alembic import op

revision = "0142"
down_revision = "0141"
branch_labels = None
depends_on = None

OLD = "num_nonnulls(negotiation_id, special_price_id) = (state = 'accepted')::int"
# Requests that were decided before have a special price alone.
NEW = "(coalesce(negotiation_id, special_price_id) IS NOT NULL) = (state = 'accepted')"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE market.quote_requests DROP CONSTRAINT chosen_goes_on_in_one_way""")
    op.execute(f"""
        ALTER TABLE market.quote_requests ADD CONSTRAINT chosen_goes_on CHECK (
            (state = 'accepted') = (accepted_quote_id IS NOT NULL) AND {NEW})""")


def downgrade() -> None:
    op.execute("ALTER TABLE market.quote_requests DROP CONSTRAINT chosen_goes_on")
    # What has both is ordered by its special price, as it was before.
    op.execute("ALTER TABLE market.quote_requests DISABLE TRIGGER USER")
    op.execute("""
        UPDATE market.quote_requests SET negotiation_id = NULL
         WHERE special_price_id IS NOT NULL AND negotiation_id IS NOT NULL""")
    op.execute("ALTER TABLE market.quote_requests ENABLE TRIGGER USER")
    op.execute(f"""
        ALTER TABLE market.quote_requests ADD CONSTRAINT chosen_goes_on_in_one_way CHECK (
            (state = 'accepted') = (accepted_quote_id IS NOT NULL) AND {OLD})""")
