"""A timestamp holds until it ends, and longer only if a later one carried it on before that."""

from __future__ import annotations

import datetime as dt

from catalog.timestamps import chain
from catalog.timestamps.chain import Link
from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import Kind, Left

SHA256, SHA512, SM3 = HashAlgorithm.SHA256, HashAlgorithm.SHA512, HashAlgorithm.SM3
NOTHING = Left()


def on(year: int, month: int = 1) -> dt.datetime:
    return dt.datetime(year, month, 1, tzinfo=dt.UTC)


def checkpoint(
    number: int, year: int, ends: int, *, algorithm: HashAlgorithm = SHA256, place: int | None = -1
) -> Link:
    """A stamp over a tree of ten times its number; its own entry stands right behind it."""
    return Link(
        number=number,
        kind=Kind.CHECKPOINT,
        size=10 * number,
        algorithm=algorithm,
        stamped_at=on(year),
        ends_at=on(ends),
        index=10 * number if place == -1 else place,
    )


def archive(number: int, year: int, ends: int, algorithm: HashAlgorithm = SHA512) -> Link:
    return Link(
        number=number,
        kind=Kind.ARCHIVE,
        size=10 * number,
        algorithm=algorithm,
        stamped_at=on(year),
        ends_at=on(ends),
        index=10 * number,
        covers=number - 1,
    )


def numbers(links: list[Link], now: int, left: Left = NOTHING) -> list[int]:
    return [each.link.number for each in chain.broken(links, left, on(now))]


def test_nothing_is_broken_before_it_ends() -> None:
    links = [checkpoint(1, 2026, 2030), checkpoint(2, 2027, 2031)]

    assert numbers(links, 2029) == []


def test_a_later_checkpoint_carries_an_earlier_one_on_if_its_tree_holds_it() -> None:
    links = [checkpoint(1, 2026, 2030), checkpoint(2, 2029, 2034)]

    assert numbers(links, 2033) == []
    assert numbers(links, 2035) == [1, 2]


def test_one_whose_digest_is_not_in_the_tree_is_not_carried_on() -> None:
    for place in (None, 20):
        links = [checkpoint(1, 2026, 2030, place=place), checkpoint(2, 2029, 2034)]

        assert numbers(links, 2033) == [1]


def test_one_that_comes_too_late_carries_nothing_on_and_is_named() -> None:
    links = [checkpoint(1, 2026, 2030), checkpoint(2, 2031, 2036)]

    assert numbers(links, 2033) == [1]
    assert chain.first_carrier(links, links[0]) == links[1]
    assert chain.first_carrier(links, links[1]) is None


def test_a_chain_is_as_long_as_each_of_its_links() -> None:
    links = [checkpoint(n, 2020 + 4 * n, 2025 + 4 * n) for n in range(1, 8)]
    assert numbers(links, 2052) == []

    gap = [link for link in links if link.number != 4]
    assert numbers(gap, 2052) == [1, 2, 3]


def test_an_archive_stamp_carries_on_everything_before_it_under_its_own_hash() -> None:
    links = [checkpoint(1, 2026, 2050), checkpoint(2, 2027, 2050), archive(3, 2039, 2060)]
    left = Left({SHA256: on(2040)})

    assert numbers(links, 2055, left) == []
    assert numbers(links, 2055, Left({SHA256: on(2038)})) == [1, 2]
    assert numbers(links[:2], 2041, left) == [1, 2]
    assert numbers([*links[:2], archive(3, 2039, 2060, SHA256)], 2055, left) == [1, 2, 3]


def test_a_checkpoint_rests_on_sha256_whatever_its_note_was_hashed_by() -> None:
    link = checkpoint(1, 2026, 2050, algorithm=SM3)

    assert chain.end_of(link, NOTHING) == on(2050)
    assert chain.end_of(link, Left({SHA256: on(2040)})) == on(2040)
    assert chain.end_of(link, Left({SM3: on(2035), SHA256: on(2040)})) == on(2035)
    assert chain.end_of(archive(2, 2026, 2050), Left({SHA256: on(2040)})) == on(2050)


def test_one_whose_clock_ran_backwards_carries_nothing_on() -> None:
    links = [checkpoint(1, 2026, 2030), checkpoint(2, 2025, 2040)]

    assert not chain.carries(links[1], links[0])
    assert not chain.carries(links[0], links[1])


def test_the_path_is_short_and_takes_the_newest_archive() -> None:
    links = [
        checkpoint(1, 2026, 2030),
        checkpoint(2, 2027, 2031),
        checkpoint(3, 2028, 2032),
        archive(4, 2029, 2035),
        checkpoint(5, 2034, 2040),
        checkpoint(6, 2034, 2041),
    ]

    def path(links: list[Link], now: int) -> list[int]:
        return [each.number for each in chain.path(links, links[0], NOTHING, on(now))]

    assert path(links[:1], 2028) == [1]
    assert path(links[:3], 2028) == [1]
    assert path(links[:3], 2031) == [1, 3]
    assert path(links, 2033) == [1, 4]
    assert path(links, 2036) == [1, 4, 6]
    assert path(links[:1], 2040) == [1]
