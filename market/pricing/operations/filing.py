"""Draft, amend, file, record, return and withdraw prices (定价备案)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec
from msgspec import UNSET

from catalog.audit_log.events import Event as Happened
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.products.model import DataNature, Product
from catalog.products.queries import ProductMissing
from catalog.signing.canonical import sha256_hex
from catalog.signing.signer import Signer
from market.pricing import ceilings, deadlines, filing, periods, receipts, regimes, store, taxes
from market.pricing.model import Filing, FilingId, Terms
from market.pricing.operations.casework import (
    lock,
    lock_own,
    meet_clock,
    move,
    own_product,
    remember,
    start_clock,
    stop_clocks,
)
from market.pricing.operations.turning import begin, to_draft
from market.pricing.states import Event, PricingEventNotAllowed, State, advance
from settlement.taxes import disk as tax_table


async def draft(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, terms: Terms
) -> Filing:
    """Draft a filing for one's own product; from now on it is to be filed in time (及时).

    :raises NotPermitted: if the actor files no prices.
    :raises ProductMissing: if the product is unknown or somebody else's.
    """
    actor.require("pricing:file")
    product = await own_product(tx, actor, terms.product_id)
    return await _draft(tx, product, terms, None, actor=actor, now=now, calendar=calendar)


async def amend(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    filing_id: uuid.UUID,
    terms: Terms,
) -> Filing:
    """Draft the next edition of prices in effect, which hold until the new ones do (修订).

    :raises NotPermitted: if the actor files no prices.
    :raises FilingMissing: if the filing is unknown or somebody else's.
    :raises PricingEventNotAllowed: if it is not in effect, nor was stopped.
    :raises ProductMissing: if the terms are for another product.
    """
    actor.require("pricing:file")
    before = await lock_own(tx, actor, filing_id)
    product = await own_product(tx, actor, terms.product_id)
    if product.id != before.product_id:
        raise ProductMissing
    amended = await move(tx, before, Event.AMEND, now=now)
    await remember(tx, Happened.PRICING_AMENDED, amended, actor=actor, now=now)
    return await _draft(tx, product, terms, amended, actor=actor, now=now, calendar=calendar)


async def file(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    filing_id: uuid.UUID,
    needs_recording: bool,
) -> Filing:
    """File what was drafted with the supervisor (报备, BJ-17); from now on its bytes are fixed.

    Filing is no approval: where ``needs_recording`` is False the prices begin on their first day,
    recorded or not.

    :raises FilingMissing: if it is unknown or somebody else's.
    :raises PricingEventNotAllowed: if it is no draft.
    :raises Invalid: if something is missing (``filing.py``) or the regime does not fit
        (``regimes.py``), or a tax can not be named (``settlement/taxes/rates.py``).
    :raises PriceAboveCeiling: if a guided price is too high.
    :raises GuidedPriceReferenceMissing: if no ceiling is in force for it.
    :raises FileMissing: if an attached file is not the actor's own.
    :raises AttachmentUndeclared: if its digest is not among the documents of the basis.
    :raises FilingPeriodsOverlap: if another price is on record for a scenario and a day of these.
    :raises FilingScenariosSplit: if it would replace another filing in part.
    """
    actor.require("pricing:file")
    before = await lock_own(tx, actor, filing_id)
    state = advance(before.state, Event.FILE)
    product = await own_product(tx, actor, before.product_id)
    filing.check_complete(before.terms)
    regimes.check(before.terms, _nature(product))
    taxes.check_filed(before.terms, local_date(now), tax_table.read_rates())
    laid_down = await store.list_ceilings(tx, product.id)
    ceilings.check(before.terms, before.terms.effective_from, laid_down)
    await _check_periods(tx, before, now=now)
    await _check_attached(tx, actor, before.terms)
    record_ = receipts.record_of(before)
    filed = msgspec.structs.replace(
        before,
        state=state,
        version=before.version + 1,
        filing_number=before.filing_number
        if needs_recording
        else before.filing_number or await _number(tx, now),
        filed_at=now,
        updated_at=now,
        record_sha256=sha256_hex(record_),
        returned_for=(),
        needs_recording=needs_recording,
    )
    await store.update(tx, filed, record=record_)
    await remember(tx, Happened.PRICING_FILED, filed, actor=actor, now=now)
    await meet_clock(tx, filed, deadlines.FILING, now=now)
    await start_clock(
        tx,
        filed,
        deadlines.RECORDING,
        period=deadlines.RECORDED_WITHIN,
        against=deadlines.AUTHORITY,
        now=now,
        calendar=calendar,
    )
    if not needs_recording and filed.terms.effective_from <= local_date(now):
        return await begin(tx, filed, actor=actor, now=now, calendar=calendar)
    return filed


async def record(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    filing_id: uuid.UUID,
    signer: Signer,
) -> Filing:
    """Take a filing on record (予以备案): it gets its number and a signed receipt (备案回执).

    From then on it stands in the price list (GD-07).
    It takes effect at once if its first day has come. If the ceiling fell since it was filed, it is
    a draft again and says so; that is remembered, so it is an answer and no refusal (§6.1).

    :raises NotPermitted: if the actor is no supervisor.
    :raises FilingMissing: if there is none.
    :raises PricingEventNotAllowed: if it was not filed, or was recorded before.
    :raises FilingPeriodsOverlap: if another price came on record for a scenario and a day of these.
    :raises FilingScenariosSplit: if it would replace another filing in part.
    """
    actor.require("pricing:record")
    before = await lock(tx, filing_id)
    state = advance(before.state, Event.RECORD)
    if before.recorded_at is not None:
        raise PricingEventNotAllowed(state=before.state.value, event=Event.RECORD.value)
    if before.state is State.FILED:
        over = await _over_ceiling(tx, before, now=now)
        if over is not None:
            return await to_draft(
                tx,
                before,
                Event.REJECT_OVER_CEILING,
                missing=(over,),
                actor=actor,
                now=now,
                calendar=calendar,
            )
        await _check_periods(tx, before, now=now)
    recorded = msgspec.structs.replace(
        before,
        state=state,
        version=before.version + 1,
        filing_number=before.filing_number or await _number(tx, now),
        recorded_at=now,
        updated_at=now,
    )
    recorded = msgspec.structs.replace(recorded, receipt=receipts.signed(recorded, signer))
    await store.update(tx, recorded)
    await remember(tx, Happened.PRICING_RECORDED, recorded, actor=actor, now=now)
    await meet_clock(tx, recorded, deadlines.RECORDING, now=now)
    if recorded.state is State.RECORDED and recorded.terms.effective_from <= local_date(now):
        return await begin(tx, recorded, actor=actor, now=now, calendar=calendar)
    return recorded


async def return_for_completion(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    filing_id: uuid.UUID,
    missing: tuple[str, ...],
) -> Filing:
    """Give a filing back with the list of what is missing (退回).

    :raises NotPermitted: if the actor is no supervisor.
    :raises FilingMissing: if there is none.
    :raises PricingEventNotAllowed: if it was not filed.
    """
    actor.require("pricing:record")
    before = await lock(tx, filing_id)
    return await to_draft(
        tx, before, Event.RETURN, missing=missing, actor=actor, now=now, calendar=calendar
    )


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, filing_id: uuid.UUID, reason: str
) -> Filing:
    """Take one's own filing back (撤回). Running orders keep their price.

    :raises FilingMissing: if it is unknown or somebody else's.
    :raises PricingEventNotAllowed: if it is over already.
    """
    actor.require("pricing:file")
    before = await lock_own(tx, actor, filing_id)
    after = await move(tx, before, Event.WITHDRAW, now=now)
    await stop_clocks(tx, after, now=now, note="withdrawn")
    await remember(tx, Happened.PRICING_WITHDRAWN, after, actor=actor, now=now, reason=reason)
    return after


async def _draft(
    tx: Tx,
    product: Product,
    terms: Terms,
    amended: Filing | None,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
) -> Filing:
    drafted = Filing(
        id=FilingId(new_id()),
        state=State.DRAFT,
        supplier_party_id=actor.party,
        product_id=product.id,
        terms=terms,
        version=1,
        created_at=now,
        updated_at=now,
        edition=1 if amended is None else amended.edition + 1,
        amends=None if amended is None else amended.id,
    )
    await store.insert(tx, drafted, product_name=product.name)
    await start_clock(
        tx,
        drafted,
        deadlines.FILING,
        period=deadlines.FILED_WITHIN,
        against=deadlines.SUPPLIER,
        now=now,
        calendar=calendar,
    )
    await remember(tx, Happened.PRICING_DRAFTED, drafted, actor=actor, now=now)
    return drafted


async def _check_attached(tx: Tx, actor: Actor, terms: Terms) -> None:
    """Hold the attached files (附件) against what is filed; from then on the supervisor reads them."""
    basis = terms.basis
    if basis is None or basis.attachments is UNSET:
        return
    held = [await files.get_own(tx, viewer=actor, file_id=each) for each in basis.attachments]
    filing.check_attachments(basis, [each.sha256 for each in held])


async def _check_periods(tx: Tx, about: Filing, *, now: dt.datetime) -> None:
    await store.take_turns(tx, about.product_id)
    others = await store.list_of_product(tx, about.product_id)
    periods.check(about.terms, (each for each in others if each.id != about.id), local_date(now))


async def _over_ceiling(tx: Tx, about: Filing, *, now: dt.datetime) -> str | None:
    """Return by which refusal the prices are above the ceiling of today or their first day, or None."""
    laid_down = await store.list_ceilings(tx, about.product_id)
    return ceilings.fault(about.terms, max(about.terms.effective_from, local_date(now)), laid_down)


async def _number(tx: Tx, now: dt.datetime) -> str:
    return f"JGBA-{local_date(now).year}-{await store.next_number(tx):06d}"


def _nature(product: Product) -> DataNature | None:
    return None if product.description is None else product.description.data_nature
