"""Let a key sign by Ed25519, ML-DSA-44 or SM2 (签名算法).

A party may have a key of any of them, so what parties sign has no longer 64 bytes: DER (r, s) of SM2
has at least 8, ML-DSA-44 has 2420. What the service signs itself stays as it was.
"""

from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

_BY_A_PARTY = (
    ("catalog.compliance_opinions", "signature", "opinion_signature_has_64_bytes"),
    ("catalog.issuance_authorisations", "signature", "authorisation_signature_has_64_bytes"),
    ("catalog.change_papers", "signature", "change_paper_signature_has_64_bytes"),
    ("market.contract_signatures", "value", "contract_signature_is_ed25519"),
)


def upgrade() -> None:
    op.execute("""
        ALTER TABLE signing.keys DROP CONSTRAINT key_algorithm_is_known,
            DROP CONSTRAINT key_has_32_bytes,
            ADD CONSTRAINT key_algorithm_is_known CHECK (
                algorithm IN ('ed25519', 'ml-dsa-44', 'sm2')) NOT VALID,
            ADD CONSTRAINT key_has_the_length_of_its_algorithm CHECK (
                octet_length(public_key) = CASE algorithm
                    WHEN 'ed25519' THEN 32 WHEN 'ml-dsa-44' THEN 1312 WHEN 'sm2' THEN 65 END)
                NOT VALID""")
    op.execute("""
        ALTER TABLE signing.keys VALIDATE CONSTRAINT key_algorithm_is_known,
            VALIDATE CONSTRAINT key_has_the_length_of_its_algorithm""")
    for table, column, was in _BY_A_PARTY:
        name = was.replace("has_64_bytes", "has_a_length").replace("is_ed25519", "has_a_length")
        op.execute(f"""
            ALTER TABLE {table} DROP CONSTRAINT {was},
                ADD CONSTRAINT {name} CHECK (octet_length({column}) BETWEEN 8 AND 2420) NOT VALID""")
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    for table, column, was in _BY_A_PARTY:
        name = was.replace("has_64_bytes", "has_a_length").replace("is_ed25519", "has_a_length")
        op.execute(f"""
            ALTER TABLE {table} DROP CONSTRAINT {name},
                ADD CONSTRAINT {was} CHECK (octet_length({column}) = 64) NOT VALID""")
    op.execute("""
        ALTER TABLE signing.keys DROP CONSTRAINT key_algorithm_is_known,
            DROP CONSTRAINT key_has_the_length_of_its_algorithm,
            ADD CONSTRAINT key_algorithm_is_known CHECK (algorithm = 'ed25519') NOT VALID,
            ADD CONSTRAINT key_has_32_bytes CHECK (octet_length(public_key) = 32) NOT VALID""")
