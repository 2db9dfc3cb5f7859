"""What nobody can undo is done by two people."""

from __future__ import annotations

import pytest

from catalog.key_custody.two_people import TwoPeopleNeeded, check_two


def test_two_who_are_not_the_same_are_written_down_as_they_are_called() -> None:
    assert check_two(["王一", " Li  Er "]) == ["王一", "Li Er"]


@pytest.mark.parametrize(
    "people", [(), ("王一",), ("王一", "王一"), ("Li Er", "li  er"), ("王一", ""), ("a", "b", "B")]
)
def test_one_alone_or_one_twice_is_not_two(people: tuple[str, ...]) -> None:
    with pytest.raises(TwoPeopleNeeded):
        check_two(people)
