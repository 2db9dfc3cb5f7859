"""Read the words of products that are shown (目录用词)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from catalog.kernel.db import Tx


async def list_words(tx: Tx, product_ids: Sequence[uuid.UUID]) -> list[str]:
    """Return the words of these products, as they are now, the commonest first."""
    rows = await tx.fetch(
        """
        SELECT w.word FROM catalog.product_documents d, unnest(tsvector_to_array(d.terms)) AS w(word)
         WHERE d.product_id = ANY($1::uuid[])
         GROUP BY w.word ORDER BY count(*) DESC, w.word""",
        list(product_ids),
    )
    return [row["word"] for row in rows]
