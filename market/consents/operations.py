"""Enter consents, withdraw them, get them out, and end what is over (个人授权, BJ-21, PIR-1)."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import DomainError, Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.products import queries as products
from catalog.products.model import Product
from catalog.signing.canonical import sha256_hex
from market.consents import giving, narrowing, store
from market.consents.model import Consent, ConsentId, Entered, Given, Narrowing, Ways
from market.consents.states import Event, State, advance
from market.identity import queries as identity


async def enter(
    tx: Tx, *, actor: Actor, now: dt.datetime, product_id: uuid.UUID, given: Sequence[Given]
) -> list[Entered]:
    """Enter what persons allowed with the data of one's product: all of it, or nothing.

    Each gets a secret for its person, told this once. A refusal names the place in the list.

    :raises NotPermitted: if the actor enters no consents.
    :raises Missing: if the product is unknown or somebody else's.
    :raises BlanketConsentForbidden: as the others of ``giving.py``: if one was not really given.
    """
    actor.require("consent:enter")
    product = await products.find(tx, product_id=product_id)
    if product is None or product.supplier_party_id != actor.party:
        raise Missing
    entered, told = [], []
    for item, each in enumerate(given):
        try:
            term_to = giving.check(each, holder=actor.party, today=local_date(now))
        except DomainError as refused:
            refused.facts["item"] = item
            raise
        secret = secrets.token_urlsafe(18)
        consent = _consent(each, product_id, actor.party, term_to, now)
        entered.append((consent, digest(secret)))
        told.append(Entered(id=consent.id, person_ref=consent.person_ref, secret=secret))
    await store.insert(tx, entered)
    kinds = {(each.scenario, each.recipient.party_id): each for each, _ in entered}
    for kind in sorted(kinds, key=str):
        await store.open_grounds(tx, kinds[kind])
        await store.sum_up(tx, kinds[kind], stopped_through=0, stopped_at=None)
    await _remember(
        tx, Happened.CONSENTS_ENTERED, product_id, actor=actor, now=now, facts={"count": len(told)}
    )
    return told


async def withdraw(tx: Tx, *, actor: Actor, now: dt.datetime, consent_id: uuid.UUID) -> Consent:
    """Withdraw a consent for a person who told its holder so (撤回授权).

    :raises NotPermitted: if the actor enters no consents.
    :raises Missing: if it is unknown or somebody else's.
    :raises ConsentEventNotAllowed: if it was withdrawn before, or is over.
    """
    actor.require("consent:enter")
    found = await store.lock(tx, consent_id)
    if found is None or found.holder_party_id != actor.party:
        raise Missing
    async with beyond_own_rows(tx):
        return await _end(tx, found, Event.WITHDRAW, actor=actor, now=now)


async def withdraw_by_secret(
    tx: Tx, *, actor: Actor, now: dt.datetime, secret: str, all_of_holder: bool
) -> list[Consent]:
    """Withdraw one's consent, or all that one gave to its holder, by the secret (一键关闭权限).

    It works at once: the next use is refused, and what runs is broken off. What was done before
    stays lawful (PIPL 15).

    :raises Missing: if nobody has this secret.
    :raises ConsentEventNotAllowed: if nothing of it stands any more.
    """
    async with beyond_own_rows(tx):  # a person has no account here, only its secret
        own = await _of_secret(tx, secret)
        theirs = [own]
        if all_of_holder:
            theirs = await store.list_of_person(
                tx, holder=own.holder_party_id, person_ref=own.person_ref
            )
        standing = [each.id for each in theirs if each.state is State.STANDING]
        if not standing:
            advance(own.state, Event.WITHDRAW)
        ended = []
        for consent_id in sorted(standing, key=str):
            locked = await store.lock(tx, consent_id)
            assert locked is not None, "nothing removes a consent"
            ended.append(await _end(tx, locked, Event.WITHDRAW, actor=actor, now=now))
        return ended


async def narrow(
    tx: Tx, *, actor: Actor, now: dt.datetime, consent_id: uuid.UUID, to: Narrowing
) -> Consent:
    """Narrow a consent for a person who told its holder so (缩小授权范围, HNP-6).

    :raises NotPermitted: if the actor enters no consents.
    :raises Missing: if it is unknown or somebody else's.
    :raises ConsentEventNotAllowed: if it was withdrawn before, or is over.
    :raises ConsentNotNarrower: if it would allow as much as before, more, or nothing.
    """
    actor.require("consent:enter")
    found = await store.lock(tx, consent_id)
    if found is None or found.holder_party_id != actor.party:
        raise Missing
    async with beyond_own_rows(tx):
        return await _narrow(tx, found, to, actor=actor, now=now)


async def narrow_by_secret(
    tx: Tx, *, actor: Actor, now: dt.datetime, secret: str, to: Narrowing
) -> Consent:
    """Narrow one's own consent, by the secret; it works at the next access (HNP-6).

    :raises Missing: if nobody has this secret.
    :raises ConsentEventNotAllowed: if it was withdrawn before, or is over.
    :raises ConsentNotNarrower: if it would allow as much as before, more, or nothing.
    """
    async with beyond_own_rows(tx):
        own = await _of_secret(tx, secret)
        locked = await store.lock(tx, own.id)
        assert locked is not None, "nothing removes a consent"
        return await _narrow(tx, locked, to, actor=actor, now=now)


async def export(tx: Tx, *, actor: Actor, now: dt.datetime, secret: str) -> list[Consent]:
    """Return all that one consented to with a holder, by the secret (个人信息可携带权).

    :raises Missing: if nobody has this secret.
    """
    async with beyond_own_rows(tx):
        own = await _of_secret(tx, secret)
        theirs = await store.list_of_person(
            tx, holder=own.holder_party_id, person_ref=own.person_ref
        )
        await _remember(
            tx,
            Happened.CONSENTS_EXPORTED,
            own.product_id,
            actor=actor,
            now=now,
            facts={"count": len(theirs)},
        )
    return theirs


async def ways(tx: Tx, *, secret: str) -> Ways:
    """Tell a person where it complains about a use of its data, by the secret (PIR-1).

    :raises Missing: if nobody has this secret.
    """
    async with beyond_own_rows(tx):
        own = await _of_secret(tx, secret)
        product = await _product(tx, own)
        holder = await identity.get_party(tx, own.holder_party_id)
    return Ways(
        complaint_path="/complaints",
        holder_name=holder.name,
        product_name=product.name,
        product_id=product.id,
    )


async def expire(tx: Tx, *, actor: Actor, now: dt.datetime, consent_id: uuid.UUID) -> Consent:
    """End a consent whose last day is past: the content that holds its data is used no more.

    :raises NotPermitted: if the actor is no job of ours.
    :raises Missing: if there is none.
    :raises ConsentEventNotAllowed: if it ended before.
    """
    actor.require("consent:turn")
    found = await store.lock(tx, consent_id)
    if found is None:
        raise Missing
    return await _end(tx, found, Event.EXPIRE, actor=actor, now=now)


def digest(secret: str) -> bytes:
    """Return by what a consent is found whose person shows its secret."""
    return hashlib.sha256(secret.encode()).digest()


async def _end(tx: Tx, before: Consent, event: Event, *, actor: Actor, now: dt.datetime) -> Consent:
    product = await _product(tx, before)
    version = 0 if product.content is None else product.content.version
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, event),
        withdrawn_at=now if event is Event.WITHDRAW else None,
    )
    await _write(tx, after, stopped_through=version, stopped_at=after.withdrawn_at)
    is_withdrawn = event is Event.WITHDRAW
    await _remember(
        tx,
        Happened.CONSENT_WITHDRAWN if is_withdrawn else Happened.CONSENT_EXPIRED,
        after.product_id,
        actor=actor,
        now=now,
        facts={"scenario": after.scenario, "stopped_through_version": version},
        consent_id=after.id,
    )
    await _tell(tx, Topic.CONSENT_ENDED, after, product, now=now)
    return after


async def _narrow(
    tx: Tx, before: Consent, to: Narrowing, *, actor: Actor, now: dt.datetime
) -> Consent:
    product = await _product(tx, before)
    after = narrowing.narrowed(before, to, now=now, today=local_date(now))
    # Of whom fewer data may be used, the content that there is holds too much.
    version = 0
    if to.data_categories is not None and product.content is not None:
        version = product.content.version
    await _write(tx, after, stopped_through=version, stopped_at=now)
    await _remember(
        tx,
        Happened.CONSENT_NARROWED,
        after.product_id,
        actor=actor,
        now=now,
        facts={
            "scenario": after.scenario,
            "narrowed": [name for name, value in msgspec.structs.asdict(to).items() if value],
            "stopped_through_version": version,
        },
        consent_id=after.id,
        before=_scope(before),
        after=_scope(after),
    )
    await _tell(tx, Topic.CONSENT_NARROWED, after, product, now=now)
    return after


def _scope(consent: Consent) -> dict[str, Any]:
    # Not in whose words the purpose was narrowed: a person may say more than it should.
    return {
        "purpose_sha256": sha256_hex(consent.purpose.encode()),
        "data_categories": consent.data_categories,
        "term_to": consent.term_to,
    }


async def _write(
    tx: Tx, consent: Consent, *, stopped_through: int, stopped_at: dt.datetime | None
) -> None:
    await store.open_grounds(tx, consent)
    await store.update(tx, consent)
    await store.sum_up(tx, consent, stopped_through=stopped_through, stopped_at=stopped_at)


async def _tell(
    tx: Tx, topic: Topic, consent: Consent, product: Product, *, now: dt.datetime
) -> None:
    for party in {consent.recipient.party_id, consent.holder_party_id}:
        await notifications.send(
            tx,
            now=now,
            to=PartyId(party),
            topic=topic,
            subject=Subject("product", str(consent.product_id)),
            facts={"product_name": product.name, "scenario": consent.scenario},
        )


async def _of_secret(tx: Tx, secret: str) -> Consent:
    found = await store.find_by_secret(tx, digest(secret))
    if found is None:
        raise Missing
    return found


async def _product(tx: Tx, consent: Consent) -> Product:
    found = await products.find(tx, product_id=consent.product_id)
    assert found is not None, "a product with consents is never removed"
    return found


def _consent(
    given: Given, product_id: uuid.UUID, holder: PartyId, term_to: dt.date, now: dt.datetime
) -> Consent:
    return Consent(
        id=ConsentId(new_id()),
        product_id=product_id,
        holder_party_id=holder,
        person_ref=given.person_ref,
        scenario=given.scenarios[0],
        purpose=given.purpose,
        data_categories=given.data_categories,
        recipient=given.recipients[0],
        method=given.method,
        term_from=given.term_from,
        term_to=term_to,
        separate=given.separate,
        sensitive=given.sensitive,
        presented_policy_version=given.presented_policy_version,
        evidence_sha256=given.evidence_sha256,
        state=State.STANDING,
        granted_at=now,
    )


async def _remember(
    tx: Tx,
    event: Happened,
    product_id: uuid.UUID,
    *,
    actor: Actor,
    now: dt.datetime,
    facts: dict[str, Any],
    consent_id: uuid.UUID | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    # Never by whom: the log is public, and a keyed hash is still a person's to whoever has the key.
    subjects = [Subject("product", str(product_id))]
    if consent_id is not None:
        subjects.append(Subject("consent", str(consent_id)))
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=subjects,
        facts=facts,
        before=before,
        after=after,
        rules=("BJ-21", "PIR-1", "HNP-6"),
    )
