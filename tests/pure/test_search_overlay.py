"""What changed beyond an index is found, counted and handed on as the index itself would."""

from __future__ import annotations

import uuid

import msgspec

from catalog.search import overlay, records
from catalog.search.facets import ALL
from catalog.search.overlay import EVERYTHING, Changed, Overlay
from catalog.search.port import Asked
from catalog.search.prices import Prices
from catalog.search.ranking import Record, Wanted

PORT, AIR, GONE = (uuid.UUID(int=n) for n in (1, 2, 3))


def changed(product: uuid.UUID, title: str, **kinds: list[str]) -> Changed:
    packed = records.pack(product, 1, [(word, 1, 0, 0) for word in title.split()])
    values = tuple(tuple(kinds.get(facet.name, ())) for facet in ALL)
    return Changed(Record(packed, 0, len(packed)), values)


def want(*words: str) -> list[Wanted]:
    return [Wanted(((records.key(word),),), 1.0) for word in words]


KNOWN = Overlay("1:1:").plus(
    {
        PORT: changed(PORT, "港口 气象", form=["dataset"], industry=["G", "55"]),
        AIR: changed(AIR, "机场 气象", form=["data_api"], industry=["G", "56"]),
        GONE: Changed(None),
    },
    "2:2:",
)


def found(*words: str, least: int | None = None, **narrowed: str) -> list[uuid.UUID]:
    return [
        uuid.UUID(bytes=records.read_head(each.record.data, 0)[0])
        for each in KNOWN.found(
            want(*words),
            Asked(narrowed=narrowed),
            least=len(words) if least is None else least,
        )
        if each.record is not None
    ]


def test_a_question_finds_what_has_all_words_or_any() -> None:
    assert found("港口", "气象") == [PORT]
    assert found("港口", "气象", least=1) == [PORT, AIR]
    assert found("渡轮") == []


def test_without_words_everything_is_found_that_is_public_and_within_the_filters() -> None:
    assert found() == [PORT, AIR]
    assert found(form="data_api") == [AIR]
    assert found("气象", industry="55") == [PORT]


def test_a_price_is_asked_for_from_and_to() -> None:
    priced = msgspec.structs.replace(changed(PORT, "港口"), price_fen=100)
    known = Overlay("1:1:", {PORT: priced, AIR: changed(AIR, "机场")})

    def is_found(*ends: int | None) -> bool:
        return len(known.found([], Asked(prices=Prices(*ends)), least=0)) == 1

    assert is_found(100, 100)
    assert is_found(None, 100)
    assert is_found(100, None)
    assert not is_found(101, None)
    assert not is_found(None, 99)


def test_what_was_found_is_counted_by_what_lies_right_below_the_filter() -> None:
    counts = overlay.count(KNOWN.found([], EVERYTHING, least=0), {})
    below = overlay.count(
        KNOWN.found([], Asked(narrowed={"industry": "G"}), least=0), {"industry": "G"}
    )

    assert counts["form"] == {"dataset": 1, "data_api": 1}
    assert counts["industry"] == {"G": 2}
    assert below["industry"] == {"55": 1, "56": 1}
    assert counts["level"] == {}


def test_reading_on_replaces_what_changed_again_and_leaves_the_old_overlay_as_it_was() -> None:
    after = KNOWN.plus({AIR: Changed(None)}, "3:3:")

    assert after.position == "3:3:"
    assert len(after.found([], EVERYTHING, least=0)) == 1
    assert len(KNOWN.found([], EVERYTHING, least=0)) == 2
    assert after.plus({}, "4:4:").changed is after.changed


def test_pages_are_kept_until_something_changes_and_those_longest_unasked_are_forgotten() -> None:
    first = Overlay("1:1:")
    first.keep("asked again and again", "its page")
    for number in range(2500):
        first.keep(number, f"page {number}")
        assert first.kept("asked again and again") == "its page"

    assert first.kept(0) is None
    assert first.kept(2499) == "page 2499"
    assert len(first.pages) == 2048
    assert first.plus({}, "2:2:").pages is first.pages
    assert first.plus({AIR: Changed(None)}, "2:2:").pages == {}
    assert Overlay("1:1:").pages == {}
