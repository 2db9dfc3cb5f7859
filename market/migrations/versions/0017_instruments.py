"""Make legal instruments, and the court path of objections."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SHA256 = "~ '^[0-9a-f]{64}$'"


def upgrade() -> None:
    op.execute("ALTER TABLE catalog.objections ADD COLUMN proceedings jsonb")
    op.execute("""
        ALTER TABLE catalog.objections ADD CONSTRAINT objection_in_court_names_its_case
            CHECK (state <> 'referred_to_court' OR proceedings IS NOT NULL)""")
    op.execute("ALTER TABLE catalog.objections ADD COLUMN forward_notification_id uuid")
    op.execute("""
        CREATE INDEX objections_not_received ON catalog.objections (forwarded_at, id)
         WHERE state = 'awaiting_response' AND response_started_on IS NULL""")
    # Before it is forwarded the registrant does not know of an objection (HN-20(b)).
    op.execute("DROP POLICY objections_of_their_parties ON catalog.objections")
    op.execute("""
        CREATE POLICY objections_of_their_parties ON catalog.objections
        USING (catalog.sees_all() OR objector_party_id = catalog.acting_party()
               OR (registrant_party_id = catalog.acting_party() AND forwarded_at IS NOT NULL))
        WITH CHECK (catalog.sees_all() OR objector_party_id = catalog.acting_party()
               OR registrant_party_id = catalog.acting_party())""")
    op.execute("""
        CREATE INDEX objections_before_a_court ON catalog.objections (application_id, id)
         WHERE state = 'referred_to_court'""")
    op.execute(f"""
        CREATE TABLE catalog.legal_instruments (
            id uuid PRIMARY KEY,
            kind text NOT NULL CONSTRAINT instrument_kind_known CHECK (kind IN (
                'judgment', 'ruling', 'award', 'other_effective')),
            issuing_body text NOT NULL,
            document_number text NOT NULL,
            issued_on date NOT NULL,
            effective_on date,
            file_id uuid NOT NULL REFERENCES catalog.files (id),
            file_sha256 text NOT NULL
                CONSTRAINT instrument_file_sha256_is_hex CHECK (file_sha256 {SHA256}),
            effect text NOT NULL CONSTRAINT instrument_effect_known CHECK (effect IN (
                'new_holder', 'no_holder', 'against_registrant', 'for_registrant')),
            new_holder_party_id uuid,
            certificate_number text REFERENCES catalog.certificates (number),
            application_id uuid NOT NULL REFERENCES catalog.applications (id),
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            registrant_party_id uuid NOT NULL,
            rulebook text NOT NULL,
            state text NOT NULL CONSTRAINT legal_instruments_state_known CHECK (state IN (
                'lodged', 'effective', 'rejected', 'applied', 'escalated')),
            lodged_by_party_id uuid NOT NULL,
            lodged_by uuid,
            lodged_at timestamptz NOT NULL,
            checked_by uuid,
            verified_by uuid,
            verified_at timestamptz,
            rejection_reason text,
            applied_at timestamptz,
            applied_as text,
            CONSTRAINT a_new_holder_is_named_if_there_is_one CHECK (
                (effect = 'new_holder') = (new_holder_party_id IS NOT NULL)),
            CONSTRAINT instrument_in_force_is_verified_by_two CHECK (
                state NOT IN ('effective', 'applied', 'escalated')
                OR (effective_on IS NOT NULL AND checked_by <> verified_by)),
            CONSTRAINT applied_instrument_was_carried_out CHECK (
                (state = 'applied') = (applied_at IS NOT NULL AND applied_as IS NOT NULL)),
            CONSTRAINT rejected_instrument_has_a_reason CHECK (
                (state = 'rejected') = (rejection_reason IS NOT NULL))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX instrument_is_lodged_once_per_product
            ON catalog.legal_instruments (product_id, issuing_body, document_number)
         WHERE state <> 'rejected'""")
    op.execute("ALTER TABLE catalog.legal_instruments ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.legal_instruments FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY instruments_of_whom_they_concern ON catalog.legal_instruments
        USING (catalog.sees_all() OR lodged_by_party_id = catalog.acting_party()
               OR registrant_party_id = catalog.acting_party()
               OR new_holder_party_id = catalog.acting_party())
        WITH CHECK (catalog.sees_all() OR lodged_by_party_id = catalog.acting_party()
               OR new_holder_party_id = catalog.acting_party())""")
    op.execute("GRANT SELECT, INSERT ON catalog.legal_instruments TO market_api")
    op.execute("""
        GRANT UPDATE (state, effective_on, checked_by, verified_by, verified_at, rejection_reason,
                      applied_at, applied_as)
            ON catalog.legal_instruments TO market_api""")
    # A timer about an instrument is seen by whoever sees the instrument.
    _timers("""OR (subject_kind = 'instrument' AND EXISTS (
                       SELECT 1 FROM catalog.legal_instruments i WHERE i.id = subject_id))""")


def downgrade() -> None:
    _timers("")
    op.execute("DROP TABLE catalog.legal_instruments")
    op.execute("DROP POLICY objections_of_their_parties ON catalog.objections")
    op.execute("""
        CREATE POLICY objections_of_their_parties ON catalog.objections
        USING (catalog.sees_all() OR objector_party_id = catalog.acting_party()
               OR registrant_party_id = catalog.acting_party())
        WITH CHECK (catalog.sees_all() OR objector_party_id = catalog.acting_party()
               OR registrant_party_id = catalog.acting_party())""")
    op.execute("""
        ALTER TABLE catalog.objections
            DROP COLUMN proceedings, DROP COLUMN forward_notification_id""")


def _timers(also: str) -> None:
    op.execute("DROP POLICY timers_of_their_cases ON catalog.timers")
    op.execute(f"""
        CREATE POLICY timers_of_their_cases ON catalog.timers
        USING (catalog.sees_all() OR party_id = catalog.acting_party()
               OR (subject_kind = 'application' AND EXISTS (
                       SELECT 1 FROM catalog.applications a WHERE a.id = subject_id))
               OR (subject_kind = 'objection' AND EXISTS (
                       SELECT 1 FROM catalog.objections o WHERE o.id = subject_id))
               {also})""")
