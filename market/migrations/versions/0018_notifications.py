"""Make notifications, their deliveries and contacts."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

OF_ITS_PARTY = "catalog.sees_all() OR owner_party_id = catalog.acting_party()"
TABLES = (
    "notifications",
    "notification_deliveries",
    "notification_attempts",
    "notification_contacts",
)


def upgrade() -> None:
    op.execute("""
        CREATE TABLE catalog.notifications (
            id uuid PRIMARY KEY,
            owner_party_id uuid NOT NULL,
            topic text NOT NULL
                CONSTRAINT notification_topic_is_a_word CHECK (topic ~ '^[a-z][a-z0-9_]*$'),
            subject_kind text NOT NULL
                CONSTRAINT notification_is_about_something CHECK (subject_kind <> ''),
            subject_id text NOT NULL,
            facts jsonb NOT NULL,
            sent_at timestamptz NOT NULL,
            read_at timestamptz,
            read_by uuid,
            received_on date,
            received_by text
                CONSTRAINT notification_basis_known CHECK (received_by IN ('read', 'deemed')),
            received_proven_at timestamptz,
            CONSTRAINT notification_read_by_somebody
                CHECK (read_by IS NULL OR read_at IS NOT NULL),
            CONSTRAINT notification_not_read_before_it_was_sent CHECK (read_at >= sent_at),
            CONSTRAINT notification_receipt_is_whole
                CHECK (num_nonnulls(received_on, received_by, received_proven_at) IN (0, 3))
        )""")
    op.execute("""
        CREATE INDEX notifications_by_party_unread_first ON catalog.notifications
            (owner_party_id, (read_at IS NOT NULL), id DESC)""")
    op.execute("""
        CREATE INDEX notifications_by_subject ON catalog.notifications
            (subject_kind, subject_id, id)""")
    op.execute("""
        CREATE INDEX notifications_without_receipt ON catalog.notifications (id)
            WHERE received_on IS NULL""")

    op.execute("""
        CREATE TABLE catalog.notification_deliveries (
            id uuid PRIMARY KEY,
            notification_id uuid
                CONSTRAINT delivery_of_a_notification REFERENCES catalog.notifications (id),
            owner_party_id uuid NOT NULL,
            channel text NOT NULL
                CONSTRAINT delivery_channel_known CHECK (channel IN ('email', 'sms')),
            address text NOT NULL CONSTRAINT delivery_has_an_address CHECK (address <> ''),
            topic text NOT NULL,
            facts jsonb,
            state text NOT NULL
                CONSTRAINT notification_deliveries_state_known
                CHECK (state IN ('queued', 'delivered', 'undeliverable')),
            attempts integer NOT NULL
                CONSTRAINT delivery_attempts_are_counted CHECK (attempts >= 0),
            next_attempt_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            settled_at timestamptz,
            CONSTRAINT delivery_settled_when_it_is
                CHECK ((settled_at IS NOT NULL) = (state <> 'queued')),
            CONSTRAINT delivery_secret_gone_when_settled CHECK (facts IS NULL OR state = 'queued'),
            CONSTRAINT delivery_once_per_address UNIQUE (notification_id, channel, address)
        )""")
    op.execute("""
        CREATE INDEX deliveries_queued_by_time ON catalog.notification_deliveries
            (next_attempt_at, id) WHERE state = 'queued'""")
    op.execute("""
        CREATE INDEX deliveries_undeliverable ON catalog.notification_deliveries (id)
            WHERE state = 'undeliverable'""")

    op.execute("""
        CREATE TABLE catalog.notification_attempts (
            delivery_id uuid NOT NULL
                CONSTRAINT attempt_of_a_delivery REFERENCES catalog.notification_deliveries (id),
            owner_party_id uuid NOT NULL,
            number integer NOT NULL CONSTRAINT attempt_numbers_begin_at_one CHECK (number >= 1),
            at timestamptz NOT NULL,
            outcome text NOT NULL
                CONSTRAINT attempt_outcome_known
                CHECK (outcome IN ('taken', 'deferred', 'rejected')),
            code text NOT NULL,
            answer text NOT NULL,
            message_id text NOT NULL,
            PRIMARY KEY (delivery_id, number)
        )""")
    op.execute("""
        CREATE TRIGGER attempts_are_kept BEFORE UPDATE OR DELETE ON catalog.notification_attempts
            FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute("""
        CREATE TRIGGER attempts_are_not_emptied BEFORE TRUNCATE ON catalog.notification_attempts
            FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")

    op.execute("""
        CREATE TABLE catalog.notification_contacts (
            owner_party_id uuid NOT NULL,
            channel text NOT NULL
                CONSTRAINT contact_channel_known CHECK (channel IN ('email', 'sms')),
            version integer NOT NULL,
            address text,
            confirmed_at timestamptz,
            confirmed_by uuid,
            pending_address text,
            code_sha256 text,
            code_expires_at timestamptz,
            wrong_codes integer NOT NULL,
            codes_sent integer NOT NULL,
            codes_since timestamptz,
            PRIMARY KEY (owner_party_id, channel),
            CONSTRAINT contact_counts_only_when_confirmed
                CHECK ((address IS NOT NULL) = (confirmed_at IS NOT NULL)),
            CONSTRAINT contact_waits_with_a_code
                CHECK (num_nonnulls(pending_address, code_sha256, code_expires_at) IN (0, 3))
        )""")

    for table in TABLES:
        op.execute(f"ALTER TABLE catalog.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE catalog.{table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY {table}_of_its_party ON catalog.{table}"
            f" USING ({OF_ITS_PARTY}) WITH CHECK ({OF_ITS_PARTY})"
        )
    # What was said is never changed; that it was read and received is written once.
    op.execute("GRANT SELECT, INSERT ON catalog.notifications TO market_api")
    op.execute("""
        GRANT UPDATE (read_at, read_by, received_on, received_by, received_proven_at)
            ON catalog.notifications TO market_api""")
    op.execute("GRANT SELECT, INSERT ON catalog.notification_deliveries TO market_api")
    op.execute("""
        GRANT UPDATE (state, attempts, next_attempt_at, settled_at, facts)
            ON catalog.notification_deliveries TO market_api""")
    op.execute("GRANT SELECT, INSERT ON catalog.notification_attempts TO market_api")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.notification_contacts TO market_api")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE catalog.{table}")
