"""Keep auctions, who bids, what is bid, and who was awarded what (竞价)."""

from alembic import op

revision = "0125"
down_revision = "0124"
branch_labels = None
depends_on = None

MONEY_MAX = 10**15
SHA256 = "~ '^[0-9a-f]{64}$'"


def upgrade() -> None:
    _auctions()
    _bidders()
    _bids()
    _sealed_bids()
    _awards()


def _auctions() -> None:
    op.execute("CREATE SEQUENCE market.auction_numbers")
    op.execute("GRANT USAGE ON SEQUENCE market.auction_numbers TO market_api")
    op.execute(f"""
        CREATE TABLE market.auctions (
            id uuid PRIMARY KEY,
            number text NOT NULL CONSTRAINT auction_number_taken UNIQUE,
            state text NOT NULL CONSTRAINT auction_state_known
                CHECK (state IN ('draft', 'announced', 'open', 'closed', 'decided', 'awarded',
                                 'contracted', 'failed', 'cancelled', 'voided')),
            supplier_party_id uuid NOT NULL REFERENCES market.parties (id),
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            product_name text NOT NULL,
            filing_id uuid NOT NULL REFERENCES market.pricing_filings (id),
            filing_number text NOT NULL,
            least_fen bigint NOT NULL,
            most_fen bigint NOT NULL,
            lot jsonb NOT NULL,
            rules jsonb NOT NULL,
            ends_at timestamptz NOT NULL,
            extension_count integer NOT NULL
                CONSTRAINT auction_extensions_count CHECK (extension_count >= 0),
            operator_key bytea,
            supplier_private_key bytea,
            operator_private_key bytea,
            reserve_fen bigint,
            reserve_salt text,
            hand_over_until timestamptz,
            outcome jsonb,
            reason text,
            version integer NOT NULL CONSTRAINT auction_version_positive CHECK (version > 0),
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            announced_at timestamptz,
            closed_at timestamptz,
            decided_at timestamptz,
            CONSTRAINT auction_within_what_was_filed
                CHECK (0 <= least_fen AND least_fen <= most_fen AND most_fen <= {MONEY_MAX}),
            CONSTRAINT auction_keys_told_after_the_end
                CHECK (closed_at IS NOT NULL
                       OR num_nonnulls(supplier_private_key, operator_private_key, reserve_fen) = 0),
            CONSTRAINT auction_decided_after_the_end
                CHECK (outcome IS NULL OR (closed_at IS NOT NULL AND decided_at IS NOT NULL)),
            CONSTRAINT auction_that_ended_otherwise_says_why
                CHECK (state NOT IN ('failed', 'cancelled', 'voided') OR btrim(reason) <> '')
        )""")
    op.execute("CREATE INDEX auctions_by_product ON market.auctions (product_id, id)")
    op.execute("CREATE INDEX auctions_by_supplier ON market.auctions (supplier_party_id, id)")
    op.execute("""
        CREATE INDEX auctions_that_run ON market.auctions (state, id)
         WHERE state IN ('announced', 'open', 'closed', 'awarded')""")
    _behind_the_wall(
        "auctions",
        "state <> 'draft' OR catalog.sees_all() OR catalog.acting_party() = supplier_party_id",
    )
    op.execute("GRANT SELECT, INSERT ON market.auctions TO market_api")
    # What was announced is never changed: only how far it is.
    op.execute("""
        GRANT UPDATE (state, ends_at, extension_count, operator_key, supplier_private_key,
                      operator_private_key, reserve_fen, reserve_salt, hand_over_until, outcome,
                      reason, version, updated_at, announced_at, closed_at, decided_at)
           ON market.auctions TO market_api""")


def _bidders() -> None:
    op.execute(f"""
        CREATE TABLE market.auction_bidders (
            id uuid PRIMARY KEY,
            auction_id uuid NOT NULL REFERENCES market.auctions (id),
            party_id uuid NOT NULL REFERENCES market.parties (id),
            paddle integer NOT NULL CONSTRAINT paddle_positive CHECK (paddle > 0),
            limit_fen bigint CONSTRAINT bidder_limit_within_the_books
                CHECK (limit_fen BETWEEN 1 AND {MONEY_MAX}),
            joined_at timestamptz NOT NULL,
            CONSTRAINT party_joins_an_auction_once UNIQUE (auction_id, party_id),
            CONSTRAINT paddle_is_one_bidders UNIQUE (auction_id, paddle)
        )""")
    op.execute("CREATE INDEX auction_bidders_by_party ON market.auction_bidders (party_id, id)")
    # A limit is the bidder's own: neither the supplier nor the houses read it.
    _behind_the_wall(
        "auction_bidders",
        "current_setting('app.clearance', true) = 'system' OR catalog.acting_party() = party_id",
    )
    op.execute("GRANT SELECT, INSERT ON market.auction_bidders TO market_api")


def _bids() -> None:
    op.execute(f"""
        CREATE TABLE market.auction_bids (
            id uuid PRIMARY KEY,
            auction_id uuid NOT NULL,
            paddle integer NOT NULL,
            place integer NOT NULL CONSTRAINT auction_bid_place_positive CHECK (place > 0),
            amount_fen bigint NOT NULL CONSTRAINT auction_bid_within_the_books
                CHECK (amount_fen BETWEEN 1 AND {MONEY_MAX}),
            at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL,
            entry_id uuid NOT NULL,
            CONSTRAINT auction_bid_in_time CHECK (at < ends_at),
            CONSTRAINT auction_bid_has_a_place_of_its_own UNIQUE (auction_id, place),
            CONSTRAINT auction_bid_is_a_bidders FOREIGN KEY (auction_id, paddle)
                REFERENCES market.auction_bidders (auction_id, paddle)
        )""")
    # What the operation says, said once more where no operation can forget it.
    op.execute("""
        CREATE FUNCTION market.keep_bids_rising() RETURNS trigger LANGUAGE plpgsql AS
        $$ DECLARE a record; last record;
        BEGIN
            SELECT state, ends_at INTO a FROM market.auctions WHERE id = NEW.auction_id;
            IF a.state <> 'open' OR NEW.at >= a.ends_at THEN
                RAISE EXCEPTION 'bids are not taken now'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'auction_bid_while_it_is_open';
            END IF;
            SELECT place, amount_fen, at INTO last FROM market.auction_bids
             WHERE auction_id = NEW.auction_id ORDER BY place DESC LIMIT 1;
            IF FOUND AND (NEW.place <> last.place + 1 OR NEW.amount_fen <= last.amount_fen
                          OR NEW.at < last.at) THEN
                RAISE EXCEPTION 'a bid follows the one before it'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'auction_bids_rise';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER auction_bids_rise BEFORE INSERT ON market.auction_bids
        FOR EACH ROW EXECUTE FUNCTION market.keep_bids_rising()""")
    _direct_edit_forbidden("auction_bids")
    op.execute("GRANT SELECT, INSERT ON market.auction_bids TO market_api")


def _sealed_bids() -> None:
    op.execute(f"""
        CREATE TABLE market.auction_sealed_bids (
            id uuid PRIMARY KEY,
            auction_id uuid NOT NULL REFERENCES market.auctions (id),
            party_id uuid NOT NULL REFERENCES market.parties (id),
            paddle integer NOT NULL,
            commitment_sha256 text NOT NULL
                CONSTRAINT auction_commitment_is_hex CHECK (commitment_sha256 {SHA256}),
            sealed_sha256 text NOT NULL
                CONSTRAINT auction_seal_is_of_its_box
                CHECK (sealed_sha256 = encode(sha256(sealed), 'hex')),
            sealed bytea NOT NULL,
            handed_in_at timestamptz NOT NULL,
            entry_id uuid NOT NULL,
            replaced_at timestamptz,
            withdrawn_at timestamptz,
            CONSTRAINT sealed_bid_ends_once CHECK (num_nonnulls(replaced_at, withdrawn_at) <= 1)
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_standing_sealed_bid_of_a_bidder
            ON market.auction_sealed_bids (auction_id, party_id)
         WHERE replaced_at IS NULL AND withdrawn_at IS NULL""")
    op.execute("""
        CREATE FUNCTION market.keep_the_sealed_window() RETURNS trigger LANGUAGE plpgsql AS
        $$ DECLARE a record;
        BEGIN
            SELECT state, ends_at INTO a FROM market.auctions WHERE id = NEW.auction_id;
            IF a.state <> 'open' OR (TG_OP = 'INSERT' AND NEW.handed_in_at >= a.ends_at) THEN
                RAISE EXCEPTION 'bids are not taken now'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'sealed_bid_while_it_is_open';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER sealed_bids_keep_their_window
        BEFORE INSERT OR UPDATE ON market.auction_sealed_bids
        FOR EACH ROW EXECUTE FUNCTION market.keep_the_sealed_window()""")
    _behind_the_wall(
        "auction_sealed_bids",
        "current_setting('app.clearance', true) = 'system' OR catalog.acting_party() = party_id",
    )
    op.execute("GRANT SELECT, INSERT ON market.auction_sealed_bids TO market_api")
    op.execute(
        "GRANT UPDATE (replaced_at, withdrawn_at) ON market.auction_sealed_bids TO market_api"
    )


def _awards() -> None:
    op.execute(f"""
        CREATE TABLE market.auction_awards (
            id uuid PRIMARY KEY,
            auction_id uuid NOT NULL REFERENCES market.auctions (id),
            party_id uuid NOT NULL REFERENCES market.parties (id),
            supplier_party_id uuid NOT NULL REFERENCES market.parties (id),
            paddle integer NOT NULL,
            price_fen bigint NOT NULL CONSTRAINT award_within_the_books
                CHECK (price_fen BETWEEN 1 AND {MONEY_MAX}),
            special_price_id uuid NOT NULL REFERENCES market.special_prices (id),
            order_until date NOT NULL,
            awarded_at timestamptz NOT NULL,
            contracted_at timestamptz,
            defaulted_at timestamptz,
            order_id uuid REFERENCES market.orders (id),
            CONSTRAINT award_ends_once CHECK (num_nonnulls(contracted_at, defaulted_at) <= 1),
            CONSTRAINT bidder_is_awarded_once UNIQUE (auction_id, paddle)
        )""")
    _behind_the_wall(
        "auction_awards",
        "catalog.sees_all() OR catalog.acting_party() IN (party_id, supplier_party_id)",
    )
    op.execute("GRANT SELECT, INSERT ON market.auction_awards TO market_api")
    op.execute("""
        GRANT UPDATE (contracted_at, defaulted_at, order_id)
           ON market.auction_awards TO market_api""")
    # What came of a price that was won is asked until it is known.
    op.execute("""
        CREATE UNIQUE INDEX order_by_special_price ON market.orders ((special_price ->> 'id'))
         WHERE special_price IS NOT NULL""")


def _behind_the_wall(table: str, who: str) -> None:
    op.execute(f"ALTER TABLE market.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE market.{table} FORCE ROW LEVEL SECURITY")
    op.execute(f"""
        CREATE POLICY {table}_of_their_readers ON market.{table}
        USING ({who}) WITH CHECK ({who})""")
    _direct_edit_forbidden(table)


def _direct_edit_forbidden(table: str) -> None:
    op.execute(f"""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.{table} DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")


def downgrade() -> None:
    op.execute("DROP INDEX market.order_by_special_price")
    for table in (
        "auction_awards",
        "auction_sealed_bids",
        "auction_bids",
        "auction_bidders",
        "auctions",
    ):
        op.execute(f"DROP TABLE market.{table}")
    op.execute("DROP FUNCTION market.keep_the_sealed_window()")
    op.execute("DROP FUNCTION market.keep_bids_rising()")
    op.execute("DROP SEQUENCE market.auction_numbers")
