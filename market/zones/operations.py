"""Found zones, say what becomes of them, put products into them and take them out (公共数据专区)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.code_trees import queries as code_trees
from catalog.code_trees.model import Tree
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Refused, VersionStale
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.products import queries as products
from catalog.products.coding import CodeUnknown
from catalog.products.queries import ProductMissing
from market.identity import queries as identity
from market.identity.model import Capacity, Party
from market.zones import founding, store
from market.zones.model import Decision, Foundation, Placement, Said, Zone, ZoneFile, ZoneId
from market.zones.queries import ZoneMissing
from market.zones.states import Event, State, advance

_EVENTS = {
    Event.OPEN: Happened.ZONE_OPENED,
    Event.SUSPEND: Happened.ZONE_SUSPENDED,
    Event.RESUME: Happened.ZONE_RESUMED,
    Event.CLOSE: Happened.ZONE_CLOSED,
}


class ZoneNameTaken(Conflict):
    """Another zone has this code or this name."""

    code = "zone_name_taken"


class ProductInZone(Conflict):
    """The product stands in a zone; it is taken out of that one first."""

    code = "product_in_zone"


class ProductNotPublic(Refused):
    """A zone shows what everybody finds; the product is not public."""

    code = "product_not_public"


async def found(tx: Tx, *, actor: Actor, now: dt.datetime, foundation: Foundation) -> ZoneFile:
    """Found a zone (设立专区). The public sees it from its opening on.

    :raises NotPermitted: if the actor founds none.
    :raises ZoneTypeConflict: if it says of itself what does not belong to its type.
    :raises CodeUnknown: if its region is none.
    :raises ZoneOperatorUnfit: if its operator is not a verified trader.
    :raises SupervisorMissing: if nobody would supervise it.
    :raises SupervisorOperatorConflict: if its operator would (GD-15).
    :raises ZoneNameTaken: if another one has its code or name.
    """
    actor.require("zone:found")
    zone_id, said = ZoneId(new_id()), foundation.said
    founding.check_kind(foundation.kind, said, own_id=zone_id, known=await store.list_ids(tx))
    await _check_region(tx, said)
    operator = await _party(tx, foundation.operator_party_id)
    founding.check_operator(operator)
    assert operator is not None, "it was checked"
    supervisor = founding.supervisor_of(
        foundation,
        named=await _party(tx, foundation.supervisor_party_id),
        authority=await identity.find_institution(tx, Capacity.PROVINCIAL_AUTHORITY),
    )
    founding.check_apart(supervisor, operator_id=operator.id)
    zone = Zone(
        id=zone_id,
        code=foundation.code,
        kind=foundation.kind,
        state=State.PREPARING,
        **msgspec.structs.asdict(said),
        operator_party_id=operator.id,
        operator_name=operator.name,
        supervisor_party_id=supervisor.id,
        supervisor_name=supervisor.name,
        version=1,
        founded_at=now,
        updated_at=now,
    )
    if not await store.insert(tx, zone):
        raise ZoneNameTaken
    await store.add_supervision(
        tx, zone.id, supervisor.id, from_day=local_date(now), reason="founded"
    )
    await _remember(tx, Happened.ZONE_FOUNDED, zone, actor=actor, now=now)
    return await _file(tx, zone)


async def revise(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    zone_id: uuid.UUID,
    expected_version: int,
    said: Said,
) -> ZoneFile:
    """Say otherwise what a zone is; code, type and operator stay.

    :raises NotPermitted: if the actor founds none.
    :raises ZoneMissing: if there is none.
    :raises VersionStale: if it was changed since ``expected_version``.
    :raises ZoneTypeConflict: if it would say what does not belong to its type.
    :raises CodeUnknown: if its region is none.
    :raises ZoneNameTaken: if another one has its name.
    """
    actor.require("zone:found")
    before = await _lock(tx, zone_id)
    if before.version != expected_version:
        raise VersionStale(version=before.version)
    founding.check_kind(before.kind, said, own_id=before.id, known=await store.list_ids(tx))
    await _check_region(tx, said)
    if await store.is_name_taken(tx, said.name, but=before.id):
        raise ZoneNameTaken
    after = msgspec.structs.replace(
        before, **msgspec.structs.asdict(said), version=before.version + 1, updated_at=now
    )
    await store.update(tx, after)
    await _remember(tx, Happened.ZONE_REVISED, after, actor=actor, now=now)
    return await _file(tx, after)


async def decide(
    tx: Tx, *, actor: Actor, now: dt.datetime, zone_id: uuid.UUID, decision: Decision
) -> ZoneFile:
    """Open, suspend, resume or close a zone. Whatever stands in one that is closed is taken out.

    :raises NotPermitted: if the actor founds none.
    :raises ZoneMissing: if there is none.
    :raises ZoneEventNotAllowed: if the zone is not where this could happen.
    """
    actor.require("zone:found")
    before = await _lock(tx, zone_id)
    event = Event(decision.event)
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, event),
        reason=decision.reason,
        version=before.version + 1,
        updated_at=now,
    )
    await store.update(tx, after)
    if after.state is State.CLOSED:
        for placement in await store.remove(tx, zone_id, None, now=now, reason=decision.reason):
            await _remember_product(
                tx, Happened.ZONE_PRODUCT_REMOVED, after, placement, actor=actor, now=now
            )
    await _remember(tx, _EVENTS[event], after, actor=actor, now=now, reason=decision.reason)
    return await _file(tx, after)


async def hand_over(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    zone_id: uuid.UUID,
    supervisor_party_id: uuid.UUID,
    reason: str,
) -> ZoneFile:
    """Hand the supervision of a zone over to another authority, from today on (移交监管, BJ-07).

    :raises NotPermitted: if the actor founds none.
    :raises ZoneMissing: if there is none.
    :raises SupervisorMissing: if that is no authority.
    :raises SupervisorOperatorConflict: if it operates the zone (GD-15).
    """
    actor.require("zone:found")
    before = await _lock(tx, zone_id)
    supervisor = founding.check_supervisor(await _party(tx, supervisor_party_id))
    founding.check_apart(supervisor, operator_id=before.operator_party_id)
    after = msgspec.structs.replace(
        before,
        supervisor_party_id=supervisor.id,
        supervisor_name=supervisor.name,
        version=before.version + 1,
        updated_at=now,
    )
    await store.update(tx, after)
    await store.add_supervision(tx, zone_id, supervisor.id, from_day=local_date(now), reason=reason)
    await _remember(tx, Happened.ZONE_HANDED_OVER, after, actor=actor, now=now, reason=reason)
    return await _file(tx, after)


async def place(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    zone_id: uuid.UUID,
    product_id: uuid.UUID,
    reason: str,
) -> Placement:
    """Put a public product into the zone that one operates.

    :raises NotPermitted: if the actor operates none.
    :raises ZoneMissing: if the zone is unknown or somebody else's.
    :raises ZoneEventNotAllowed: if it is not open.
    :raises ProductMissing: if there is no such product that the actor may see.
    :raises ProductNotPublic: if not everybody sees it.
    :raises ProductInZone: if it stands in a zone.
    """
    actor.require("zone:operate")
    zone = await _lock_own(tx, actor, zone_id)
    advance(zone.state, Event.PLACE)
    product = await products.find(tx, product_id=product_id)
    if product is None:
        raise ProductMissing
    if not product.is_public:
        raise ProductNotPublic
    placement = Placement(
        id=new_id(),
        zone_id=zone.id,
        product_id=product.id,
        product_name=product.name,
        supplier_name=product.supplier_name,
        placed_at=now,
        reason=reason,
    )
    if not await store.place(tx, placement, zone.code):
        raise ProductInZone
    await _remember_product(tx, Happened.ZONE_PRODUCT_PLACED, zone, placement, actor=actor, now=now)
    return placement


async def remove(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    zone_id: uuid.UUID,
    product_id: uuid.UUID,
    reason: str,
) -> Placement:
    """Take a product out of the zone that one operates; everybody may read why.

    :raises NotPermitted: if the actor operates none.
    :raises ZoneMissing: if the zone is unknown or somebody else's.
    :raises ZoneEventNotAllowed: if it is closed.
    :raises ProductMissing: if the product does not stand in it.
    """
    actor.require("zone:operate")
    zone = await _lock_own(tx, actor, zone_id)
    advance(zone.state, Event.REMOVE)
    removed = await store.remove(tx, zone.id, product_id, now=now, reason=reason)
    if not removed:
        raise ProductMissing
    await _remember_product(
        tx, Happened.ZONE_PRODUCT_REMOVED, zone, removed[0], actor=actor, now=now
    )
    return removed[0]


async def _lock(tx: Tx, zone_id: uuid.UUID) -> Zone:
    zone = await store.lock(tx, zone_id)
    if zone is None:
        raise ZoneMissing
    return zone


async def _lock_own(tx: Tx, actor: Actor, zone_id: uuid.UUID) -> Zone:
    zone = await _lock(tx, zone_id)
    if zone.operator_party_id != actor.party:
        raise ZoneMissing
    return zone


async def _party(tx: Tx, party_id: uuid.UUID | None) -> Party | None:
    if party_id is None:
        return None
    return next(iter((await identity.get_parties(tx, [party_id])).values()), None)


async def _check_region(tx: Tx, said: Said) -> None:
    code = said.region_code
    if code and code not in await code_trees.find(tx, tree=Tree.REGION, codes=[code]):
        raise CodeUnknown(fields=["region_code"], codes=[code])


async def _file(tx: Tx, zone: Zone) -> ZoneFile:
    return ZoneFile(zone=zone, supervisions=await store.list_supervisions(tx, zone.id))


async def _remember(
    tx: Tx,
    event: Happened,
    zone: Zone,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("zone", str(zone.id))],
        after=msgspec.to_builtins(zone),
        reason=reason,
        rules=("BJ-03", "BJ-07"),
    )


async def _remember_product(
    tx: Tx,
    event: Happened,
    zone: Zone,
    placement: Placement,
    *,
    actor: Actor,
    now: dt.datetime,
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("zone", str(zone.id)), Subject("product", str(placement.product_id))],
        facts={"zone": zone.code, "product_name": placement.product_name},
        reason=placement.removal_reason or placement.reason,
        rules=("BJ-03",),
    )
