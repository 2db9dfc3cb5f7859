"""Make the tables of files, products, delegations and agency contracts."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PRODUCT_FORMS = (
    "'dataset','data_api','data_indicator','data_report','data_model_algorithm',"
    "'data_application','data_service','other_tradable'"
)


def upgrade() -> None:
    _files()
    _products()
    _delegations()
    _agencies()


def _files() -> None:
    # A row per upload; the bytes of one digest lie on disk once.
    op.execute("""
        CREATE TABLE catalog.files (
            id uuid PRIMARY KEY,
            sha256 text NOT NULL CONSTRAINT file_sha256_is_hex CHECK (sha256 ~ '^[0-9a-f]{64}$'),
            size_bytes bigint NOT NULL CONSTRAINT file_not_empty CHECK (size_bytes > 0),
            media_type text NOT NULL,
            file_name text NOT NULL
                CONSTRAINT file_name_is_short CHECK (length(file_name) BETWEEN 1 AND 255),
            uploaded_by uuid,
            owner_party_id uuid NOT NULL,
            uploaded_at timestamptz NOT NULL
        )""")
    op.execute("CREATE INDEX files_by_owner ON catalog.files (owner_party_id, id)")
    op.execute("CREATE INDEX files_by_sha256 ON catalog.files (sha256)")
    op.execute("""
        CREATE TRIGGER files_are_never_changed BEFORE UPDATE OR DELETE ON catalog.files
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER files_are_never_emptied BEFORE TRUNCATE ON catalog.files
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")

    # Who else may read a file, and until when: an assigned agency while it has the case (HN-28).
    op.execute("""
        CREATE TABLE catalog.file_readers (
            file_id uuid NOT NULL REFERENCES catalog.files (id),
            party_id uuid NOT NULL,
            case_id uuid NOT NULL,
            since timestamptz NOT NULL,
            until timestamptz,
            PRIMARY KEY (file_id, party_id, case_id)
        )""")
    op.execute("CREATE INDEX file_readers_by_case ON catalog.file_readers (case_id, party_id)")
    op.execute("ALTER TABLE catalog.files ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.files FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY files_of_their_readers ON catalog.files
        USING (catalog.sees_all() OR owner_party_id = catalog.acting_party()
               OR EXISTS (SELECT 1 FROM catalog.file_readers r
                           WHERE r.file_id = id AND r.party_id = catalog.acting_party()
                             AND r.until IS NULL))
        WITH CHECK (catalog.sees_all() OR owner_party_id = catalog.acting_party())""")
    op.execute("ALTER TABLE catalog.file_readers ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.file_readers FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY file_readers_of_their_parties ON catalog.file_readers
        USING (catalog.sees_all() OR party_id = catalog.acting_party())
        WITH CHECK (catalog.sees_all())""")
    op.execute("GRANT SELECT, INSERT ON catalog.files TO market_api")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.file_readers TO market_api")


def _products() -> None:
    op.execute(f"""
        CREATE TABLE catalog.products (
            id uuid PRIMARY KEY,
            origin text NOT NULL
                CONSTRAINT product_origin_known CHECK (origin IN ('described', 'imported')),
            state text NOT NULL
                CONSTRAINT products_state_known CHECK (state IN ('draft', 'described', 'withdrawn')),
            supplier_party_id uuid,
            supplier_name text NOT NULL,
            name text NOT NULL CONSTRAINT product_has_a_name CHECK (name <> ''),
            form text CONSTRAINT product_form_known CHECK (form IN ({PRODUCT_FORMS})),
            description jsonb,
            imported jsonb,
            source text,
            source_id text,
            record_sha256 text,
            is_public boolean NOT NULL,
            version integer NOT NULL CONSTRAINT product_version_counts CHECK (version >= 1),
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            CONSTRAINT described_product_has_a_supplier CHECK (
                origin <> 'described'
                OR (supplier_party_id IS NOT NULL AND description IS NOT NULL)),
            CONSTRAINT imported_product_has_a_source CHECK (
                origin <> 'imported'
                OR (source IS NOT NULL AND source_id IS NOT NULL AND record_sha256 IS NOT NULL
                    AND imported IS NOT NULL)),
            CONSTRAINT only_a_described_product_is_public CHECK (
                NOT is_public OR state = 'described'),
            CONSTRAINT source_id_once_per_source UNIQUE (source, source_id)
        )""")
    op.execute("CREATE INDEX products_by_supplier ON catalog.products (supplier_party_id, id)")
    op.execute("ALTER TABLE catalog.products ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.products FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY public_products_are_read ON catalog.products
        FOR SELECT USING (is_public)""")
    op.execute("""
        CREATE POLICY products_of_their_suppliers ON catalog.products
        USING (catalog.sees_all() OR supplier_party_id = catalog.acting_party())
        WITH CHECK (catalog.sees_all() OR supplier_party_id = catalog.acting_party())""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.products TO market_api")

    # What is delivered; versions are only ever added. Digest and size are public as a manifest.
    op.execute("""
        CREATE TABLE catalog.product_contents (
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            version integer NOT NULL CONSTRAINT content_version_counts CHECK (version >= 1),
            file_id uuid NOT NULL REFERENCES catalog.files (id),
            sha256 text NOT NULL CONSTRAINT content_sha256_is_hex CHECK (sha256 ~ '^[0-9a-f]{64}$'),
            size_bytes bigint NOT NULL,
            media_type text NOT NULL,
            file_name text NOT NULL,
            attached_at timestamptz NOT NULL,
            PRIMARY KEY (product_id, version)
        )""")
    op.execute("""
        CREATE TRIGGER product_contents_are_never_changed
        BEFORE UPDATE OR DELETE ON catalog.product_contents
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER product_contents_are_never_emptied
        BEFORE TRUNCATE ON catalog.product_contents
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("GRANT SELECT, INSERT ON catalog.product_contents TO market_api")

    # The public side of every public product and nothing else, so it needs no row-level security:
    # under a policy the operator @@ (not leakproof) could not use its index.
    op.execute("""
        CREATE TABLE catalog.product_documents (
            product_id uuid PRIMARY KEY REFERENCES catalog.products (id),
            source_id text,
            name text NOT NULL,
            supplier_name text NOT NULL,
            summary text NOT NULL,
            form text,
            industry text,
            region text,
            level text,
            theme text,
            source text,
            update_cycle text,
            format text,
            published_at timestamptz NOT NULL,
            terms tsvector NOT NULL
        )""")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON catalog.product_documents TO market_api")


def _delegations() -> None:
    op.execute("""
        CREATE TABLE catalog.delegations (
            id uuid PRIMARY KEY,
            authority_party_id uuid NOT NULL,
            operator_party_id uuid NOT NULL,
            document_number text NOT NULL,
            scope text NOT NULL,
            valid_from date NOT NULL,
            valid_to date,
            ended_on date,
            end_reason text,
            created_at timestamptz NOT NULL,
            CONSTRAINT delegation_has_days CHECK (valid_to IS NULL OR valid_to >= valid_from),
            CONSTRAINT delegation_end_has_a_reason CHECK (
                (ended_on IS NULL) = (end_reason IS NULL))
        )""")
    op.execute(
        "CREATE UNIQUE INDEX delegation_document_once"
        " ON catalog.delegations (authority_party_id, document_number)"
    )
    op.execute("CREATE INDEX delegations_by_operator ON catalog.delegations (operator_party_id, id)")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.delegations TO market_api")


def _agencies() -> None:
    op.execute("""
        CREATE TABLE catalog.agency_contracts (
            id uuid PRIMARY KEY,
            operator_party_id uuid NOT NULL,
            agency_party_id uuid NOT NULL,
            selection_number text NOT NULL,
            contract_number text NOT NULL,
            starts_on date NOT NULL,
            ends_on date NOT NULL,
            state text NOT NULL
                CONSTRAINT agency_contracts_state_known CHECK (state IN ('active', 'suspended')),
            misconduct text CONSTRAINT agency_misconduct_known CHECK (misconduct IN (
                'false_record', 'misleading_statement', 'information_leak', 'other_violation')),
            suspension_reason text,
            suspended_at timestamptz,
            created_at timestamptz NOT NULL,
            CONSTRAINT agency_contract_has_days CHECK (ends_on > starts_on),
            CONSTRAINT suspension_has_a_reason CHECK (
                (state = 'suspended') = (misconduct IS NOT NULL AND suspension_reason IS NOT NULL
                                         AND suspended_at IS NOT NULL)),
            CONSTRAINT agency_contract_number_once UNIQUE (operator_party_id, contract_number)
        )""")
    op.execute("CREATE INDEX agency_contracts_by_agency ON catalog.agency_contracts (agency_party_id, id)")
    op.execute("ALTER TABLE catalog.agency_contracts ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.agency_contracts FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY agency_contracts_of_their_parties ON catalog.agency_contracts
        USING (catalog.sees_all() OR agency_party_id = catalog.acting_party()
               OR operator_party_id = catalog.acting_party())
        WITH CHECK (catalog.sees_all() OR operator_party_id = catalog.acting_party())""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.agency_contracts TO market_api")


def downgrade() -> None:
    for table in (
        "agency_contracts",
        "delegations",
        "product_documents",
        "product_contents",
        "products",
        "file_readers",
        "files",
    ):
        op.execute(f"DROP TABLE catalog.{table}")
