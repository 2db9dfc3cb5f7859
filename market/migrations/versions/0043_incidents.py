"""Make incidents and drills; lock the evidence of an incident when it is found (HN-22)."""

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

CLEARANCE = "coalesce(current_setting('app.clearance', true), '')"
SHA256 = "~ '^[0-9a-f]{64}$'"


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE market.incidents (
            id uuid PRIMARY KEY,
            operator_party_id uuid NOT NULL,
            source text NOT NULL CONSTRAINT incident_source_known CHECK (source IN (
                'people', 'invariant_broken', 'retained_file_altered', 'denied_readings')),
            key text NOT NULL CONSTRAINT an_incident_is_found_once UNIQUE,
            law_field text NOT NULL CONSTRAINT incident_law_field_known CHECK (law_field IN (
                'market_supervision', 'network_security', 'data_security')),
            harmed_interest text CONSTRAINT incident_harm_known CHECK (harmed_interest IN (
                'national', 'public', 'privacy', 'trade_secret')),
            description text NOT NULL CONSTRAINT incident_is_described CHECK (description <> ''),
            subjects jsonb NOT NULL,
            evidence jsonb NOT NULL,
            state text NOT NULL CONSTRAINT incidents_state_known CHECK (state IN (
                'detected', 'triaged', 'contained', 'reported', 'affected_notified', 'root_cause',
                'closed', 'dismissed')),
            detected_by uuid,
            detected_at timestamptz NOT NULL,
            measures jsonb NOT NULL,
            report bytea,
            report_sha256 text
                CONSTRAINT incident_report_sha256_is_hex CHECK (report_sha256 {SHA256}),
            report_key_id text,
            report_signature bytea CONSTRAINT incident_report_signature_has_64_bytes CHECK (
                octet_length(report_signature) = 64),
            reported_to_party_id uuid,
            reported_at timestamptz,
            receipt_number text,
            receipt_at timestamptz,
            affected_party_ids jsonb NOT NULL,
            affected_remark text,
            affected_notified_at timestamptz,
            root_cause text,
            conclusion text,
            ended_at timestamptz,
            CONSTRAINT triaged_incident_harms_some_interest CHECK (
                state IN ('detected', 'dismissed') OR harmed_interest IS NOT NULL),
            CONSTRAINT contained_incident_has_a_measure CHECK (
                state IN ('detected', 'triaged', 'dismissed') OR jsonb_array_length(measures) > 0),
            CONSTRAINT reported_incident_has_its_signed_report CHECK (
                state IN ('detected', 'triaged', 'contained', 'dismissed')
                OR (report IS NOT NULL AND report_signature IS NOT NULL
                    AND reported_to_party_id IS NOT NULL AND reported_at IS NOT NULL)),
            CONSTRAINT incident_report_sha256_fits CHECK (
                (report IS NULL) = (report_sha256 IS NULL)
                AND (report IS NULL OR report_sha256 = encode(sha256(report), 'hex'))),
            CONSTRAINT closed_incident_has_a_receipt CHECK (
                state <> 'closed' OR (receipt_at IS NOT NULL AND root_cause IS NOT NULL)),
            CONSTRAINT ended_incident_is_concluded CHECK (
                (state IN ('closed', 'dismissed')) = (ended_at IS NOT NULL)
                AND (ended_at IS NULL) = (conclusion IS NULL))
        )""")
    op.execute("CREATE INDEX incidents_by_state ON market.incidents (state, id)")
    op.execute("""
        CREATE TABLE market.drills (
            id uuid PRIMARY KEY,
            operator_party_id uuid NOT NULL,
            held_on date NOT NULL,
            scenario text NOT NULL CONSTRAINT drill_has_a_scenario CHECK (scenario <> ''),
            findings text NOT NULL CONSTRAINT drill_has_findings CHECK (findings <> ''),
            improvements text NOT NULL,
            recorded_by uuid,
            recorded_at timestamptz NOT NULL
        )""")
    for table in ("incidents", "drills"):
        op.execute(f"ALTER TABLE market.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE market.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"""
            CREATE POLICY {table}_of_operator_and_authority ON market.{table}
            USING ({CLEARANCE} = 'system'
                   OR ({CLEARANCE} = 'staff' AND operator_party_id = catalog.acting_party())
                   OR ({CLEARANCE} = 'regulator' AND catalog.supervises(operator_party_id)))""")
        op.execute(f"""
            CREATE TRIGGER {table}_are_never_removed BEFORE DELETE ON market.{table}
            FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"""
            CREATE TRIGGER {table}_are_never_emptied BEFORE TRUNCATE ON market.{table}
            FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"GRANT SELECT, INSERT ON market.{table} TO market_api")
    op.execute("""
        GRANT UPDATE (law_field, harmed_interest, state, measures, report, report_sha256,
                      report_key_id, report_signature, reported_to_party_id, reported_at,
                      receipt_number, receipt_at, affected_party_ids, affected_remark,
                      affected_notified_at, root_cause, conclusion, ended_at)
            ON market.incidents TO market_api""")
    # What was locked when it was found stays as it was, whoever owns the table.
    op.execute("""
        CREATE FUNCTION market.keep_evidence() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF (NEW.id, NEW.operator_party_id, NEW.source, NEW.key, NEW.description, NEW.subjects,
                NEW.evidence, NEW.detected_by, NEW.detected_at)
               IS DISTINCT FROM
               (OLD.id, OLD.operator_party_id, OLD.source, OLD.key, OLD.description, OLD.subjects,
                OLD.evidence, OLD.detected_by, OLD.detected_at)
               OR (OLD.report IS NOT NULL AND NEW.report IS DISTINCT FROM OLD.report) THEN
                RAISE EXCEPTION 'the evidence of an incident is never altered'
                    USING ERRCODE = 'restrict_violation', CONSTRAINT = 'incident_evidence_is_locked';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER incident_evidence_is_locked BEFORE UPDATE ON market.incidents
        FOR EACH ROW EXECUTE FUNCTION market.keep_evidence()""")


def downgrade() -> None:
    op.execute("DROP TABLE market.drills")
    op.execute("DROP TABLE market.incidents")
    op.execute("DROP FUNCTION market.keep_evidence()")
