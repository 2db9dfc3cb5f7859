"""Read spot checks: the supervisors all of them, everybody what was published (一公开)."""

from __future__ import annotations

import uuid

import msgspec

from catalog.audit_log.model import Subject
from catalog.draws import queries as draws
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.notifications import queries as notifications
from catalog.notifications.model import Notification
from catalog.registration import queries as registration
from market.spot_checks import drawing, store
from market.spot_checks.model import DrawRecord, Finding, PublicSpotCheck, SpotCheck


async def get(tx: Tx, *, viewer: Actor, spot_check_id: uuid.UUID) -> SpotCheck:
    """Return a spot check with everything that stands in it.

    :raises NotPermitted: if the viewer supervises nothing.
    :raises Missing: if there is none.
    """
    viewer.require("spot_check:read")
    check = await store.find(tx, spot_check_id)
    if check is None:
        raise Missing
    return check


async def is_there(tx: Tx, *, identifier: uuid.UUID) -> bool:
    """Tell whether there is such a check at all: for the log, never for who asks."""
    async with beyond_own_rows(tx):
        return await store.find(tx, identifier) is not None


async def list_findings(tx: Tx, *, viewer: Actor, spot_check_id: uuid.UUID) -> list[Finding]:
    """Return what was found, in the order in which it was.

    :raises NotPermitted: if the viewer supervises nothing.
    :raises Missing: if there is no such check.
    """
    check = await get(tx, viewer=viewer, spot_check_id=spot_check_id)
    return await store.list_findings(tx, check.id)


async def get_published(tx: Tx, *, spot_check_id: uuid.UUID) -> PublicSpotCheck:
    """Return what was published of a spot check. Public.

    :raises Missing: if there is none, or it is not published.
    """
    check = await store.find(tx, spot_check_id)
    if check is None or check.published_at is None:
        raise Missing
    return await _public(tx, check)


async def get_of_finding(tx: Tx, *, viewer: Actor, finding_id: uuid.UUID) -> SpotCheck:
    """Return the spot check to which a finding belongs.

    :raises NotPermitted: if the viewer supervises nothing.
    :raises Missing: if there is no such finding.
    """
    viewer.require("spot_check:read")
    check = await store.find_of_finding(tx, finding_id)
    if check is None:
        raise Missing
    return check


async def list_told(tx: Tx, *, viewer: Actor, spot_check_id: uuid.UUID) -> list[Notification]:
    """Return who was told of a spot check, with the receipts, the first first.

    :raises NotPermitted: if the viewer supervises nothing.
    :raises Missing: if there is no such check.
    """
    check = await get(tx, viewer=viewer, spot_check_id=spot_check_id)
    return await notifications.list_about(tx, Subject("spot_check", str(check.id)))


async def get_draw(tx: Tx, *, spot_check_id: uuid.UUID, viewer: Actor | None = None) -> DrawRecord:
    """Return the record of a draw: to supervisors once it was drawn, to all once it is published.

    :raises Missing: if there is none that the viewer may see.
    """
    check = await store.find(tx, spot_check_id)
    is_supervisor = viewer is not None and viewer.may("spot_check:read")
    if check is None or check.seed is None or check.checkpoint_size is None:
        raise Missing
    if check.published_at is None and not is_supervisor:
        raise Missing
    planned = await draws.find_proven(tx, check.entry_id)
    assert planned is not None, "a checkpoint covered it"
    concluded = check.concluded_entry_id
    return DrawRecord(
        format=drawing.FORMAT,
        commitment=check.commitment,
        commitment_sha256=check.commitment_sha256,
        population=check.population,
        planned=planned,
        seed=check.seed,
        cases=check.cases,
        inspectors=check.inspectors,
        # Why somebody stood aside is nobody else's business.
        recusals=tuple(msgspec.structs.replace(each, reason="") for each in check.recusals),
        concluded=None if concluded is None else await draws.find_proven(tx, concluded),
        before=await draws.find_earlier(tx, size=check.checkpoint_size),
    )


async def list_published(
    tx: Tx, *, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[PublicSpotCheck]:
    """Return a page of what was published, the newest first. Public.

    :raises CursorUnreadable: if the cursor is not of this list.
    """
    query = paging.fingerprint("spot-checks")
    found = await store.list_page(
        tx,
        published_only=True,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    shown = [await _public(tx, check) for check in found[:limit]]
    return Page(shown, paging.next_by_id(query, found, limit))


async def _public(tx: Tx, check: SpotCheck) -> PublicSpotCheck:
    # Only numbers and counts are given out of what only supervisors see.
    async with beyond_own_rows(tx):
        findings = await store.list_findings(tx, check.id)
        numbers = await registration.list_numbers(tx, [uuid.UUID(case) for case in check.cases])
    conforming = sum(finding.conforms for finding in findings)
    return PublicSpotCheck(
        id=check.id,
        title=check.title,
        items=check.commitment.items,
        population_size=check.commitment.population_size,
        sample_size=check.commitment.sample_size,
        inspector_count=check.commitment.inspector_count,
        case_numbers=tuple(sorted(numbers)),
        conforming_count=conforming,
        nonconforming_count=len(findings) - conforming,
        summary=check.summary or "",
        state=check.state,
        published_at=check.published_at,
    )
