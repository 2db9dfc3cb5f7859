"""Ask who may lift a cut-off (解除切断) [P]."""

from __future__ import annotations

from catalog.kernel.actor import Clearance
from catalog.kernel.errors import Refused
from catalog.kernel.ids import PartyId
from market.cut_offs.model import CutOff


class CutOffOfAnother(Refused):
    """It was ordered by somebody else: who ordered it lifts it, or the authority."""

    code = "cut_off_of_another"


def may_know(standing: CutOff, *, party: PartyId, clearance: Clearance) -> bool:
    """Tell whether who asks may know of it: a trader only of what it ordered itself."""
    return clearance is not Clearance.PARTY or party == standing.ordered_by_party_id


def check(standing: CutOff, *, party: PartyId, clearance: Clearance) -> None:
    """Return if this party may lift it: the one that ordered it, or the authority.

    Otherwise a supplier could undo what the supervisor stopped.

    :raises CutOffOfAnother: if not.
    """
    if clearance is not Clearance.REGULATOR and party != standing.ordered_by_party_id:
        raise CutOffOfAnother
