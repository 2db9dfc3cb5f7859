"""Let papers be sealed by ECDSA on P-256, with the X.509 certificate kept beside the key.

What sealed before by Ed25519 has no certificate here: it followed from the key, and ends at the next
start of the service.
"""

from alembic import op

revision = "0078"
down_revision = "0077"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _algorithms("'ed25519', 'ml-dsa-44', 'sm2', 'ecdsa-p256'", " WHEN 'ecdsa-p256' THEN 65")
    op.execute("""
        ALTER TABLE signing.keys ADD COLUMN certificate bytea,
            ADD CONSTRAINT only_papers_are_sealed_by_p256
                CHECK (algorithm <> 'ecdsa-p256' OR purpose = 'paper') NOT VALID,
            ADD CONSTRAINT who_seals_by_p256_has_a_certificate
                CHECK ((algorithm = 'ecdsa-p256') = (certificate IS NOT NULL)) NOT VALID""")
    op.execute("""
        ALTER TABLE signing.keys VALIDATE CONSTRAINT only_papers_are_sealed_by_p256,
            VALIDATE CONSTRAINT who_seals_by_p256_has_a_certificate""")


def downgrade() -> None:
    op.execute("DELETE FROM signing.keys WHERE algorithm = 'ecdsa-p256'")
    op.execute("""
        ALTER TABLE signing.keys DROP CONSTRAINT only_papers_are_sealed_by_p256,
            DROP CONSTRAINT who_seals_by_p256_has_a_certificate, DROP COLUMN certificate""")
    _algorithms("'ed25519', 'ml-dsa-44', 'sm2'", "")


def _algorithms(known: str, length: str) -> None:
    op.execute(f"""
        ALTER TABLE signing.keys DROP CONSTRAINT key_algorithm_is_known,
            DROP CONSTRAINT key_has_the_length_of_its_algorithm,
            ADD CONSTRAINT key_algorithm_is_known CHECK (algorithm IN ({known})) NOT VALID,
            ADD CONSTRAINT key_has_the_length_of_its_algorithm CHECK (
                octet_length(public_key) = CASE algorithm WHEN 'ed25519' THEN 32
                    WHEN 'ml-dsa-44' THEN 1312 WHEN 'sm2' THEN 65{length} END) NOT VALID""")
    op.execute("""
        ALTER TABLE signing.keys VALIDATE CONSTRAINT key_algorithm_is_known,
            VALIDATE CONSTRAINT key_has_the_length_of_its_algorithm""")
