"""Hold what each use writes against its rules by policies: PostgreSQL reads a table's CHECKs anew with every statement.

The thirteen of grants, uses and entries took a tenth of all that a metered access costs the database. A policy's check is
part of the plan that a connection keeps. The rules, their names and what they let pass are the same. A superuser, whom no policy
holds, is held where he does something by hand: a payload is erased whole or not at all.
"""

from alembic import op

revision = "0136"
down_revision = "0135"
branch_labels = None
depends_on = None

GRANTS, USES, ENTRIES = "market.grants", "market.usage_events", "audit_log.entries"
WRITTEN = {
    GRANTS: "USING (true)",
    USES: "FOR INSERT",
    ENTRIES: "FOR INSERT",
}  # how they are written
RULES = (
    (GRANTS, "grant_quota_positive", "quota > 0"),
    (GRANTS, "grant_state_known", "state IN ('active', 'cut_off', 'expired', 'revoked')"),
    (GRANTS, "grant_order_seq_not_negative", "order_seq >= 0"),
    (GRANTS, "grant_used_within_quota", "used >= 0 AND (quota IS NULL OR used <= quota)"),
    (
        GRANTS,
        "grant_cut_off_says_when",
        "(state IN ('cut_off', 'revoked')) <= (cut_off_at IS NOT NULL)",
    ),
    (GRANTS, "grants_ai_generated_known", "ai_generated IN ('none', 'partly', 'full')"),
    (USES, "usage_counts_from_one", "order_seq > 0"),
    (USES, "usage_decision_known", "decision IN ('allow', 'deny')"),
    (
        USES,
        "usage_denied_is_not_billed",
        "price_units >= 0 AND (decision = 'allow' OR price_units = 0)",
    ),
    (USES, "usage_record_digest", "record_sha256 = encode(sha256(record), 'hex')"),
    (ENTRIES, "leaf_fits_a_bundle", "octet_length(leaf) BETWEEN 1 AND 65535"),
    (ENTRIES, "payload_salt_is_long_enough", "octet_length(salt) BETWEEN 16 AND 32"),
    (ENTRIES, "payload_is_erased_whole", "(salt IS NULL) = (payload IS NULL)"),
)


def upgrade() -> None:
    for table, name, rule in RULES:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        # As a CHECK does, it lets pass what is not known to be wrong.
        op.execute(f"""
            CREATE POLICY {name} ON {table} AS RESTRICTIVE {WRITTEN[table]}
            WITH CHECK (({rule}) IS NOT FALSE)""")
    op.execute("""
        CREATE TRIGGER payload_is_erased_whole BEFORE UPDATE OF salt, payload ON audit_log.entries
        FOR EACH ROW WHEN ((NEW.salt IS NULL) <> (NEW.payload IS NULL))
        EXECUTE FUNCTION catalog.refuse_change()""")


def downgrade() -> None:
    op.execute("DROP TRIGGER payload_is_erased_whole ON audit_log.entries")
    for table, name, rule in RULES:
        op.execute(f"DROP POLICY {name} ON {table}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({rule})")
