"""Do what every command on a filing does: find and lock it, move it, run its clocks, remember it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import Period
from catalog.kernel.workdays import Calendar
from catalog.products import queries as products
from catalog.products.model import Product
from catalog.products.queries import ProductMissing
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.timers import operations as timers
from catalog.timers.model import Timer
from market.pricing import deadlines, store
from market.pricing.model import Filing
from market.pricing.queries import FilingMissing
from market.pricing.states import Event, advance

_RULEBOOK: Final = HAINAN_2023.code


async def own_product(tx: Tx, actor: Actor, product_id: uuid.UUID) -> Product:
    """Return the actor's own product.

    :raises ProductMissing: if it is unknown or somebody else's.
    """
    product = await products.find(tx, product_id=product_id)
    if product is None or product.supplier_party_id != actor.party:
        raise ProductMissing
    return product


async def lock(tx: Tx, filing_id: uuid.UUID) -> Filing:
    """Return a filing that the actor may see, locked.

    :raises FilingMissing: if there is none.
    """
    found = await store.lock(tx, filing_id)
    if found is None:
        raise FilingMissing
    return found


async def lock_own(tx: Tx, actor: Actor, filing_id: uuid.UUID) -> Filing:
    """Return the actor's own filing, locked.

    :raises FilingMissing: if it is unknown or somebody else's.
    """
    found = await lock(tx, filing_id)
    if found.supplier_party_id != actor.party:
        raise FilingMissing
    return found


async def move(tx: Tx, before: Filing, event: Event, *, now: dt.datetime, **changes: Any) -> Filing:
    """Return the filing after ``event``, stored.

    :raises PricingEventNotAllowed: if the event does not happen to it now.
    """
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, event),
        version=before.version + 1,
        updated_at=now,
        **changes,
    )
    await store.update(tx, after)
    return after


async def start_clock(
    tx: Tx,
    about: Filing,
    kind: str,
    *,
    period: Period,
    against: str,
    now: dt.datetime,
    calendar: Calendar,
) -> Timer:
    """Start a clock over a filing; the supplier's own is shown to it, the supervisor's to nobody else."""
    async with beyond_own_rows(tx):
        return await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=kind,
            subject_kind=deadlines.SUBJECT,
            subject_id=about.id,
            against=against,
            party_id=about.supplier_party_id if against == deadlines.SUPPLIER else None,
            rulebook=_RULEBOOK,
            period=period,
            started_on=local_date(now),
        )


async def meet_clock(tx: Tx, about: Filing, kind: str, *, now: dt.datetime) -> None:
    """Record that what was due is done; older filings have no clock."""
    async with beyond_own_rows(tx):
        if await timers.was_started(
            tx, kind=kind, subject_kind=deadlines.SUBJECT, subject_id=about.id
        ):
            await timers.meet(
                tx, now=now, kind=kind, subject_kind=deadlines.SUBJECT, subject_id=about.id
            )


async def stop_clocks(tx: Tx, about: Filing, *, now: dt.datetime, note: str) -> None:
    """Stop every clock over a filing, since nothing is owed any more."""
    async with beyond_own_rows(tx):
        await timers.cancel_all(
            tx, now=now, subject_kind=deadlines.SUBJECT, subject_id=about.id, note=note
        )


async def remember(
    tx: Tx,
    event: Happened,
    about: Filing,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
) -> None:
    """Append what happened to a filing to the audit log."""
    digests = []
    if about.record_sha256 is not None:
        digests.append(Digest("filing", str(about.id), about.record_sha256))
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("filing", str(about.id)), Subject("product", str(about.product_id))],
        facts={
            "filing_number": about.filing_number,
            "missing": list(about.returned_for),
            "edition": about.edition,
            "receipt_sha256": None if about.receipt is None else about.receipt.sha256,
        },
        after={"state": about.state.value, "version": about.version},
        reason=reason,
        rules=("BJ-17", "GD-07"),
        digests=digests,
    )
