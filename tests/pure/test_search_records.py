"""What of a product is packed for ranking comes out as it went in."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.products import terms
from catalog.search import records

PRODUCT = uuid.UUID("018f3c1e-7b7a-7000-8000-0123456789ab")


def test_a_vector_says_how_often_each_word_stands_in_each_field() -> None:
    literal = "'o''neil':3C,4C 'a\\\\b':1A,2A,9B '港口':1A '没有'"

    assert records.read_vector(literal) == [
        ("o'neil", 0, 0, 2),
        ("a\\b", 2, 1, 0),
        ("港口", 1, 0, 0),
        ("没有", 0, 0, 0),
    ]


def test_what_a_product_is_written_with_is_read_again() -> None:
    literal = terms.vector(title="港口 气象", labels=["海南"], body="港口的风")

    assert records.read_vector(literal) == [
        ("港口", 1, 0, 1),
        ("气象", 1, 0, 0),
        ("海南", 0, 1, 0),
        ("风", 0, 0, 1),
    ]


def test_a_record_tells_its_head_and_its_words_wherever_it_lies() -> None:
    packed = records.pack(PRODUCT, -5, [("港口", 1, 0, 300), ("气象", 0, 2, 0)])
    data = b"before" + packed + records.pack(PRODUCT, 9, [("机场", 1, 1, 1)])
    start, end = 6, 6 + len(packed)

    assert records.read_head(data, start) == (PRODUCT.bytes, -5, 1, 2, 300)
    assert records.times(data, start, end, records.key("港口")) == (1, 0, 255)
    assert records.times(data, start, end, records.key("气象")) == (0, 2, 0)
    assert records.times(data, start, end, records.key("机场")) is None


def test_bytes_across_two_entries_are_no_word() -> None:
    data = records.pack(PRODUCT, 1, [("港口", 1, 2, 3), ("气象", 4, 5, 6)])
    across = data[records.HEAD_LENGTH + 6 : records.HEAD_LENGTH + 11]

    assert across in data
    assert records.times(data, 0, len(data), across) is None


def test_more_words_than_can_be_counted_are_many() -> None:
    data = records.pack(PRODUCT, 1, [("港口", 70_000, 0, 0)])

    assert records.read_head(data, 0)[2:] == (0xFFFF, 0, 0)
    assert len(records.first_words([("港口", 70_000, 0, 0)]).split()) == 255


def test_candidates_are_found_by_titles_first() -> None:
    assert records.first_words([("港口", 1, 0, 1), ("气象", 0, 1, 0)]) == "港口 港口 港口 气象"


_WORDS = st.dictionaries(
    st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zs")), min_size=1, max_size=5),
    st.tuples(*[st.integers(0, 255)] * 3),
    max_size=20,
)


@given(_WORDS)
def test_every_word_is_found_as_often_as_it_was_packed(
    words: dict[str, tuple[int, int, int]],
) -> None:
    data = records.pack(PRODUCT, 1, [(word, *times) for word, times in words.items()])

    for word, times in words.items():
        assert records.times(data, 0, len(data), records.key(word)) == times
    assert records.times(data, 0, len(data), records.key("another")) is None


@pytest.mark.parametrize("lone", ["\ud800"])
def test_half_a_character_has_a_name_too(lone: str) -> None:
    assert len(records.key(lone)) == records.KEY_LENGTH


@given(_WORDS, st.integers(-(2**40), 2**40))
def test_what_remembers_its_words_packs_the_same(
    words: dict[str, tuple[int, int, int]], place: int
) -> None:
    told = {
        word: ",".join(
            f"1{weight}" for weight, times in zip("ABC", each, strict=True) for _ in range(times)
        )
        for word, each in words.items()
    }
    literal = " ".join(
        f"{terms.quoted(word)}:{positions}" if positions else terms.quoted(word)
        for word, positions in told.items()
    )
    packer = records.Packer()

    for _ in range(2):
        packed = packer.pack(PRODUCT.bytes, place, literal)
        assert packed == records.pack(PRODUCT, place, records.read_vector(literal))
    assert set(packer.words) == {word for word, *_ in records.read_vector(literal)}


def test_only_so_many_positions_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_REMEMBERED", 0)

    packed = records.Packer().pack(PRODUCT.bytes, 1, "'a':1A,2B")

    assert packed == records.pack(PRODUCT, 1, [("a", 1, 1, 0)])
