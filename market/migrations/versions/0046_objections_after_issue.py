"""Let an objection be completed, and be admitted by the registrant (登记后异议, NDA35-29)."""

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_BEFORE = (
    "'received','rejected','awaiting_response','under_determination','determined',"
    "'unresolved','referred_to_court','closed'"
)


def upgrade() -> None:
    op.execute("""
        ALTER TABLE catalog.objections
            ADD COLUMN completion jsonb,
            ADD COLUMN admission jsonb,
            DROP CONSTRAINT objections_state_known""")
    op.execute(f"""
        ALTER TABLE catalog.objections
            ADD CONSTRAINT objections_state_known CHECK (
                state IN ({_BEFORE},'incomplete','admitted')) NOT VALID,
            ADD CONSTRAINT what_is_incomplete_says_what_it_lacks CHECK (
                state <> 'incomplete' OR completion IS NOT NULL) NOT VALID,
            ADD CONSTRAINT what_was_admitted_has_its_admission CHECK (
                state <> 'admitted' OR admission IS NOT NULL) NOT VALID,
            ADD CONSTRAINT only_an_objection_to_a_certificate_is_completed_or_admitted CHECK (
                certificate_number IS NOT NULL
                OR (completion IS NULL AND admission IS NULL)) NOT VALID""")
    # Whether a corrected certificate needs the bureau is a value of its rulebook.
    op.execute("""
        ALTER TABLE catalog.certificate_reissues
            ADD COLUMN needs_authorisation boolean NOT NULL DEFAULT true,
            DROP CONSTRAINT reissue_is_issued_with_authorisation""")
    op.execute("""
        ALTER TABLE catalog.certificate_reissues
            ADD CONSTRAINT reissue_is_issued_with_authorisation CHECK (
                issued_at IS NULL OR authorised_at IS NOT NULL OR NOT needs_authorisation
            ) NOT VALID""")
    op.execute("""
        ALTER TABLE catalog.certificate_reissues
            VALIDATE CONSTRAINT reissue_is_issued_with_authorisation""")
    for name in (
        "objections_state_known",
        "what_is_incomplete_says_what_it_lacks",
        "what_was_admitted_has_its_admission",
        "only_an_objection_to_a_certificate_is_completed_or_admitted",
    ):
        op.execute(f"ALTER TABLE catalog.objections VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    op.execute("""
        ALTER TABLE catalog.certificate_reissues
            DROP CONSTRAINT reissue_is_issued_with_authorisation,
            DROP COLUMN needs_authorisation,
            ADD CONSTRAINT reissue_is_issued_with_authorisation CHECK (
                issued_at IS NULL OR authorised_at IS NOT NULL)""")
    op.execute(f"""
        ALTER TABLE catalog.objections
            DROP CONSTRAINT only_an_objection_to_a_certificate_is_completed_or_admitted,
            DROP CONSTRAINT what_was_admitted_has_its_admission,
            DROP CONSTRAINT what_is_incomplete_says_what_it_lacks,
            DROP CONSTRAINT objections_state_known,
            DROP COLUMN admission,
            DROP COLUMN completion,
            ADD CONSTRAINT objections_state_known CHECK (state IN ({_BEFORE}))""")
