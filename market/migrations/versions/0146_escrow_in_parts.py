"""Let an escrow leave in parts: what was captured and refunded of it; one that nobody paid runs out."""

from alembic import op

revision = "0146"
down_revision = "0145"
branch_labels = None
depends_on = None

STATES = "'awaiting_payment', 'held', 'disputed', 'released', 'refunded'"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE settlement.escrows
            ADD COLUMN captured_fen bigint NOT NULL DEFAULT 0,
            ADD COLUMN refunded_fen bigint NOT NULL DEFAULT 0""")
    op.execute("UPDATE settlement.escrows SET captured_fen = amount_fen WHERE state = 'released'")
    op.execute("UPDATE settlement.escrows SET refunded_fen = amount_fen WHERE state = 'refunded'")
    op.execute(f"""
        ALTER TABLE settlement.escrows
            DROP CONSTRAINT escrow_state_known,
            DROP CONSTRAINT escrow_funded_by_an_entry,
            ADD CONSTRAINT escrow_state_known CHECK (state IN ({STATES}, 'expired')),
            ADD CONSTRAINT escrow_funded_by_an_entry
                CHECK ((state IN ('awaiting_payment', 'expired')) = (funding_key IS NULL)
                       AND (funding_key IS NULL) = (funded_at IS NULL)),
            ADD CONSTRAINT escrow_gives_out_what_it_got
                CHECK (captured_fen >= 0 AND refunded_fen >= 0
                       AND captured_fen + refunded_fen
                           <= CASE WHEN funding_key IS NULL THEN 0 ELSE amount_fen END),
            ADD CONSTRAINT escrow_empty_when_closed
                CHECK ((state IN ('released', 'refunded'))
                       = (captured_fen + refunded_fen = amount_fen)),
            ADD CONSTRAINT escrow_refunded_if_nobody_shared
                CHECK (state <> 'refunded' OR captured_fen = 0),
            ADD CONSTRAINT escrow_released_if_somebody_shared
                CHECK (state <> 'released' OR captured_fen > 0)""")
    op.execute("GRANT UPDATE (captured_fen, refunded_fen) ON settlement.escrows TO market_api")


def downgrade() -> None:
    op.execute("UPDATE settlement.escrows SET state = 'awaiting_payment' WHERE state = 'expired'")
    op.execute(f"""
        ALTER TABLE settlement.escrows
            DROP CONSTRAINT escrow_empty_when_closed,
            DROP CONSTRAINT escrow_refunded_if_nobody_shared,
            DROP CONSTRAINT escrow_released_if_somebody_shared,
            DROP CONSTRAINT escrow_gives_out_what_it_got,
            DROP CONSTRAINT escrow_funded_by_an_entry,
            DROP CONSTRAINT escrow_state_known,
            ADD CONSTRAINT escrow_state_known CHECK (state IN ({STATES})),
            ADD CONSTRAINT escrow_funded_by_an_entry
                CHECK ((state = 'awaiting_payment') = (funding_key IS NULL)
                       AND (funding_key IS NULL) = (funded_at IS NULL)),
            DROP COLUMN captured_fen,
            DROP COLUMN refunded_fen""")
