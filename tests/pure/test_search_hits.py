"""What is shown of a product says why it is here, and what is counted comes commonest first."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.search import hits, ranking, records
from catalog.search.facets import FACETS
from catalog.search.port import SHOWN_VALUES, Counts
from catalog.search.question import Concept
from catalog.search.ranking import Averages, Record, Wanted

ROW = {
    **dict.fromkeys(("source_id", "form", "industry", "region", "level", "theme", "source")),
    **dict.fromkeys(("update_cycle", "format", "zone", "certificate_number", "price_fen")),
    "name": "港口轮渡",
    "supplier_name": "示例",
    "summary": "渡轮时刻",
    "region_codes": ["46", "4601"],
    "delivery_modes": [],
    "published_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
}
CONCEPTS = (Concept((("轮渡",), ("渡轮",))), Concept((("航空",),)))
PACKED = records.pack(uuid.UUID(int=5), 1, [("港口", 1, 0, 0), ("渡轮", 0, 0, 1)])


def shown(row: dict[str, object], *concepts: Concept) -> hits.Hit:
    wanted = [
        Wanted(tuple(tuple(map(records.key, way)) for way in each.ways), 1.0) for each in concepts
    ]
    (ranked,) = ranking.rank([Record(PACKED, 0, len(PACKED))], wanted, Averages())
    (hit,) = hits.page([(ranked, row)], concepts=concepts, wanted=wanted, averages=Averages())
    return hit


def test_a_hit_says_by_which_words_it_was_found() -> None:
    hit = shown(ROW, *CONCEPTS)

    assert (hit.id, hit.region_code, hit.matched) == (uuid.UUID(int=5), "4601", ["轮渡"])
    (why,) = hit.why
    assert (why.word, why.by, why.fields, why.share) == ("轮渡", "渡轮", ("text",), 1.0)
    assert hit.highlights == {"name": [], "description": [(0, 2)]}


def test_what_was_not_asked_for_by_words_has_nothing_to_mark() -> None:
    hit = shown({**ROW, "region_codes": []})

    assert (hit.why, hit.highlights, hit.region_code) == ([], {}, None)


def test_the_commonest_values_come_first_and_no_more_than_are_shown() -> None:
    told = Counts(9, {"form": {"a": 1, "c": 2, "b": 2, "gone": 0}, "industry": {"13": 1}})

    counted = hits.counted(told)

    assert [(c.value, c.count) for c in counted["form"]] == [("b", 2), ("c", 2), ("a", 1)]
    assert [(c.value, c.count) for c in counted["industry"]] == [("13", 1)]
    assert set(counted) == set(FACETS)
    many = hits.counted(Counts(99, {"region": {f"r{n}": n for n in range(1, 99)}}))
    assert len(many["region"]) == SHOWN_VALUES
