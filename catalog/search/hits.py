"""Show what was found: each product with why it is here and where, and how many there are of each kind (结果)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from catalog.search import explaining, facets, highlighting, ranking
from catalog.search.facets import ALL, Facet
from catalog.search.model import Count, Hit, Why
from catalog.search.port import SHOWN_VALUES, Counts
from catalog.search.question import Concept
from catalog.search.ranking import Averages, Ranked, Reason, Wanted


class Row(Protocol):
    """A document as the database tells it."""

    def __getitem__(self, column: str, /) -> Any:
        """Return a column of it."""
        ...


def counted(counts: Counts, narrowed: Mapping[str, str]) -> dict[str, list[Count]]:
    """Return the counts of each facet, the commonest values first."""
    return {
        facet.name: _commonest(facet, counts.facets.get(facet.name, {}), narrowed) for facet in ALL
    }


def _commonest(facet: Facet, values: Mapping[str, int], narrowed: Mapping[str, str]) -> list[Count]:
    counted = [
        (-count, value)
        for value, count in values.items()
        if count > 0 and facets.is_counted(facet, value, narrowed)
    ]
    return [Count(value, -count) for count, value in sorted(counted)[:SHOWN_VALUES]]


def hit(
    each: Ranked,
    row: Row,
    *,
    concepts: Sequence[Concept],
    wanted: Sequence[Wanted],
    averages: Averages,
) -> Hit:
    """Return a product with its document."""
    told = ranking.reasons(*each.record, wanted, averages)
    standing = [word for reason in told for word in concepts[reason.wanted].ways[reason.way]]
    return Hit(
        id=uuid.UUID(bytes=each.product),
        source_id=row["source_id"],
        name=row["name"],
        supplier=row["supplier_name"],
        description=row["summary"],
        form=row["form"],
        industry=row["industry"],
        region=row["region"],
        region_code=row["region_codes"][-1] if row["region_codes"] else None,
        level=row["level"],
        theme=row["theme"],
        source=row["source"],
        update_cycle=row["update_cycle"],
        delivery=row["delivery_modes"],
        format=row["format"],
        published_at=row["published_at"],
        zone=row["zone"],
        certified=row["certificate_number"],
        price_from_fen=row["price_fen"],
        score=round(each.score, 4),
        matched=[concepts[number].name for number in sorted(reason.wanted for reason in told)],
        why=[_why(concepts[reason.wanted], reason) for reason in told],
        highlights={
            "name": highlighting.places(row["name"], standing),
            "description": highlighting.places(row["summary"], standing),
        }
        if standing
        else {},
    )


def _why(concept: Concept, reason: Reason) -> Why:
    told: dict[str, Any] = {
        "word": concept.name,
        "by": "".join(concept.ways[reason.way]),
        "fields": reason.fields,
        "share": reason.share,
    }
    zh, en = explaining.why(**told)
    return Why(**told, zh=zh, en=en)
