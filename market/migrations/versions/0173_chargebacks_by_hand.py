"""Let charge-backs take from escrow and those who share together, and be ended by people, with a note."""

from alembic import op

revision = "0173"
down_revision = "0172"
branch_labels = None
depends_on = None

#: From whom a charge-back takes in one entry, what was paid out to them in parts.
SHARED = ("department_payable", "platform_fee", "treasury_non_tax", "tax_payable")


def upgrade() -> None:
    op.execute("""
        ALTER TABLE settlement.chargebacks
            ADD COLUMN escrow_fen bigint,
            ADD COLUMN ended_by uuid,
            ADD COLUMN ending_note text,
            ADD CONSTRAINT chargeback_of_escrow_and_shares CHECK (
                escrow_fen BETWEEN 0 AND amount_fen
                AND was_shared = (escrow_fen < amount_fen)),
            ADD CONSTRAINT chargeback_ended_by_hand_with_a_note CHECK (
                (ended_by IS NULL) = (ending_note IS NULL)
                AND (ended_by IS NULL OR ended_at IS NOT NULL)
                AND length(btrim(ending_note)) BETWEEN 1 AND 1000),
            ADD CONSTRAINT chargeback_outcome_by_another CHECK (ended_by <> contested_by)""")
    op.execute("""
        GRANT UPDATE (ended_by, ending_note) ON settlement.chargebacks TO market_api""")
    op.execute("ALTER TABLE settlement.entry_flows DISABLE TRIGGER entry_flows_are_kept")
    for debit in SHARED:
        op.execute(f"""
            INSERT INTO settlement.entry_flows
                (kind, debit, credit, paid, released, refunded, charged_back)
            VALUES ('chargeback', '{debit}', 'chargeback_hold', 0, -1, 0, 1)""")
    op.execute("""
        INSERT INTO settlement.entry_flows
            (kind, debit, credit, paid, released, refunded, charged_back)
        VALUES ('loss_covered', 'platform_loss', 'order_escrow', 1, 0, 0, 0)""")
    op.execute("ALTER TABLE settlement.entry_flows ENABLE TRIGGER entry_flows_are_kept")


def downgrade() -> None:
    op.execute("ALTER TABLE settlement.entry_flows DISABLE TRIGGER entry_flows_are_kept")
    op.execute("""
        DELETE FROM settlement.entry_flows
         WHERE (kind = 'chargeback' AND debit NOT IN ('order_escrow', 'payable'))
            OR (kind = 'loss_covered' AND credit = 'order_escrow')""")
    op.execute("ALTER TABLE settlement.entry_flows ENABLE TRIGGER entry_flows_are_kept")
    op.execute("""
        ALTER TABLE settlement.chargebacks
            DROP COLUMN escrow_fen, DROP COLUMN ended_by, DROP COLUMN ending_note""")
