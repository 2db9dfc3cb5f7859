"""Let accounts keep searches, and know what was told of each."""

from alembic import op

revision = "0092"
down_revision = "0091"
branch_labels = None
depends_on = None

# Nobody reads what another looks for, whatever its role; only the job that looks.
OWN = """
    account_id::text = split_part(current_setting('app.principal', true), ' ', 1)
    OR coalesce(current_setting('app.clearance', true), '') = 'system'"""


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.saved_searches (
            id uuid PRIMARY KEY,
            account_id uuid NOT NULL REFERENCES market.accounts (id),
            party_id uuid NOT NULL,
            name text NOT NULL CONSTRAINT saved_search_has_a_name CHECK (
                length(name) BETWEEN 1 AND 100),
            text text NOT NULL,
            filters jsonb NOT NULL,
            saved_at timestamptz NOT NULL,
            looked_at timestamptz NOT NULL,
            position text NOT NULL,
            is_complete boolean NOT NULL,
            CONSTRAINT saved_search_name_once UNIQUE (account_id, name)
        )""")
    op.execute("CREATE INDEX saved_searches_by_look ON market.saved_searches (looked_at, id)")
    op.execute("""
        CREATE TABLE market.saved_search_matches (
            saved_search_id uuid NOT NULL REFERENCES market.saved_searches (id),
            product_id uuid NOT NULL,
            found_at timestamptz,
            PRIMARY KEY (saved_search_id, product_id)
        )""")
    op.execute("""
        CREATE INDEX saved_search_matches_newest ON market.saved_search_matches
            (saved_search_id, found_at DESC, product_id DESC) WHERE found_at IS NOT NULL""")
    for table in ("saved_searches", "saved_search_matches"):
        op.execute(f"ALTER TABLE market.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE market.{table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY saved_searches_of_their_owners ON market.saved_searches USING ({OWN})")
    op.execute("""
        CREATE POLICY matches_of_their_owners ON market.saved_search_matches
        USING (saved_search_id IN (SELECT id FROM market.saved_searches))""")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON market.saved_searches TO market_api")
    op.execute("GRANT SELECT, INSERT, DELETE ON market.saved_search_matches TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE market.saved_search_matches")
    op.execute("DROP TABLE market.saved_searches")
