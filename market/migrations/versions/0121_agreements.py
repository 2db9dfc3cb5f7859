"""Keep agreements with both signatures, and with each copy of a negotiation the bytes that are signed."""

from alembic import op

revision = "0121"
down_revision = "0120"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE market.negotiations
            ADD COLUMN document bytea,
            ADD COLUMN consumer_signature jsonb,
            ADD COLUMN provider_signature jsonb""")
    op.execute("""
        CREATE TABLE market.agreements (
            id uuid PRIMARY KEY,
            buyer_party_id uuid NOT NULL REFERENCES market.parties (id),
            supplier_party_id uuid NOT NULL REFERENCES market.parties (id),
            product_id uuid NOT NULL REFERENCES catalog.products (id),
            state text NOT NULL CONSTRAINT agreements_state_known CHECK (
                state IN ('in_force', 'ending', 'terminated', 'succeeded')),
            document bytea NOT NULL,
            sha256 text NOT NULL CONSTRAINT agreement_bytes_as_hashed CHECK (
                sha256 = encode(sha256(document), 'hex')),
            buyer_signature jsonb NOT NULL,
            supplier_signature jsonb NOT NULL,
            ends_at timestamptz NOT NULL,
            concluded_at timestamptz NOT NULL,
            version integer NOT NULL,
            updated_at timestamptz NOT NULL,
            follows_id uuid REFERENCES market.agreements (id),
            relation text CONSTRAINT agreement_relation_known CHECK (
                relation IN ('amends', 'renews', 'replaces')),
            proposed_by uuid REFERENCES market.parties (id),
            reason text,
            CONSTRAINT nobody_agrees_with_himself CHECK (buyer_party_id <> supplier_party_id),
            CONSTRAINT follows_in_some_way CHECK ((follows_id IS NULL) = (relation IS NULL)),
            CONSTRAINT an_end_is_proposed_by_one_of_the_two CHECK (
                (state = 'ending') <= (proposed_by IS NOT NULL)
                AND (proposed_by IS NULL OR proposed_by IN (buyer_party_id, supplier_party_id)))
        )""")
    op.execute("CREATE INDEX agreements_by_buyer ON market.agreements (buyer_party_id, id)")
    op.execute("CREATE INDEX agreements_by_supplier ON market.agreements (supplier_party_id, id)")
    op.execute("CREATE INDEX agreements_by_product ON market.agreements (product_id, id)")
    op.execute("""
        CREATE INDEX agreements_by_what_they_follow ON market.agreements (follows_id)
         WHERE follows_id IS NOT NULL""")
    op.execute("ALTER TABLE market.agreements ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE market.agreements FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY agreements_of_their_parties ON market.agreements
        USING (catalog.sees_all()
               OR catalog.acting_party() IN (buyer_party_id, supplier_party_id))""")
    op.execute("""
        CREATE CONSTRAINT TRIGGER direct_edit_forbidden
        AFTER UPDATE OR DELETE ON market.agreements DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_direct_edit()""")
    op.execute("GRANT SELECT, INSERT ON market.agreements TO market_api")
    # What was signed stays as it was signed, for the service too.
    op.execute("""
        GRANT UPDATE (state, version, updated_at, proposed_by, reason)
           ON market.agreements TO market_api""")


def downgrade() -> None:
    op.execute("DROP TABLE market.agreements")
    op.execute("""
        ALTER TABLE market.negotiations
            DROP COLUMN document, DROP COLUMN consumer_signature, DROP COLUMN provider_signature""")
