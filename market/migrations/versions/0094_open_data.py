"""Keep what is open data, under which licence, and how often it is fetched."""

from alembic import op

revision = "0094"
down_revision = "0093"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.openings (
            id uuid PRIMARY KEY,
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            product_name text NOT NULL,
            supplier_party_id uuid NOT NULL REFERENCES market.parties (id),
            supplier_name text NOT NULL,
            state text NOT NULL CONSTRAINT openings_state_known CHECK (
                state IN ('requested', 'open', 'refused', 'closed')),
            licence text NOT NULL CONSTRAINT open_under_a_licence CHECK (licence <> ''),
            secrecy_review text NOT NULL,
            requested_at timestamptz NOT NULL,
            decided_at timestamptz,
            closed_at timestamptz,
            reason text,
            CONSTRAINT open_since_a_decision CHECK (state <> 'open' OR decided_at IS NOT NULL),
            CONSTRAINT closed_at_some_time CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
            CONSTRAINT decided_for_a_reason CHECK (state = 'requested' OR reason IS NOT NULL)
        )""")
    op.execute("""
        CREATE UNIQUE INDEX open_once ON market.openings (product_id)
         WHERE state IN ('requested', 'open')""")
    op.execute("CREATE INDEX openings_by_state ON market.openings (state, decided_at, product_id)")
    op.execute("ALTER TABLE market.openings ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.openings FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY what_is_open_is_read ON market.openings FOR SELECT USING (state = 'open')""")
    op.execute("""
        CREATE POLICY openings_of_their_suppliers ON market.openings
        USING (catalog.sees_all() OR supplier_party_id = catalog.acting_party())""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.openings DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.openings TO market_api")
    # Of nobody: how often, and not by whom.
    op.execute("""
        CREATE TABLE market.open_downloads (
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            version integer NOT NULL,
            minute timestamptz NOT NULL,
            count bigint NOT NULL CONSTRAINT download_counts_only_grow CHECK (count >= 1),
            is_told boolean NOT NULL,
            PRIMARY KEY (product_id, version, minute)
        )""")
    op.execute("""
        CREATE INDEX open_downloads_untold ON market.open_downloads (minute) WHERE NOT is_told""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.open_downloads TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE market.open_downloads")
    op.execute("DROP TABLE market.openings")
