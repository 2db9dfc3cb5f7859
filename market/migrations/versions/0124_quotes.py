"""Ask for quotes, keep them sealed until their deadline, and let who was invited see what it is about."""

from alembic import op

revision = "0124"
down_revision = "0123"
branch_labels = None
depends_on = None

_INVITED = """EXISTS (SELECT FROM market.quote_invitations i
                        WHERE i.{column} = {table}.{key}
                          AND i.supplier_party_id = catalog.acting_party())"""


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.quote_requests (
            id uuid PRIMARY KEY,
            state text NOT NULL CONSTRAINT quote_requests_state_known CHECK (
                state IN ('open', 'opened', 'lapsed', 'accepted', 'declined', 'withdrawn')),
            post_id uuid NOT NULL REFERENCES market.demand_posts (id),
            title text NOT NULL,
            buyer_party_id uuid NOT NULL REFERENCES market.parties (id),
            is_by_operator boolean NOT NULL,
            quotes_until timestamptz NOT NULL,
            message text NOT NULL,
            version integer NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            opened_at timestamptz,
            decided_at timestamptz,
            accepted_quote_id uuid,
            negotiation_id uuid REFERENCES market.negotiations (id),
            special_price_id uuid REFERENCES market.special_prices (id),
            reason text,
            CONSTRAINT quotes_are_opened_after_their_deadline CHECK (opened_at >= quotes_until),
            CONSTRAINT chosen_goes_on_in_one_way CHECK (
                (state = 'accepted') = (accepted_quote_id IS NOT NULL)
                AND num_nonnulls(negotiation_id, special_price_id) = (state = 'accepted')::int)
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_running_request_of_a_demand ON market.quote_requests (post_id)
         WHERE state IN ('open', 'opened')""")
    op.execute("CREATE INDEX quote_requests_by_post ON market.quote_requests (post_id, id)")
    op.execute("CREATE INDEX quote_requests_by_buyer ON market.quote_requests (buyer_party_id, id)")
    op.execute("""
        CREATE INDEX quote_requests_due ON market.quote_requests (quotes_until) WHERE state = 'open'""")
    op.execute("""
        CREATE TABLE market.quote_invitations (
            request_id uuid NOT NULL REFERENCES market.quote_requests (id),
            supplier_party_id uuid NOT NULL REFERENCES market.parties (id),
            buyer_party_id uuid NOT NULL REFERENCES market.parties (id),
            post_id uuid NOT NULL REFERENCES market.demand_posts (id),
            invited_at timestamptz NOT NULL,
            PRIMARY KEY (request_id, supplier_party_id),
            CONSTRAINT nobody_invites_himself CHECK (supplier_party_id <> buyer_party_id)
        )""")
    op.execute("""
        CREATE INDEX quote_invitations_of_supplier
            ON market.quote_invitations (supplier_party_id, post_id)""")
    _quotes()
    for table in ("quote_requests", "quote_invitations", "quotes"):
        op.execute(f"ALTER TABLE market.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE market.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT ON market.{table} TO market_api")
    op.execute("GRANT UPDATE ON market.quote_requests TO market_api")
    op.execute("GRANT UPDATE (replaced_at, withdrawn_at, opened_at) ON market.quotes TO market_api")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.quote_requests DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    _policies()


def _quotes() -> None:
    op.execute("""
        CREATE TABLE market.quotes (
            id uuid PRIMARY KEY,
            request_id uuid NOT NULL REFERENCES market.quote_requests (id),
            supplier_party_id uuid NOT NULL REFERENCES market.parties (id),
            buyer_party_id uuid NOT NULL REFERENCES market.parties (id),
            account_id uuid NOT NULL REFERENCES market.accounts (id),
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            product_name text NOT NULL,
            filing_id uuid NOT NULL REFERENCES market.pricing_filings (id),
            filing_number text NOT NULL,
            terms jsonb NOT NULL,
            amount_fen bigint NOT NULL CONSTRAINT quote_amount_in_range CHECK (
                amount_fen BETWEEN 0 AND 1000000000000000),
            filed_fen bigint,
            special_price_reason text NOT NULL,
            note text NOT NULL,
            submitted_at timestamptz NOT NULL,
            replaced_at timestamptz,
            withdrawn_at timestamptz,
            opened_at timestamptz,
            FOREIGN KEY (request_id, supplier_party_id) REFERENCES market.quote_invitations,
            CONSTRAINT another_price_has_its_reason CHECK (
                amount_fen IS NOT DISTINCT FROM filed_fen OR special_price_reason ~ '\\S'),
            CONSTRAINT never_above_the_filed_price CHECK (filed_fen IS NULL OR amount_fen <= filed_fen),
            CONSTRAINT a_quote_taken_back_is_never_opened CHECK (
                num_nonnulls(replaced_at, withdrawn_at, opened_at) <= 1)
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_standing_quote_of_a_supplier
            ON market.quotes (request_id, supplier_party_id)
         WHERE replaced_at IS NULL AND withdrawn_at IS NULL""")
    # What the operation says, said once more where no operation can forget it.
    op.execute("""
        CREATE FUNCTION market.keep_the_quote_window() RETURNS trigger LANGUAGE plpgsql AS
        $$ DECLARE r record;
        BEGIN
            SELECT state, quotes_until INTO r FROM market.quote_requests WHERE id = NEW.request_id;
            IF TG_OP = 'INSERT' AND (r.state <> 'open' OR NEW.submitted_at >= r.quotes_until) THEN
                RAISE EXCEPTION 'the window for quotes is over'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'quote_comes_in_its_window';
            END IF;
            IF NEW.opened_at IS NOT NULL AND r.state = 'open' THEN
                RAISE EXCEPTION 'a quote is opened with its request'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'quote_opens_with_its_request';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER quotes_keep_their_window BEFORE INSERT OR UPDATE ON market.quotes
        FOR EACH ROW EXECUTE FUNCTION market.keep_the_quote_window()""")


def _policies() -> None:
    own = "buyer_party_id = catalog.acting_party()"
    invited = _INVITED.format(column="request_id", table="quote_requests", key="id")
    op.execute(f"""
        CREATE POLICY quote_requests_of_both_sides ON market.quote_requests
        USING (catalog.sees_all() OR {own} OR {invited})""")
    op.execute(f"""
        CREATE POLICY quote_invitations_of_both_sides ON market.quote_invitations
        USING (catalog.sees_all() OR {own} OR supplier_party_id = catalog.acting_party())""")
    # The seal: until it is opened a quote is its supplier's alone. No clearance of a person opens it.
    op.execute(f"""
        CREATE POLICY quotes_are_sealed_until_they_are_opened ON market.quotes
        USING (supplier_party_id = catalog.acting_party()
               OR coalesce(current_setting('app.clearance', true), '') = 'system'
               OR (opened_at IS NOT NULL AND (catalog.sees_all() OR {own})))""")
    on_the_board = _INVITED.format(column="post_id", table="demand_board", key="post_id")
    op.execute(f"""
        ALTER POLICY demand_board_is_public ON market.demand_board
        USING (catalog.sees_all() OR visibility <> 'invited'
               OR EXISTS (SELECT FROM market.demand_posts p WHERE p.id = post_id)
               OR {on_the_board})""")


def downgrade() -> None:
    op.execute("""
        ALTER POLICY demand_board_is_public ON market.demand_board
        USING (catalog.sees_all() OR visibility <> 'invited'
               OR EXISTS (SELECT FROM market.demand_posts p WHERE p.id = post_id))""")
    op.execute("DROP TABLE market.quotes")
    op.execute("DROP FUNCTION market.keep_the_quote_window()")
    op.execute("DROP POLICY quote_requests_of_both_sides ON market.quote_requests")
    op.execute("DROP TABLE market.quote_invitations")
    op.execute("DROP TABLE market.quote_requests")
