"""Ask for two people (双人在场) where one alone could do what nobody can undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from catalog.kernel.errors import Refused

_NEEDED: Final = 2  # [P] one does it, one sees it


class TwoPeopleNeeded(Refused):
    """It is done by two people, who are named, and who are not the same."""

    code = "two_people_needed"


def check_two(people: Sequence[str]) -> list[str]:
    """Return who is there, as they are written down.

    :raises TwoPeopleNeeded: if they are fewer than two, or one is named twice.
    """
    names = [" ".join(name.split()) for name in people]
    told = {name.casefold() for name in names if name}
    if len(told) < _NEEDED or len(told) < len(names):
        raise TwoPeopleNeeded(people=names)
    return names
