"""Let cases run under the national rulebooks: more states, no agency, independent rights, codes."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_STATES = (
    "'draft','submitted','correction_required','not_accepted','accepted','under_review','refused',"
    "'review_failed_technical','review_passed','in_public_notice','objection_hold',"
    "'awaiting_issuance_authorisation','issuance_authorised','issued','withdrawn','lapsed'"
)
_FINAL = "'not_accepted','refused','review_failed_technical','issued','withdrawn','lapsed'"
_PROVINCE_NUMBER = "^[A-Z]{2}-[A-Z]{2}-[0-9]{4}-[0-9]{7}[0-9A-Z]$"
_NATIONAL_CODE = "^SJ[0-9]{3}[0-9]{4}(0[1-9]|1[0-2])[0-9]{4}$"


def upgrade() -> None:
    _application_states(
        f"{_STATES},'ready_to_issue','unfiled','terminated'", f"{_FINAL},'unfiled','terminated'"
    )
    op.execute("ALTER TABLE catalog.review_decisions ADD COLUMN without_compliance_by text")
    op.execute(
        "ALTER TABLE catalog.review_decisions DROP CONSTRAINT a_pass_rests_on_both_opinions"
    )
    # Where a rulebook needs no opinion of an agency, the decision says which.
    op.execute("""
        ALTER TABLE catalog.review_decisions ADD CONSTRAINT a_pass_rests_on_both_opinions
            CHECK (result <> 'pass'
                   OR (technical_opinion_id IS NOT NULL
                       AND (compliance_opinion_id IS NOT NULL
                            OR coalesce(without_compliance_by, '') <> '')))""")
    _channels("'operator_platform','authority_website','national_system'")
    _waivers()
    _certificates()


def _application_states(known: str, final: str) -> None:
    op.execute("ALTER TABLE catalog.applications DROP CONSTRAINT applications_state_known")
    op.execute(f"""
        ALTER TABLE catalog.applications ADD CONSTRAINT applications_state_known
            CHECK (state IN ({known}))""")
    op.execute("DROP INDEX catalog.one_application_under_way_per_product")
    op.execute(f"""
        CREATE UNIQUE INDEX one_application_under_way_per_product
            ON catalog.applications (product_id) WHERE state NOT IN ({final})""")


def _channels(known: str) -> None:
    op.execute("ALTER TABLE catalog.notice_postings DROP CONSTRAINT notice_channel_known")
    op.execute(f"""
        ALTER TABLE catalog.notice_postings ADD CONSTRAINT notice_channel_known
            CHECK (channel IN ({known}))""")


def _waivers() -> None:
    op.execute("""
        CREATE TABLE catalog.notice_waivers (
            application_id uuid NOT NULL REFERENCES catalog.applications (id),
            submission_no integer NOT NULL,
            PRIMARY KEY (application_id, submission_no),
            reason text NOT NULL CONSTRAINT waiver_has_a_reason CHECK (reason <> ''),
            waived_by uuid,
            waived_at timestamptz NOT NULL
        )""")
    op.execute("ALTER TABLE catalog.notice_waivers ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.notice_waivers FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY notice_waivers_of_their_application ON catalog.notice_waivers
        USING (EXISTS (SELECT 1 FROM catalog.applications a WHERE a.id = application_id))""")
    _keep("notice_waivers")


def _certificates() -> None:
    op.execute("""
        ALTER TABLE catalog.certificates
            ADD COLUMN rulebook text NOT NULL DEFAULT 'hn-2023-interim'
                CONSTRAINT certificate_names_its_rulebook CHECK (rulebook <> ''),
            ADD COLUMN valid_through date""")
    op.execute("ALTER TABLE catalog.certificates ALTER COLUMN rulebook DROP DEFAULT")
    _numbers(f"number ~ '{_PROVINCE_NUMBER}' OR number ~ '{_NATIONAL_CODE}'")
    op.execute("DROP INDEX catalog.one_counting_certificate_per_product")
    op.execute("""
        CREATE UNIQUE INDEX one_counting_certificate_per_product
            ON catalog.certificates (product_id, rulebook) WHERE state IN ('active', 'frozen')""")
    op.execute("""
        CREATE TABLE catalog.code_serials (
            series text PRIMARY KEY,
            last_serial integer NOT NULL CONSTRAINT code_serials_count CHECK (last_serial >= 1)
        )""")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.code_serials TO market_api")
    # Public, as the certificates that say it are.
    op.execute("""
        CREATE TABLE catalog.registered_rights (
            certificate_number text NOT NULL REFERENCES catalog.certificates (number),
            right_name text NOT NULL CONSTRAINT registered_right_is_named CHECK (right_name <> ''),
            holder_party_id uuid NOT NULL,
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            content_sha256 text,
            PRIMARY KEY (certificate_number, right_name)
        )""")
    op.execute("""
        CREATE INDEX registered_rights_by_product
            ON catalog.registered_rights (product_id, right_name)""")
    op.execute("""
        CREATE INDEX registered_rights_by_content
            ON catalog.registered_rights (content_sha256, right_name)""")
    _keep("registered_rights")


def _numbers(known: str) -> None:
    op.execute("ALTER TABLE catalog.certificates DROP CONSTRAINT certificate_number_well_formed")
    op.execute(f"""
        ALTER TABLE catalog.certificates ADD CONSTRAINT certificate_number_well_formed
            CHECK ({known})""")


def _keep(table: str) -> None:
    op.execute(f"GRANT SELECT, INSERT ON catalog.{table} TO market_api")
    op.execute(f"""
        CREATE TRIGGER {table}_are_never_changed BEFORE UPDATE OR DELETE ON catalog.{table}
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute(f"""
        CREATE TRIGGER {table}_are_never_emptied BEFORE TRUNCATE ON catalog.{table}
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def downgrade() -> None:
    op.execute("DROP TABLE catalog.registered_rights")
    op.execute("DROP TABLE catalog.code_serials")
    op.execute("DROP INDEX catalog.one_counting_certificate_per_product")
    op.execute("""
        CREATE UNIQUE INDEX one_counting_certificate_per_product
            ON catalog.certificates (product_id) WHERE state IN ('active', 'frozen')""")
    _numbers(f"number ~ '{_PROVINCE_NUMBER}'")
    op.execute("ALTER TABLE catalog.certificates DROP COLUMN rulebook, DROP COLUMN valid_through")
    op.execute("DROP TABLE catalog.notice_waivers")
    _channels("'operator_platform','authority_website'")
    op.execute(
        "ALTER TABLE catalog.review_decisions DROP CONSTRAINT a_pass_rests_on_both_opinions"
    )
    op.execute("ALTER TABLE catalog.review_decisions DROP COLUMN without_compliance_by")
    op.execute("""
        ALTER TABLE catalog.review_decisions ADD CONSTRAINT a_pass_rests_on_both_opinions
            CHECK (result <> 'pass'
                   OR (technical_opinion_id IS NOT NULL AND compliance_opinion_id IS NOT NULL))""")
    _application_states(_STATES, _FINAL)
