"""Play a change registration through HTTP, each step by name."""

from __future__ import annotations

from typing import Any

import httpx

from catalog.registration.findings import COMPLIANCE_POINTS, TECHNICAL_POINTS
from tests.makers_identity import Member
from tests.makers_registration import Scene, a_test_on, must

RENAMED = "港口作业气象与潮汐风险指数"


class Changing:
    """A certified product of a scene, and everything that happens to a change of it."""

    def __init__(self, scene: Scene, number: str) -> None:
        self.scene = scene
        self.number = number

    def _by(self, who: Member) -> Any:
        return self.scene.by(who)

    def filled_in(self, **changes: Any) -> dict[str, Any]:
        """Return an application to give the product another name and one more scenario."""
        return {
            "kind": "change",
            "wanted": {"name": RENAMED},
            "reason": "产品增加潮汐因子后更名",
            "occurred_on": self.scene.today(),
        } | changes

    async def draft(self, who: Member | None = None, **changes: Any) -> httpx.Response:
        """Begin an application."""
        response: httpx.Response = await self._by(who or self.scene.supplier).post(
            f"/api/v1/certificates/{self.number}/changes", self.filled_in(**changes)
        )
        return response

    async def hand_in(self, change: str, kind: str, text: str | None = None) -> httpx.Response:
        """Hand in a material as a new file."""
        scene = self.scene
        file_id = await scene.upload(scene.supplier, text or f"{kind} of {change}")
        response: httpx.Response = await self._by(scene.supplier).put(
            f"/api/v1/changes/{change}/materials/{kind}", {"file_id": file_id}
        )
        return response

    async def step(
        self, change: str, step: str, who: Member, body: dict[str, Any] | None = None
    ) -> httpx.Response:
        """Do one thing to a change."""
        response: httpx.Response = await self._by(who).post(
            f"/api/v1/changes/{change}/{step}", body or {}
        )
        return response

    async def submit(self, change: str) -> httpx.Response:
        """Hand it in."""
        return await self.step(
            change, "submissions", self.scene.supplier, {"truth_confirmed": True}
        )

    async def accept(self, change: str, **changes: Any) -> httpx.Response:
        """Give the acceptance opinion."""
        return await self.step(
            change, "acceptance-opinions", self.scene.acceptor, {"result": "accepted"} | changes
        )

    async def start_review(self, change: str, **changes: Any) -> httpx.Response:
        """Name the reviewers."""
        body = {
            "technical_reviewer_account_id": str(self.scene.technical.account.id),
            "agency_party_id": str(self.scene.agency.party.id),
            "agency_reason": "由熟悉该行业的机构承办",
        }
        return await self.step(change, "reviews", self.scene.acceptor, body | changes)

    async def technical(self, change: str, **changes: Any) -> httpx.Response:
        """Give the technical opinion."""
        body = {
            "findings": {point: {"passed": True} for point in TECHNICAL_POINTS},
            "tests": [a_test_on((await self.read(change, self.scene.acceptor))["materials"])],
            "overall": "pass",
        }
        return await self.step(change, "technical-opinions", self.scene.technical, body | changes)

    async def compliance(
        self, change: str, *, signature: dict[str, str] | None = None, **changes: Any
    ) -> httpx.Response:
        """Give the compliance opinion, signed by the agency unless told otherwise."""
        found = await self.read(change)
        opinion = {
            "application_id": change,
            "dossier_sha256": found["change"]["dossier_sha256"],
            "agency_party_id": str(self.scene.agency.party.id),
            "reviewers": ["王合规"],
            "no_conflict_of_interest": True,
            "findings": {point: {"passed": True} for point in COMPLIANCE_POINTS},
            "overall": "pass",
        } | changes
        await self.declare(change)  # refused where it is declared
        return await self.step(
            change,
            "compliance-opinions",
            self.scene.agency,
            {"opinion": opinion, "signature": signature or self.scene.opinion_key.seal(opinion)},
        )

    async def declare(self, change: str, **changes: Any) -> httpx.Response:
        """Declare, as the agency, that it has no conflict of interest."""
        body = {"has_conflict": False, "statement": "与登记主体无关联"}
        return await self.step(change, "conflict-declarations", self.scene.agency, body | changes)

    async def decide(self, change: str, **changes: Any) -> httpx.Response:
        """Decide the review."""
        return await self.step(
            change, "review-decisions", self.scene.adjudicator, {"result": "pass"} | changes
        )

    async def authorise(
        self, change: str, *, signature: dict[str, str] | None = None, **changes: Any
    ) -> httpx.Response:
        """Authorise the new certificate, signed by the bureau unless told otherwise."""
        found = (await self.read(change))["change"]
        document = {
            "change_id": change,
            "certificate_number": self.number,
            "dossier_sha256": found["dossier_sha256"],
            "authority": "海南省大数据管理局",
            "authorisation_number": f"授权〔2026〕变更{change[-6:]}号",
            "decided_on": self.scene.today(),
        } | changes
        key = self.scene.authorisation_key
        return await self.step(
            change,
            "issuance-authorisations",
            self.scene.regulator,
            {"authorisation": document, "signature": signature or key.seal(document)},
        )

    async def issue(self, change: str) -> httpx.Response:
        """Issue the new certificate."""
        return await self.step(change, "certificates", self.scene.issuer)

    async def read(self, change: str, who: Member | None = None) -> dict[str, Any]:
        """Return a change with all that belongs to it."""
        response = await self._by(who or self.scene.supplier).get(f"/api/v1/changes/{change}")
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def state(self, change: str) -> str:
        """Return the state of a change."""
        return str((await self.read(change))["change"]["state"])

    async def certificate(self, number: str | None = None) -> dict[str, Any]:
        """Return a certificate as everybody sees it."""
        response = await self.scene.api.get(f"/api/v1/certificates/{number or self.number}")
        return dict(response.json())

    # ── whole stretches ─────────────────────────────────────────────────────────────────────

    async def drafted(self, **changes: Any) -> str:
        """Return a change with its materials, not yet handed in."""
        change = str(must(await self.draft(**changes))["id"])
        for kind in ("change_application_form", "change_proof"):
            must(await self.hand_in(change, kind))
        return change

    async def submitted(self, **changes: Any) -> str:
        """Return a change that waits for acceptance."""
        change = await self.drafted(**changes)
        must(await self.submit(change))
        return change

    async def under_review(self, **changes: Any) -> str:
        """Return a change whose reviewers are named."""
        change = await self.submitted(**changes)
        must(await self.accept(change))
        must(await self.start_review(change))
        return change

    async def reviewed(self, **changes: Any) -> str:
        """Return a change that waits for the bureau."""
        change = await self.under_review(**changes)
        must(await self.technical(change))
        must(await self.compliance(change))
        must(await self.decide(change))
        return change

    async def authorised(self, **changes: Any) -> str:
        """Return a change whose new certificate may be issued."""
        change = await self.reviewed(**changes)
        must(await self.authorise(change))
        return change


async def make_changing(scene: Scene) -> Changing:
    """Return a scene's product certified, ready to be changed."""
    _, number = await scene.certified()
    return Changing(scene, number)
