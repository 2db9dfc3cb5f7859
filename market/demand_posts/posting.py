"""Decide what may be posted, until when offers are taken, and what others see of it (需求发布规则)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.code_trees.lineage import lineage
from catalog.code_trees.model import Tree
from catalog.kernel.errors import FieldError, Invalid, Refused
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import CHOSEN, Period, Unit
from market.data_demands.answering import names_person
from market.demand_posts.model import DemandAsked, DemandPost, DemandPosting, Visibility
from market.identity.model import Party

SUBJECT: Final = "demand_post"
REVIEW: Final = "demand_post_review"
EXPIRY: Final = "demand_post_expiry"

#: From the day on which it was handed in until the operator has read it; no text gives a number.
REVIEWED_WITHIN: Final = Period(5, Unit.WORKING_DAYS, CHOSEN)
#: From the last day for offers until the buyer has decided; then the post is over by itself.
DECIDED_WITHIN: Final = Period(10, Unit.WORKING_DAYS, CHOSEN)
# [P] who offers needs a day at least, and what is asked in half a year is another demand.
SHORTEST: Final = dt.timedelta(days=1)
LONGEST: Final = dt.timedelta(days=183)

_TEXTS: Final = ("title", "description", "purpose")
_TREES: Final = (("industry", Tree.INDUSTRY), ("region_code", Tree.REGION))


class DemandPostPersonal(Invalid):
    """What others would read holds what names a person."""

    code = "demand_post_personal"


class DemandPostTimesInvalid(Invalid):
    """The period for which data are wanted ends before it begins, or before offers are taken."""

    code = "demand_post_times_invalid"


class DemandPostCodeUnknown(Invalid):
    """The table of industries or regions has no such code."""

    code = "demand_post_code_unknown"


class DemandPostDeadlineUnfit(Refused):
    """The deadline for offers is too near, or too far away."""

    code = "demand_post_deadline_unfit"


class DemandPostReasonMissing(Invalid):
    """It is not said why."""

    code = "demand_post_reason_missing"


class DemandPostOwnReview(Refused):
    """Nobody reviews what its own party asks for."""

    code = "demand_post_own_review"


def check(asked: DemandAsked, *, now: dt.datetime) -> None:
    """Return if this may be handed in for publication.

    :raises DemandPostPersonal: if it names a person: a number, an id, an address.
    :raises DemandPostTimesInvalid: if the period is over before it begins, or before any offer.
    :raises DemandPostDeadlineUnfit: if offers would be taken for less than a day, or too long.
    """
    errors = tuple(
        FieldError(f"/{name}", DemandPostPersonal.code)
        for name in _TEXTS
        if names_person(getattr(asked, name))
    )
    if errors:
        raise DemandPostPersonal(fields=", ".join(e.pointer for e in errors), errors=errors)
    if asked.wanted_to < asked.wanted_from or asked.wanted_to < local_date(asked.offers_until):
        raise DemandPostTimesInvalid(
            wanted_from=asked.wanted_from.isoformat(), wanted_to=asked.wanted_to.isoformat()
        )
    check_deadline(asked.offers_until, now=now)


def check_deadline(until: dt.datetime, *, now: dt.datetime) -> None:
    """Return if offers may be taken until then.

    :raises DemandPostDeadlineUnfit: if it is less than a day away, or more than half a year.
    """
    earliest, latest = now + SHORTEST, now + LONGEST
    if not earliest <= until <= latest:
        raise DemandPostDeadlineUnfit(
            given=until.isoformat(), earliest=earliest.isoformat(), latest=latest.isoformat()
        )


def codes(asked: DemandAsked) -> list[tuple[str, Tree, str]]:
    """Return the codes that are named: field, tree and code.

    :raises CodeMalformed: if one has not the shape of a code of its tree.
    """
    named = [(name, tree, getattr(asked, name)) for name, tree in _TREES]
    found = [(name, tree, code) for name, tree, code in named if code is not None]
    for _, tree, code in found:
        lineage(tree, code)
    return found


def check_reason(reason: str) -> None:
    """Return if something is said.

    :raises DemandPostReasonMissing: if not.
    """
    if not reason.strip():
        raise DemandPostReasonMissing


def check_reviewer(post: DemandPost, reviewer: PartyId) -> None:
    """Return if somebody else reviews it than who asks.

    :raises DemandPostOwnReview: if the post is of the reviewer's own party.
    """
    if post.buyer_party_id == reviewer:
        raise DemandPostOwnReview


def public_side(post: DemandPost, buyer: Party) -> DemandPosting:
    """Return what others see of a post that is or was published."""
    asked = post.asked
    assert post.published_at is not None, "what was never published is shown to nobody"
    return DemandPosting(
        id=post.id,
        state=post.state,
        title=asked.title,
        description=asked.description,
        purpose=asked.purpose,
        use_category=asked.use_category,
        forms=asked.forms,
        industry=asked.industry,
        region_code=asked.region_code,
        delivery_modes=asked.delivery_modes,
        update_cycle=asked.update_cycle,
        budget_fen=asked.budget_fen if asked.shows_budget else None,
        wanted_from=asked.wanted_from,
        wanted_to=asked.wanted_to,
        offers_until=asked.offers_until,
        visibility=asked.visibility,
        buyer=None if asked.visibility is Visibility.ANONYMOUS else buyer.name,
        buyer_kind=buyer.kind,
        published_at=post.published_at,
        revision=post.revision,
    )
