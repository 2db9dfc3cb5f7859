"""Keep demand posts apart from what others see of them, and what fits them with what was said of it."""

from alembic import op

revision = "0123"
down_revision = "0122"
branch_labels = None
depends_on = None

_VERDICT = "IN ('accepted', 'dismissed')"
_REASON = """IN ('other_subject', 'other_region', 'other_form', 'too_old', 'too_dear', 'had_already',
                          'not_for_sale', 'other')"""


def upgrade() -> None:
    _posts()
    _board()
    _matches()
    for table in (
        "demand_posts",
        "demand_post_revisions",
        "demand_looks",
        "demand_board",
        "demand_matches",
        "demand_match_answers",
    ):
        op.execute(f"ALTER TABLE market.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE market.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT ON market.{table} TO market_api")
    for table in ("demand_posts", "demand_looks", "demand_board", "demand_matches"):
        op.execute(f"GRANT UPDATE ON market.{table} TO market_api")


def _posts() -> None:
    op.execute("""
        CREATE TABLE market.demand_posts (
            id uuid PRIMARY KEY,
            state text NOT NULL CONSTRAINT demand_posts_state_known CHECK (
                state IN ('draft', 'submitted', 'published', 'negotiating', 'met', 'withdrawn',
                          'expired', 'rejected')),
            buyer_party_id uuid NOT NULL REFERENCES market.parties (id),
            asked jsonb NOT NULL,
            revision integer NOT NULL,
            version integer NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            submitted_at timestamptz,
            published_at timestamptz,
            rejection text CONSTRAINT demand_post_rejection_known CHECK (
                rejection IN ('personal_information', 'secrets', 'unlawful_purpose', 'unclear',
                              'other')),
            reason text,
            CONSTRAINT rejected_by_a_code CHECK ((state = 'rejected') = (rejection IS NOT NULL)),
            CONSTRAINT shown_after_its_review CHECK (
                state NOT IN ('published', 'negotiating', 'met') OR published_at IS NOT NULL)
        )""")
    op.execute("CREATE INDEX demand_posts_by_party ON market.demand_posts (buyer_party_id, id)")
    op.execute("CREATE INDEX demand_posts_by_state ON market.demand_posts (state, id)")
    op.execute("""
        CREATE POLICY demand_posts_of_their_buyer ON market.demand_posts
        USING (catalog.sees_all() OR buyer_party_id = catalog.acting_party())""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.demand_posts DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("""
        CREATE TABLE market.demand_post_revisions (
            post_id uuid NOT NULL REFERENCES market.demand_posts (id),
            revision integer NOT NULL,
            asked jsonb NOT NULL,
            revised_at timestamptz NOT NULL,
            revised_by uuid NOT NULL REFERENCES market.accounts (id),
            PRIMARY KEY (post_id, revision)
        )""")
    op.execute("""
        CREATE POLICY demand_post_revisions_of_their_post ON market.demand_post_revisions
        USING (EXISTS (SELECT FROM market.demand_posts p WHERE p.id = post_id))""")
    op.execute("""
        CREATE TABLE market.demand_looks (
            post_id uuid PRIMARY KEY REFERENCES market.demand_posts (id),
            revision integer NOT NULL,
            position text NOT NULL,
            looked_at timestamptz NOT NULL
        )""")
    op.execute("""
        CREATE POLICY demand_looks_are_the_service_s ON market.demand_looks
        USING (catalog.sees_all())""")


def _board() -> None:
    op.execute("""
        CREATE TABLE market.demand_board (
            post_id uuid PRIMARY KEY REFERENCES market.demand_posts (id),
            visibility text NOT NULL CONSTRAINT demand_visibility_known CHECK (
                visibility IN ('public', 'anonymous', 'invited')),
            is_shown boolean NOT NULL,
            is_open boolean NOT NULL,
            use_category text NOT NULL,
            forms text[] NOT NULL,
            delivery_modes text[] NOT NULL,
            industry_codes text[] NOT NULL,
            region_codes text[] NOT NULL,
            posting jsonb NOT NULL
        )""")
    op.execute("""
        CREATE INDEX demand_board_open ON market.demand_board (post_id) WHERE is_shown AND is_open""")
    op.execute("""
        CREATE POLICY demand_board_is_public ON market.demand_board
        USING (catalog.sees_all() OR visibility <> 'invited'
               OR EXISTS (SELECT FROM market.demand_posts p WHERE p.id = post_id))""")


def _matches() -> None:
    op.execute(f"""
        CREATE TABLE market.demand_matches (
            post_id uuid NOT NULL REFERENCES market.demand_posts (id),
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            buyer_party_id uuid NOT NULL REFERENCES market.parties (id),
            supplier_party_id uuid REFERENCES market.parties (id),
            product_name text NOT NULL,
            score integer NOT NULL,
            reasons jsonb NOT NULL,
            is_current boolean NOT NULL,
            is_told boolean NOT NULL,
            found_at timestamptz NOT NULL,
            buyer_verdict text CONSTRAINT buyer_verdict_known CHECK (buyer_verdict {_VERDICT}),
            buyer_reason text CONSTRAINT buyer_reason_known CHECK (buyer_reason {_REASON}),
            supplier_verdict text CONSTRAINT supplier_verdict_known CHECK (
                supplier_verdict {_VERDICT}),
            supplier_reason text CONSTRAINT supplier_reason_known CHECK (supplier_reason {_REASON}),
            PRIMARY KEY (post_id, product_id),
            CONSTRAINT nobody_is_matched_with_himself CHECK (supplier_party_id <> buyer_party_id),
            CONSTRAINT matches_are_told_to_somebody CHECK (
                NOT is_told OR supplier_party_id IS NOT NULL),
            CONSTRAINT dismissed_for_a_reason CHECK (
                (buyer_verdict IS NOT DISTINCT FROM 'dismissed') = (buyer_reason IS NOT NULL)
                AND (supplier_verdict IS NOT DISTINCT FROM 'dismissed')
                    = (supplier_reason IS NOT NULL))
        )""")
    op.execute("""
        CREATE INDEX demand_matches_of_supplier
            ON market.demand_matches (supplier_party_id, post_id) WHERE is_told AND is_current""")
    op.execute("CREATE INDEX demand_matches_of_product ON market.demand_matches (product_id)")
    op.execute("""
        CREATE POLICY demand_matches_of_both_sides ON market.demand_matches
        USING (catalog.sees_all() OR buyer_party_id = catalog.acting_party()
               OR (is_told AND supplier_party_id = catalog.acting_party()))""")
    op.execute(f"""
        CREATE TABLE market.demand_match_answers (
            place bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
            post_id uuid NOT NULL,
            product_id uuid NOT NULL,
            party_id uuid NOT NULL REFERENCES market.parties (id),
            side text NOT NULL CONSTRAINT match_side_known CHECK (side IN ('buyer', 'supplier')),
            verdict text NOT NULL CONSTRAINT match_verdict_known CHECK (verdict {_VERDICT}),
            reason text CONSTRAINT match_reason_known CHECK (reason {_REASON}),
            score integer NOT NULL,
            answered_at timestamptz NOT NULL,
            FOREIGN KEY (post_id, product_id) REFERENCES market.demand_matches,
            CONSTRAINT an_answer_dismisses_for_a_reason CHECK (
                (verdict = 'dismissed') = (reason IS NOT NULL))
        )""")
    op.execute("CREATE INDEX demand_match_answers_of ON market.demand_match_answers (post_id, product_id)")
    op.execute("""
        CREATE POLICY demand_match_answers_of_who_gave_them ON market.demand_match_answers
        USING (catalog.sees_all() OR party_id = catalog.acting_party())""")


def downgrade() -> None:
    for table in (
        "demand_match_answers",
        "demand_matches",
        "demand_board",
        "demand_looks",
        "demand_post_revisions",
        "demand_posts",
    ):
        op.execute(f"DROP TABLE market.{table}")
