"""Keep what channels state and how it differs from the books; a role for who deals with it."""

from alembic import op

revision = "0147"
down_revision = "0146"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15
ROLES = (
    "'supplier', 'buyer', 'buyer_approver', 'operator_acceptor', 'operator_technical_reviewer',"
    " 'operator_issuer', 'operator_adjudicator', 'operator_head'{new}, 'other_regulator',"
    " 'agency_reviewer', 'expert', 'regulator', 'system_administrator',"
    " 'security_administrator', 'audit_administrator'"
)
TABLES = ("statement_files", "statement_lines", "statement_breaks")


def upgrade() -> None:
    _roles(", 'operator_finance'")
    _files()
    _breaks()
    # What a channel states is stated to us, not to a party.
    for table in TABLES:
        op.execute(f"ALTER TABLE settlement.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE settlement.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"""
            CREATE POLICY {table}_of_the_house ON settlement.{table}
            USING (catalog.sees_all())""")
        refused = "UPDATE OR DELETE OR TRUNCATE" if table == "statement_lines" else "DELETE OR TRUNCATE"
        op.execute(f"""
            CREATE TRIGGER {table}_are_kept BEFORE {refused} ON settlement.{table}
            FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("CREATE INDEX payments_by_success ON settlement.payments (channel, succeeded_at)")


def _files() -> None:
    op.execute("""
        CREATE TABLE settlement.statement_files (
            id uuid PRIMARY KEY,
            channel text NOT NULL,
            stated_on date NOT NULL,
            sha256 text NOT NULL CONSTRAINT statement_loaded_once UNIQUE
                CONSTRAINT statement_is_digested CHECK (sha256 ~ '^[0-9a-f]{64}$'),
            line_count integer NOT NULL,
            total_fen bigint NOT NULL,
            fee_bps integer NOT NULL
                CONSTRAINT statement_fee_in_range CHECK (fee_bps BETWEEN 0 AND 10000),
            loaded_at timestamptz NOT NULL,
            loaded_by uuid,
            reconciled_at timestamptz,
            matched_count integer,
            break_count integer,
            fee_key uuid,
            CONSTRAINT statement_one_for_a_day UNIQUE (channel, stated_on),
            CONSTRAINT statement_reconciled_as_a_whole CHECK (
                (reconciled_at IS NULL) = (matched_count IS NULL)
                AND (reconciled_at IS NULL) = (break_count IS NULL))
        )""")
    op.execute(f"""
        CREATE TABLE settlement.statement_lines (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            file_id uuid NOT NULL REFERENCES settlement.statement_files (id),
            number integer NOT NULL,
            channel text NOT NULL,
            transaction_id text NOT NULL,
            move text NOT NULL CONSTRAINT statement_move_known
                CHECK (move IN ('pay_in', 'refund', 'payout')),
            reference text NOT NULL,
            outcome text NOT NULL CONSTRAINT statement_outcome_known
                CHECK (outcome IN ('succeeded', 'failed')),
            amount_fen bigint NOT NULL CONSTRAINT statement_amount_in_range
                CHECK (amount_fen BETWEEN 1 AND {MONEY_MAX}),
            fee_fen bigint NOT NULL CONSTRAINT statement_fee_within_the_amount
                CHECK (fee_fen BETWEEN 0 AND amount_fen),
            happened_at timestamptz NOT NULL,
            remark text NOT NULL,
            CONSTRAINT statement_line_stated_once UNIQUE (transaction_id, move, outcome, channel)
        )""")
    op.execute("CREATE INDEX statement_lines_by_file ON settlement.statement_lines (file_id)")
    op.execute("""
        GRANT SELECT, INSERT ON settlement.statement_files, settlement.statement_lines TO market_api""")
    op.execute("""
        GRANT UPDATE (reconciled_at, matched_count, break_count, fee_key)
           ON settlement.statement_files TO market_api""")


def _breaks() -> None:
    op.execute("""
        CREATE TABLE settlement.statement_breaks (
            id uuid PRIMARY KEY,
            file_id uuid NOT NULL REFERENCES settlement.statement_files (id),
            channel text NOT NULL,
            kind text NOT NULL CONSTRAINT statement_break_kind_known CHECK (kind IN (
                'long', 'short', 'amount', 'fee', 'status', 'duplicate', 'date_cut')),
            move text NOT NULL CONSTRAINT statement_break_move_known
                CHECK (move IN ('pay_in', 'refund', 'payout')),
            reference text NOT NULL,
            transaction_id text NOT NULL,
            ours_fen bigint,
            theirs_fen bigint,
            difference_fen bigint NOT NULL
                CONSTRAINT statement_break_differs CHECK (difference_fen <> 0),
            state text NOT NULL CONSTRAINT statement_break_state_known CHECK (state IN (
                'open', 'booked', 'proposed', 'resolved')),
            desk text NOT NULL CONSTRAINT statement_break_desk_known
                CHECK (desk IN ('cashier', 'channel')),
            found_on date NOT NULL,
            found_at timestamptz NOT NULL,
            due_on date NOT NULL,
            booked_key uuid,
            way text CONSTRAINT statement_break_way_known
                CHECK (way IN ('refunded', 'written_off')),
            reason text,
            proposed_by uuid,
            resolved_by uuid,
            resolved_at timestamptz,
            resolving_key uuid,
            CONSTRAINT statement_break_found_once UNIQUE (transaction_id, kind, move, channel),
            CONSTRAINT statement_break_resolved_at_an_instant
                CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
            CONSTRAINT statement_break_booked_by_an_entry
                CHECK (state NOT IN ('booked', 'proposed') OR booked_key IS NOT NULL),
            CONSTRAINT statement_break_settled_by_two CHECK (
                way IS NULL OR state = 'proposed' OR resolved_by IS DISTINCT FROM proposed_by)
        )""")
    op.execute("""
        CREATE INDEX statement_breaks_to_deal_with ON settlement.statement_breaks (channel, id)
        WHERE state <> 'resolved'""")
    op.execute("GRANT SELECT, INSERT ON settlement.statement_breaks TO market_api")
    op.execute("""
        GRANT UPDATE (state, booked_key, way, reason, proposed_by, resolved_by, resolved_at,
                      resolving_key)
           ON settlement.statement_breaks TO market_api""")


def _roles(new: str) -> None:
    op.execute("ALTER TABLE market.role_grants DROP CONSTRAINT role_grants_role_known")
    op.execute(f"""
        ALTER TABLE market.role_grants ADD CONSTRAINT role_grants_role_known
            CHECK (role IN ({ROLES.format(new=new)}))""")


def downgrade() -> None:
    op.execute("DROP INDEX settlement.payments_by_success")
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE settlement.{table}")
    op.execute("DELETE FROM market.role_grants WHERE role = 'operator_finance'")
    _roles("")
