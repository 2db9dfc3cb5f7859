"""The life of a revenue agreement, every state and every event."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid

import pytest

from catalog.kernel.ids import PartyId
from market.revenue_agreements.model import RevenueAgreement, RevenueAgreementId
from market.revenue_agreements.states import (
    TRANSITIONS,
    Event,
    RevenueAgreementEventNotAllowed,
    State,
    advance,
)
from settlement.revenue.methods import Agreed, Borne, CostSharing

ALLOWED = {
    ("proposed", "agree"): "proposed",
    ("proposed", "conclude"): "in_force",
    ("proposed", "decline"): "declined",
    ("proposed", "withdraw"): "withdrawn",
    ("in_force", "end"): "ended",
    ("in_force", "replace"): "ended",
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_event_in_every_state(state: State, event: Event) -> None:
    following = ALLOWED.get((state.value, event.value))

    if following is None:
        with pytest.raises(RevenueAgreementEventNotAllowed):
            advance(state, event)
    else:
        assert advance(state, event) == following
    assert len(TRANSITIONS) == len(ALLOWED)


def test_an_agreement_waits_for_whoever_was_asked_and_has_not_agreed() -> None:
    a, b, c = (uuid.UUID(int=number) for number in (1, 2, 3))
    now = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    agreement = RevenueAgreement(
        id=RevenueAgreementId(a),
        number="SY-2026-000001",
        state=State.PROPOSED,
        product_id=a,
        supplier_party_id=PartyId(a),
        agreed=Agreed(terms=CostSharing((Borne(a, 1),)), document_sha256="ab" * 32),
        asked=(a, b, c),
        given=(a, c),
        version=1,
        proposed_at=now,
        updated_at=now,
    )

    assert agreement.waits_for == (b,)
    assert agreement.code == "revenue-agreement/SY-2026-000001"
