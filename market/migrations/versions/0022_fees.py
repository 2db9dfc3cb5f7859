"""Make the tables of the fees: prices that never overlap, and what each application costs."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

KINDS = ("first", "change", "transfer", "deregistration", "renewal")
KIND_LIST = ",".join(f"'{kind}'" for kind in KINDS)


def upgrade() -> None:
    # Public: the schedule. One exclusion per kind, so that no extension is needed for the text.
    exclusions = ",\n".join(
        f"""CONSTRAINT one_price_at_a_time_for_{kind} EXCLUDE USING gist (
                daterange(effective_on, ends_on, '[)') WITH &&)
                WHERE (application_kind = '{kind}')"""
        for kind in KINDS
    )
    op.execute(f"""
        CREATE TABLE catalog.fee_prices (
            id uuid PRIMARY KEY,
            application_kind text NOT NULL
                CONSTRAINT fee_price_kind_known CHECK (application_kind IN ({KIND_LIST})),
            amount_fen bigint NOT NULL
                CONSTRAINT fee_price_not_negative CHECK (amount_fen >= 0),
            effective_on date NOT NULL,
            ends_on date,
            legal_basis text NOT NULL,
            reason text NOT NULL CONSTRAINT fee_price_has_a_reason CHECK (reason <> ''),
            set_by uuid,
            set_at timestamptz NOT NULL,
            CONSTRAINT fee_price_ends_after_it_begins CHECK (ends_on > effective_on),
            CONSTRAINT fee_price_is_not_retroactive CHECK (
                effective_on > (set_at AT TIME ZONE 'Asia/Shanghai')::date),
            {exclusions}
        )""")
    op.execute("GRANT SELECT, INSERT ON catalog.fee_prices TO market_api")
    op.execute("GRANT UPDATE (ends_on) ON catalog.fee_prices TO market_api")
    op.execute(f"""
        CREATE TABLE catalog.fees (
            id uuid PRIMARY KEY,
            application_kind text NOT NULL
                CONSTRAINT fee_kind_known CHECK (application_kind IN ({KIND_LIST})),
            subject_id uuid NOT NULL CONSTRAINT one_fee_per_application UNIQUE,
            party_id uuid NOT NULL,
            price_id uuid REFERENCES catalog.fee_prices (id),
            amount_fen bigint NOT NULL CONSTRAINT fee_not_negative CHECK (amount_fen >= 0),
            state text NOT NULL CONSTRAINT fees_state_known CHECK (state IN (
                'due','free','paid','waived','dropped','refunded')),
            frozen_at timestamptz NOT NULL,
            receipt text,
            reason text,
            settled_by uuid,
            settled_at timestamptz,
            CONSTRAINT what_costs_nothing_is_free CHECK ((amount_fen = 0) = (state = 'free')),
            CONSTRAINT a_paid_fee_has_its_receipt CHECK (
                state NOT IN ('paid', 'refunded') OR coalesce(receipt, '') <> ''),
            CONSTRAINT a_fee_let_off_has_its_reason CHECK (
                state NOT IN ('waived', 'refunded') OR coalesce(reason, '') <> '')
        )""")
    op.execute("CREATE INDEX fees_by_party ON catalog.fees (party_id, id)")
    op.execute("ALTER TABLE catalog.fees ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.fees FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY fees_of_their_parties ON catalog.fees
        USING (catalog.sees_all() OR party_id = catalog.acting_party())
        WITH CHECK (catalog.sees_all() OR party_id = catalog.acting_party())""")
    op.execute("GRANT SELECT, INSERT ON catalog.fees TO market_api")
    op.execute("""
        GRANT UPDATE (state, receipt, reason, settled_by, settled_at) ON catalog.fees
           TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE catalog.fees")
    op.execute("DROP TABLE catalog.fee_prices")
