"""Plan a spot check, draw cases and inspectors, and stand aside (立项、抽取、回避)."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.draws import queries as draws
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from catalog.signing.canonical import sha256_hex
from market.identity import queries as identity
from market.spot_checks import answering, drawing, store
from market.spot_checks.model import (
    Commitment,
    PopulationFilter,
    Recusal,
    SpotCheck,
    SpotCheckId,
)
from market.spot_checks.operations import casework
from market.spot_checks.states import Event as Happening
from market.spot_checks.states import State, advance


async def plan(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    title: str,
    items: tuple[str, ...],
    wanted: PopulationFilter,
    sample_size: int,
    inspectors: tuple[str, ...],
    inspector_count: int,
) -> SpotCheck:
    """Plan a check: fix the items, the cases to draw from and the directory, and commit to them.

    :raises NotPermitted: if the actor may not plan checks.
    :raises PlanIncomplete: if items, cases or inspectors are missing.
    :raises PopulationTooLarge: if it means more cases than one draw is made from.
    :raises NotAnInspector: if somebody of the directory has no open account of the authority.
    :raises TextMissing: if it has no title.
    """
    actor.require("spot_check:plan")
    answering.check_text(title)
    limit = drawing.POPULATION_MAX + 1
    population = [str(each) for each in await store.list_population(tx, wanted, limit=limit)]
    drawing.check_population(len(population))
    colleagues = await identity.list_colleagues(tx, viewer=actor)
    drawing.check_directory(inspectors, map(str, colleagues))
    identifier = SpotCheckId(new_id())
    commitment = Commitment(
        format=drawing.FORMAT,
        spot_check_id=str(identifier),
        items=items,
        population_sha256=drawing.population_sha256(population),
        population_size=len(population),
        sample_size=sample_size,
        inspectors=inspectors,
        inspector_count=inspector_count,
        nonce=secrets.token_hex(32),
        population_filter=wanted,
    )
    drawing.check_plan(commitment)
    digest = sha256_hex(drawing.commitment_bytes(commitment))
    entry_id = (
        await audit_log.append(
            tx,
            Event.SPOT_CHECK_PLANNED,
            actor=actor,
            now=now,
            subjects=[Subject("spot_check", str(identifier))],
            facts={"title": title, "commitment": commitment},
            rules=("HN-21",),
            digests=[Digest("spot_check", str(identifier), digest)],
        )
    ).id
    planned = SpotCheck(
        id=identifier,
        title=title,
        authority_party_id=actor.party,
        state=State.PLANNED,
        commitment=commitment,
        commitment_sha256=digest,
        entry_id=entry_id,
        population=tuple(sorted(population)),
        planned_by=actor.account_id,
        planned_at=now,
    )
    await store.insert(tx, planned)
    return planned


async def draw(tx: Tx, *, actor: Actor, now: dt.datetime, spot_check_id: uuid.UUID) -> SpotCheck:
    """Draw cases and inspectors by the first checkpoint under which the commitment lies.

    :raises NotPermitted: if the actor may not plan checks.
    :raises Missing: if there is no such check.
    :raises DrawNotReady: if no checkpoint covers the commitment yet.
    :raises SpotCheckEventNotAllowed: if it was drawn before.
    """
    actor.require("spot_check:plan")
    check = await casework.lock(tx, spot_check_id)
    state = advance(check.state, Happening.DRAW)
    said = await draws.chance(
        tx, entry_id=check.entry_id, commitment_sha256=check.commitment_sha256
    )
    seed = said.seed
    commitment = check.commitment
    drawn = msgspec.structs.replace(
        check,
        state=state,
        checkpoint_size=said.checkpoint_size,
        seed=seed.hex(),
        cases=drawing.draw_cases(seed, check.population, commitment.sample_size),
        inspectors=drawing.draw_inspectors(seed, commitment.inspectors, commitment.inspector_count),
        drawn_at=now,
    )
    return await casework.save(
        tx,
        drawn,
        Event.SPOT_CHECK_DRAWN,
        actor=actor,
        now=now,
        before=check,
        facts={
            "checkpoint_size": said.checkpoint_size,
            "seed": drawn.seed,
            "cases": drawn.cases,
            "inspectors": drawn.inspectors,
        },
    )


async def recuse(
    tx: Tx, *, actor: Actor, now: dt.datetime, spot_check_id: uuid.UUID, reason: str
) -> SpotCheck:
    """Stand aside as a drawn inspector (回避); the seat is drawn again by the same seed.

    :raises NotPermitted: if the actor inspects nothing.
    :raises Missing: if there is no such check.
    :raises NotAnInspector: if the actor was not drawn.
    :raises TextMissing: if no reason is given.
    :raises NobodyLeftToDraw: if the directory is used up.
    :raises SpotCheckEventNotAllowed: if it was not drawn, or is concluded.
    """
    actor.require("spot_check:inspect")
    check = await casework.lock(tx, spot_check_id)
    state = advance(check.state, Happening.RECUSE)
    answering.check_inspector(check, actor.account_id)
    answering.check_text(reason)
    assert check.seed is not None, "a drawn check has its seed"
    aside = str(actor.account_id)
    instead = drawing.redraw(
        bytes.fromhex(check.seed), check.commitment.inspectors, check.inspectors, check.recusals
    )
    recused = msgspec.structs.replace(
        check,
        state=state,
        inspectors=tuple(instead if each == aside else each for each in check.inspectors),
        recusals=(
            *check.recusals,
            Recusal(inspector=aside, replaced_by=instead, reason=reason, at=now),
        ),
    )
    return await casework.save(
        tx,
        recused,
        Event.SPOT_CHECK_INSPECTOR_RECUSED,
        actor=actor,
        now=now,
        before=check,
        facts={"inspector": aside, "replaced_by": instead},
        reason=reason,
    )
