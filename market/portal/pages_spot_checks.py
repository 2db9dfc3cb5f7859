"""Show spot checks: to everybody what they came to, to those at work all of it (双随机、一公开, HN-21)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.kernel.paging import Page
from catalog.notifications.model import Notification
from catalog.registration import queries as registration
from catalog.timers import queries as timers
from catalog.timers.model import Timer
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.render import NOT_KEPT, page
from market.portal.show import address
from market.spot_checks import queries
from market.spot_checks.model import Finding, PublicSpotCheck, SpotCheck
from market.spot_checks.operations import reading

_PAGE_SIZE: Final = 20


class CheckDesk(msgspec.Struct, frozen=True):
    """One spot check as it lies on the desk: findings with their clocks, and who was told."""

    check: SpotCheck
    findings: Sequence[Finding]
    numbers: Mapping[uuid.UUID, str | None]
    clocks: Mapping[uuid.UUID, Timer]
    told: Sequence[Notification]


@get("/spot-checks", include_in_schema=False)
async def list_spot_checks(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the published spot checks, the newest first."""

    async def look(c: Command) -> Page[PublicSpotCheck]:
        return await queries.list_published(c.tx, limit=_PAGE_SIZE, cursor=cursor or None)

    found = await read(request, look)
    return page(
        request,
        "spot_checks.html",
        found=found,
        next=found.next_cursor and address("/spot-checks", {"cursor": found.next_cursor}),
        is_continued=bool(cursor),
    )


@get("/spot-checks/{spot_check_id:uuid}", include_in_schema=False)
async def show_spot_check(
    request: AnyRequest, spot_check_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Show one published spot check, and how anybody computes its draw again."""

    async def look(c: Command) -> PublicSpotCheck:
        return await queries.get_published(c.tx, spot_check_id=spot_check_id)

    return page(request, "spot_check.html", check=await read(request, look))


@get("/spot-check-findings/{finding_id:uuid}", include_in_schema=False)
async def show_work(request: AnyRequest, finding_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show the check of a finding to those who supervise or have to put it right."""

    async def look(c: Command) -> CheckDesk:
        check = await reading.open_of_finding(c.tx, actor=c.actor, now=c.now, finding_id=finding_id)
        findings = await queries.list_findings(c.tx, viewer=c.actor, spot_check_id=check.id)
        running = [
            timer
            for each in findings
            for timer in await timers.list_for_subject(
                c.tx, subject_kind="spot_check_finding", subject_id=each.id
            )
            if timer.ended_at is None
        ]
        numbers = {}
        for case_id in dict.fromkeys(each.application_id for each in findings):
            application = await registration.find(c.tx, application_id=case_id)
            numbers[case_id] = None if application is None else application.application_number
        return CheckDesk(
            check=check,
            findings=findings,
            numbers=numbers,
            clocks={timer.subject_id: timer for timer in running},
            told=await queries.list_told(c.tx, viewer=c.actor, spot_check_id=check.id),
        )

    return page(request, "spot_check_work.html", cache=NOT_KEPT, desk=await read(request, look))
