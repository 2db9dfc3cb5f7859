"""Find what the log has about a thing in one way: by the index beside it, and what it lacks yet."""

from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # With the caller's rights: row-level security keeps of the newest what it keeps of all.
    op.execute("""
        CREATE FUNCTION audit_log.entries_naming(keys text[]) RETURNS SETOF uuid
        LANGUAGE sql STABLE AS $$
            SELECT l.entry_id
              FROM unnest(keys) AS k (key)
              JOIN audit_log.search_subjects s ON s.subject = audit_log.subject_key(k.key)
              JOIN audit_log.leaves l ON l.idx = s.idx
            UNION
            SELECT p.entry_id
              FROM audit_log.leaves l JOIN audit_log.payloads p USING (entry_id)
             WHERE l.idx >= (SELECT size FROM audit_log.search_state) AND p.subjects && keys
            UNION
            SELECT p.entry_id
              FROM audit_log.outbox o JOIN audit_log.payloads p USING (entry_id)
             WHERE p.subjects && keys $$""")


def downgrade() -> None:
    op.execute("DROP FUNCTION audit_log.entries_naming(text[])")
