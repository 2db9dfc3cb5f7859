"""Say who may be contracted from an award, and what the bureau's objection holds up (定选结果), HN-23."""

from __future__ import annotations

from collections.abc import Iterable

from catalog.agency_selection.model import Remark, RemarkKind, Selection
from catalog.agency_selection.states import State
from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import PartyId


class SelectionNotAwarded(Refused):
    """The selection has no winners."""

    code = "selection_not_awarded"


class AgencyNotSelected(Refused):
    """The agency did not win this selection."""

    code = "agency_not_selected"


class AwardObjected(Refused):
    """An objection of the bureau stands against the selection (HN-05: 全流程监管)."""

    code = "award_objected"


class RemarkTextMissing(Invalid):
    """A remark, and what settles one, says something."""

    code = "selection_remark_text_missing"


class NothingToSettle(Refused):
    """There is no such objection that stands."""

    code = "nothing_to_settle"


def objection_stands(remarks: Iterable[Remark]) -> bool:
    """Tell whether an objection of the bureau is not settled yet."""
    return any(each.kind is RemarkKind.OBJECTION and each.settled_at is None for each in remarks)


def check_winner(selection: Selection, agency: PartyId, remarks: Iterable[Remark]) -> None:
    """Return if the agency may be contracted from this selection.

    :raises SelectionNotAwarded: if nobody won it.
    :raises AgencyNotSelected: if somebody else won it.
    :raises AwardObjected: if the bureau objects.
    """
    if selection.state is not State.AWARDED:
        raise SelectionNotAwarded(state=selection.state.value)
    if agency not in selection.winners:
        raise AgencyNotSelected(selection_number=selection.selection_number)
    if objection_stands(remarks):
        raise AwardObjected(selection_number=selection.selection_number)


def check_settling(remark: Remark) -> None:
    """Return if a remark is an objection that stands.

    :raises NothingToSettle: if it is a comment, or was settled.
    """
    if not objection_stands((remark,)):
        raise NothingToSettle


def check_text(text: str) -> None:
    """Return if a remark says something.

    :raises RemarkTextMissing: if it does not.
    """
    if not text.strip():
        raise RemarkTextMissing
