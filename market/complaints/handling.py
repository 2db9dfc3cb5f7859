"""Say who may handle a complaint, and what each step needs (RULES §6.3)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import AccountId, PartyId
from market.complaints.model import (
    Award,
    Complaint,
    Ending,
    House,
    Kind,
    Measure,
    MeasureKind,
)
from market.complaints.states import State

_ELSEWHERE = (Kind.OWNERSHIP, Kind.DATA_CONTENT_ERROR)
_HEARD_IN = (State.RECEIVED, State.ACCEPTED, State.INVESTIGATING)


class HandlerIsParty(Refused):
    """Who is complained of, or complains, does not handle the complaint."""

    code = "complaint_handler_is_party"


class ComplaintOfOtherHouse(Refused):
    """The complaint is handled by the other house: the operator's, or the authority's."""

    code = "complaint_of_other_house"


class ComplaintHeldByAnother(Refused):
    """A colleague investigates it; take it over first."""

    code = "complaint_held_by_another"


class ReviewerIsHandler(Refused):
    """Who decided does not review the own decision."""

    code = "complaint_reviewer_is_handler"


class ComplaintBelongsElsewhere(Refused):
    """Ownership is for the objections (异议), wrong data for the quality issues; nothing else is redirected."""

    code = "complaint_belongs_elsewhere"


class ComplaintReasonMissing(Invalid):
    """It is said why."""

    code = "complaint_reason_missing"


class NotHeard(Refused):
    """Who is complained of has not said anything, and still may."""

    code = "complaint_not_heard"


class HearingOver(Refused):
    """The days for stating one's position are over, or it is decided."""

    code = "complaint_hearing_over"


class PositionStatedBefore(Refused):
    """Each side states its position once."""

    code = "complaint_position_stated"


class AppealOver(Refused):
    """The days for going to the authority are over."""

    code = "complaint_appeal_over"


class AppealedBefore(Refused):
    """One goes to the authority once."""

    code = "complaint_appealed_before"


class AppealRunning(Refused):
    """Either may still go to the authority."""

    code = "complaint_appeal_running"


class MeasureStands(Refused):
    """Something is still frozen because of the complaint, or is frozen already."""

    code = "complaint_measure_stands"


class MeasureUnknown(Refused):
    """Nothing of the kind is frozen."""

    code = "complaint_measure_unknown"


class AwardUnclear(Invalid):
    """An award is an instrument of the register, or names its body, its number and its day."""

    code = "complaint_award_unclear"


class AwardMissing(Refused):
    """It is closed when the award is there."""

    code = "complaint_award_missing"


class RulingUnclear(Invalid):
    """A disputed order is decided with its complaint, and only a disputed one."""

    code = "complaint_ruling_unclear"


def check_reason(text: str) -> None:
    """Return if something is said.

    :raises ComplaintReasonMissing: if not.
    """
    if not text.strip():
        raise ComplaintReasonMissing


def check_neutral(complaint: Complaint, handler: PartyId) -> None:
    """Return if the handler is neither who complains nor who is complained of.

    :raises HandlerIsParty: if it is one of them.
    """
    if handler in (complaint.against_party_id, complaint.complainant_party_id):
        raise HandlerIsParty


def check_house(complaint: Complaint, *, is_authority: bool) -> None:
    """Return if the complaint is for the house of the one who acts.

    :raises ComplaintOfOtherHouse: if not.
    """
    if (complaint.house is House.AUTHORITY) != is_authority:
        raise ComplaintOfOtherHouse(house=complaint.house.value)


def check_handler(complaint: Complaint, account: AccountId | None) -> None:
    """Return if it is investigated by this account.

    :raises ComplaintHeldByAnother: if a colleague does.
    """
    if complaint.handler_account_id not in (None, account):
        raise ComplaintHeldByAnother


def check_reviewer(complaint: Complaint, account: AccountId | None) -> None:
    """Return if somebody else decided.

    :raises ReviewerIsHandler: if it was this account.
    """
    if complaint.handler_account_id == account:
        raise ReviewerIsHandler


def check_place(kind: Kind, *, redirects: bool) -> None:
    """Return if a complaint of this kind is redirected, or is not, as it is decided.

    :raises ComplaintBelongsElsewhere: if it belongs to another procedure, or to this one.
    """
    if (kind in _ELSEWHERE) != redirects:
        raise ComplaintBelongsElsewhere(kind=kind.value)


def check_position(complaint: Complaint, *, by_complainant: bool, now: dt.datetime) -> None:
    """Return if a side may state its position now.

    :raises HearingOver: if the days are over, or it is decided.
    :raises PositionStatedBefore: if this side did so.
    """
    ends_at = complaint.hearing_ends_at
    if complaint.state not in _HEARD_IN or ends_at is None or now >= ends_at:
        raise HearingOver
    if any(each.by_complainant is by_complainant for each in complaint.positions):
        raise PositionStatedBefore


def check_heard(complaint: Complaint, now: dt.datetime) -> None:
    """Return if both sides were heard: who is complained of has said something, or let its days pass.

    Whoever complained said what it complains of.

    :raises NotHeard: if it still may.
    """
    ends_at = complaint.hearing_ends_at
    is_stated = any(not each.by_complainant for each in complaint.positions)
    if not is_stated and ends_at is not None and now < ends_at:
        raise NotHeard(until=ends_at.isoformat())


def check_appeal(complaint: Complaint, now: dt.datetime) -> None:
    """Return if one of the two may go to the authority.

    :raises AppealedBefore: if one of them did.
    :raises AppealOver: if the days are over.
    """
    if complaint.appeal is not None:
        raise AppealedBefore
    assert complaint.appeal_ends_at is not None, "what was decided may be appealed against"
    if now >= complaint.appeal_ends_at:
        raise AppealOver(ended_at=complaint.appeal_ends_at.isoformat())


def check_award(award: Award) -> None:
    """Return if the award names one instrument of the register, or all that says which it is.

    :raises AwardUnclear: if it does neither, or both.
    """
    said = (award.issuing_body.strip(), award.document_number.strip(), award.effective_on)
    if award.instrument_id is not None and any(said):
        raise AwardUnclear
    if award.instrument_id is None and not all(said):
        raise AwardUnclear


def check_ruling(*, is_disputed: bool, has_ruling: bool) -> None:
    """Return if a disputed order is ruled on, and no other.

    :raises RulingUnclear: if not.
    """
    if is_disputed != has_ruling:
        raise RulingUnclear


def standing(complaint: Complaint) -> list[Measure]:
    """Return what is frozen because of the complaint."""
    return [each for each in complaint.measures if each.lifted_at is None]


def check_not_frozen(complaint: Complaint, kind: MeasureKind, target_id: uuid.UUID) -> None:
    """Return if this is not frozen yet by the complaint.

    :raises MeasureStands: if it is.
    """
    if any((each.kind, each.target_id) == (kind, target_id) for each in standing(complaint)):
        raise MeasureStands(kind=kind.value)


def find_standing(complaint: Complaint, kind: MeasureKind, target_id: uuid.UUID) -> Measure:
    """Return the measure that froze this.

    :raises MeasureUnknown: if none did, or it was lifted.
    """
    for each in standing(complaint):
        if (each.kind, each.target_id) == (kind, target_id):
            return each
    raise MeasureUnknown(kind=kind.value)


def check_closable(complaint: Complaint, now: dt.datetime) -> None:
    """Return if nothing is open any more that the complaint holds open.

    :raises MeasureStands: if something is still frozen.
    :raises AppealRunning: if either may still go to the authority, or did.
    :raises AwardMissing: if an arbitral institution has not decided.
    """
    still = standing(complaint)
    if still:
        raise MeasureStands(kind=still[0].kind.value)
    if complaint.state is State.UNDER_REVIEW_BY_REGULATOR:
        raise AppealRunning(ends_at="—")
    if complaint.state is State.RESOLVED and complaint.appeal is None:
        ends_at = complaint.appeal_ends_at
        assert ends_at is not None, "what was decided may be appealed against"
        if now < ends_at:
            raise AppealRunning(ends_at=ends_at.isoformat())
    referral = complaint.referral
    if referral is not None and referral.award is None:
        raise AwardMissing


def ending(complaint: Complaint) -> Ending:
    """Return how a complaint ends that is closed now, as it is counted in public."""
    if complaint.outcome is not None:
        return Ending(complaint.outcome.value)
    if complaint.state is State.REDIRECTED:
        return Ending.REDIRECTED
    if complaint.state is State.DECLINED:
        return Ending.DECLINED
    return Ending.UNRESOLVED
