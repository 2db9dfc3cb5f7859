"""Let a registration go every way that the law knows: material asked for, files locked away."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE catalog.material_requests (
            id uuid PRIMARY KEY,
            application_id uuid NOT NULL REFERENCES catalog.applications (id),
            items jsonb NOT NULL
                CONSTRAINT material_request_names_something CHECK (jsonb_array_length(items) > 0),
            reason text NOT NULL CONSTRAINT material_request_has_a_reason CHECK (reason <> ''),
            asked_by uuid,
            asked_at timestamptz NOT NULL,
            answer jsonb,
            answered_by uuid,
            answered_at timestamptz,
            CONSTRAINT material_request_is_answered_with_something CHECK (
                (answer IS NULL) = (answered_at IS NULL))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_open_material_request_per_application
            ON catalog.material_requests (application_id) WHERE answered_at IS NULL""")
    op.execute("""
        CREATE INDEX material_requests_by_application
            ON catalog.material_requests (application_id, id)""")
    op.execute("ALTER TABLE catalog.material_requests ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.material_requests FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY material_requests_of_their_applications ON catalog.material_requests
        USING (EXISTS (SELECT 1 FROM catalog.applications a WHERE a.id = application_id))""")
    op.execute("GRANT SELECT, INSERT ON catalog.material_requests TO market_api")
    op.execute("""
        GRANT UPDATE (answer, answered_by, answered_at) ON catalog.material_requests TO market_api""")

    # 国家核心数据 (HN-15(2)): locked away for good; only the regulator opens it.
    op.execute("""
        CREATE TABLE catalog.file_quarantines (
            file_id uuid PRIMARY KEY REFERENCES catalog.files (id),
            case_id uuid NOT NULL,
            since timestamptz NOT NULL,
            reason text NOT NULL CONSTRAINT quarantine_has_a_reason CHECK (reason <> '')
        )""")
    op.execute("GRANT SELECT, INSERT ON catalog.file_quarantines TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE catalog.file_quarantines")
    op.execute("DROP TABLE catalog.material_requests")
