"""Make the tables of the trade: price filings, listings, orders, contracts, grants, usage."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15
MODES = (
    "raw_share",
    "dataset_product",
    "api_call",
    "model_deploy",
    "verification",
    "report_result",
    "sandbox",
    "privacy_computing",
)
FILING_STATES = (
    "draft",
    "filed",
    "recorded",
    "effective",
    "under_inquiry",
    "suspended",
    "non_compliant",
    "superseded",
    "expired",
    "withdrawn",
)
LISTING_STATES = ("draft", "compliance_check", "listed", "suspended", "delisted")
ORDER_STATES = (
    "placed",
    "negotiating",
    "cleared",
    "rejected",
    "contracted",
    "paid",
    "delivering",
    "accepted",
    "disputed",
    "suspended",
    "completed",
    "cancelled",
    "terminated",
)
SUSPENDED_FROM = ("contracted", "paid", "delivering", "accepted")
GRANT_STATES = ("active", "cut_off", "expired", "revoked")
KEPT = ("contracts", "contract_signatures", "usage_events")


def _in(values: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"


def upgrade() -> None:
    _pricing()
    _listings()
    _orders()
    _contracts()
    _grants()
    _usage()
    for table in KEPT:
        op.execute(f"""
            CREATE TRIGGER {table}_are_never_changed BEFORE UPDATE OR DELETE ON market.{table}
            FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"""
            CREATE TRIGGER {table}_are_never_emptied BEFORE TRUNCATE ON market.{table}
            FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def _secure(table: str) -> None:
    op.execute(f"ALTER TABLE market.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE market.{table} FORCE ROW LEVEL SECURITY")


def _of_both_parties(table: str) -> None:
    _secure(table)
    op.execute(f"""
        CREATE POLICY {table}_of_their_parties ON market.{table}
        USING (catalog.sees_all()
               OR catalog.acting_party() IN (buyer_party_id, supplier_party_id))
        WITH CHECK (catalog.sees_all()
               OR catalog.acting_party() IN (buyer_party_id, supplier_party_id))""")


def _pricing() -> None:
    op.execute("CREATE SEQUENCE market.pricing_filing_numbers")
    op.execute("GRANT USAGE ON SEQUENCE market.pricing_filing_numbers TO market_api")
    op.execute(f"""
        CREATE TABLE market.pricing_filings (
            id uuid PRIMARY KEY,
            state text NOT NULL
                CONSTRAINT pricing_filing_state_known CHECK (state IN {_in(FILING_STATES)}),
            supplier_party_id uuid NOT NULL,
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            product_name text NOT NULL,
            use_category text NOT NULL CONSTRAINT pricing_filing_use_category_known
                CHECK (use_category IN ('', 'public_governance', 'public_welfare',
                                        'industrial_development', 'sector_development')),
            terms jsonb NOT NULL,
            effective_from date NOT NULL,
            effective_to date,
            filing_number text CONSTRAINT pricing_filing_number_given_once UNIQUE,
            record bytea,
            record_sha256 text,
            returned_for jsonb NOT NULL,
            version integer NOT NULL
                CONSTRAINT pricing_filing_version_positive CHECK (version > 0),
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            filed_at timestamptz,
            recorded_at timestamptz,
            CONSTRAINT pricing_filing_record_digest
                CHECK (record IS NULL OR record_sha256 = encode(sha256(record), 'hex')),
            CONSTRAINT pricing_filing_numbered_when_recorded
                CHECK (state NOT IN ('recorded', 'effective')
                       OR (filing_number IS NOT NULL AND record IS NOT NULL))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_effective_price_per_product_and_use
            ON market.pricing_filings (product_id, use_category) WHERE state = 'effective'""")
    op.execute("""
        CREATE INDEX pricing_filings_by_supplier ON market.pricing_filings (supplier_party_id, id)""")
    op.execute("CREATE INDEX pricing_filings_by_product ON market.pricing_filings (product_id, id)")
    op.execute("""
        CREATE INDEX pricing_filings_due ON market.pricing_filings (effective_from, effective_to)
            WHERE state IN ('recorded', 'effective')""")
    _secure("pricing_filings")
    # What is on record stands in the public price list (GD-07).
    op.execute("""
        CREATE POLICY recorded_prices_are_read ON market.pricing_filings
        FOR SELECT USING (state IN ('recorded', 'effective'))""")
    op.execute("""
        CREATE POLICY pricing_filings_of_their_suppliers ON market.pricing_filings
        USING (catalog.sees_all() OR supplier_party_id = catalog.acting_party())
        WITH CHECK (catalog.sees_all() OR supplier_party_id = catalog.acting_party())""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.pricing_filings TO market_api")


def _listings() -> None:
    op.execute(f"""
        CREATE TABLE market.listings (
            id uuid PRIMARY KEY,
            state text NOT NULL
                CONSTRAINT listing_state_known CHECK (state IN {_in(LISTING_STATES)}),
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            supplier_party_id uuid NOT NULL,
            papers jsonb NOT NULL,
            certificate_number text,
            filing_id uuid REFERENCES market.pricing_filings (id),
            gate jsonb NOT NULL,
            version integer NOT NULL CONSTRAINT listing_version_positive CHECK (version > 0),
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            listed_at timestamptz,
            reason text,
            CONSTRAINT listed_with_a_price
                CHECK (state <> 'listed' OR (filing_id IS NOT NULL AND listed_at IS NOT NULL))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_live_listing_per_product ON market.listings (product_id)
            WHERE state <> 'delisted'""")
    op.execute("CREATE INDEX listings_by_supplier ON market.listings (supplier_party_id, id)")
    op.execute("CREATE INDEX listings_by_product ON market.listings (product_id, id)")
    _secure("listings")
    op.execute("""
        CREATE POLICY offers_are_read ON market.listings FOR SELECT USING (state = 'listed')""")
    op.execute("""
        CREATE POLICY listings_of_their_suppliers ON market.listings
        USING (catalog.sees_all() OR supplier_party_id = catalog.acting_party())
        WITH CHECK (catalog.sees_all() OR supplier_party_id = catalog.acting_party())""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.listings TO market_api")


def _orders() -> None:
    op.execute("CREATE SEQUENCE market.order_numbers")
    op.execute("GRANT USAGE ON SEQUENCE market.order_numbers TO market_api")
    op.execute(f"""
        CREATE TABLE market.orders (
            id uuid PRIMARY KEY,
            number text NOT NULL CONSTRAINT order_number_given_once UNIQUE,
            state text NOT NULL CONSTRAINT order_state_known CHECK (state IN {_in(ORDER_STATES)}),
            buyer_party_id uuid NOT NULL,
            supplier_party_id uuid NOT NULL,
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            product_name text NOT NULL,
            product_version integer NOT NULL,
            level text,
            listing_id uuid NOT NULL REFERENCES market.listings (id),
            filing_id uuid NOT NULL REFERENCES market.pricing_filings (id),
            filing_number text NOT NULL,
            price_item jsonb NOT NULL,
            quantity bigint NOT NULL CONSTRAINT order_quantity_positive CHECK (quantity > 0),
            amount_fen bigint NOT NULL
                CONSTRAINT order_amount_in_range CHECK (amount_fen BETWEEN 0 AND {MONEY_MAX}),
            purpose text NOT NULL CONSTRAINT order_purpose_is_told CHECK (purpose <> ''),
            scenario text NOT NULL,
            use_category text,
            delivery_mode text NOT NULL
                CONSTRAINT order_delivery_mode_known CHECK (delivery_mode IN {_in(MODES)}),
            terms jsonb NOT NULL,
            version integer NOT NULL CONSTRAINT order_version_positive CHECK (version > 0),
            placed_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            decision jsonb,
            suspended_from text CONSTRAINT order_suspended_from_known
                CHECK (suspended_from IN {_in(SUSPENDED_FROM)}),
            contracted_at timestamptz,
            paid_at timestamptz,
            delivered_at timestamptz,
            inspection_ends_at timestamptz,
            accepted_at timestamptz,
            closed_at timestamptz,
            manifest jsonb NOT NULL,
            fingerprint_id text,
            reason text,
            CONSTRAINT order_not_with_oneself CHECK (buyer_party_id <> supplier_party_id),
            CONSTRAINT order_priced_as_filed
                CHECK (amount_fen = (price_item ->> 'unit_price_fen')::bigint * quantity),
            CONSTRAINT order_decided_before_it_goes_on
                CHECK (decision IS NOT NULL
                       OR state IN ('placed', 'negotiating', 'cancelled', 'terminated')),
            CONSTRAINT order_suspended_from_somewhere
                CHECK (state <> 'suspended' OR suspended_from IS NOT NULL),
            CONSTRAINT order_paid_before_delivery
                CHECK (delivered_at IS NULL OR amount_fen = 0 OR paid_at IS NOT NULL),
            CONSTRAINT order_accepted_after_delivery
                CHECK (accepted_at IS NULL OR delivered_at IS NOT NULL)
        )""")
    for column in ("buyer_party_id", "supplier_party_id", "product_id"):
        op.execute(f"CREATE INDEX orders_by_{column} ON market.orders ({column}, id)")
    op.execute("CREATE INDEX orders_by_time ON market.orders (placed_at)")
    op.execute("""
        CREATE INDEX orders_being_inspected ON market.orders (inspection_ends_at)
            WHERE state = 'delivering'""")
    op.execute("""
        CREATE INDEX orders_accepted ON market.orders (accepted_at)
            WHERE state IN ('accepted', 'completed')""")
    _of_both_parties("orders")
    op.execute("GRANT SELECT, INSERT ON market.orders TO market_api")
    # What was ordered, by whom, at which price, is never changed: only how far the order is.
    op.execute("""
        GRANT UPDATE (state, decision, suspended_from, contracted_at, paid_at, delivered_at,
                      inspection_ends_at, accepted_at, closed_at, manifest, fingerprint_id, reason,
                      version, updated_at) ON market.orders TO market_api""")


def _contracts() -> None:
    op.execute("""
        CREATE TABLE market.contracts (
            order_id uuid PRIMARY KEY REFERENCES market.orders (id),
            buyer_party_id uuid NOT NULL,
            supplier_party_id uuid NOT NULL,
            record bytea NOT NULL,
            record_sha256 text NOT NULL,
            split jsonb NOT NULL,
            drafted_at timestamptz NOT NULL,
            CONSTRAINT contract_record_digest
                CHECK (record_sha256 = encode(sha256(record), 'hex'))
        )""")
    op.execute("""
        CREATE TABLE market.contract_signatures (
            order_id uuid NOT NULL REFERENCES market.contracts (order_id),
            side text NOT NULL
                CONSTRAINT contract_side_known CHECK (side IN ('buyer', 'supplier')),
            buyer_party_id uuid NOT NULL,
            supplier_party_id uuid NOT NULL,
            party_id uuid NOT NULL,
            key_id text NOT NULL,
            algorithm text NOT NULL,
            value bytea NOT NULL
                CONSTRAINT contract_signature_is_ed25519 CHECK (octet_length(value) = 64),
            signed_at timestamptz NOT NULL,
            PRIMARY KEY (order_id, side),
            CONSTRAINT contract_signed_by_its_side
                CHECK (party_id = CASE side WHEN 'buyer' THEN buyer_party_id
                                            ELSE supplier_party_id END)
        )""")
    for table in ("contracts", "contract_signatures"):
        _of_both_parties(table)
        op.execute(f"GRANT SELECT, INSERT ON market.{table} TO market_api")


def _grants() -> None:
    op.execute(f"""
        CREATE TABLE market.grants (
            id uuid PRIMARY KEY,
            order_id uuid NOT NULL CONSTRAINT one_grant_per_order UNIQUE
                REFERENCES market.orders (id),
            buyer_party_id uuid NOT NULL,
            supplier_party_id uuid NOT NULL,
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            product_version integer NOT NULL,
            content_sha256 text NOT NULL,
            content_size_bytes bigint NOT NULL,
            media_type text NOT NULL,
            file_name text NOT NULL,
            fingerprint_id text NOT NULL,
            scope jsonb NOT NULL,
            quota bigint CONSTRAINT grant_quota_positive CHECK (quota > 0),
            valid_to timestamptz NOT NULL,
            state text NOT NULL CONSTRAINT grant_state_known CHECK (state IN {_in(GRANT_STATES)}),
            used bigint NOT NULL,
            order_seq integer NOT NULL CONSTRAINT grant_order_seq_not_negative
                CHECK (order_seq >= 0),
            last_record_sha256 text NOT NULL,
            created_at timestamptz NOT NULL,
            cut_off_at timestamptz,
            cut_off_reason text,
            CONSTRAINT grant_used_within_quota CHECK (used >= 0 AND (quota IS NULL OR used <= quota)),
            CONSTRAINT grant_cut_off_says_when
                CHECK ((state IN ('cut_off', 'revoked')) <= (cut_off_at IS NOT NULL))
        )""")
    op.execute("CREATE INDEX grants_due ON market.grants (valid_to) WHERE state = 'active'")
    _of_both_parties("grants")
    op.execute("GRANT SELECT, INSERT ON market.grants TO market_api")
    op.execute("""
        GRANT UPDATE (state, used, order_seq, last_record_sha256, cut_off_at, cut_off_reason)
        ON market.grants TO market_api""")


def _usage() -> None:
    op.execute("""
        CREATE TABLE market.usage_events (
            id uuid PRIMARY KEY,
            order_id uuid NOT NULL REFERENCES market.orders (id),
            order_seq integer NOT NULL
                CONSTRAINT usage_counts_from_one CHECK (order_seq > 0),
            grant_id uuid NOT NULL REFERENCES market.grants (id),
            buyer_party_id uuid NOT NULL,
            supplier_party_id uuid NOT NULL,
            product_id uuid NOT NULL,
            request_key text NOT NULL,
            decision text NOT NULL
                CONSTRAINT usage_decision_known CHECK (decision IN ('allow', 'deny')),
            price_units bigint NOT NULL
                CONSTRAINT usage_denied_is_not_billed
                CHECK (price_units >= 0 AND (decision = 'allow' OR price_units = 0)),
            at timestamptz NOT NULL,
            record bytea NOT NULL,
            record_sha256 text NOT NULL,
            entry_id uuid NOT NULL,
            CONSTRAINT usage_event_counted_once UNIQUE (order_id, order_seq),
            CONSTRAINT usage_record_digest CHECK (record_sha256 = encode(sha256(record), 'hex'))
        )""")
    # A request is billed once, whatever happens beside it.
    op.execute("""
        CREATE UNIQUE INDEX usage_request_billed_once ON market.usage_events (order_id, request_key)
            WHERE price_units > 0""")
    op.execute("CREATE INDEX usage_events_by_time ON market.usage_events (at)")
    _of_both_parties("usage_events")
    op.execute("GRANT SELECT, INSERT ON market.usage_events TO market_api")


def downgrade() -> None:
    for table in (
        "usage_events",
        "grants",
        "contract_signatures",
        "contracts",
        "orders",
        "listings",
        "pricing_filings",
    ):
        op.execute(f"DROP TABLE market.{table}")
    op.execute("DROP SEQUENCE market.order_numbers")
    op.execute("DROP SEQUENCE market.pricing_filing_numbers")
