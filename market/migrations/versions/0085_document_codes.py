"""Let products be found by the branch of a code tree that they lie in, and by how they are delivered."""

from alembic import op

revision = "0085"
down_revision = "0084"
branch_labels = None
depends_on = None

# The last division of each section, GB/T 4754-2017.
SECTIONS = """
    VALUES ('A', 5), ('B', 12), ('C', 43), ('D', 46), ('E', 50), ('F', 52), ('G', 60), ('H', 62),
           ('I', 65), ('J', 69), ('K', 70), ('L', 72), ('M', 75), ('N', 79), ('O', 82), ('P', 83),
           ('Q', 85), ('R', 90), ('S', 96), ('T', 97)"""


# What is public already is filed too, under its finest code and all above it.
FILE = f"""
    WITH told AS (
        SELECT p.id,
               coalesce(nullif(p.description->>'industry_class', ''),
                        nullif(p.description->>'industry_division', ''),
                        p.description->>'industry_section', '') AS industry,
               coalesce(p.description->>'region_code', '') AS region,
               coalesce(p.description->'delivery_modes', '[]') AS delivery
          FROM catalog.products p
         WHERE p.description IS NOT NULL
    ), filed AS (
        SELECT t.id,
               CASE WHEN t.industry ~ '^[A-T]$' THEN ARRAY[t.industry]
                    WHEN t.industry ~ '^[0-9]{{2,4}}$' AND left(t.industry, 2) BETWEEN '01' AND '97'
                    THEN ARRAY[(SELECT s.section FROM ({SECTIONS}) AS s(section, last)
                                 WHERE left(t.industry, 2)::integer <= s.last
                                 ORDER BY s.last LIMIT 1)]
                         || ARRAY(SELECT left(t.industry, n)
                                    FROM generate_series(2, length(t.industry)) AS n)
                    ELSE '{{}}' END AS industries,
               CASE WHEN t.region ~ '^([0-9]{{2}}){{1,3}}$'
                    THEN ARRAY(SELECT left(t.region, n)
                                 FROM generate_series(2, length(t.region), 2) AS n)
                    ELSE '{{}}' END AS regions,
               ARRAY(SELECT jsonb_array_elements_text(t.delivery)) AS modes
          FROM told t
    )
    UPDATE catalog.product_documents d
       SET industry_codes = f.industries, region_codes = f.regions, delivery_modes = f.modes
      FROM filed f
     WHERE f.id = d.product_id"""


def upgrade() -> None:
    for column in ("industry_codes", "region_codes", "delivery_modes"):
        op.execute(
            f"ALTER TABLE catalog.product_documents ADD COLUMN {column} text[] NOT NULL DEFAULT '{{}}'"
        )
    op.execute(FILE)


def downgrade() -> None:
    for column in ("industry_codes", "region_codes", "delivery_modes"):
        op.execute(f"ALTER TABLE catalog.product_documents DROP COLUMN {column}")
