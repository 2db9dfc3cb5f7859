"""Keep the accounts that parties are paid to, and batches of payouts."""

from alembic import op

revision = "0150"
down_revision = "0149"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15
LIVE = "'prepared', 'approved', 'in_transit', 'unknown'"


def upgrade() -> None:
    _beneficiaries()
    _payouts()
    for table, theirs in (
        ("beneficiaries", "party_id = catalog.acting_party()"),
        ("payouts", "party_id = catalog.acting_party()"),
        ("payout_batches", "false"),
        ("payout_outcome_files", "false"),
    ):
        op.execute(f"ALTER TABLE settlement.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE settlement.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"""
            CREATE POLICY {table}_of_their_party ON settlement.{table}
            USING (catalog.sees_all() OR {theirs})
            WITH CHECK (catalog.sees_all() OR {theirs})""")
        kept = "UPDATE OR DELETE OR TRUNCATE" if table == "payout_outcome_files" else "DELETE OR TRUNCATE"
        op.execute(f"""
            CREATE TRIGGER {table}_are_kept BEFORE {kept} ON settlement.{table}
            FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def _beneficiaries() -> None:
    op.execute("""
        CREATE TABLE settlement.beneficiaries (
            id uuid PRIMARY KEY,
            party_id uuid NOT NULL,
            holder_name text NOT NULL,
            bank_name text NOT NULL,
            bank_code text NOT NULL
                CONSTRAINT beneficiary_bank_code_has_twelve_digits CHECK (bank_code ~ '^[0-9]{12}$'),
            account_masked text NOT NULL
                CONSTRAINT beneficiary_number_is_hidden CHECK (account_masked ~ '^[*]{4}[0-9]{4}$'),
            account_sealed bytea NOT NULL,
            state text NOT NULL CONSTRAINT beneficiary_state_known CHECK (state IN (
                'submitted', 'checked', 'verified', 'rejected', 'withdrawn')),
            submitted_at timestamptz NOT NULL,
            submitted_by uuid,
            checked_by uuid,
            verified_by uuid,
            verified_at timestamptz,
            reason text,
            CONSTRAINT beneficiary_verified_by_two CHECK (
                verified_by IS NULL OR verified_by IS DISTINCT FROM checked_by),
            CONSTRAINT beneficiary_verified_by_somebody CHECK (
                state <> 'verified' OR verified_by IS NOT NULL),
            CONSTRAINT beneficiary_rejected_with_a_reason CHECK (
                state <> 'rejected' OR coalesce(btrim(reason), '') <> '')
        )""")
    op.execute("""
        CREATE UNIQUE INDEX beneficiary_one_verified_of_a_party
            ON settlement.beneficiaries (party_id) WHERE state = 'verified'""")
    op.execute("GRANT SELECT, INSERT ON settlement.beneficiaries TO market_api")
    op.execute("""
        GRANT UPDATE (state, checked_by, verified_by, verified_at, reason)
           ON settlement.beneficiaries TO market_api""")


def _payouts() -> None:
    op.execute(f"""
        CREATE TABLE settlement.payout_batches (
            id uuid PRIMARY KEY,
            channel text NOT NULL,
            minimum_fen bigint NOT NULL CONSTRAINT payout_minimum_in_range
                CHECK (minimum_fen BETWEEN 1 AND {MONEY_MAX}),
            prepared_at timestamptz NOT NULL,
            prepared_by uuid,
            approved_at timestamptz,
            approved_by uuid,
            cancelled_at timestamptz,
            file_sha256 text CONSTRAINT payout_file_is_digested
                CHECK (file_sha256 ~ '^[0-9a-f]{{64}}$'),
            CONSTRAINT payout_batch_approved_by_two CHECK (
                approved_at IS NULL OR approved_by IS DISTINCT FROM prepared_by)
        )""")
    op.execute(f"""
        CREATE TABLE settlement.payouts (
            id uuid PRIMARY KEY,
            batch_id uuid NOT NULL REFERENCES settlement.payout_batches (id),
            reference text NOT NULL CONSTRAINT payout_reference_used_once UNIQUE,
            channel text NOT NULL,
            book text NOT NULL,
            purpose text NOT NULL,
            party_id uuid NOT NULL,
            beneficiary_id uuid NOT NULL REFERENCES settlement.beneficiaries (id),
            amount_fen bigint NOT NULL
                CONSTRAINT payout_amount_in_range CHECK (amount_fen BETWEEN 1 AND {MONEY_MAX}),
            state text NOT NULL CONSTRAINT payout_state_known CHECK (state IN (
                {LIVE}, 'paid', 'returned', 'not_sent', 'cancelled')),
            sent_at timestamptz,
            ended_at timestamptz,
            transaction_id text,
            reason text,
            payout_key uuid,
            ending_key uuid,
            CONSTRAINT payout_sent_by_an_entry CHECK (
                (state IN ('in_transit', 'unknown', 'paid', 'returned')) = (payout_key IS NOT NULL)
                AND (payout_key IS NULL) = (sent_at IS NULL)),
            CONSTRAINT payout_ended_by_an_entry CHECK (
                (state IN ('paid', 'returned')) = (ending_key IS NOT NULL))
        )""")
    op.execute(f"""
        CREATE UNIQUE INDEX payout_one_live_for_an_account
            ON settlement.payouts (party_id, purpose, book) WHERE state IN ({LIVE})""")
    op.execute("CREATE INDEX payouts_by_batch ON settlement.payouts (batch_id, id)")
    op.execute("""
        CREATE INDEX payouts_to_send ON settlement.payouts (state, id)
        WHERE state IN ('approved', 'in_transit')""")
    op.execute("CREATE INDEX payouts_by_end ON settlement.payouts (channel, ended_at)")
    op.execute("""
        CREATE TABLE settlement.payout_outcome_files (
            sha256 text PRIMARY KEY,
            batch_id uuid NOT NULL REFERENCES settlement.payout_batches (id),
            line_count integer NOT NULL,
            taken_at timestamptz NOT NULL,
            taken_by uuid
        )""")
    op.execute("""
        GRANT SELECT, INSERT ON settlement.payout_batches, settlement.payouts,
            settlement.payout_outcome_files TO market_api""")
    op.execute("""
        GRANT UPDATE (approved_at, approved_by, cancelled_at, file_sha256)
           ON settlement.payout_batches TO market_api""")
    op.execute("""
        GRANT UPDATE (state, sent_at, ended_at, transaction_id, reason, payout_key, ending_key)
           ON settlement.payouts TO market_api""")


def downgrade() -> None:
    for table in ("payout_outcome_files", "payouts", "payout_batches", "beneficiaries"):
        op.execute(f"DROP TABLE settlement.{table}")
