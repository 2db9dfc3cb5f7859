"""A quality issue goes one way, and its walk one source at a time."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

import msgspec
import pytest

from catalog.kernel.ids import PartyId, new_id
from catalog.profiles.quality import Dimension
from catalog.quality_issues.model import Hop, QualityIssue, QualityIssueId
from catalog.quality_issues.states import Event, QualityIssueEventNotAllowed, State, advance
from catalog.quality_issues.tracing import (
    QualityHopNotNext,
    QualityProviderMissing,
    check_next,
    provider_of,
)
from tests.makers_products import NOW

ALLOWED = {
    (State.REPORTED, Event.TRACE): State.TRACED,
    (State.TRACED, Event.TRACE): State.TRACED,
    (State.TRACED, Event.ASSIGN): State.ASSIGNED,
    (State.ASSIGNED, Event.FIX): State.FIXED,
    (State.ASSIGNED, Event.REJECT): State.REJECTED,
    (State.FIXED, Event.FEED_BACK): State.FED_BACK,
    (State.REJECTED, Event.FEED_BACK): State.FED_BACK,
    (State.FED_BACK, Event.CLOSE): State.CLOSED,
}
PRODUCT, SOURCE, FURTHER = (uuid.UUID(int=n) for n in (1, 2, 3))
PROVIDER = PartyId(new_id())


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_an_issue_goes_one_way(state: State, event: Event) -> None:
    if (state, event) in ALLOWED:
        assert advance(state, event) is ALLOWED[state, event]
    else:
        with pytest.raises(QualityIssueEventNotAllowed) as refused:
            advance(state, event)
        assert refused.value.facts == {"state": state.value, "event": event.value}


def walked(*nodes: uuid.UUID, supplier: PartyId | None = PROVIDER) -> QualityIssue:
    values: dict[str, Any] = {
        "id": QualityIssueId(new_id()),
        "product_id": PRODUCT,
        "product_name": "指数",
        "supplier_party_id": PROVIDER,
        "reporter_party_id": PartyId(new_id()),
        "state": State.REPORTED,
        "dimension": Dimension.ACCURACY,
        "description": "数值偏大",
        "column": "",
        "row": None,
        "evidence_file_id": None,
        "evidence_sha256": None,
        "content_version": 1,
        "reported_at": NOW,
    }
    hops = tuple(
        Hop(product_id=node, name="x", supplier_party_id=supplier, result="y", looked_at=NOW)
        for node in nodes
    )
    return msgspec.structs.replace(QualityIssue(**values), hops=hops)


@pytest.mark.parametrize(
    ("walk", "node", "sources", "is_next"),
    [
        ((), PRODUCT, (), True),
        ((), SOURCE, (SOURCE,), False),  # not before the product itself
        ((PRODUCT,), SOURCE, (SOURCE,), True),
        ((PRODUCT,), FURTHER, (SOURCE,), False),  # no step is left out
        ((PRODUCT,), PRODUCT, (PRODUCT,), False),  # nobody is asked twice
        ((PRODUCT, SOURCE), FURTHER, (FURTHER,), True),
        ((PRODUCT, SOURCE), PRODUCT, (PRODUCT,), False),
    ],
)
def test_the_walk_goes_one_source_at_a_time(
    walk: tuple[uuid.UUID, ...], node: uuid.UUID, sources: tuple[uuid.UUID, ...], is_next: bool
) -> None:
    if is_next:
        check_next(walked(*walk), node, sources)
        return
    with pytest.raises(QualityHopNotNext) as refused:
        check_next(walked(*walk), node, sources)
    assert refused.value.facts == {"last": str(walk[-1] if walk else PRODUCT)}


def test_who_supplies_what_the_walk_came_to_is_asked() -> None:
    assert provider_of(walked(PRODUCT)) == PROVIDER
    for issue in (walked(), walked(PRODUCT, supplier=None)):
        with pytest.raises(QualityProviderMissing):
            provider_of(issue)
