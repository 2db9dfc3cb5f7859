"""Keep leaf and payload of an entry in one row, written once; let queue and places hold ids alone.

An entry was three rows: what waited, its payload, and its leaf once more in its place. Now ``entries`` has
all of it, ``outbox`` what waits and ``places`` what stands where, both by its id.
"""

from alembic import op

revision = "0096"
down_revision = "0095"
branch_labels = None
depends_on = None

_FITS = "CHECK (octet_length(leaf) BETWEEN 1 AND 65535)"
_NAMING = """
    CREATE OR REPLACE FUNCTION audit_log.entries_naming(keys text[]) RETURNS SETOF uuid
    LANGUAGE sql STABLE AS $$
        SELECT l.entry_id
          FROM unnest(keys) AS k (key)
          JOIN audit_log.search_subjects s ON s.subject = audit_log.subject_key(k.key)
          JOIN audit_log.{places} l ON l.idx = s.idx
        UNION
        SELECT p.entry_id
          FROM audit_log.{places} l JOIN audit_log.{entries} p USING (entry_id)
         WHERE l.idx >= (SELECT size FROM audit_log.search_state) AND p.subjects && keys
        UNION
        SELECT p.entry_id
          FROM audit_log.outbox o JOIN audit_log.{entries} p USING (entry_id)
         WHERE p.subjects && keys $$"""
_METERED = "'data:accessed', 'data:denied'"
_NAMES = (
    ("TABLE audit_log.{}", "payloads", "entries"),
    ("INDEX audit_log.{}", "payloads_pkey", "entries_pkey"),
    ("INDEX audit_log.{}", "payloads_event", "entries_event"),
    ("POLICY {} ON audit_log.entries", "payloads_are_appended_by_all", "entries_are_appended_by_all"),
    (
        "POLICY {} ON audit_log.entries",
        "payloads_are_read_by_those_concerned",
        "entries_are_read_by_those_concerned",
    ),
    (
        "TRIGGER {} ON audit_log.entries",
        "audit_log_payloads_is_not_emptied",
        "audit_log_entries_is_not_emptied",
    ),
    ("TABLE audit_log.{}", "leaves", "places"),
    ("INDEX audit_log.{}", "leaves_pkey", "places_pkey"),
    (
        "TRIGGER {} ON audit_log.places",
        "audit_log_leaves_are_eternal",
        "audit_log_places_are_eternal",
    ),
    (
        "TRIGGER {} ON audit_log.places",
        "audit_log_leaves_are_not_emptied",
        "audit_log_places_are_not_emptied",
    ),
)


def upgrade() -> None:
    for what, old, new in _NAMES:
        op.execute(f"ALTER {what.format(old)} RENAME TO {new}")
    op.execute("ALTER TABLE audit_log.entries ADD COLUMN leaf bytea")
    op.execute("ALTER TABLE audit_log.entries NO FORCE ROW LEVEL SECURITY")
    for place in ("places", "outbox"):
        op.execute(f"""
            UPDATE audit_log.entries e SET leaf = l.leaf FROM audit_log.{place} l
             WHERE l.entry_id = e.entry_id""")
        # What was refilled and has no row of its own yet is found by what its leaf tells.
        op.execute(f"""
            INSERT INTO audit_log.entries (entry_id, at, event, subjects, leaf)
            SELECT l.entry_id, (told.leaf ->> 'at')::timestamptz, told.leaf ->> 'event',
                   ARRAY(SELECT s.each ->> 'kind' || ':' || (s.each ->> 'id')
                           FROM jsonb_array_elements(told.leaf -> 'subjects')
                                WITH ORDINALITY AS s (each, number) ORDER BY s.number),
                   l.leaf
              FROM audit_log.{place} l
              CROSS JOIN LATERAL (SELECT convert_from(l.leaf, 'UTF8')::jsonb AS leaf) told
             WHERE NOT EXISTS (SELECT FROM audit_log.entries e WHERE e.entry_id = l.entry_id)""")
    # A payload that no leaf commits to is no entry of any log: `market check` names it.
    op.execute("""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM audit_log.entries WHERE leaf IS NULL) THEN
                RAISE EXCEPTION 'payloads stand in the log that no leaf commits to: see market check';
            END IF;
        END $$""")
    op.execute("ALTER TABLE audit_log.entries ALTER COLUMN leaf SET NOT NULL")
    op.execute(f"ALTER TABLE audit_log.entries ADD CONSTRAINT leaf_fits_a_bundle {_FITS}")
    op.execute("ALTER TABLE audit_log.entries FORCE ROW LEVEL SECURITY")
    _index("entries", f"WHERE event NOT IN ({_METERED})")
    for table in ("places", "outbox"):
        op.execute(f"ALTER TABLE audit_log.{table} DROP COLUMN leaf")
    op.execute("ALTER TABLE audit_log.outbox DROP CONSTRAINT outbox_entry_is_unique")
    _guards()
    _readings()
    op.execute(_NAMING.format(places="places", entries="entries"))


def _index(table: str, which: str) -> None:
    """Keep the index by event: nobody asks it for metered uses, and they are most of what is written."""
    op.execute("DROP INDEX audit_log.entries_event")
    op.execute(f"CREATE INDEX entries_event ON audit_log.{table} (event, at, entry_id) {which}")


def _guards() -> None:
    """Let a payload be erased, and nothing of a leaf change or go, even by its owner."""
    op.execute("""
        CREATE TRIGGER audit_log_leaves_are_eternal BEFORE UPDATE OF entry_id, leaf OR DELETE
        ON audit_log.entries FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")


def _readings() -> None:
    """Show every leaf to everybody, in its place or waiting: with the owner's rights, and no more than that."""
    op.execute("""
        CREATE POLICY leaves_are_shown_by_their_views ON audit_log.entries FOR SELECT
        TO CURRENT_USER USING (true)""")
    op.execute("""
        CREATE VIEW audit_log.leaves AS
        SELECT p.idx, p.entry_id, e.leaf
          FROM audit_log.places p JOIN audit_log.entries e USING (entry_id)""")
    op.execute("""
        CREATE VIEW audit_log.waiting AS
        SELECT o.id, o.entry_id, e.leaf
          FROM audit_log.outbox o JOIN audit_log.entries e USING (entry_id)""")
    op.execute("""
        GRANT SELECT ON audit_log.leaves, audit_log.waiting TO market_api, market_sequencer""")
    op.execute("GRANT SELECT (leaf) ON audit_log.entries TO market_api, market_sequencer")
    # What a restored database lacks is put back by the sequencer, without who acted and why.
    op.execute("""
        GRANT INSERT (entry_id, at, event, subjects, leaf) ON audit_log.entries
        TO market_sequencer""")


def downgrade() -> None:
    op.execute("DROP VIEW audit_log.leaves, audit_log.waiting")
    op.execute("DROP POLICY leaves_are_shown_by_their_views ON audit_log.entries")
    op.execute("DROP TRIGGER audit_log_leaves_are_eternal ON audit_log.entries")
    op.execute("REVOKE INSERT (entry_id, at, event, subjects, leaf) ON audit_log.entries FROM market_sequencer")
    op.execute("ALTER TABLE audit_log.entries NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE audit_log.places DISABLE TRIGGER audit_log_places_are_eternal")
    for table in ("places", "outbox"):
        op.execute(f"ALTER TABLE audit_log.{table} ADD COLUMN leaf bytea")
        op.execute(f"""
            UPDATE audit_log.{table} l SET leaf = e.leaf FROM audit_log.entries e
             WHERE e.entry_id = l.entry_id""")
        op.execute(f"ALTER TABLE audit_log.{table} ALTER COLUMN leaf SET NOT NULL")
    op.execute("ALTER TABLE audit_log.places ENABLE TRIGGER audit_log_places_are_eternal")
    op.execute(f"ALTER TABLE audit_log.places ADD CONSTRAINT leaf_fits_a_bundle {_FITS}")
    op.execute(f"""
        ALTER TABLE audit_log.outbox ADD CONSTRAINT outbox_leaf_fits_a_bundle {_FITS},
            ADD CONSTRAINT outbox_entry_is_unique UNIQUE (entry_id)""")
    op.execute("ALTER TABLE audit_log.entries DROP COLUMN leaf")
    op.execute("ALTER TABLE audit_log.entries FORCE ROW LEVEL SECURITY")
    _index("entries", "")
    for what, old, new in reversed(_NAMES):
        op.execute(f"ALTER {what.format(new)} RENAME TO {old}")
    op.execute(_NAMING.format(places="leaves", entries="payloads"))
