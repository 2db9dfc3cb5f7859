"""Keep what products are made from, who is the source of an item, and how levels were set."""

from alembic import op

revision = "0082"
down_revision = "0079"
branch_labels = None
depends_on = None

LEVELS = "'bj_1', 'bj_2', 'bj_3', 'bj_4', 'general', 'important', 'core'"


def upgrade() -> None:
    _sources_and_items()
    _classifications()
    _reclassifications()
    _follow_what_is_described()


def _sources_and_items() -> None:
    # Both follow the description in its own transaction, so that they can be asked for by a link.
    op.execute(f"""
        CREATE TABLE catalog.product_sources (
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            place integer NOT NULL,
            source_id text NOT NULL,
            name text NOT NULL,
            nature text NOT NULL,
            level text CONSTRAINT source_level_known CHECK (level IN ({LEVELS})),
            resource_id uuid REFERENCES catalog.products (id),
            PRIMARY KEY (product_id, place),
            CONSTRAINT no_product_is_its_own_source CHECK (resource_id <> product_id)
        )""")
    op.execute("""
        CREATE INDEX product_sources_by_resource ON catalog.product_sources (resource_id, product_id)
         WHERE resource_id IS NOT NULL""")
    op.execute("""
        CREATE TABLE catalog.product_items (
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            place integer NOT NULL,
            item_key text NOT NULL CONSTRAINT item_has_a_key CHECK (item_key <> ''),
            name text NOT NULL,
            source_id text NOT NULL,
            is_authoritative boolean NOT NULL,
            PRIMARY KEY (product_id, place)
        )""")
    op.execute("""
        CREATE INDEX product_items_claimed ON catalog.product_items (item_key, product_id)
         WHERE is_authoritative""")
    for table in ("product_sources", "product_items"):
        op.execute(f"ALTER TABLE catalog.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE catalog.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"""
            CREATE POLICY {table}_of_their_product ON catalog.{table}
            USING (EXISTS (SELECT 1 FROM catalog.products p WHERE p.id = product_id))""")
        op.execute(f"GRANT SELECT, INSERT, DELETE ON catalog.{table} TO market_api")
    # One item, one source (一数一源, GD-01(b)): the key says it.
    op.execute("""
        CREATE TABLE catalog.authoritative_sources (
            item_key text PRIMARY KEY,
            name text NOT NULL,
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            settled_at timestamptz,
            settled_by text,
            reason text,
            CONSTRAINT settled_by_somebody_for_a_reason CHECK (
                (settled_at IS NULL) = (settled_by IS NULL) AND (settled_at IS NULL) = (reason IS NULL))
        )""")
    op.execute("""
        CREATE INDEX authoritative_sources_by_product
            ON catalog.authoritative_sources (product_id, item_key)""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER INSERT OR UPDATE OR DELETE ON catalog.authoritative_sources
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON catalog.authoritative_sources TO market_api"
    )


def _classifications() -> None:
    op.execute(f"""
        CREATE TABLE catalog.product_classifications (
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            number integer NOT NULL,
            product_version integer NOT NULL,
            scheme text,
            level text CONSTRAINT classified_level_known CHECK (level IN ({LEVELS})),
            category text,
            level_of_sources text
                CONSTRAINT classified_level_of_sources_known CHECK (level_of_sources IN ({LEVELS})),
            is_reclassified boolean NOT NULL,
            set_by text NOT NULL,
            set_at timestamptz NOT NULL,
            PRIMARY KEY (product_id, number)
        )""")
    op.execute("""
        CREATE TRIGGER product_classifications_are_never_changed
        BEFORE UPDATE OR DELETE ON catalog.product_classifications
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER product_classifications_are_never_emptied
        BEFORE TRUNCATE ON catalog.product_classifications
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("ALTER TABLE catalog.product_classifications ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.product_classifications FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY product_classifications_of_their_product ON catalog.product_classifications
        USING (EXISTS (SELECT 1 FROM catalog.products p WHERE p.id = product_id))""")
    op.execute("GRANT SELECT, INSERT ON catalog.product_classifications TO market_api")


def _reclassifications() -> None:
    op.execute(f"""
        CREATE TABLE catalog.reclassifications (
            id uuid PRIMARY KEY,
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            supplier_party_id uuid NOT NULL,
            state text NOT NULL CONSTRAINT reclassifications_state_known CHECK (
                state IN ('proposed', 'confirmed', 'refused', 'withdrawn')),
            scheme text NOT NULL,
            level text NOT NULL CONSTRAINT proposed_level_known CHECK (level IN ({LEVELS})),
            category text NOT NULL,
            level_of_sources text NOT NULL
                CONSTRAINT proposed_level_of_sources_known CHECK (level_of_sources IN ({LEVELS})),
            reason text NOT NULL,
            evidence_file_id uuid NOT NULL REFERENCES catalog.files (id),
            evidence_sha256 text NOT NULL,
            proposed_by uuid,
            proposed_by_name text NOT NULL,
            proposed_at timestamptz NOT NULL,
            decided_by uuid,
            decided_by_name text,
            decided_at timestamptz,
            remark text,
            CONSTRAINT decided_by_another_person CHECK (decided_by <> proposed_by),
            CONSTRAINT a_decision_has_a_person CHECK (
                (state IN ('confirmed', 'refused'))
                = (decided_by IS NOT NULL AND decided_at IS NOT NULL AND remark IS NOT NULL)),
            CONSTRAINT core_data_are_not_reclassified CHECK (level_of_sources <> 'core')
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_proposal_at_a_time
            ON catalog.reclassifications (product_id) WHERE state = 'proposed'""")
    op.execute("""
        CREATE INDEX reclassifications_by_product ON catalog.reclassifications (product_id, id)""")
    op.execute("""
        CREATE INDEX reclassifications_by_state ON catalog.reclassifications (state, id)""")
    op.execute("ALTER TABLE catalog.reclassifications ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.reclassifications FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY reclassifications_of_their_suppliers ON catalog.reclassifications
        USING (catalog.sees_all() OR supplier_party_id = catalog.acting_party())""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON catalog.reclassifications DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.reclassifications TO market_api")


def _follow_what_is_described() -> None:
    # The owner reads past its own wall for the length of this migration.
    tables = ("products", "product_sources", "product_classifications")
    for table in tables:
        op.execute(f"ALTER TABLE catalog.{table} NO FORCE ROW LEVEL SECURITY")
    op.execute("""
        INSERT INTO catalog.product_sources (
            product_id, place, source_id, name, nature, level, resource_id)
        SELECT p.id, s.place, s.source ->> 'source_id', s.source ->> 'name', s.source ->> 'nature',
               s.source ->> 'classification_level', known.id
          FROM catalog.products p
         CROSS JOIN LATERAL jsonb_array_elements(p.description -> 'sources')
               WITH ORDINALITY AS s(source, place)
          LEFT JOIN catalog.products known
            ON known.id = (s.source ->> 'resource_id')::uuid AND known.id <> p.id
         WHERE p.description IS NOT NULL""")
    op.execute("""
        INSERT INTO catalog.product_classifications (
            product_id, number, product_version, scheme, level, category, level_of_sources,
            is_reclassified, set_by, set_at)
        SELECT id, 1, version, description -> 'classification' ->> 'scheme',
               description -> 'classification' ->> 'level',
               description -> 'classification' ->> 'category', NULL,
               coalesce(description -> 'classification' -> 'reclassification', 'null') <> 'null',
               'migration 0082', updated_at
          FROM catalog.products
         WHERE description -> 'classification' ->> 'level' IS NOT NULL""")
    for table in tables:
        op.execute(f"ALTER TABLE catalog.{table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    for table in (
        "reclassifications",
        "product_classifications",
        "authoritative_sources",
        "product_items",
        "product_sources",
    ):
        op.execute(f"DROP TABLE catalog.{table}")
