"""Say what in the trade follows from what happened to a certificate (登记后果): RULES §5.2, HN-19.

What was sold stays sold: who deregisters, or loses the rights in a dispute that is not over, ends no
running contract (A19). Only rights that never were, or that ended for everybody, stop what runs.
"""

from __future__ import annotations

import enum

import msgspec

from catalog.certificates.states import State


class OfferEffect(enum.StrEnum):
    """What happens to the offer (上架)."""

    KEEP = "keep"  # 不变
    FOLLOW = "follow"  # 换为新凭证
    SUSPEND = "suspend"  # 暂停
    DELIST = "delist"  # 下架


class Effects(msgspec.Struct, frozen=True):
    """What follows: for the offer, and whether running orders are cut off for good."""

    offer: OfferEffect
    cuts_off: bool = False


def effects_of(
    state: State, *, has_successor: bool, registrant_changed: bool, ground: str
) -> Effects:
    """Return what follows from a certificate's having come into ``state``.

    ``ground`` is why it was deregistered: ``voluntary``, ``instrument`` or ``no_holder``.
    """
    if state is State.ACTIVE:
        return Effects(OfferEffect.KEEP)
    if state is State.LAPSED:  # what was sold while it counted goes on, as with a deregistration
        return Effects(OfferEffect.DELIST)
    if state is State.FROZEN:
        return Effects(OfferEffect.SUSPEND)
    if state is State.REVOKED:
        return Effects(OfferEffect.DELIST, cuts_off=True)
    if state is State.DEREGISTERED:
        return Effects(OfferEffect.DELIST, cuts_off=ground == "no_holder")
    # Superseded or transferred: the offer goes on under the new one, unless it is another's now.
    if has_successor and not registrant_changed:
        return Effects(OfferEffect.FOLLOW)
    return Effects(OfferEffect.SUSPEND)
