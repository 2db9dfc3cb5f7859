"""Ask for two people (双人在场) where one alone could do what nobody can undo."""

from __future__ import annotations

from catalog.kernel.actor import Actor
from catalog.kernel.errors import Refused


class TwoPeopleNeeded(Refused):
    """It is done by two people who are signed in with accounts of their own."""

    code = "two_people_needed"


def check_two(doing: Actor, seeing: Actor) -> list[dict[str, str]]:
    """Return who they are, as it is written down: one does it, the other one confirms it.

    :raises NotPermitted: if one of them may not.
    :raises TwoPeopleNeeded: if one is nobody's account, or both are the same.
    """
    doing.require("key:destroy")
    seeing.require("key:confirm_destruction")
    if None in {doing.account_id, seeing.account_id} or doing.account_id == seeing.account_id:
        raise TwoPeopleNeeded(people=[doing.name, seeing.name])
    return [
        {"account_id": str(each.account_id), "name": each.name, "does": does}
        for each, does in ((doing, "destroys"), (seeing, "confirms"))
    ]
