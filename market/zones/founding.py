"""Decide what a zone of each type may say of itself, and who may operate and supervise it.

What a zone is: BJ-03; who supervises it: BJ-06, BJ-07; and never who operates it: GD-15.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Final

from catalog.kernel.errors import FieldError, Invalid
from catalog.kernel.ids import PartyId
from market.identity.model import Capacity, Party
from market.identity.states import State
from market.zones.model import Foundation, Kind, Said

# Which attributes belong to which type; what a zone of a field or a region is without is nothing.
_OWN: Final = {
    Kind.DOMAIN: ("domains",),
    Kind.REGIONAL: ("region_code",),
    Kind.COMPREHENSIVE_BASIC: ("serves_zone_ids",),
}
_NEEDED: Final = frozenset({Kind.DOMAIN, Kind.REGIONAL})
#: Who may supervise a zone.
SUPERVISORS: Final = frozenset({Capacity.PROVINCIAL_AUTHORITY, Capacity.OTHER_REGULATOR})


class ZoneTypeConflict(Invalid):
    """The zone says of itself what does not belong to its type, or not what does (BJ-03)."""

    code = "zone_type_conflict"


class ZoneOperatorUnfit(Invalid):
    """Who shall operate the zone is not a verified trader."""

    code = "zone_operator_unfit"


class SupervisorMissing(Invalid):
    """Nobody supervises the zone, or one who supervises nothing (BJ-07)."""

    code = "supervisor_missing"


class SupervisorOperatorConflict(Invalid):
    """Who operates a zone does not supervise it as well (管运适度分离, GD-15)."""

    code = "supervisor_operator_conflict"


def check_kind(kind: Kind, said: Said, *, own_id: uuid.UUID, known: Collection[uuid.UUID]) -> None:
    """Return if what is said of a zone belongs to its type. ``known`` are the zones that there are.

    :raises ZoneTypeConflict: if not; ``errors`` name the fields.
    """
    own = _OWN[kind]
    every = [field for each in _OWN.values() for field in each]
    wrong = [field for field in every if getattr(said, field) and field not in own]
    if kind in _NEEDED:
        wrong += [field for field in own if not getattr(said, field)]
    served = set(said.serves_zone_ids)
    if own_id in served or len(served) < len(said.serves_zone_ids) or served - set(known):
        wrong.append("serves_zone_ids")
    if len(set(said.domains)) < len(said.domains):
        wrong.append("domains")
    if wrong:
        fields = sorted(set(wrong))
        raise ZoneTypeConflict(
            kind=kind.value,
            fields=", ".join(fields),
            errors=tuple(FieldError(f"/said/{field}", ZoneTypeConflict.code) for field in fields),
        )


def check_operator(party: Party | None) -> None:
    """Return if this party may operate a zone.

    :raises ZoneOperatorUnfit: if not.
    """
    if (
        party is None
        or party.state is not State.VERIFIED
        or Capacity.TRADER not in party.capacities
    ):
        raise ZoneOperatorUnfit


def supervisor_of(foundation: Foundation, *, named: Party | None, authority: Party | None) -> Party:
    """Return who supervises the zone: whoever is named, the authority for a comprehensive one (BJ-06).

    :raises SupervisorMissing: if nobody is named for a zone of a field or a region (BJ-07), or one
        that supervises nothing.
    """
    by_default = foundation.kind is Kind.COMPREHENSIVE_BASIC
    if foundation.supervisor_party_id is None and by_default and authority is not None:
        return authority
    return check_supervisor(named)


def check_supervisor(party: Party | None) -> Party:
    """Return the party if it may supervise a zone.

    :raises SupervisorMissing: if it is none, or no authority.
    """
    if party is None or not SUPERVISORS & set(party.capacities):
        raise SupervisorMissing
    return party


def check_apart(supervisor: Party, *, operator_id: PartyId) -> None:
    """Return if the zone is supervised by somebody else than who operates it (GD-15).

    :raises SupervisorOperatorConflict: if not.
    """
    if supervisor.id == operator_id:
        raise SupervisorOperatorConflict
