"""The bytes of a use are the canonical ones, whatever stands in its texts."""

from __future__ import annotations

import uuid

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.ids import PartyId
from catalog.signing.canonical import canonical, canonical_of_texts
from market.usage.metering import FIRST
from market.usage.model import Outcome, UsageEvent, UsageId

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(
    texts=st.tuples(_TEXT, _TEXT, _TEXT, _TEXT),
    fields=st.lists(_TEXT, max_size=3),
    size=st.integers(0, 2**53 - 1),
    level=st.none() | _TEXT,
)
def test_a_use_is_written_as_canonical_json(
    texts: tuple[str, ...], fields: list[str], size: int, level: str | None
) -> None:
    event = UsageEvent(
        id=UsageId(uuid.UUID(int=1)),
        order_id=uuid.UUID(int=2),
        order_seq=3,
        grant_id=uuid.UUID(int=4),
        product_id=uuid.UUID(int=5),
        product_version=1,
        buyer_party_id=PartyId(uuid.UUID(int=6)),
        supplier_party_id=PartyId(uuid.UUID(int=7)),
        actor=texts[0],
        scenario=texts[1],
        purpose=texts[2],
        mode="api_call",
        level=level,
        fields=tuple(fields),
        bytes=size,
        result_sha256=None,
        fingerprint_id="f",
        request_key=texts[3],
        decision=Outcome.DENY,
        reasons=("purpose_mismatch",),
        price_units=0,
        at="2026-11-28T12:00:00.000000Z",
        prev_sha256=FIRST,
    )

    raw = canonical_of_texts(event)

    assert raw == canonical(event)
    assert msgspec.json.decode(raw, type=UsageEvent) == event
