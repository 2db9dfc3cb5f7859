"""Say what becomes of running contracts when an offer is stopped (下架影响): declared, and then done.

Deleting an offer and keeping its access is how others leave it (delta sharing); here whoever stops an
offer says which of three it is. The effect is carried out in the same transaction.
"""

from __future__ import annotations

from typing import Final

from catalog.kernel.errors import Invalid
from market.listings.model import Effect
from market.listings.states import Event


class EffectUnfit(Invalid):
    """What is to become of running contracts does not go with how the offer is stopped."""

    code = "listing_effect_unfit"


#: A suspended offer may come back, so nothing of it ends for good; one that was delisted does not.
EFFECTS: Final[dict[Event, frozenset[Effect]]] = {
    Event.SUSPEND: frozenset({Effect.DRAIN, Effect.FREEZE}),
    Event.DELIST: frozenset({Effect.DRAIN, Effect.CUT}),
}

#: By which reason orders that were frozen with their offer are known again when it comes back.
FROZEN: Final = "listing_frozen"


def check(event: Event, effect: Effect) -> None:
    """Return if contracts may become that when the offer is stopped so.

    :raises EffectUnfit: if not, with what may.
    """
    if effect not in EFFECTS[event]:
        raise EffectUnfit(effect=effect.value, allowed=sorted(EFFECTS[event]))
