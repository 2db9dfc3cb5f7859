"""What comes first, and why it does."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.search import ranking, records
from catalog.search.ranking import Averages, Record, Wanted

AVERAGES = Averages()


def record(title: str = "", labels: str = "", text: str = "") -> bytes:
    words = dict.fromkeys(f"{title} {labels} {text}".split())
    vector = [
        (word, *(field.split().count(word) for field in (title, labels, text))) for word in words
    ]
    return records.pack(uuid.UUID(int=1), 1, vector)  # type: ignore[arg-type]


def want(*ways: str, weight: float = 1.0) -> Wanted:
    return Wanted(tuple(tuple(map(records.key, way.split())) for way in ways), weight)


def score(data: bytes, *wanted: Wanted) -> float:
    return scored(data, wanted, AVERAGES)


def scored(data: bytes, wanted: Sequence[Wanted], averages: Averages) -> float:
    (ranked,) = ranking.rank([Record(data, 0, len(data))], wanted, averages)
    return ranked.score


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    assert ranking.weight(1, 1000) > ranking.weight(900, 1000) > 0
    assert ranking.weight(2000, 1000) == ranking.weight(1000, 1000)  # old versions are counted too


def test_a_title_tells_more_than_a_text_and_that_more_than_a_label() -> None:
    title, text, label = record(title="港口"), record(text="港口"), record(labels="港口")

    assert score(title, want("港口")) > score(text, want("港口")) > score(label, want("港口")) > 0


def test_a_long_text_tells_less_than_a_short_one() -> None:
    long = record(text="港口 " + " ".join(f"w{i}" for i in range(200)))

    assert score(record(text="港口"), want("港口")) > score(long, want("港口"))


def test_how_often_a_field_repeats_a_word_does_not_count() -> None:
    once, often = record(text="港口 气象 机场 水位"), record(text="港口 港口 港口 港口")

    assert score(once, want("港口")) == score(often, want("港口"))


def test_what_has_all_words_stands_above_what_has_one_of_them_often() -> None:
    both, one = record(text="港口 气象"), record(title="港口 港口", text="港口 港口 港口")

    assert score(both, want("港口"), want("气象")) > score(one, want("港口"), want("气象"))


def test_what_has_nothing_of_it_has_no_score() -> None:
    assert score(record(title="机场"), want("港口")) == 0
    assert score(record(title="机场")) == 0


def test_a_synonym_tells_a_little_less_than_the_word() -> None:
    word, synonym = record(title="幼儿园"), record(title="幼稚园")
    asked = want("幼儿园", "幼稚园")

    assert score(word, asked) > score(synonym, asked) > 0


def test_a_synonym_of_two_words_needs_both() -> None:
    asked = want("网约车", "预约 出租车")

    assert score(record(title="预约 挂号"), asked) == 0
    assert score(record(title="预约 出租车"), asked) > 0
    assert not ranking.covers(record(title="预约"), 0, 1000, asked)
    assert ranking.covers(record(title="网约车"), 0, 1000, asked)


def test_the_reasons_say_what_told_most_where_and_by_which_words() -> None:
    data = record(title="港口", labels="海南", text="港口 渡轮")
    asked = [want("海南"), want("轮渡", "渡轮", weight=2.0), want("港口", weight=3.0), want("机场")]

    (told,) = ranking.reasons([Record(data, 0, len(data))], asked, AVERAGES)

    assert [(r.wanted, r.way, r.fields) for r in told] == [
        (2, 0, ("title", "text")),
        (1, 1, ("text",)),
        (0, 0, ("labels",)),
    ]
    assert sum(r.share for r in told) == pytest.approx(1, abs=0.001)
    assert ranking.reasons([Record(data, 0, len(data))], [], AVERAGES) == [[]]
    assert ranking.reasons([], asked, AVERAGES) == []


def test_of_two_synonyms_the_one_that_tells_more_is_the_reason() -> None:
    asked = [want("轮渡", "渡轮", "预约 出租车", "船")]
    data = record(title="渡轮", text="船 出租车 预约")

    (told,) = ranking.reasons([Record(data, 0, len(data))], asked, AVERAGES)

    assert [(r.way, r.fields, r.share) for r in told] == [(1, ("title",), 1.0)]


@given(st.lists(st.sampled_from("abcdef"), max_size=8), st.sampled_from("abc"))
def test_one_more_word_of_the_question_never_lowers_a_product(had: list[str], more: str) -> None:
    asked = [want(word) for word in "abc"]
    before, after = record(text=" ".join(had)), record(text=" ".join([*had, more]))
    flat = Averages(1e9, 1e9, 1e9)  # as if all texts were equally long

    assert scored(after, asked, flat) >= scored(before, asked, flat)


def test_a_record_is_ranked_wherever_it_lies_with_what_decides_between_equals() -> None:
    data = b"before" + record(title="港口")

    (ranked,) = ranking.rank([Record(data, 6, len(data))], [want("港口")], AVERAGES)

    assert ranked.score == score(record(title="港口"), want("港口")) > 0
    assert (ranked.product, ranked.place) == (uuid.UUID(int=1).bytes, 1)
    assert ranked.record == Record(data, 6, len(data))


def test_bytes_across_two_words_count_for_nothing() -> None:
    data = record(title="港口 气象")
    across = data[records.HEAD_LENGTH + 6 : records.HEAD_LENGTH + 11]

    assert score(data, Wanted(((across,),), 1.0)) == 0


WORDS = st.sampled_from("abcdefgh")
FIELD = st.lists(WORDS, max_size=12).map(" ".join)
ASKED = st.lists(
    st.builds(
        want,
        st.lists(WORDS, min_size=1, max_size=2).map(" ".join),
        st.lists(WORDS, min_size=1, max_size=2).map(" ".join),
        weight=st.floats(0.01, 20),
    ),
    max_size=4,
)


def plainly(data: bytes, asked: Sequence[Wanted], averages: Averages) -> float:
    """Score one record as the formula reads, a word at a time."""
    *_, title, labels, text = records.read_head(data, 0)
    fields = (
        (3.0, title, averages.title),
        (0.15, labels, averages.labels),
        (1.0, text, averages.text),
    )
    tells = [most / (1 - 0.8 + 0.8 / average * length) for most, length, average in fields]
    covered = total = 0.0
    for wanted in asked:
        often = 0.0
        for place, way in enumerate(wanted.ways):
            found = [records.times(data, 0, len(data), word) or (0, 0, 0) for word in way]
            # In single precision, as it is kept in lists of products.
            least = min(
                float(np.float32(sum(t * (n > 0) for t, n in zip(tells, times, strict=True))))
                for times in found
            )
            often = max(often, float(np.float32(least) * np.float32(0.35)) if place else least)
        covered += wanted.weight if often else 0.0
        total += wanted.weight * 1.05 * often / (often + 0.05)
    whole = sum(wanted.weight for wanted in asked)
    return total * (covered / whole) if whole else 0.0


@given(st.lists(st.tuples(FIELD, FIELD, FIELD), max_size=12), ASKED)
def test_many_are_scored_at_once_as_each_would_be_alone(
    texts: list[tuple[str, str, str]], asked: list[Wanted]
) -> None:
    packed = [record(*fields) for fields in texts]
    found = [Record(b"12345" + data, 5, 5 + len(data)) for data in packed]

    ranked = ranking.rank(found, asked, AVERAGES)

    assert [each.record for each in ranked] == found
    assert [each.score for each in ranked] == [
        pytest.approx(plainly(data, asked, AVERAGES), rel=1e-12) for data in packed
    ]
    assert [each.score for each in ranked] == [scored(data, asked, AVERAGES) for data in packed]


@given(st.lists(FIELD, max_size=20), ASKED, st.integers(1, 8), st.data())
def test_the_best_are_the_first_of_all_in_their_order(
    texts: list[str], asked: list[Wanted], most: int, data: st.DataObject
) -> None:
    found = []
    for number, text in enumerate(texts):
        vector = [(word, 0, 0, text.split().count(word)) for word in dict.fromkeys(text.split())]
        packed = records.pack(uuid.UUID(int=number), number // 3, vector)
        found.append(Record(packed, 0, len(packed)))

    every = sorted(ranking.rank(found, asked, AVERAGES), key=ranking.standing, reverse=True)

    assert ranking.best(found, asked, AVERAGES, most=most) == every[:most]
    if every:
        last = data.draw(st.integers(0, len(every) - 1))
        after = ranking.standing(every[last])
        assert (
            ranking.best(found, asked, AVERAGES, most=most, after=after)
            == (every[last + 1 : last + 1 + most])
        )
