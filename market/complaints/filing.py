"""Say what a complaint may be about, who handles it, and how many are taken (RULES §6.3)."""

from __future__ import annotations

import uuid
from typing import Final

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import PartyId
from catalog.kernel.periods import CHOSEN, Period, Unit
from market.complaints.model import About, House, Kind

#: Until when it is said whether a complaint is taken; the texts give no period [P].
TRIAGED_WITHIN: Final = Period(5, Unit.WORKING_DAYS, CHOSEN)
#: Until when it is decided, from the day on which it was taken, and reviewed, from the appeal [P].
RESOLVED_WITHIN: Final = Period(30, Unit.WORKING_DAYS, CHOSEN)
#: So long either may go to the authority [P].
APPEALED_WITHIN: Final = Period(15, Unit.DAYS, CHOSEN)
#: So long who is complained of is heard, from the day on which it was told; silence is no statement [P].
HEARD_WITHIN: Final = Period(5, Unit.WORKING_DAYS, CHOSEN)
# [P] so many a day are taken from people who do not say who they are, and so many from one party:
# enough for a province's trouble, and no flood fills the log and the queue.
MOST_UNNAMED_A_DAY: Final = 200
MOST_OF_ONE_A_DAY: Final = 20

# Of what each kind speaks.
_OF_THE_TRADE: Final = frozenset({About.PRODUCT, About.ORDER})
_TARGETS: Final[dict[Kind, frozenset[About]]] = {
    Kind.PRODUCT_QUALITY: _OF_THE_TRADE,
    Kind.PRICE: _OF_THE_TRADE,
    Kind.DATA_CONTENT_ERROR: _OF_THE_TRADE,
    Kind.OWNERSHIP: frozenset({About.PRODUCT}),
    Kind.PERSONAL_INFORMATION: _OF_THE_TRADE | {About.PARTY, About.OPERATOR},
    Kind.MISUSE_OR_LEAK: _OF_THE_TRADE | {About.PARTY, About.OPERATOR},
    Kind.DISCRIMINATION: _OF_THE_TRADE | {About.PARTY, About.OPERATOR},
    Kind.OPERATOR_CONDUCT: frozenset({About.OPERATOR}),
    Kind.AGENCY_CONDUCT: frozenset({About.AGENCY}),
}


class ComplaintTargetUnclear(Invalid):
    """The kind of complaint is not about such a thing, or the thing is not named."""

    code = "complaint_target_unclear"


class ComplaintAboutOneself(Refused):
    """Nobody complains of itself."""

    code = "complaint_about_oneself"


class ComplaintBoxFull(Refused):
    """More complaints came today, from this party or from people who do not sign in, than are taken."""

    code = "complaint_box_full"


def check_target(kind: Kind, about: About, about_id: uuid.UUID | None) -> None:
    """Return if a complaint of this kind may be about that, and it is named; the operator needs no id.

    :raises ComplaintTargetUnclear: if not.
    """
    is_named = (about_id is not None) == (about is not About.OPERATOR)
    if about not in _TARGETS[kind] or not is_named:
        raise ComplaintTargetUnclear(kind=kind.value, about=about.value)


def check_not_oneself(complainant: PartyId | None, against: PartyId) -> None:
    """Return if somebody else is complained of.

    :raises ComplaintAboutOneself: if not.
    """
    if complainant == against:
        raise ComplaintAboutOneself


def check_room(received_today: int, *, is_named: bool) -> None:
    """Return if one more is taken today from this party, or from those who do not say who they are.

    :raises ComplaintBoxFull: if not.
    """
    maximum = MOST_OF_ONE_A_DAY if is_named else MOST_UNNAMED_A_DAY
    if received_today >= maximum:
        raise ComplaintBoxFull(maximum=maximum)


def house_of(*, complainant: PartyId | None, against: PartyId, operator: PartyId) -> House:
    """Return who handles a complaint: what the operator complains, or is complained of, the authority alone.

    Nobody of the operator's may handle it (``handling.check_neutral``), so it would lie there for ever.
    """
    return House.AUTHORITY if operator in (complainant, against) else House.OPERATOR
