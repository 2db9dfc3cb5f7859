"""Record uses, let through or denied, and issue the statement of an order (使用审计)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec
from msgspec import UNSET, UnsetType

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.leaf import instant
from catalog.audit_log.model import Appended, Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId, new_id
from catalog.signing.canonical import canonical, canonical_of_texts, sha256_hex
from catalog.signing.signer import Signer
from market.access import operations as access
from market.access import rates
from market.access.asking import Standing, ask
from market.access.model import Asked, Grant
from market.usage import metering, statement, store
from market.usage.model import (
    MeteredBill,
    Outcome,
    SignedStatement,
    StoredEvent,
    UsageEvent,
    UsageId,
)
from market.usage.queries import list_for_order


class Recorded(msgspec.Struct, frozen=True):
    """A use, and the entry of the log that holds it."""

    event: StoredEvent
    entry: Appended


async def record(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    grant: Grant,
    asked: Asked,
    standing: Standing,
    request_key: str | None,
) -> Recorded:
    """Decide on a use, and record what came of it: both outcomes are events (RULES §8.2).

    The caller holds the grant locked, so events are counted without a gap and the quota holds
    against any number of requests at once. A denial is returned, not raised, because it must be
    committed; the door refuses afterwards.
    """
    usage_id = UsageId(new_id())
    key = request_key or str(usage_id)
    is_repeated = request_key is not None and await store.was_let_through(tx, grant.order_id, key)
    # Asked for again with the same key it costs nothing, so an exhausted quota does not forbid it.
    wanted = msgspec.structs.replace(asked, uses=0) if is_repeated else asked
    reasons = ask(grant, wanted, standing, now).reasons
    is_allowed = not reasons
    units = metering.units(is_allowed=is_allowed, is_repeated=is_repeated, asked=asked.uses)
    event = UsageEvent(
        id=usage_id,
        order_id=grant.order_id,
        order_seq=metering.next_seq(grant.order_seq),
        grant_id=grant.id,
        product_id=grant.product_id,
        product_version=grant.product_version,
        buyer_party_id=grant.buyer_party_id,
        supplier_party_id=grant.supplier_party_id,
        actor=str(actor.account_id or actor.name),
        scenario=asked.scenario or grant.scope.scenario,
        purpose=asked.purpose or grant.scope.purpose,
        mode=(asked.delivery_mode or grant.scope.delivery_mode).value,
        level=standing.level,
        fields=asked.fields or grant.scope.fields,
        bytes=grant.content_size_bytes if is_allowed else 0,
        result_sha256=grant.content_sha256 if is_allowed else None,
        fingerprint_id=grant.fingerprint_id,
        request_key=key,
        decision=Outcome.ALLOW if is_allowed else Outcome.DENY,
        reasons=reasons,
        price_units=units,
        at=instant(now),
        prev_sha256=grant.last_record_sha256,
    )
    raw = canonical_of_texts(event)
    digest = sha256_hex(raw)
    entry_id = audit_log.new_entry_id()
    stored = StoredEvent(event=event, record=raw, record_sha256=digest, entry_id=entry_id)
    counted = msgspec.structs.replace(
        grant,
        used=grant.used + units,
        order_seq=event.order_seq,
        last_record_sha256=digest,
        recent=rates.counted(grant.scope.held_to, grant.recent, units, now),
    )
    entry = await audit_log.append(
        tx,
        Happened.DATA_ACCESSED if is_allowed else Happened.DATA_DENIED,
        actor=actor,
        now=now,
        subjects=[
            Subject("order", str(grant.order_id)),
            Subject("grant", str(grant.id)),
            Subject("product", str(grant.product_id)),
            Subject("buyer", str(grant.buyer_party_id)),
            Subject("supplier", str(grant.supplier_party_id)),
        ],
        facts={
            "decision": event.decision.value,
            "reasons": list(reasons),
            "units": units,
            "mode": event.mode,
            "level": standing.level,
            "bytes": event.bytes,
        },
        rules=("BJ-27", "BJ-28"),
        digests=[Digest("usage", str(usage_id), digest)],
        order_seq=event.order_seq,
        entry_id=entry_id,
        beside=(store.insertion_of(stored, at=now), access.counting(counted)),
    )
    return Recorded(stored, entry)


async def issue_statement(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    buyer_party_id: PartyId,
    supplier_party_id: PartyId,
    product_id: uuid.UUID,
    signer: Signer,
    bill: MeteredBill | UnsetType = UNSET,
) -> SignedStatement:
    """Return the signed statement of all events of an order (使用对账单), and remember it.

    ``bill`` is what was charged of one that pays as it uses.

    :raises NotPermitted: if the actor reads no statements.
    :raises ChainBroken: if an event is missing or altered; nothing is signed then.
    """
    actor.require("statement:read")
    events = await list_for_order(tx, order_id=order_id)
    drawn_up = statement.draw_up(
        events,
        order_id=order_id,
        buyer_party_id=buyer_party_id,
        supplier_party_id=supplier_party_id,
        product_id=product_id,
        now=now,
        bill=bill,
    )
    document = canonical(drawn_up)
    digest = sha256_hex(document)
    entry_id = (
        await audit_log.append(
            tx,
            Happened.STATEMENT_ISSUED,
            actor=actor,
            now=now,
            subjects=[Subject("order", str(order_id))],
            facts={"event_count": drawn_up.event_count, "sha256": digest, "key_id": signer.key_id},
            rules=("BJ-28",),
        )
    ).id
    return SignedStatement(
        type=drawn_up.format,
        document=document,
        signature=signer.seal(document),
        statement=drawn_up,
        sha256=digest,
        entry_id=entry_id,
        events=tuple(stored.event for stored in events),
    )
