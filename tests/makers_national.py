"""Play registrations under the national rulebooks through HTTP, with the same scene."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx

from catalog.audit_log.leaf import read_leaf
from catalog.kernel.db import Database, begin
from catalog.kernel.local_time import SHANGHAI
from catalog.rulebooks.registry import RULEBOOKS
from tests.makers_identity import MAKER, Member
from tests.makers_registration import RECEIPT, Scene, must

NDA = "nda-35-2026"
NDRC = "ndrc-26-2025"
MATERIALS = (
    "applicant_qualification",
    "application_form",
    "product_description",
    "source_proof",
    "truth_statement",
)


class National:
    """A scene in which a national rulebook is offered, from the day after ``on``."""

    def __init__(self, scene: Scene, code: str) -> None:
        self.scene = scene
        self.code = code
        self.book = RULEBOOKS[code]

    async def draft(self, **changes: Any) -> httpx.Response:
        """Begin an application; under 35号 the applicant claims to hold and to use."""
        party = str(self.scene.supplier.party.id)
        body: dict[str, Any] = {"rulebook": self.code}
        if self.book.rights_are_independent:
            body["rights"] = [{"right": right, "party_id": party} for right in ("hold", "use")]
        return await self.scene.draft(**(body | changes))

    async def drafted(self, **changes: Any) -> str:
        """Return an application with all its materials, not yet handed in."""
        application = str(must(await self.draft(**changes))["id"])
        for kind in MATERIALS:
            must(await self.scene.hand_in(application, kind))
        return application

    async def consent(self, application: str, who: Member) -> httpx.Response:
        """Consent, as a right holder, to what stands there."""
        path = f"/api/v1/applications/{application}"
        there = must(await self.scene.by(who).get(f"{path}/dossier"))
        return await self.scene.by(who).post(
            f"{path}/consents", {"content_sha256": there["content_sha256"]}
        )

    async def submitted(self, consenting: tuple[Member, ...] = (), **changes: Any) -> str:
        """Return an application that waits for acceptance."""
        application = await self.drafted(**changes)
        for holder in consenting:
            must(await self.consent(application, holder))
        must(await self.scene.submit(application))
        return application

    async def start_review(self, application: str, **changes: Any) -> httpx.Response:
        """Name the reviewer; there is no agency."""
        return await self.scene.by(self.scene.acceptor).post(
            f"/api/v1/applications/{application}/reviews",
            {"technical_reviewer_account_id": str(self.scene.technical.account.id)} | changes,
        )

    async def opinion(self, application: str, **changes: Any) -> httpx.Response:
        """Give the registrar's own opinion."""
        points = {point: {"passed": True} for point in self.book.review_points}
        return await self.scene.by(self.scene.technical).post(
            f"/api/v1/applications/{application}/technical-opinions",
            {"findings": points, "overall": "pass"} | changes,
        )

    async def under_review(self, **changes: Any) -> str:
        """Return an application that is being reviewed."""
        application = await self.submitted(**changes)
        must(await self.scene.accept(application))
        must(await self.start_review(application))
        return application

    async def reviewed(self, **changes: Any) -> str:
        """Return an application that passed its review."""
        application = await self.under_review(**changes)
        must(await self.opinion(application))
        must(await self.scene.decide(application))
        return application

    async def publish(self, application: str, **changes: Any) -> httpx.Response:
        """Publish the notice on the channel that the rulebook names."""
        body: dict[str, Any] = {}
        if self.book.notice_channels == ("national_system",):
            body = {"url": "https://djxt.example.gov.cn/gs/1", "receipt_sha256": RECEIPT}
        return await self.scene.by(self.scene.issuer).post(
            f"/api/v1/applications/{application}/notices", body | changes
        )

    async def in_notice(self, **changes: Any) -> tuple[str, str]:
        """Return an application before the public, and its notice."""
        application = await self.reviewed(**changes)
        return application, str(must(await self.publish(application))["id"])

    async def ready(self, **changes: Any) -> str:
        """Return an application that may be issued."""
        application, notice = await self.in_notice(**changes)
        await self.scene.pass_notice(notice)
        return application

    async def certified(self, **changes: Any) -> tuple[str, str]:
        """Return an application that is issued, and its certificate's number."""
        application = await self.ready(**changes)
        return application, str(must(await self.scene.issue(application))["number"])

    async def waived(self, **changes: Any) -> tuple[str, str]:
        """Return one that was issued the same day, its notice waived, and its number."""
        application = await self.reviewed(**changes)
        must(await self.waive(application))
        return application, str(must(await self.scene.issue(application))["number"])

    async def waive(self, application: str, reason: str = "涉及商业秘密") -> httpx.Response:
        """Waive the notice."""
        return await self.scene.by(self.scene.issuer).post(
            f"/api/v1/applications/{application}/notice-waivers", {"reason": reason}
        )

    async def extend(self, application: str, reason: str = "情况复杂") -> httpx.Response:
        """Take the days more."""
        return await self.scene.by(self.scene.adjudicator).post(
            f"/api/v1/applications/{application}/review-extensions", {"reason": reason}
        )

    async def clock_of(self, application: str, kind: str, **wanted: Any) -> dict[str, Any]:
        """Return the one clock of a kind, open unless a state is named."""
        found = must(
            await self.scene.by(self.scene.regulator).get(
                "/api/v1/timers", kind=kind, subject_id=application, **wanted
            )
        )
        (only,) = found["items"]
        return dict(only["timer"])


async def offering(scene: Scene, code: str, *, on: dt.date, **values: Any) -> National:
    """Go to the morning of ``on``, from which day the rulebook is offered with these values."""
    scene.clock.move_to(dt.datetime.combine(on - dt.timedelta(days=1), dt.time(9), tzinfo=SHANGHAI))
    await scene.sign_in_again()
    for name, value in {"is_offered": True, **values}.items():
        must(
            await scene.by(scene.regulator).post(
                f"/api/v1/rulebooks/{code}/settings",
                {
                    "name": name,
                    "value": value,
                    "effective_from": on.isoformat(),
                    "reason": "开放申请",
                },
            )
        )
    await go_to(scene, on)
    return National(scene, code)


async def go_to(scene: Scene, day: dt.date, hour: int = 9) -> None:
    """Go to an hour of a day; sessions last."""
    scene.clock.move_to(dt.datetime.combine(day, dt.time(hour), tzinfo=SHANGHAI))
    await scene.sign_in_again()


async def run_jobs(scene: Scene) -> None:
    """Do what time brought about; sessions last."""
    await scene.api.run_jobs()
    await scene.sign_in_again()


async def cited(db: Database, subject: str) -> dict[str, set[tuple[str, ...]]]:
    """Return the articles that the log names for each kind of event about a subject."""
    found: dict[str, set[tuple[str, ...]]] = {}
    async with begin(db, MAKER) as tx:
        rows = await tx.fetch(
            """SELECT p.event, p.leaf FROM audit_log.entries p
                WHERE p.subjects @> ARRAY[$1]""",
            subject,
        )
    for row in rows:
        found.setdefault(row["event"], set()).add(tuple(read_leaf(row["leaf"]).rules))
    return found
