"""Say which rights are to be registered, and for whom (登记的权利): hold, use and operate, each by itself.

国数综政策〔2026〕35号 第二十一条: 持有权、使用权、经营权 stand side by side and may have different holders.
The same right of the same product twice is a conflict; different rights are not.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from catalog.kernel.errors import Invalid
from catalog.kernel.ids import PartyId
from catalog.rulebooks.rulebook import Rulebook


class RightsMissing(Invalid):
    """Nothing is applied for: at least one right is named, with its holder."""

    code = "rights_missing"


class RightUnknown(Invalid):
    """The rulebook does not know this right, or knows no rights by themselves."""

    code = "right_unknown"


class RightNamedTwice(Invalid):
    """The same right of the same product has one registration, not two."""

    code = "right_named_twice"


class RightClaimed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A right that is to be registered, and who holds it (权利主体)."""

    right: str
    party_id: PartyId
    name: str
    kind: str


def check(claimed: Sequence[RightClaimed], rulebook: Rulebook) -> None:
    """Return if these rights may be applied for under ``rulebook``.

    :raises RightsMissing: if its rights are independent and none is named.
    :raises RightUnknown: if one is none of its rights, or its rights do not stand by themselves.
    :raises RightNamedTwice: if one stands there twice.
    """
    known = rulebook.rights_vocabulary if rulebook.rights_are_independent else ()
    if rulebook.rights_are_independent and not claimed:
        raise RightsMissing(known=list(known))
    named = [each.right for each in claimed]
    unknown = sorted({right for right in named if right not in known})
    if unknown:
        raise RightUnknown(rights=unknown, known=list(known))
    if len(set(named)) != len(named):
        raise RightNamedTwice(rights=sorted({r for r in named if named.count(r) > 1}))


def told(claimed: Sequence[RightClaimed]) -> tuple[str, ...]:
    """Return the rights with their holders as a notice shows them."""
    return tuple(f"{each.right}: {each.name}" for each in claimed)
