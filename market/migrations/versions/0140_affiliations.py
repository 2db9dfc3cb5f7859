"""Keep who stands above whom, and what related parties deal in."""

from alembic import op

revision = "0140"
down_revision = "0139"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE market.affiliation_ties (
            id uuid PRIMARY KEY,
            kind text NOT NULL CONSTRAINT tie_kind_known CHECK (
                kind IN ('shareholding', 'actual_control', 'management', 'legal_representative',
                         'spouse', 'kin')),
            holder text NOT NULL,
            holder_name text NOT NULL,
            held text NOT NULL,
            held_name text NOT NULL,
            share_bps integer,
            is_state_investor boolean NOT NULL,
            valid_from date NOT NULL,
            valid_until date,
            source text NOT NULL CONSTRAINT tie_source_known CHECK (
                source IN ('declared', 'operator', 'register')),
            stated_by_party_id uuid NOT NULL REFERENCES market.parties (id),
            basis text NOT NULL CONSTRAINT tie_is_known_by_something CHECK (btrim(basis) <> ''),
            stated_at timestamptz NOT NULL,
            ended_at timestamptz,
            end_reason text,
            CONSTRAINT tie_is_between_two CHECK (holder <> held),
            CONSTRAINT tie_says_its_share CHECK (
                (kind = 'shareholding') = (share_bps IS NOT NULL)
                AND coalesce(share_bps BETWEEN 1 AND 10000, true)),
            CONSTRAINT tie_ends_after_it_begins CHECK (valid_until >= valid_from),
            CONSTRAINT tie_ended_for_a_reason CHECK (
                (ended_at IS NULL) = (end_reason IS NULL)
                AND (ended_at IS NULL OR valid_until IS NOT NULL))
        )""")
    op.execute("CREATE INDEX ties_by_held ON market.affiliation_ties (held)")
    op.execute("CREATE INDEX ties_by_holder ON market.affiliation_ties (holder)")
    op.execute("CREATE INDEX ties_by_who_stated ON market.affiliation_ties (stated_by_party_id, id)")
    op.execute("ALTER TABLE market.affiliation_ties ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.affiliation_ties FORCE ROW LEVEL SECURITY")
    # Who stands above the other side is shown to the houses; a rule looks at all of it by a function.
    op.execute("""
        CREATE POLICY ties_of_who_stated_them ON market.affiliation_ties
        USING (catalog.sees_all() OR stated_by_party_id = catalog.acting_party())""")
    op.execute("GRANT SELECT, INSERT ON market.affiliation_ties TO market_api")
    op.execute(
        "GRANT UPDATE (valid_until, ended_at, end_reason) ON market.affiliation_ties TO market_api"
    )
    op.execute("""
        CREATE FUNCTION market.affiliation_node(party uuid) RETURNS text
        LANGUAGE sql STABLE SET "app.clearance" = 'system' AS
        $$ SELECT coalesce('uscc:' || p.uscc, 'person:' || encode(f.identity_hash, 'hex'),
                           'party:' || p.id)
             FROM market.parties p LEFT JOIN market.party_files f ON f.party_id = p.id
            WHERE p.id = party $$""")
    # Upwards from the parties, and sideways to kin; a ring is walked once.
    op.execute("""
        CREATE FUNCTION market.ties_above(parties uuid[], day date)
        RETURNS SETOF market.affiliation_ties
        LANGUAGE sql STABLE SET "app.clearance" = 'system' AS
        $$ WITH RECURSIVE above (node) AS (
               SELECT market.affiliation_node(party) FROM unnest(parties) AS p (party)
               UNION
               SELECT next.node FROM above, LATERAL (
                   SELECT t.holder AS node FROM market.affiliation_ties t
                    WHERE t.held = above.node AND t.valid_from <= day
                      AND (t.valid_until IS NULL OR t.valid_until >= day)
                   UNION ALL
                   SELECT t.held FROM market.affiliation_ties t
                    WHERE t.holder = above.node AND t.kind IN ('spouse', 'kin')
                      AND t.valid_from <= day
                      AND (t.valid_until IS NULL OR t.valid_until >= day)) AS next
           )
           SELECT t.* FROM market.affiliation_ties t
            WHERE t.held IN (SELECT node FROM above) AND t.valid_from <= day
              AND (t.valid_until IS NULL OR t.valid_until >= day)
            ORDER BY t.id LIMIT 2000 $$""")
    op.execute("""
        CREATE TABLE market.related_dealings (
            id uuid PRIMARY KEY,
            state text NOT NULL CONSTRAINT related_dealings_state_known CHECK (
                state IN ('open', 'released', 'refused')),
            matter text NOT NULL CONSTRAINT related_matter_known CHECK (
                matter IN ('special_price', 'agreement', 'order')),
            matter_id uuid NOT NULL,
            product_id uuid NOT NULL,
            supplier_party_id uuid NOT NULL REFERENCES market.parties (id),
            buyer_party_id uuid NOT NULL REFERENCES market.parties (id),
            relation text NOT NULL CONSTRAINT relation_known CHECK (
                relation IN ('controls', 'controlled_by', 'same_controller',
                             'same_legal_representative', 'same_person', 'kin', 'holding')),
            path jsonb NOT NULL,
            in_words text NOT NULL,
            is_held boolean NOT NULL,
            found_at timestamptz NOT NULL,
            decided_at timestamptz,
            decided_by uuid,
            reason text,
            CONSTRAINT related_matter_is_found_once UNIQUE (matter, matter_id),
            CONSTRAINT related_dealing_is_decided_with_a_reason CHECK (
                (state = 'open') = (decided_at IS NULL)
                AND (decided_at IS NULL) = (reason IS NULL))
        )""")
    op.execute("CREATE INDEX related_dealings_by_state ON market.related_dealings (state, id)")
    op.execute("ALTER TABLE market.related_dealings ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.related_dealings FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY related_dealings_of_the_houses ON market.related_dealings
        USING (catalog.sees_all())""")
    op.execute("GRANT SELECT, INSERT ON market.related_dealings TO market_api")
    op.execute(
        "GRANT UPDATE (state, decided_at, decided_by, reason) ON market.related_dealings TO market_api"
    )
    for table in ("affiliation_ties", "related_dealings"):
        op.execute(f"""
            CREATE CONSTRAINT TRIGGER direct_edit_forbidden
            AFTER UPDATE OR DELETE ON market.{table} DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")


def downgrade() -> None:
    op.execute("DROP TABLE market.related_dealings")
    op.execute("DROP FUNCTION market.ties_above(uuid[], date)")
    op.execute("DROP FUNCTION market.affiliation_node(uuid)")
    op.execute("DROP TABLE market.affiliation_ties")
