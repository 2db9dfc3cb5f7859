"""Draft, file, record, return and withdraw prices; let them begin and end (定价备案)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.products import queries as products
from catalog.products.model import DataNature, Product
from catalog.products.queries import ProductMissing
from catalog.signing.canonical import canonical, sha256_hex
from market.pricing import ceilings, filing, regimes, store
from market.pricing.model import Filing, FilingId, Terms
from market.pricing.queries import FilingMissing
from market.pricing.states import Event, State, advance


async def draft(tx: Tx, *, actor: Actor, now: dt.datetime, terms: Terms) -> Filing:
    """Draft a filing for one's own product.

    :raises NotPermitted: if the actor files no prices.
    :raises ProductMissing: if the product is unknown or somebody else's.
    """
    actor.require("pricing:file")
    product = await _own_product(tx, actor, terms.product_id)
    drafted = Filing(
        id=FilingId(new_id()),
        state=State.DRAFT,
        supplier_party_id=actor.party,
        product_id=product.id,
        terms=terms,
        version=1,
        created_at=now,
        updated_at=now,
    )
    await store.insert(tx, drafted, product_name=product.name)
    await _remember(tx, Happened.PRICING_DRAFTED, drafted, actor=actor, now=now)
    return drafted


async def file(tx: Tx, *, actor: Actor, now: dt.datetime, filing_id: uuid.UUID) -> Filing:
    """File what was drafted with the supervisor (报备, BJ-17); from now on its bytes are fixed.

    :raises FilingMissing: if it is unknown or somebody else's.
    :raises PricingEventNotAllowed: if it is no draft.
    :raises Invalid: if something is missing (``filing.py``) or the regime does not fit
        (``regimes.py``).
    :raises PriceAboveCeiling: if a guided price is too high.
    :raises GuidedPriceReferenceMissing: if no ceiling is in force for it.
    """
    actor.require("pricing:file")
    before = await _lock_own(tx, actor, filing_id)
    state = advance(before.state, Event.FILE)
    product = await _own_product(tx, actor, before.product_id)
    filing.check_complete(before.terms)
    regimes.check(before.terms, _nature(product))
    ceilings.check(before.terms, before.terms.effective_from)
    record = canonical(
        {"format": "shushi/pricing-filing/1", "id": before.id, "terms": before.terms}
    )
    filed = msgspec.structs.replace(
        before,
        state=state,
        version=before.version + 1,
        filed_at=now,
        updated_at=now,
        record_sha256=sha256_hex(record),
        returned_for=(),
    )
    await store.update(tx, filed, record=record)
    await _remember(tx, Happened.PRICING_FILED, filed, actor=actor, now=now)
    return filed


async def record(tx: Tx, *, actor: Actor, now: dt.datetime, filing_id: uuid.UUID) -> Filing:
    """Take a filing on record (予以备案): it gets its number and stands in the price list (GD-07).

    It takes effect at once if its first day has come. If the ceiling fell since it was filed, it is
    a draft again and says so; that is remembered, so it is an answer and no refusal (§6.1).

    :raises NotPermitted: if the actor is no supervisor.
    :raises FilingMissing: if there is none.
    :raises PricingEventNotAllowed: if it was not filed.
    """
    actor.require("pricing:record")
    before = await _lock(tx, filing_id)
    state = advance(before.state, Event.RECORD)
    try:
        ceilings.check(before.terms, max(before.terms.effective_from, local_date(now)))
    except (ceilings.PriceAboveCeiling, ceilings.GuidedPriceReferenceMissing) as refused:
        return await _to_draft(
            tx, before, Event.REJECT_OVER_CEILING, (refused.code,), actor=actor, now=now
        )
    serial = await store.next_number(tx)
    recorded = msgspec.structs.replace(
        before,
        state=state,
        version=before.version + 1,
        filing_number=f"JGBA-{local_date(now).year}-{serial:06d}",
        recorded_at=now,
        updated_at=now,
    )
    await store.update(tx, recorded)
    await _remember(tx, Happened.PRICING_RECORDED, recorded, actor=actor, now=now)
    if recorded.terms.effective_from <= local_date(now):
        return await _begin(tx, recorded, actor=actor, now=now)
    return recorded


async def return_for_completion(
    tx: Tx, *, actor: Actor, now: dt.datetime, filing_id: uuid.UUID, missing: tuple[str, ...]
) -> Filing:
    """Give a filing back with the list of what is missing (退回).

    :raises NotPermitted: if the actor is no supervisor.
    :raises FilingMissing: if there is none.
    :raises PricingEventNotAllowed: if it was not filed.
    """
    actor.require("pricing:record")
    before = await _lock(tx, filing_id)
    return await _to_draft(tx, before, Event.RETURN, missing, actor=actor, now=now)


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, filing_id: uuid.UUID, reason: str
) -> Filing:
    """Take one's own filing back (撤回). Running orders keep their price.

    :raises FilingMissing: if it is unknown or somebody else's.
    :raises PricingEventNotAllowed: if it is over already.
    """
    actor.require("pricing:file")
    before = await _lock_own(tx, actor, filing_id)
    after = await _move(tx, before, Event.WITHDRAW, now=now)
    await _remember(tx, Happened.PRICING_WITHDRAWN, after, actor=actor, now=now, reason=reason)
    return after


async def list_due(tx: Tx, *, now: dt.datetime, limit: int) -> list[FilingId]:
    """Return filings whose first day has come or whose last day is over."""
    today = local_date(now)
    begin = await store.find_due_to_begin(tx, today=today, limit=limit)
    return begin + await store.find_due_to_end(tx, today=today, limit=limit)


async def take_turn(
    tx: Tx, *, actor: Actor, now: dt.datetime, filing_id: FilingId
) -> Filing | None:
    """Let a filing begin or end, if its day has come and nobody else did it meanwhile.

    :raises NotPermitted: if the actor is no job of ours.
    """
    actor.require("pricing:turn")
    before = await _lock(tx, filing_id)
    today = local_date(now)
    if before.state is State.RECORDED and before.terms.effective_from <= today:
        return await _begin(tx, before, actor=actor, now=now)
    ends = before.terms.effective_to
    if before.state is State.EFFECTIVE and ends is not None and ends < today:
        after = await _move(tx, before, Event.EXPIRE, now=now)
        await _remember(tx, Happened.PRICING_EXPIRED, after, actor=actor, now=now)
        return after
    return None


async def _begin(tx: Tx, recorded: Filing, *, actor: Actor, now: dt.datetime) -> Filing:
    await store.take_turns(tx, recorded.product_id)
    earlier = await store.lock_in_effect(tx, recorded.product_id, recorded.terms.use_category)
    if earlier is not None:
        # The old price holds until the new one does, and not a moment longer (§6.1 amend).
        replaced = await _move(tx, earlier, Event.SUPERSEDE, now=now)
        await _remember(tx, Happened.PRICING_SUPERSEDED, replaced, actor=actor, now=now)
    effective = await _move(tx, recorded, Event.TAKE_EFFECT, now=now)
    await _remember(tx, Happened.PRICING_EFFECTIVE, effective, actor=actor, now=now)
    return effective


async def _to_draft(
    tx: Tx,
    before: Filing,
    event: Event,
    missing: tuple[str, ...],
    *,
    actor: Actor,
    now: dt.datetime,
) -> Filing:
    returned = msgspec.structs.replace(
        before,
        state=advance(before.state, event),
        version=before.version + 1,
        updated_at=now,
        returned_for=missing,
    )
    await store.update(tx, returned)
    await _remember(tx, Happened.PRICING_RETURNED, returned, actor=actor, now=now)
    return returned


async def _move(tx: Tx, before: Filing, event: Event, *, now: dt.datetime) -> Filing:
    after = msgspec.structs.replace(
        before, state=advance(before.state, event), version=before.version + 1, updated_at=now
    )
    await store.update(tx, after)
    return after


async def _own_product(tx: Tx, actor: Actor, product_id: uuid.UUID) -> Product:
    product = await products.find(tx, product_id=product_id)
    if product is None or product.supplier_party_id != actor.party:
        raise ProductMissing
    return product


async def _lock(tx: Tx, filing_id: uuid.UUID) -> Filing:
    found = await store.lock(tx, filing_id)
    if found is None:
        raise FilingMissing
    return found


async def _lock_own(tx: Tx, actor: Actor, filing_id: uuid.UUID) -> Filing:
    found = await _lock(tx, filing_id)
    if found.supplier_party_id != actor.party:
        raise FilingMissing
    return found


def _nature(product: Product) -> DataNature | None:
    return None if product.description is None else product.description.data_nature


async def _remember(
    tx: Tx,
    event: Happened,
    about: Filing,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
) -> None:
    digests = []
    if about.record_sha256 is not None:
        digests.append(Digest("filing", str(about.id), about.record_sha256))
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("filing", str(about.id)), Subject("product", str(about.product_id))],
        facts={"filing_number": about.filing_number, "missing": list(about.returned_for)},
        after={"state": about.state.value, "version": about.version},
        reason=reason,
        rules=("BJ-17", "GD-07"),
        digests=digests,
    )
