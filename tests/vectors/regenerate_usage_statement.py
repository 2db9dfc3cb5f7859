"""Make the usage statement that ``market/usage/FORMAT.md`` refers to, always the same bytes.

``python -m tests.vectors.regenerate_usage_statement`` writes it; a test compares.
"""

from __future__ import annotations

import datetime as dt
import pathlib
import uuid

import msgspec

from catalog.audit_log.leaf import instant
from catalog.kernel.ids import PartyId
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from market.usage.metering import FIRST
from market.usage.model import Outcome, SignedStatement, StoredEvent, UsageEvent, UsageId
from market.usage.statement import draw_up

PATH = pathlib.Path(__file__).with_name("usage_statement.json")
SIGNER = Signer(Purpose.STATEMENT, b"\x01" * 32)
ORDER, PRODUCT, BUYER, SUPPLIER, GRANT = (
    uuid.UUID(int=(7 << 76) + (2 << 62) + i) for i in range(5)
)
START = dt.datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=dt.UTC)
DRAWN_UP = START + dt.timedelta(hours=1)


def events() -> list[StoredEvent]:
    """Return three uses let through and one denied."""
    made: list[StoredEvent] = []
    before = FIRST
    for i in range(4):
        is_allowed = i != 2
        event = UsageEvent(
            id=UsageId(uuid.UUID(int=(7 << 76) + (2 << 62) + 100 + i)),
            order_id=ORDER,
            order_seq=i + 1,
            grant_id=GRANT,
            product_id=PRODUCT,
            product_version=1,
            buyer_party_id=PartyId(BUYER),
            supplier_party_id=PartyId(SUPPLIER),
            actor="buyer",
            scenario="port_safety",
            purpose="港口吊装作业停工判断" if is_allowed else "营销",
            mode="dataset_product",
            level="general",
            fields=(),
            bytes=1024 if is_allowed else 0,
            result_sha256="11" * 32 if is_allowed else None,
            fingerprint_id="22" * 16,
            request_key=f"request-{i}",
            decision=Outcome.ALLOW if is_allowed else Outcome.DENY,
            reasons=() if is_allowed else ("purpose_mismatch",),
            price_units=1 if is_allowed else 0,
            at=instant(START + dt.timedelta(minutes=i)),
            prev_sha256=before,
        )
        record = canonical(event)
        before = sha256_hex(record)
        entry_id = uuid.UUID(int=(7 << 76) + (2 << 62) + 200 + i)
        made.append(
            StoredEvent(event=event, record=record, record_sha256=before, entry_id=entry_id)
        )
    return made


def statement() -> SignedStatement:
    """Return the statement of these uses, as the service answers it."""
    used = events()
    told = draw_up(
        used,
        order_id=ORDER,
        buyer_party_id=PartyId(BUYER),
        supplier_party_id=PartyId(SUPPLIER),
        product_id=PRODUCT,
        now=DRAWN_UP,
    )
    document = canonical(told)
    return SignedStatement(
        type=told.format,
        document=document,
        signature=SIGNER.seal(document),
        statement=told,
        sha256=sha256_hex(document),
        entry_id=uuid.UUID(int=(7 << 76) + (2 << 62) + 300),
        events=tuple(stored.event for stored in used),
    )


def content() -> bytes:
    """Return the vector: the answer, and the public key under which it verifies."""
    vector = {
        "public_key": SIGNER.public_key,
        "answer": statement(),
        "event_sha256": [stored.record_sha256 for stored in events()],
    }
    return msgspec.json.format(msgspec.json.encode(vector), indent=2) + b"\n"


if __name__ == "__main__":
    PATH.write_bytes(content())
