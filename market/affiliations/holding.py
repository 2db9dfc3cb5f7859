"""Say what becomes of a deal between two related parties, and when it goes on (GD-18, RULES §9)."""

from __future__ import annotations

from catalog.kernel.errors import Invalid, Refused
from market.affiliations.model import Dealing, Matter, Relation
from market.affiliations.states import State


class RelatedDealingHeld(Refused):
    """Buyer and supplier are related, and the authority has not released the price of their own."""

    code = "related_dealing_held"


class RelatedDealingReasonMissing(Invalid):
    """Whoever releases or refuses it says why."""

    code = "related_dealing_reason_missing"


def is_held(relation: Relation, matter: Matter) -> bool:
    """Tell whether nothing goes on by it until the authority has looked at it.

    A price that nobody else pays waits; at the filed price everybody buys, so that is listed alone.
    """
    return relation.is_of_control and matter is Matter.SPECIAL_PRICE


def check_free(dealing: Dealing | None) -> None:
    """Return if a deal may go on.

    :raises RelatedDealingHeld: if the authority has not released it.
    """
    if dealing is not None and dealing.is_held and dealing.state is not State.RELEASED:
        raise RelatedDealingHeld(state=dealing.state.value, relation=dealing.relation.value)


def check_reason(reason: str) -> None:
    """Return if something is said.

    :raises RelatedDealingReasonMissing: if nothing is.
    """
    if not reason.strip():
        raise RelatedDealingReasonMissing
