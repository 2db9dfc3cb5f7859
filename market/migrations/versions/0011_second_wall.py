"""Raise the second wall (row-level security) around what was left to the commands alone."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = (
    "market.answered_commands",
    "market.quarterly_reports",
    "catalog.timers",
    "catalog.product_contents",
    "settlement.journal",
    "settlement.order_money",
    "settlement.channel_events",
    "settlement.channel_nonces",
    "settlement.channel_breaks",
)
# All that ``market/supervision/store.py`` writes after a report was opened.
REPORT_CHANGES = (
    "state, log_size, record, record_sha256, generated_at, generated_by, key_id, signature,"
    " signed_at, submitted_at, submitted_by, acknowledged_at, acknowledged_by, returned_at,"
    " returned_by, return_reason"
)


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION catalog.acting_principal() RETURNS text LANGUAGE sql STABLE AS
        $$ SELECT nullif(current_setting('app.principal', true), '') $$""")
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")

    # An answer is given again to the one who asked, and to nobody else: no staff, no regulator.
    op.execute("""
        CREATE POLICY answered_commands_of_the_principal ON market.answered_commands
        USING (principal = catalog.acting_principal()
               OR current_setting('app.clearance', true) = 'system')""")

    op.execute("""
        CREATE POLICY quarterly_reports_of_the_operator ON market.quarterly_reports
        USING (catalog.sees_all())""")
    op.execute("REVOKE UPDATE ON market.quarterly_reports FROM market_api")
    op.execute(f"GRANT UPDATE ({REPORT_CHANGES}) ON market.quarterly_reports TO market_api")

    # Whoever sees the case sees its clocks, and meets or stops them whoever they run against.
    op.execute("""
        CREATE POLICY timers_of_their_cases ON catalog.timers
        USING (catalog.sees_all() OR party_id = catalog.acting_party()
               OR (subject_kind = 'application' AND EXISTS (
                       SELECT 1 FROM catalog.applications a WHERE a.id = subject_id))
               OR (subject_kind = 'objection' AND EXISTS (
                       SELECT 1 FROM catalog.objections o WHERE o.id = subject_id)))""")

    # For migrations that come after: they run as the owner and mend every row.
    op.execute("""
        CREATE POLICY timers_for_the_owner ON catalog.timers TO CURRENT_USER USING (true)""")

    op.execute("""
        CREATE POLICY product_contents_of_their_product ON catalog.product_contents
        USING (EXISTS (SELECT 1 FROM catalog.products p WHERE p.id = product_id))""")
    _money()


def _money() -> None:
    # The escrow of an order is seen by its two sides; so is the money of the order. The accounts
    # stay open: to book a leg one must find the account of somebody else.
    for table in ("journal", "order_money"):
        op.execute(f"""
            CREATE POLICY {table}_of_both_sides ON settlement.{table}
            USING (catalog.sees_all() OR EXISTS (
                SELECT 1 FROM settlement.escrows e WHERE e.order_id = {table}.order_id))""")
    # An entry moves the money through a function that runs as the owner.
    op.execute("""
        CREATE POLICY order_money_for_the_entries ON settlement.order_money
        TO CURRENT_USER USING (true)""")
    # What a channel tells is told to us, not to a party.
    for table in ("channel_events", "channel_nonces", "channel_breaks"):
        op.execute(f"""
            CREATE POLICY {table}_of_the_house ON settlement.{table}
            USING (catalog.sees_all())""")


def downgrade() -> None:
    for table in ("channel_events", "channel_nonces", "channel_breaks"):
        op.execute(f"DROP POLICY {table}_of_the_house ON settlement.{table}")
    op.execute("DROP POLICY order_money_for_the_entries ON settlement.order_money")
    for table in ("journal", "order_money"):
        op.execute(f"DROP POLICY {table}_of_both_sides ON settlement.{table}")
    op.execute("DROP POLICY product_contents_of_their_product ON catalog.product_contents")
    op.execute("DROP POLICY timers_for_the_owner ON catalog.timers")
    op.execute("DROP POLICY timers_of_their_cases ON catalog.timers")
    op.execute("REVOKE UPDATE ON market.quarterly_reports FROM market_api")
    op.execute(f"REVOKE UPDATE ({REPORT_CHANGES}) ON market.quarterly_reports FROM market_api")
    op.execute("GRANT UPDATE ON market.quarterly_reports TO market_api")
    op.execute("DROP POLICY quarterly_reports_of_the_operator ON market.quarterly_reports")
    op.execute("DROP POLICY answered_commands_of_the_principal ON market.answered_commands")
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("DROP FUNCTION catalog.acting_principal()")
