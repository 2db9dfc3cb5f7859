"""Put what somebody has to do in trade into one list, what ends first coming first (先办事项)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import msgspec

from catalog.kernel.ids import PartyId
from market.complaints.model import Complaint
from market.complaints.states import State as ComplaintState
from market.contracts.model import Agreement
from market.contracts.states import State as AgreementState
from market.negotiations.model import Negotiation
from market.orders.model import Order
from market.portal import negotiation_turns
from market.portal.cases import case_address
from market.portal.negotiation_turns import Turn
from market.portal.order_steps import OrderStep
from market.workbench.model import QueueItem

_NEVER: Final = dt.datetime.max.replace(tzinfo=dt.UTC)
#: From how long before its end on an agreement is to be thought of [P].
_SOON: Final = dt.timedelta(days=30)


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do: what, of what, where, and until when if there is an end."""

    what: str
    name: str
    place: str
    until: dt.datetime | None
    clock: str = ""  # which period of law it is, if it is one


def first(found: Iterable[Due]) -> list[Due]:
    """Return them in the order in which they end; what has no end comes last."""
    return sorted(found, key=lambda due: (due.until is None, due.until or _NEVER))


def of_negotiation(found: Negotiation, name: str) -> Due | None:
    """Return that one's answer is waited for."""
    if negotiation_turns.turn_of(found.copy) is not Turn.MINE:
        return None
    return Due(
        what="answer_negotiation",
        name=name,
        place=f"/negotiations/{found.id}",
        until=negotiation_turns.ends_unless_answered(found),
    )


def of_agreement(found: Agreement, name: str, party: PartyId, now: dt.datetime) -> Due | None:
    """Return that its end was proposed to this party, or comes soon."""
    is_asked = found.state is AgreementState.ENDING and found.proposed_by != party
    is_soon = found.state is AgreementState.IN_FORCE and now < found.ends_at <= now + _SOON
    if not is_asked and not is_soon:
        return None
    return Due(
        what="answer_end" if is_asked else "agreement_ends",
        name=name,
        place=f"/agreements/{found.id}",
        until=found.ends_at,
    )


def of_order(found: Order, step: OrderStep) -> Due | None:
    """Return that the order waits for this party."""
    if not step.is_mine:
        return None
    return Due(
        what=f"order_{step.name}",
        name=f"{found.product_name} {found.number}",
        place=f"/orders/{found.id}",
        until=step.until,
    )


def of_timer(item: QueueItem) -> Due:
    """Return a period of law that runs against this party."""
    timer = item.timer
    return Due(
        what="clock",
        name=" ".join(each for each in (item.title, item.case_number) if each),
        place=case_address(timer.subject_kind, str(timer.subject_id)) or f"/queue/{timer.id}",
        until=timer.ends_at,
        clock=timer.kind,
    )


def of_complaint(found: Complaint, now: dt.datetime) -> Due | None:
    """Return that it may still be taken to the authority."""
    ends_at = found.appeal_ends_at
    if found.state is not ComplaintState.RESOLVED or ends_at is None or now >= ends_at:
        return None
    return Due(what="appeal", name=found.number, place=f"/complaints/{found.id}", until=ends_at)
