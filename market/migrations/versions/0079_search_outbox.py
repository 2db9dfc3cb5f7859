"""Let indexes beside the database follow the catalogue: what changed, in the order of commits."""

from alembic import op

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None

# Milliseconds since 2020 above 22 bits of the id: published_at as the search walks it, unlike for
# two products of one import too. In UTC, since only that does not depend on who asks.
PLACE = """
    ((floor(extract(epoch FROM published_at AT TIME ZONE 'UTC') * 1000)::bigint - 1577836800000) << 22)
    | ((get_byte(uuid_send(product_id), 13) & 63) << 16)
    | (get_byte(uuid_send(product_id), 14) << 8)
    | get_byte(uuid_send(product_id), 15)"""


def upgrade() -> None:
    op.execute(
        f"ALTER TABLE catalog.product_documents ADD COLUMN place bigint NOT NULL GENERATED ALWAYS AS ({PLACE}) STORED"
    )
    op.execute("DROP INDEX catalog.product_documents_newest")
    op.execute(
        "CREATE INDEX product_documents_newest ON catalog.product_documents (place DESC, product_id DESC)"
    )

    # Not a sequence: numbers are given before commits, and in another order. The transaction's id
    # with a snapshot says exactly what was committed at an instant.
    op.execute("""
        CREATE TABLE catalog.search_outbox (
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            product_id uuid NOT NULL,
            written_at timestamptz NOT NULL DEFAULT now()
        )""")
    op.execute("CREATE INDEX search_outbox_xid ON catalog.search_outbox (xid)")
    op.execute("GRANT SELECT, INSERT, DELETE ON catalog.search_outbox TO market_api")
    op.execute("""
        CREATE TABLE catalog.search_state (
            id boolean PRIMARY KEY DEFAULT true CONSTRAINT search_state_is_one CHECK (id),
            pruned_xid xid8 NOT NULL DEFAULT '0'
        )""")
    op.execute("INSERT INTO catalog.search_state DEFAULT VALUES")
    op.execute("GRANT SELECT, UPDATE (pruned_xid) ON catalog.search_state TO market_api")

    # Whoever writes documents, and however many: no way of writing them forgets the outbox.
    op.execute("""
        CREATE FUNCTION catalog.search_follows() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO catalog.search_outbox (product_id) SELECT product_id FROM touched;
            RETURN NULL;
        END $$""")
    for event, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        op.execute(f"""
            CREATE TRIGGER search_follows_{event.lower()}
            AFTER {event} ON catalog.product_documents
            REFERENCING {rows} TABLE AS touched
            FOR EACH STATEMENT EXECUTE FUNCTION catalog.search_follows()""")


def downgrade() -> None:
    for event in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER search_follows_{event} ON catalog.product_documents")
    op.execute("DROP FUNCTION catalog.search_follows()")
    op.execute("DROP TABLE catalog.search_state")
    op.execute("DROP TABLE catalog.search_outbox")
    op.execute("DROP INDEX catalog.product_documents_newest")
    op.execute("ALTER TABLE catalog.product_documents DROP COLUMN place")
    op.execute(
        "CREATE INDEX product_documents_newest"
        " ON catalog.product_documents (published_at DESC, product_id DESC)"
    )
