"""Make the tables of industry and region codes (GB/T 4754, GB/T 2260)."""

from alembic import op

revision = "0076"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE catalog.code_trees (
            tree text PRIMARY KEY CONSTRAINT code_tree_known CHECK (tree IN ('industry', 'region')),
            sha256 text NOT NULL CONSTRAINT code_tree_sha256_is_hex CHECK (sha256 ~ '^[0-9a-f]{64}$'),
            loaded_at timestamptz NOT NULL
        )""")
    # Codes are never deleted: a product keeps the one that it was described with.
    op.execute("""
        CREATE TABLE catalog.codes (
            tree text NOT NULL REFERENCES catalog.code_trees (tree),
            code text NOT NULL,
            name text NOT NULL CONSTRAINT code_has_a_name CHECK (name <> ''),
            parent text,
            depth integer NOT NULL,
            is_current boolean NOT NULL,
            PRIMARY KEY (tree, code),
            CONSTRAINT code_hangs_on_its_parent FOREIGN KEY (tree, parent)
                REFERENCES catalog.codes (tree, code),
            CONSTRAINT only_the_top_has_no_parent CHECK ((parent IS NULL) = (depth = 1))
        )""")
    op.execute("CREATE INDEX codes_by_parent ON catalog.codes (tree, parent, code)")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.code_trees, catalog.codes TO market_api")


def downgrade() -> None:
    op.execute("DROP TABLE catalog.codes")
    op.execute("DROP TABLE catalog.code_trees")
