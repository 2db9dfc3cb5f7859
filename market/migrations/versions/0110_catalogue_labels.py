"""Count what the public catalogue is ordered by, as it changes: publishers, themes, keywords, formats.

Whoever listed them read every document. Documents now write down what became more or less, by triggers
and without waiting for each other; a job adds it up.
"""

from alembic import op

revision = "0110"
down_revision = "0109"
branch_labels = None
depends_on = None

SAID = "coalesce(p.description -> 'keywords', p.imported -> 'keywords')"
COLUMNS = "{0}.supplier_name, {0}.theme, {0}.format, {0}.keywords"


def upgrade() -> None:
    op.execute("ALTER TABLE catalog.product_documents ADD COLUMN keywords text[] NOT NULL DEFAULT '{}'")
    # They are no part of what the search indexes: it need not follow.
    op.execute("ALTER TABLE catalog.product_documents DISABLE TRIGGER USER")
    op.execute("ALTER TABLE catalog.products NO FORCE ROW LEVEL SECURITY")
    op.execute(f"""
        UPDATE catalog.product_documents d
           SET keywords = ARRAY(
               SELECT word FROM jsonb_array_elements_text({SAID}) WITH ORDINALITY AS t (word, place)
                WHERE length(word) BETWEEN 1 AND 100
                GROUP BY word ORDER BY min(place))
          FROM catalog.products p
         WHERE p.id = d.product_id AND jsonb_array_length({SAID}) > 0""")
    op.execute("ALTER TABLE catalog.products FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.product_documents ENABLE TRIGGER USER")
    op.execute("CREATE INDEX product_documents_by_keyword ON catalog.product_documents USING gin (keywords)")
    for column in ("supplier_name", "theme"):
        op.execute(f"""
            CREATE INDEX product_documents_by_{column}
            ON catalog.product_documents ({column}, place DESC, product_id DESC)""")
    _tables()
    _triggers()
    op.execute(f"""
        INSERT INTO market.catalogue_labels (kind, value, count)
        SELECT l.kind, l.value, count(*)
          FROM catalog.product_documents d
         CROSS JOIN LATERAL market.labels_of({COLUMNS.format("d")}) AS l
         GROUP BY l.kind, l.value""")


def _tables() -> None:
    op.execute("""
        CREATE TABLE market.catalogue_labels (
            kind text NOT NULL CONSTRAINT catalogue_label_known
                CHECK (kind IN ('all', 'organization', 'group', 'format', 'tag')),
            value text COLLATE "C" NOT NULL,
            name text NOT NULL GENERATED ALWAYS AS (left(md5(value), 20)) STORED,
            count bigint NOT NULL CONSTRAINT catalogue_label_not_negative CHECK (count >= 0),
            PRIMARY KEY (kind, value)
        )""")
    op.execute("CREATE INDEX catalogue_labels_by_name ON market.catalogue_labels (kind, name)")
    op.execute("CREATE INDEX catalogue_labels_gone ON market.catalogue_labels (kind) WHERE count = 0")
    op.execute("""
        CREATE TABLE market.catalogue_label_changes (
            kind text NOT NULL,
            value text COLLATE "C" NOT NULL,
            step bigint NOT NULL
        )""")
    op.execute("""
        GRANT SELECT, INSERT, UPDATE, DELETE ON market.catalogue_labels TO market_api""")
    op.execute("GRANT SELECT, INSERT, DELETE ON market.catalogue_label_changes TO market_api")


def _triggers() -> None:
    op.execute("""
        CREATE FUNCTION market.labels_of(supplier text, theme text, format text, keywords text[])
        RETURNS TABLE (kind text, value text) LANGUAGE sql IMMUTABLE AS $$
            SELECT 'all', ''
             UNION ALL SELECT 'organization', supplier WHERE supplier <> ''
             UNION ALL SELECT 'group', theme WHERE theme <> ''
             UNION ALL SELECT 'format', upper(format) WHERE format <> ''
             UNION ALL SELECT 'tag', word FROM unnest(keywords) AS word $$""")
    for event, rows, step in (("INSERT", "NEW", "1"), ("DELETE", "OLD", "-1")):
        name = f"labels_follow_{event.lower()}"
        op.execute(f"""
            CREATE FUNCTION market.{name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO market.catalogue_label_changes (kind, value, step)
                SELECT l.kind, l.value, {step} * count(*)
                  FROM touched t CROSS JOIN LATERAL market.labels_of({COLUMNS.format("t")}) AS l
                 GROUP BY l.kind, l.value;
                RETURN NULL;
            END $$""")
        op.execute(f"""
            CREATE TRIGGER {name} AFTER {event} ON catalog.product_documents
            REFERENCING {rows} TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION market.{name}()""")
    op.execute(f"""
        CREATE FUNCTION market.labels_follow_update() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO market.catalogue_label_changes (kind, value, step)
            SELECT l.kind, l.value, sum(l.step)
              FROM (SELECT *, 1 AS step FROM market.labels_of({COLUMNS.format("NEW")})
                     UNION ALL
                    SELECT *, -1 FROM market.labels_of({COLUMNS.format("OLD")})) AS l
             GROUP BY l.kind, l.value HAVING sum(l.step) <> 0;
            RETURN NULL;
        END $$""")
    # Most updates touch none of them, and then cost the comparison alone.
    op.execute(f"""
        CREATE TRIGGER labels_follow_update
        AFTER UPDATE OF supplier_name, theme, format, keywords ON catalog.product_documents
        FOR EACH ROW WHEN (({COLUMNS.format("OLD")}) IS DISTINCT FROM ({COLUMNS.format("NEW")}))
        EXECUTE FUNCTION market.labels_follow_update()""")


def downgrade() -> None:
    for event in ("insert", "delete", "update"):
        op.execute(f"DROP TRIGGER labels_follow_{event} ON catalog.product_documents")
        op.execute(f"DROP FUNCTION market.labels_follow_{event}()")
    op.execute("DROP FUNCTION market.labels_of(text, text, text, text[])")
    op.execute("DROP TABLE market.catalogue_label_changes")
    op.execute("DROP TABLE market.catalogue_labels")
    for column in ("supplier_name", "theme"):
        op.execute(f"DROP INDEX catalog.product_documents_by_{column}")
    op.execute("ALTER TABLE catalog.product_documents DROP COLUMN keywords")
