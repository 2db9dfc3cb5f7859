"""Keep what became of a notice on each channel."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KEPT = ("board_postings", "board_withdrawals")


def upgrade() -> None:
    op.execute("""
        ALTER TABLE catalog.notices ADD COLUMN extended_by integer NOT NULL DEFAULT 0
            CONSTRAINT notice_is_never_shortened CHECK (extended_by >= 0)""")
    op.execute("""
        CREATE TABLE catalog.notice_channel_checks (
            notice_id uuid NOT NULL
                CONSTRAINT check_of_a_notice REFERENCES catalog.notices (id),
            channel text NOT NULL,
            standing text NOT NULL
                CONSTRAINT check_standing_known
                CHECK (standing IN ('up', 'down', 'different', 'withdrawn')),
            checked_at timestamptz NOT NULL,
            PRIMARY KEY (notice_id, channel)
        )""")
    op.execute("""
        CREATE TABLE catalog.notice_interruptions (
            id uuid PRIMARY KEY,
            notice_id uuid NOT NULL
                CONSTRAINT interruption_of_a_notice REFERENCES catalog.notices (id),
            channel text NOT NULL,
            standing text NOT NULL
                CONSTRAINT interruption_standing_known CHECK (standing IN ('down', 'different')),
            down_from timestamptz NOT NULL,
            up_at timestamptz,
            lost_working_days integer,
            CONSTRAINT interruption_ends_after_it_began CHECK (up_at >= down_from),
            CONSTRAINT interruption_is_counted_when_over
                CHECK ((up_at IS NOT NULL) = (lost_working_days IS NOT NULL))
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_open_interruption_per_notice
            ON catalog.notice_interruptions (notice_id) WHERE up_at IS NULL""")
    op.execute("""
        CREATE INDEX notice_interruptions_by_notice
            ON catalog.notice_interruptions (notice_id, id)""")
    op.execute("""
        CREATE TABLE catalog.board_postings (
            id uuid PRIMARY KEY,
            operator text NOT NULL CONSTRAINT posting_names_its_operator CHECK (operator <> ''),
            notice_id uuid NOT NULL,
            public_fields jsonb NOT NULL,
            page_url text NOT NULL,
            content_sha256 text NOT NULL
                CONSTRAINT posting_has_a_hash CHECK (content_sha256 ~ '^[0-9a-f]{64}$'),
            received_at timestamptz NOT NULL,
            CONSTRAINT one_posting_of_a_notice UNIQUE (operator, notice_id)
        )""")
    op.execute("""
        CREATE TABLE catalog.board_withdrawals (
            posting_id uuid PRIMARY KEY
                CONSTRAINT withdrawal_of_a_posting REFERENCES catalog.board_postings (id),
            remark text NOT NULL,
            withdrawn_at timestamptz NOT NULL
        )""")
    for table in KEPT:
        op.execute(f"""
            CREATE TRIGGER {table}_are_kept BEFORE UPDATE OR DELETE ON catalog.{table}
                FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"""
            CREATE TRIGGER {table}_are_not_emptied BEFORE TRUNCATE ON catalog.{table}
                FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")
        op.execute(f"GRANT SELECT, INSERT ON catalog.{table} TO market_api")
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog.notice_channel_checks TO market_api")
    op.execute("GRANT SELECT, INSERT ON catalog.notice_interruptions TO market_api")
    op.execute("""
        GRANT UPDATE (up_at, lost_working_days) ON catalog.notice_interruptions TO market_api""")


def downgrade() -> None:
    for table in (
        "board_withdrawals",
        "board_postings",
        "notice_interruptions",
        "notice_channel_checks",
    ):
        op.execute(f"DROP TABLE catalog.{table}")
    op.execute("ALTER TABLE catalog.notices DROP COLUMN extended_by")
