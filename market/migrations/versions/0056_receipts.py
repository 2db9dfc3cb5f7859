"""Let the service sign receipts, and count the entries of each order while they get their places."""

from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

_OF_THE_SERVICE = (
    "'certificate', 'checkpoint', 'access_token', 'report', 'statement', 'case_file',"
    " 'credential', 'status_list'"
)
_OF_A_PARTY = "'opinion', 'authorisation', 'contract'"


def upgrade() -> None:
    _purposes(f"{_OF_THE_SERVICE}, 'receipt'")
    op.execute("""
        CREATE TABLE audit_log.order_counts (
            order_id text PRIMARY KEY,
            entries bigint NOT NULL CONSTRAINT order_count_is_positive CHECK (entries > 0)
        )""")
    op.execute("""
        INSERT INTO audit_log.order_counts (order_id, entries)
        SELECT subject->>'id', max((leaf->>'order_seq')::bigint)
          FROM (SELECT convert_from(leaf, 'UTF8')::jsonb AS leaf FROM audit_log.leaves) leaves,
               jsonb_array_elements(leaf->'subjects') subject
         WHERE leaf ? 'order_seq' AND subject->>'kind' = 'order'
         GROUP BY 1""")
    op.execute("""
        CREATE FUNCTION audit_log.refuse_counting_down() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF NEW.entries <= OLD.entries OR NEW.order_id <> OLD.order_id THEN
                RAISE EXCEPTION 'the entries of an order do not become fewer'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER audit_log_order_counts_only_grow BEFORE UPDATE ON audit_log.order_counts
        FOR EACH ROW EXECUTE FUNCTION audit_log.refuse_counting_down()""")
    op.execute("""
        CREATE TRIGGER audit_log_order_counts_are_kept BEFORE DELETE ON audit_log.order_counts
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER audit_log_order_counts_are_not_emptied
        BEFORE TRUNCATE ON audit_log.order_counts
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON audit_log.order_counts TO market_sequencer")


def downgrade() -> None:
    op.execute("DROP TABLE audit_log.order_counts")
    op.execute("DROP FUNCTION audit_log.refuse_counting_down")
    op.execute("DELETE FROM signing.keys WHERE purpose = 'receipt'")
    _purposes(_OF_THE_SERVICE)


def _purposes(of_the_service: str) -> None:
    op.execute("ALTER TABLE signing.keys DROP CONSTRAINT key_purpose_is_known")
    op.execute("ALTER TABLE signing.keys DROP CONSTRAINT key_holder_fits_its_purpose")
    op.execute(f"""
        ALTER TABLE signing.keys ADD CONSTRAINT key_purpose_is_known
            CHECK (purpose IN ({of_the_service}, {_OF_A_PARTY}))""")
    op.execute(f"""
        ALTER TABLE signing.keys ADD CONSTRAINT key_holder_fits_its_purpose
            CHECK ((holder_party_id IS NULL) = (purpose IN ({of_the_service})))""")
