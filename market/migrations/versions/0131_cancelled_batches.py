"""Let a supplier cancel a batch of products that is not over."""

from alembic import op

revision = "0131"
down_revision = "0130"
branch_labels = None
depends_on = None

_STATES = "'waiting', 'taking', 'finished', 'failed'"


def upgrade() -> None:
    _constrain(f"{_STATES}, 'cancelled'", "'finished', 'failed', 'cancelled'", "'waiting', 'failed', 'cancelled'")


def downgrade() -> None:
    op.execute("""
        UPDATE catalog.product_batches
           SET state = 'failed', failure = '{"code": "cancelled", "facts": {}}'
         WHERE state = 'cancelled'""")
    _constrain(_STATES, "'finished', 'failed'", "'waiting', 'failed'")


def _constrain(states: str, over: str, uncounted: str) -> None:
    op.execute(f"""
        ALTER TABLE catalog.product_batches
            DROP CONSTRAINT product_batches_state_known,
            DROP CONSTRAINT what_is_taken_was_counted,
            DROP CONSTRAINT over_when_it_ended,
            ADD CONSTRAINT product_batches_state_known CHECK (state IN ({states})),
            ADD CONSTRAINT what_is_taken_was_counted CHECK (
                state IN ({uncounted}) OR total IS NOT NULL),
            ADD CONSTRAINT over_when_it_ended CHECK (
                (state IN ({over})) = (finished_at IS NOT NULL))""")
