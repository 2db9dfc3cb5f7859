"""Let registrations with a term lapse, and keep what is asked for about them."""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_STATES = "'active','frozen','superseded','transferred','deregistered','revoked'"
_EVENTS = (
    "'issued', 'changed', 'transferred', 'deregistered', 'revoked', 'reissued',"
    " 'frozen', 'unfrozen', 'product_expired'"
)


def upgrade() -> None:
    _known(f"{_STATES},'lapsed'", f"{_EVENTS}, 'renewed', 'lapsed'")
    op.execute("""
        CREATE TABLE catalog.certificate_requests (
            id uuid PRIMARY KEY,
            certificate_number text NOT NULL REFERENCES catalog.certificates (number),
            registrant_party_id uuid NOT NULL,
            kind text NOT NULL CONSTRAINT certificate_request_kind_known CHECK (kind IN (
                'renewal', 'cancellation')),
            state text NOT NULL CONSTRAINT certificate_requests_state_known CHECK (state IN (
                'filed', 'granted', 'refused', 'withdrawn')),
            reason text NOT NULL,
            by_law boolean NOT NULL,
            rulebook text NOT NULL,
            filed_on date NOT NULL,
            filed_by uuid,
            filed_at timestamptz NOT NULL,
            decided_by uuid,
            decided_at timestamptz,
            decision_reason text,
            new_certificate_number text REFERENCES catalog.certificates (number),
            CONSTRAINT certificate_request_is_decided_or_waits CHECK (
                (state = 'filed') = (decided_at IS NULL)),
            CONSTRAINT only_a_granted_renewal_has_a_new_certificate CHECK (
                (new_certificate_number IS NOT NULL) = (kind = 'renewal' AND state = 'granted')),
            CONSTRAINT what_the_law_wants_is_not_refused CHECK (
                NOT by_law OR state IN ('filed', 'granted'))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_open_request_of_a_kind_per_certificate
            ON catalog.certificate_requests (certificate_number, kind) WHERE state = 'filed'""")
    op.execute("""
        CREATE INDEX certificates_by_last_day ON catalog.certificates (valid_through, number)
         WHERE state IN ('active', 'frozen') AND valid_through IS NOT NULL""")
    op.execute("ALTER TABLE catalog.certificate_requests ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.certificate_requests FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY certificate_requests_of_the_registrant ON catalog.certificate_requests
        USING (catalog.sees_all() OR registrant_party_id = catalog.acting_party())""")
    op.execute("GRANT SELECT, INSERT ON catalog.certificate_requests TO market_api")
    op.execute("""
        GRANT UPDATE (state, decided_by, decided_at, decision_reason, new_certificate_number)
            ON catalog.certificate_requests TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE catalog.certificate_requests")
    op.execute("DROP INDEX catalog.certificates_by_last_day")
    _known(_STATES, _EVENTS)


def _known(states: str, events: str) -> None:
    for table in ("certificates", "certificate_changes"):
        op.execute(f"ALTER TABLE catalog.{table} DROP CONSTRAINT {table}_state_known")
        op.execute(f"""
            ALTER TABLE catalog.{table} ADD CONSTRAINT {table}_state_known
                CHECK (state IN ({states}))""")
    op.execute(
        "ALTER TABLE catalog.certificate_changes DROP CONSTRAINT certificate_changes_event_known"
    )
    op.execute(f"""
        ALTER TABLE catalog.certificate_changes ADD CONSTRAINT certificate_changes_event_known
            CHECK (event IN ({events}))""")
