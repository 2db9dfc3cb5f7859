"""Draft, submit, publish, suspend, resume and delist (挂牌、上架、下架)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.certificates import queries as certificates
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Refused
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.products import queries as product_queries
from catalog.products.operations import publishing as products
from catalog.products.queries import ProductMissing
from catalog.profiles import queries as profiles
from catalog.recognition import queries as recognition
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.rulebooks.registry import by_code
from catalog.timers import operations as timers
from market.listings import deadlines, eligibility, stopping, store
from market.listings.audience import Audience
from market.listings.audience import check as check_audience
from market.listings.eligibility import Facts
from market.listings.model import Effect, Item, Listing, ListingId, Papers
from market.listings.queries import ListingMissing
from market.listings.states import Event, State, advance
from market.open_data import queries as open_data
from market.pricing import queries as pricing

RULEBOOK = HAINAN_2023.code


class ProductIsOpen(Refused):
    """The product is open data, or was asked to be; what is open is not sold (GD-08)."""

    code = "product_is_open"


async def draft(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    product_id: uuid.UUID,
    papers: Papers,
    audience: Audience | None = None,
) -> Listing:
    """Draft the listing of one's own product, or revise its draft; the gate is shown with it.

    With an ``audience`` it is for some buyers alone (定向挂牌), and nobody else finds it.

    :raises NotPermitted: if the actor lists nothing.
    :raises ProductMissing: if the product is unknown or somebody else's.
    :raises ListingEventNotAllowed: if the product has a listing that is no draft any more.
    :raises ProductIsOpen: if it is open data.
    :raises AudienceUnfit: if it is for nobody (``audience.py``).
    """
    actor.require("listing:draft")
    check_audience(audience, supplier=actor.party)
    product = await product_queries.find(tx, product_id=product_id)
    if product is None or product.supplier_party_id != actor.party:
        raise ProductMissing
    await _check_not_open(tx, product_id)
    await store.take_turns(tx, product_id)
    existing = await store.lock_live(tx, product_id)
    if existing is not None:
        state = advance(existing.state, Event.REVISE)
        drafted = msgspec.structs.replace(
            existing,
            state=state,
            papers=papers,
            audience=audience,
            version=existing.version + 1,
            updated_at=now,
        )
    else:
        drafted = Listing(
            id=ListingId(new_id()),
            state=State.DRAFT,
            product_id=product_id,
            supplier_party_id=actor.party,
            papers=papers,
            audience=audience,
            certificate_number=None,
            filing_id=None,
            gate=(),
            version=1,
            created_at=now,
            updated_at=now,
        )
    drafted = await _looked_at(tx, drafted, now=now)
    if existing is None:
        await store.insert(tx, drafted)
    else:
        await store.update(tx, drafted)
    await _remember(tx, Happened.LISTING_DRAFTED, drafted, actor=actor, now=now)
    return drafted


async def submit(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, listing_id: uuid.UUID
) -> Listing:
    """Hand a listing in for the operator's check (提交合规核查); the operator's days begin.

    :raises ListingMissing: if it is unknown or somebody else's.
    :raises ListingEventNotAllowed: if it is no draft.
    :raises ListingNotEligible: if something is missing, with all of it.
    """
    actor.require("listing:submit")
    before = await _lock_own(tx, actor, listing_id)
    state = advance(before.state, Event.SUBMIT)
    after = await _through_gate(tx, before, state, now=now)
    await store.update(tx, after)
    async with beyond_own_rows(tx):  # what runs is owed by the operator
        await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=deadlines.REVIEW,
            subject_kind=deadlines.SUBJECT,
            subject_id=after.id,
            against="supermarket_operator",
            rulebook=RULEBOOK,
            period=deadlines.REVIEWED_WITHIN,
            started_on=local_date(now),
        )
    await _remember(tx, Happened.LISTING_SUBMITTED, after, actor=actor, now=now)
    return after


async def return_for_completion(
    tx: Tx, *, actor: Actor, now: dt.datetime, listing_id: uuid.UUID, reason: str
) -> Listing:
    """Give a listing back to its supplier, with what is not right (退回补齐).

    :raises NotPermitted: if the actor is not the operator's.
    :raises ListingMissing: if there is none.
    :raises ListingEventNotAllowed: if it was not submitted.
    """
    actor.require("listing:review")
    before = await _lock(tx, listing_id)
    after = _moved(before, Event.RETURN, now=now, reason=reason)
    await store.update(tx, after)
    await _meet_review(tx, after, now=now)
    await notifications.send(
        tx,
        now=now,
        to=after.supplier_party_id,
        topic=Topic.LISTING_RETURNED,
        subject=Subject("listing", str(after.id)),
        facts={"reason": reason},
    )
    await _remember(tx, Happened.LISTING_RETURNED, after, actor=actor, now=now)
    return after


async def publish(tx: Tx, *, actor: Actor, now: dt.datetime, listing_id: uuid.UUID) -> Listing:
    """List a product (上架): it can be ordered, and everyone finds it whom it is for.

    :raises NotPermitted: if the actor is not the operator's.
    :raises ListingMissing: if there is none.
    :raises ListingEventNotAllowed: if it was not submitted.
    :raises ListingNotEligible: if something is missing by now, with all of it.
    :raises ProductIsOpen: if it became open data meanwhile.
    """
    actor.require("listing:review")
    before = await _lock(tx, listing_id)
    await _check_not_open(tx, before.product_id)
    state = advance(before.state, Event.PUBLISH)
    passed = await _through_gate(tx, before, state, now=now)
    after = msgspec.structs.replace(passed, listed_at=now)
    await store.update(tx, after)
    await products.set_visible(
        tx, now=now, product_id=after.product_id, is_public=after.is_for_everybody
    )
    await _meet_review(tx, after, now=now)
    await _remember(tx, Happened.LISTING_PUBLISHED, after, actor=actor, now=now)
    return after


async def suspend(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    listing_id: uuid.UUID,
    reason: str,
    effect: Effect = Effect.DRAIN,
) -> Listing:
    """Take a listing off for the time being (暂停), and declare what becomes of running orders.

    :raises NotPermitted: if the actor may not suspend.
    :raises ListingMissing: if there is none.
    :raises ListingEventNotAllowed: if it is not listed.
    :raises EffectUnfit: if they were to end for good.
    """
    actor.require("listing:suspend")
    stopping.check(Event.SUSPEND, effect)
    before = await _lock(tx, listing_id)
    after = _moved(before, Event.SUSPEND, now=now, reason=reason, effect=effect)
    await store.update(tx, after)
    await products.set_visible(tx, now=now, product_id=after.product_id, is_public=False)
    await _remember(tx, Happened.LISTING_SUSPENDED, after, actor=actor, now=now)
    return after


async def resume(tx: Tx, *, actor: Actor, now: dt.datetime, listing_id: uuid.UUID) -> Listing:
    """List again what was suspended, if it still may be listed (恢复上架).

    :raises NotPermitted: if the actor may not suspend.
    :raises ListingMissing: if there is none.
    :raises ListingEventNotAllowed: if it is not suspended.
    :raises ListingNotEligible: if something is missing by now, with all of it.
    """
    actor.require("listing:suspend")
    before = await _lock(tx, listing_id)
    state = advance(before.state, Event.RESUME)
    after = await _through_gate(tx, before, state, now=now)
    await store.update(tx, after)
    await products.set_visible(
        tx, now=now, product_id=after.product_id, is_public=after.is_for_everybody
    )
    await _remember(tx, Happened.LISTING_RESUMED, after, actor=actor, now=now)
    return after


async def delist(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    listing_id: uuid.UUID,
    reason: str,
    effect: Effect = Effect.DRAIN,
) -> Listing:
    """Take one's own product off the market (下架), and declare what becomes of running orders.

    :raises ListingMissing: if it is unknown or somebody else's.
    :raises ListingEventNotAllowed: if it was delisted before.
    :raises EffectUnfit: if they were to wait for an offer that does not come back.
    """
    actor.require("listing:delist")
    stopping.check(Event.DELIST, effect)
    before = await _lock_own(tx, actor, listing_id)
    after = _moved(before, Event.DELIST, now=now, reason=reason, effect=effect)
    await store.update(tx, after)
    async with beyond_own_rows(tx):
        await timers.cancel_all(
            tx, now=now, subject_kind=deadlines.SUBJECT, subject_id=after.id, note="delisted"
        )
    if before.state is State.LISTED:
        await products.set_visible(tx, now=now, product_id=after.product_id, is_public=False)
    await _remember(tx, Happened.LISTING_DELISTED, after, actor=actor, now=now)
    return after


async def take_down(
    tx: Tx, *, actor: Actor, now: dt.datetime, listing_id: uuid.UUID, reason: str
) -> Listing:
    """Take a product off the market because its certificate ended (下架, HN-19(c)).

    :raises NotPermitted: if the actor may not suspend.
    :raises ListingMissing: if there is none.
    :raises ListingEventNotAllowed: if it was delisted before.
    """
    actor.require("listing:suspend")
    before = await _lock(tx, listing_id)
    after = _moved(before, Event.DELIST, now=now, reason=reason)
    await store.update(tx, after)
    await products.set_visible(tx, now=now, product_id=after.product_id, is_public=False)
    await _remember(tx, Happened.LISTING_DELISTED, after, actor=actor, now=now)
    return after


async def follow_certificate(
    tx: Tx, *, actor: Actor, now: dt.datetime, listing_id: uuid.UUID
) -> Listing:
    """Let an offer rest on the certificate that took the place of its own, if it still may be listed.

    It is suspended if it may not.

    :raises NotPermitted: if the actor may not suspend.
    :raises ListingMissing: if there is none.
    """
    actor.require("listing:suspend")
    before = await _lock(tx, listing_id)
    looked_at = await _looked_at(tx, before, now=now)
    if not eligibility.passes(looked_at.gate):
        return await suspend(
            tx, actor=actor, now=now, listing_id=listing_id, reason="certificate_changed"
        )
    after = msgspec.structs.replace(looked_at, version=before.version + 1, updated_at=now)
    await store.update(tx, after)
    await _remember(tx, Happened.LISTING_RECERTIFIED, after, actor=actor, now=now)
    return after


async def _through_gate(tx: Tx, before: Listing, state: State, *, now: dt.datetime) -> Listing:
    looked_at = await _looked_at(tx, before, now=now)
    eligibility.check(looked_at.gate)
    return msgspec.structs.replace(
        looked_at, state=state, version=before.version + 1, updated_at=now, reason=None, effect=None
    )


async def _looked_at(tx: Tx, listing: Listing, *, now: dt.datetime) -> Listing:
    product = await product_queries.find(tx, product_id=listing.product_id)
    if product is None:
        raise ProductMissing
    certificate = await certificates.find_active_for_product(tx, product.id, today=local_date(now))
    foreign = None
    if certificate is None:  # ours comes first; a recognised one does as well (NDA35-31)
        foreign = await recognition.find_counting(tx, product.id, today=local_date(now))
    filing = await pricing.find_any_effective(tx, product_id=product.id)
    is_seized = certificate is not None and await certificates.is_seized(
        tx, number=certificate.number, today=local_date(now)
    )
    known = await profiles.find_profile(tx, product.content)
    rules = by_code(RULEBOOK)
    gate: tuple[Item, ...] = eligibility.items(
        Facts(
            description=product.description,
            has_content=product.content is not None,
            has_active_certificate=certificate is not None or foreign is not None,
            certificate_required_for=rules.listing_requires_certificate,
            filed_scenarios=None if filing is None else frozenset(filing.terms.scenarios),
            papers=listing.papers,
            today=local_date(now),
            is_looked_into=product.content is None or known is not None,
            differing=profiles.differing(product, known),
            is_seized=is_seized,
            is_for_everybody=listing.is_for_everybody,
            is_publicly_registered=await certificates.is_publicly_registered(
                tx, product.id, today=local_date(now)
            ),
        )
    )
    return msgspec.structs.replace(
        listing,
        gate=gate,
        certificate_number=None if certificate is None else certificate.number,
        filing_id=None if filing is None else filing.id,
        foreign_certificate_id=None if foreign is None else foreign.id,
    )


async def _meet_review(tx: Tx, about: Listing, *, now: dt.datetime) -> None:
    """Record that the operator looked at it; what was handed in before there was a clock has none."""
    if await timers.was_started(
        tx, kind=deadlines.REVIEW, subject_kind=deadlines.SUBJECT, subject_id=about.id
    ):
        await timers.meet(
            tx,
            now=now,
            kind=deadlines.REVIEW,
            subject_kind=deadlines.SUBJECT,
            subject_id=about.id,
        )


async def _check_not_open(tx: Tx, product_id: uuid.UUID) -> None:
    if await open_data.is_live(tx, product_id=product_id):
        raise ProductIsOpen


def _moved(
    before: Listing,
    event: Event,
    *,
    now: dt.datetime,
    reason: str,
    effect: Effect | None = None,
) -> Listing:
    return msgspec.structs.replace(
        before,
        state=advance(before.state, event),
        version=before.version + 1,
        updated_at=now,
        reason=reason,
        effect=effect,
    )


async def _lock(tx: Tx, listing_id: uuid.UUID) -> Listing:
    found = await store.lock(tx, listing_id)
    if found is None:
        raise ListingMissing
    return found


async def _lock_own(tx: Tx, actor: Actor, listing_id: uuid.UUID) -> Listing:
    found = await _lock(tx, listing_id)
    if found.supplier_party_id != actor.party:
        raise ListingMissing
    return found


async def _remember(
    tx: Tx, event: Happened, about: Listing, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("listing", str(about.id)), Subject("product", str(about.product_id))],
        facts={
            "certificate_number": about.certificate_number,
            "filing_id": about.filing_id,
            "gate": about.gate,
            "effect": about.effect,
        },
        after={"state": about.state.value, "version": about.version},
        reason=about.reason,
        rules=("BJ-17", "GD-02", "GD-06", "GD-17"),
    )
