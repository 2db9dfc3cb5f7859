"""Keep collections of products, and what stands in each in which order."""

from alembic import op

revision = "0089"
down_revision = "0088"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.collections (
            id uuid PRIMARY KEY,
            owner_party_id uuid NOT NULL REFERENCES market.parties (id),
            is_of_operator boolean NOT NULL,
            state text NOT NULL CONSTRAINT collections_state_known CHECK (
                state IN ('draft', 'published', 'withdrawn')),
            title text NOT NULL CONSTRAINT collection_has_a_title CHECK (title <> ''),
            text text NOT NULL,
            audience text NOT NULL,
            version integer NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            published_at timestamptz,
            reason text,
            CONSTRAINT published_at_some_time CHECK (state <> 'published' OR published_at IS NOT NULL),
            CONSTRAINT withdrawn_for_a_reason CHECK (
                (state = 'withdrawn') = (reason IS NOT NULL) AND reason <> '')
        )""")
    op.execute("CREATE INDEX collections_by_state ON market.collections (state, id)")
    op.execute("CREATE INDEX collections_by_owner ON market.collections (owner_party_id, id)")
    op.execute("""
        CREATE TABLE market.collection_entries (
            collection_id uuid NOT NULL REFERENCES market.collections (id),
            place integer NOT NULL,
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            product_name text NOT NULL,
            note text NOT NULL,
            PRIMARY KEY (collection_id, place),
            CONSTRAINT a_product_stands_once UNIQUE (collection_id, product_id)
        )""")
    for table in ("collections", "collection_entries"):
        op.execute(f"ALTER TABLE market.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE market.{table} FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY collections_from_their_publication_on ON market.collections
        USING (catalog.sees_all() OR published_at IS NOT NULL
               OR owner_party_id = catalog.acting_party())""")
    op.execute("""
        CREATE POLICY collection_entries_of_their_collection ON market.collection_entries
        USING (EXISTS (SELECT FROM market.collections c WHERE c.id = collection_id))""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.collections DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON market.collections TO market_api")
    op.execute("GRANT SELECT, INSERT, DELETE ON market.collection_entries TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE market.collection_entries")
    op.execute("DROP TABLE market.collections")
