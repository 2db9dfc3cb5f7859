"""Say from whom a panel is drawn, and who may sit in it (评审小组的抽取与回避)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from catalog.agency_selection.model import (
    Expert,
    Panel,
    PanelCommitment,
    PanelRecusal,
)
from catalog.audit_log.leaf import instant
from catalog.draws import seats
from catalog.kernel.draw import draw
from catalog.kernel.errors import Forbidden, Invalid, Refused
from catalog.kernel.ids import AccountId, PartyId
from catalog.signing.canonical import canonical, sha256_hex

FORMAT: Final = "shushi/panel-draw/1"
COMMITTED: Final = "agency_panel"  # the digest's kind, in the entry that opens the bids
RECUSALS: Final = "agency_panel_recusals"  # likewise, in the entry that evaluates


class TooFewExperts(Refused):
    """The list of experts who are bound to no bidder is shorter than the panel."""

    code = "too_few_experts"


class NotOnThePanel(Forbidden):
    """Only who was drawn scores, or stands aside."""

    code = "not_on_the_panel"


class NoExpertLeft(Refused):
    """Every expert of the list was drawn or stood aside."""

    code = "no_expert_left"


class RecusalReasonMissing(Invalid):
    """Whoever stands aside says why."""

    code = "recusal_reason_missing"


def directory(experts: Iterable[Expert], bound: Collection[PartyId]) -> tuple[str, ...]:
    """Return the experts from whom the panel is drawn: none who works for a party of ``bound``.

    Bound are the operator, the bureau, the bidders, and whom these named as related to them.
    """
    return tuple(sorted({str(e.account_id) for e in experts if e.party_id not in bound}))


def check_size(experts: Sequence[str], panel_size: int) -> None:
    """Return if a panel can be drawn.

    :raises TooFewExperts: if the list is too short.
    """
    if len(experts) < panel_size:
        raise TooFewExperts(experts=len(experts), panel_size=panel_size)


def commitment_sha256(commitment: PanelCommitment) -> str:
    """Return the digest that is committed."""
    return sha256_hex(canonical(commitment))


def recusals_sha256(recusals: Sequence[PanelRecusal]) -> str:
    """Return the digest of who stood aside and who came instead, in order; not of their reasons."""
    told = [
        {"at": instant(each.at), "expert": each.expert, "replaced_by": each.replaced_by}
        for each in recusals
    ]
    return sha256_hex(canonical(told))


def draw_experts(seed: bytes, commitment: PanelCommitment) -> tuple[str, ...]:
    """Return who sits in the panel (随机抽取)."""
    return draw(seed + b"experts", commitment.experts, commitment.panel_size)


def check_member(panel: Panel, account: AccountId | None) -> None:
    """Return if ``account`` sits in the panel.

    :raises NotOnThePanel: if it does not, or stood aside.
    """
    if str(account) not in panel.experts:
        raise NotOnThePanel


def replacement(panel: Panel, reason: str) -> str:
    """Return who takes the place of an expert who stands aside.

    :raises RecusalReasonMissing: if he does not say why.
    :raises NoExpertLeft: if nobody is left.
    """
    if not reason.strip():
        raise RecusalReasonMissing
    assert panel.seed is not None, "a drawn panel has its seed"
    found = seats.redrawn(
        bytes.fromhex(panel.seed),
        panel.commitment.experts,
        panel.experts,
        [each.expert for each in panel.recusals],
    )
    if found is None:
        raise NoExpertLeft
    return found


def with_recusals(
    seed: bytes, commitment: PanelCommitment, recusals: Sequence[PanelRecusal]
) -> tuple[str, ...] | None:
    """Return who sits after every recusal was drawn again, None if one does not fit."""
    drawn = draw_experts(seed, commitment)
    swaps = [(each.expert, each.replaced_by) for each in recusals]
    return seats.after_recusals(seed, commitment.experts, drawn, swaps)
