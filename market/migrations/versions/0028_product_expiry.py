"""Keep until when a certified product is valid, and that it was reminded of and ended (A23)."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

CHANGING = "state,state_since,open_objections"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE catalog.certificates
            ADD COLUMN product_valid_to date,
            ADD COLUMN product_remind_on date,
            ADD COLUMN product_reminded_at timestamptz,
            ADD COLUMN product_expired_at timestamptz""")
    op.execute("ALTER TABLE catalog.certificates DISABLE TRIGGER USER")
    op.execute("""
        UPDATE catalog.certificates
           SET product_valid_to =
               (convert_from(document, 'UTF8')::jsonb #>> '{product_validity,to}')::date""")
    op.execute("UPDATE catalog.certificates SET product_remind_on = product_valid_to - 30")
    op.execute("ALTER TABLE catalog.certificates ENABLE TRIGGER USER")
    op.execute("""
        ALTER TABLE catalog.certificates
            ADD CONSTRAINT only_a_stated_validity_ends CHECK (
                product_expired_at IS NULL OR product_valid_to IS NOT NULL),
            ADD CONSTRAINT only_a_stated_validity_is_reminded_of CHECK (
                (product_remind_on IS NULL) = (product_valid_to IS NULL))""")
    op.execute("""
        CREATE INDEX certificates_by_product_validity
            ON catalog.certificates (product_valid_to, number)
         WHERE state = 'active' AND product_expired_at IS NULL""")
    _keep(f"{CHANGING},product_reminded_at,product_expired_at")
    op.execute("""
        GRANT UPDATE (product_reminded_at, product_expired_at)
            ON catalog.certificates TO market_api""")
    _wall("(c.state <> 'active' OR c.product_expired_at IS NOT NULL)")
    op.execute("DROP TRIGGER offers_rest_on_their_certificates ON catalog.certificates")
    _trigger("state, product_expired_at")


def downgrade() -> None:
    op.execute("DROP TRIGGER offers_rest_on_their_certificates ON catalog.certificates")
    _trigger("state")
    _wall("c.state <> 'active'")
    _keep(CHANGING)
    op.execute("""
        ALTER TABLE catalog.certificates
            DROP COLUMN product_valid_to, DROP COLUMN product_remind_on,
            DROP COLUMN product_reminded_at, DROP COLUMN product_expired_at""")


def _trigger(columns: str) -> None:
    op.execute(f"""
        CREATE CONSTRAINT TRIGGER offers_rest_on_their_certificates
        AFTER UPDATE OF {columns} ON catalog.certificates DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION market.check_offers_certificate()""")


def _keep(changing: str) -> None:
    op.execute(f"""
        CREATE OR REPLACE FUNCTION catalog.keep_certificate() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF (to_jsonb(NEW) - '{{{changing}}}'::text[])
               IS DISTINCT FROM (to_jsonb(OLD) - '{{{changing}}}'::text[]) THEN
                RAISE EXCEPTION 'a certificate is never altered' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$""")


def _wall(does_not_count: str) -> None:
    op.execute(f"""
        CREATE OR REPLACE FUNCTION market.check_offers_certificate() RETURNS trigger
        LANGUAGE plpgsql SET "app.clearance" = 'system' AS
        $$ BEGIN
            IF EXISTS (SELECT FROM market.listings l
                         JOIN catalog.certificates c ON c.number = l.certificate_number
                        WHERE l.state = 'listed' AND {does_not_count}
                          AND l.product_id = NEW.product_id) THEN
                RAISE EXCEPTION 'an offer rests on a certificate that does not count'
                    USING ERRCODE = 'check_violation',
                          CONSTRAINT = 'offers_rest_on_their_certificates';
            END IF;
            RETURN NULL;
        END $$""")
