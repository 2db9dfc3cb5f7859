"""Know breaks of a custodian's balance: what it states to stand there is not what the ledger says."""

from alembic import op

revision = "0175"
down_revision = "0174"
branch_labels = None
depends_on = None

KINDS = "'long', 'short', 'amount', 'fee', 'status', 'duplicate', 'date_cut'"
MOVES = "'pay_in', 'refund', 'payout', 'chargeback'"


def upgrade() -> None:
    _words(f"{KINDS}, 'balance'", f"{MOVES}, 'balance'")
    # Nothing is booked for such a break: what is missing stands in the statement of a channel.
    op.execute("""
        ALTER TABLE settlement.statement_breaks ADD CONSTRAINT statement_break_of_a_balance CHECK (
            (kind = 'balance') = (move = 'balance')
            AND (kind = 'balance') = (channel LIKE 'external:custody:%')
            AND (kind <> 'balance' OR (booked_key IS NULL AND way IS NULL)))""")


def _words(kinds: str, moves: str) -> None:
    for constraint, column, words in (
        ("statement_break_kind_known", "kind", kinds),
        ("statement_break_move_known", "move", moves),
    ):
        op.execute(f"""
            ALTER TABLE settlement.statement_breaks DROP CONSTRAINT {constraint},
                ADD CONSTRAINT {constraint} CHECK ({column} IN ({words}))""")


def downgrade() -> None:
    op.execute("ALTER TABLE settlement.statement_breaks DROP CONSTRAINT statement_break_of_a_balance")
    _words(KINDS, MOVES)
