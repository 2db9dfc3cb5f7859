"""Show what was found: each product with why it is here and where, and how many there are of each kind (结果)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from catalog.search import explaining, highlighting, ranking
from catalog.search.facets import FACETS
from catalog.search.highlighting import Normal
from catalog.search.model import Count, Hit, Why
from catalog.search.port import SHOWN_VALUES, Counts
from catalog.search.question import Concept
from catalog.search.ranking import Averages, Ranked, Reason, Wanted


class Row(Protocol):
    """A document as the database tells it."""

    def __getitem__(self, column: str, /) -> Any:
        """Return a column of it."""
        ...


def counted(counts: Counts) -> dict[str, list[Count]]:
    """Return the counts of each facet, the commonest values first."""
    return {name: _commonest(counts.facets.get(name, {})) for name in FACETS}


def _commonest(values: Mapping[str, int]) -> list[Count]:
    ordered = sorted([(-count, value) for value, count in values.items() if count > 0])
    return [Count(value, -count) for count, value in ordered[:SHOWN_VALUES]]


def page(
    found: Sequence[tuple[Ranked, Row]],
    *,
    concepts: Sequence[Concept],
    wanted: Sequence[Wanted],
    averages: Averages,
) -> list[Hit]:
    """Return products with their documents, in their order."""
    told = ranking.reasons([each.record for each, _ in found], wanted, averages)
    texts = [row[column] for _, row in found for column in ("name", "summary")] if wanted else []
    normals = highlighting.normals(texts)
    return [
        _hit(each, row, why, concepts, normals[2 * number : 2 * number + 2])
        for number, ((each, row), why) in enumerate(zip(found, told, strict=True))
    ]


def _hit(
    each: Ranked,
    row: Row,
    told: Sequence[Reason],
    concepts: Sequence[Concept],
    normals: Sequence[Normal],
) -> Hit:
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
            "name": highlighting.places(normals[0], standing),
            "description": highlighting.places(normals[1], standing),
        }
        if standing
        else {},
    )


def _why(concept: Concept, reason: Reason) -> Why:
    word, by = concept.name, "".join(concept.ways[reason.way])
    zh, en = explaining.why(word=word, by=by, fields=reason.fields, share=reason.share)
    return Why(word=word, by=by, fields=reason.fields, share=reason.share, zh=zh, en=en)
