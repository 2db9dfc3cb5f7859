"""Keep zones of public data, who supervises them, and which products stand in which."""

from alembic import op

revision = "0087"
down_revision = "0086"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.zones (
            id uuid PRIMARY KEY,
            code text NOT NULL CONSTRAINT zone_code_is_one UNIQUE,
            kind text NOT NULL CONSTRAINT zone_kind_known CHECK (
                kind IN ('domain', 'regional', 'comprehensive_basic')),
            state text NOT NULL CONSTRAINT zones_state_known CHECK (
                state IN ('preparing', 'open', 'suspended', 'closed')),
            name text NOT NULL CONSTRAINT zone_name_is_one UNIQUE,
            description text NOT NULL,
            domains text[] NOT NULL,
            region_code text NOT NULL,
            serves_zone_ids uuid[] NOT NULL,
            operator_party_id uuid NOT NULL REFERENCES market.parties (id),
            version integer NOT NULL,
            founded_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            reason text,
            CONSTRAINT zone_type_conflict CHECK (
                (kind = 'domain') = (domains <> '{}') AND (kind = 'regional') = (region_code <> '')
                AND (kind = 'comprehensive_basic' OR serves_zone_ids = '{}'))
        )""")
    op.execute("ALTER TABLE market.zones ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.zones FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY zones_from_their_opening_on ON market.zones
        USING (catalog.sees_all() OR state <> 'preparing'
               OR operator_party_id = catalog.acting_party())""")
    op.execute("""
        CREATE TABLE market.zone_supervisions (
            zone_id uuid NOT NULL REFERENCES market.zones (id),
            number integer NOT NULL,
            party_id uuid NOT NULL REFERENCES market.parties (id),
            from_day date NOT NULL,
            reason text NOT NULL,
            PRIMARY KEY (zone_id, number)
        )""")
    op.execute("""
        CREATE TRIGGER zone_supervisions_are_never_changed
        BEFORE UPDATE OR DELETE ON market.zone_supervisions
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("ALTER TABLE market.zone_supervisions ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.zone_supervisions FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY zone_supervisions_of_their_zone ON market.zone_supervisions
        USING (EXISTS (SELECT FROM market.zones z WHERE z.id = zone_id))""")
    _products()


def _products() -> None:
    op.execute("""
        CREATE TABLE market.zone_products (
            id uuid PRIMARY KEY,
            zone_id uuid NOT NULL REFERENCES market.zones (id),
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            product_name text NOT NULL,
            supplier_name text NOT NULL,
            placed_at timestamptz NOT NULL,
            reason text NOT NULL CONSTRAINT placed_for_a_reason CHECK (reason <> ''),
            removed_at timestamptz,
            removal_reason text,
            CONSTRAINT removed_for_a_reason CHECK (
                (removed_at IS NULL) = (removal_reason IS NULL) AND removal_reason <> '')
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_zone_at_a_time
            ON market.zone_products (product_id) WHERE removed_at IS NULL""")
    op.execute("CREATE INDEX zone_products_by_zone ON market.zone_products (zone_id, id)")
    op.execute("ALTER TABLE market.zone_products ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.zone_products FORCE ROW LEVEL SECURITY")
    # What stands there as far as one sees the product; what was taken out, everybody may read.
    op.execute("""
        CREATE POLICY zone_products_of_what_is_seen ON market.zone_products
        USING (EXISTS (SELECT FROM market.zones z WHERE z.id = zone_id
                          AND (catalog.sees_all() OR z.operator_party_id = catalog.acting_party()
                               OR removed_at IS NOT NULL
                               OR EXISTS (SELECT FROM catalog.products p WHERE p.id = product_id))))""")
    for table in ("zones", "zone_products"):
        op.execute(f"""
            CREATE CONSTRAINT TRIGGER direct_edit_forbidden
            AFTER UPDATE OR DELETE ON market.{table} DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON market.{table} TO market_api")
    op.execute("GRANT SELECT, INSERT ON market.zone_supervisions TO market_api")
    # Whoever lists a product anew: its document says in which zone it stands. A document that is
    # there, an imported one too, is told so when the product is placed.
    op.execute("ALTER TABLE catalog.product_documents ADD COLUMN zone text")
    op.execute("""
        CREATE INDEX product_documents_by_zone
            ON catalog.product_documents (zone, place DESC) WHERE zone IS NOT NULL""")
    op.execute("""
        CREATE FUNCTION market.documents_stand_in_their_zone() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.zone := (SELECT z.code FROM market.zone_products m JOIN market.zones z ON z.id = m.zone_id
                          WHERE m.product_id = NEW.product_id AND m.removed_at IS NULL);
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER documents_stand_in_their_zone BEFORE INSERT ON catalog.product_documents
        FOR EACH ROW WHEN (NEW.source IS NULL) EXECUTE FUNCTION market.documents_stand_in_their_zone()""")


def downgrade() -> None:
    op.execute("DROP TRIGGER documents_stand_in_their_zone ON catalog.product_documents")
    op.execute("DROP FUNCTION market.documents_stand_in_their_zone()")
    op.execute("ALTER TABLE catalog.product_documents DROP COLUMN zone")
    for table in ("zone_products", "zone_supervisions", "zones"):
        op.execute(f"DROP TABLE market.{table}")
