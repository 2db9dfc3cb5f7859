"""Play the registration through HTTP: everyone who takes part, and each step by name.

A step takes what differs as keywords, so that a test can do one thing wrong and all else right.
"""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from typing import Any

import httpx
import msgspec

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import end_of_day, local_date
from catalog.registration.findings import COMPLIANCE_POINTS, TECHNICAL_POINTS
from catalog.signing import possession
from catalog.signing.algorithms import Algorithm
from catalog.signing.canonical import canonical, framed
from catalog.signing.model import key_id_of
from catalog.signing.private_keys import from_secret
from catalog.signing.purposes import Purpose
from market.identity.bearer_secrets import secret_hash
from market.identity.lifetimes import session_ends
from market.identity.model import Capacity, OpenedSession, SessionId
from market.identity.permissions import Role
from market.identity.store import sessions
from market.jobs import loop, notices_due
from tests.api import Api
from tests.makers_agencies import hold_selection
from tests.makers_identity import MAKER, Member, make_member, make_party
from tests.makers_products import make_description

MATERIALS = (
    "applicant_qualification",
    "application_form",
    "product_description",
    "source_proof",
    "security_compliance_statement",
    "truth_statement",
)
RECEIPT = "cd" * 32


class OwnKey:
    """A party's own key, which the service never sees."""

    def __init__(self, purpose: Purpose, algorithm: Algorithm = Algorithm.ED25519) -> None:
        self._private = from_secret(algorithm, b"\x01" + secrets.token_bytes(31))
        self.purpose = purpose
        self.algorithm = algorithm
        self.public_key = self._private.public_key
        self.key_id = key_id_of(self.public_key)

    def __deepcopy__(self, memo: dict[int, Any]) -> OwnKey:
        """Return the same key: nothing of it ever changes."""
        return self

    def seal(self, document: Any, purpose: Purpose | None = None) -> dict[str, str]:
        """Return the signature over the canonical form of ``document``."""
        message = framed(purpose or self.purpose, canonical(document))
        value = base64.b64encode(self._private.sign(message)).decode()
        return {"key_id": self.key_id, "value": value, "algorithm": self.algorithm.value}

    async def register(self, api: Api, party: PartyId) -> httpx.Response:
        """Register the public half for ``party``."""
        said = possession.statement(party, self.purpose, self.public_key, self.algorithm)
        proof = self._private.sign(said)
        return await api.post(
            "/api/v1/keys",
            {
                "purpose": self.purpose.value,
                "public_key": base64.b64encode(self.public_key).decode(),
                "possession": base64.b64encode(proof).decode(),
                "algorithm": self.algorithm.value,
            },
        )


class Scene:
    """Everyone who takes part in a registration, signed in."""

    supplier: Member
    objector: Member
    acceptor: Member
    technical: Member
    issuer: Member
    adjudicator: Member
    regulator: Member
    agency: Member
    other_agency: Member
    opinion_key: OwnKey
    authorisation_key: OwnKey
    product_id: str

    def __init__(self, api: Api, db: Database, clock: ManualClock) -> None:
        self.api = api
        self.db = db
        self.clock = clock

    def by(self, member: Member) -> Api:
        """Return the client of one who is signed in."""
        return self.api.as_(member.token)

    def today(self) -> str:
        """Return the local date."""
        return local_date(self.clock.now()).isoformat()

    # ── the applicant ───────────────────────────────────────────────────────────────────────

    async def upload(self, who: Member, text: str) -> str:
        """Upload a file and return its id."""
        response = await self.by(who).upload(text.encode(), "材料.pdf", "application/pdf")
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    async def describe(self, **changes: Any) -> str:
        """Describe a product with content and return its id."""
        who = self.by(self.supplier)
        description = msgspec.to_builtins(make_description(**changes))
        response = await who.post("/api/v1/products", description)
        assert response.status_code == 201, response.text
        product_id = str(response.json()["id"])
        content = await self.upload(self.supplier, f"content of {product_id}")
        attached = await who.post(f"/api/v1/products/{product_id}/contents", {"file_id": content})
        assert attached.status_code < 300, attached.text
        return product_id

    async def draft(self, **changes: Any) -> httpx.Response:
        """Begin an application."""
        body = {"product_id": self.product_id, "is_first_registration": True} | changes
        return await self.by(self.supplier).post("/api/v1/applications", body)

    async def hand_in(self, application: str, kind: str, text: str | None = None) -> httpx.Response:
        """Hand in a material as a new file."""
        file_id = await self.upload(self.supplier, text or f"{kind} of {application}")
        return await self.by(self.supplier).put(
            f"/api/v1/applications/{application}/materials/{kind}", {"file_id": file_id}
        )

    async def waive(self, application: str, kind: str, reason: str) -> httpx.Response:
        """Say why a material does not apply."""
        return await self.by(self.supplier).put(
            f"/api/v1/applications/{application}/materials/{kind}",
            {"not_applicable_reason": reason},
        )

    async def submit(self, application: str, **changes: Any) -> httpx.Response:
        """Hand the application in."""
        return await self.by(self.supplier).post(
            f"/api/v1/applications/{application}/submissions", {"truth_confirmed": True} | changes
        )

    async def resubmit(self, application: str) -> httpx.Response:
        """Hand the corrections in."""
        return await self.by(self.supplier).post(
            f"/api/v1/applications/{application}/resubmissions", {"truth_confirmed": True}
        )

    async def read(self, application: str, who: Member | None = None) -> dict[str, Any]:
        """Return an application with all that belongs to it."""
        response = await self.by(who or self.supplier).get(f"/api/v1/applications/{application}")
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def take(
        self, case: str, who: Member, duty: str, kind: str = "application", **changes: Any
    ) -> httpx.Response:
        """Take a duty in a case, or give it to a colleague, so that whoever has it may read."""
        return await self.by(who).post(
            "/api/v1/case-assignments",
            {"case_kind": kind, "case_id": case, "duty": duty} | changes,
        )

    async def state(self, application: str) -> str:
        """Return the state of an application."""
        return str((await self.read(application))["application"]["state"])

    # ── the operator, the agency, the bureau ────────────────────────────────────────────────

    async def accept(self, application: str, **changes: Any) -> httpx.Response:
        """Give the acceptance opinion."""
        return await self.by(self.acceptor).post(
            f"/api/v1/applications/{application}/acceptance-opinions",
            {"result": "accepted"} | changes,
        )

    async def start_review(self, application: str, **changes: Any) -> httpx.Response:
        """Name the reviewers."""
        body = {
            "technical_reviewer_account_id": str(self.technical.account.id),
            "agency_party_id": str(self.agency.party.id),
            "agency_reason": "由熟悉该行业的机构承办",
        }
        return await self.by(self.acceptor).post(
            f"/api/v1/applications/{application}/reviews", body | changes
        )

    async def declare(
        self, application: str, who: Member | None = None, **changes: Any
    ) -> httpx.Response:
        """Declare, as the agency, that it has no conflict of interest."""
        body = {"has_conflict": False, "statement": "与申请人、所有者均无关联"}
        return await self.by(who or self.agency).post(
            f"/api/v1/applications/{application}/conflict-declarations", body | changes
        )

    async def technical_opinion(
        self, application: str, who: Member | None = None, **changes: Any
    ) -> httpx.Response:
        """Give the technical opinion."""
        body = {
            "findings": {point: {"passed": True} for point in TECHNICAL_POINTS},
            "tests": [a_test_on((await self.read(application, self.acceptor))["materials"])],
            "overall": "pass",
        }
        return await self.by(who or self.technical).post(
            f"/api/v1/applications/{application}/technical-opinions", body | changes
        )

    async def opinion(self, application: str, **changes: Any) -> dict[str, Any]:
        """Return what the agency means to sign."""
        found = await self.read(application)
        return {
            "application_id": application,
            "dossier_sha256": found["application"]["dossier_sha256"],
            "agency_party_id": str(self.agency.party.id),
            "reviewers": ["王合规"],
            "no_conflict_of_interest": True,
            "findings": {point: {"passed": True} for point in COMPLIANCE_POINTS},
            "overall": "pass",
        } | changes

    async def compliance_opinion(
        self,
        application: str,
        *,
        who: Member | None = None,
        signature: dict[str, str] | None = None,
        **changes: Any,
    ) -> httpx.Response:
        """Give the compliance opinion, signed by the agency unless told otherwise."""
        opinion = await self.opinion(application, **changes)
        await self.declare(application, who)  # refused where it is declared, or not the agency's
        return await self.by(who or self.agency).post(
            f"/api/v1/applications/{application}/compliance-opinions",
            {"opinion": opinion, "signature": signature or self.opinion_key.seal(opinion)},
        )

    async def decide(self, application: str, **changes: Any) -> httpx.Response:
        """Decide the review."""
        return await self.by(self.adjudicator).post(
            f"/api/v1/applications/{application}/review-decisions", {"result": "pass"} | changes
        )

    async def publish(self, application: str) -> httpx.Response:
        """Publish the notice on the operator's platform."""
        return await self.by(self.issuer).post(f"/api/v1/applications/{application}/notices")

    async def confirm(self, notice: str, **changes: Any) -> httpx.Response:
        """Confirm the notice on the bureau's website."""
        body = {"url": "https://dsj.example.gov.cn/gs/1", "receipt_sha256": RECEIPT}
        return await self.by(self.regulator).post(
            f"/api/v1/notices/{notice}/channel-postings", body | changes
        )

    async def authorise(
        self, application: str, *, signature: dict[str, str] | None = None, **changes: Any
    ) -> httpx.Response:
        """Authorise the issue, signed by the bureau unless told otherwise."""
        found = await self.read(application)
        document = {
            "application_id": application,
            "dossier_sha256": found["application"]["dossier_sha256"],
            "notice_id": found["notice_id"] or application,
            "authority": "海南省大数据管理局",
            "authorisation_number": "授权〔2026〕001号",
            "decided_on": self.today(),
        } | changes
        return await self.by(self.regulator).post(
            f"/api/v1/applications/{application}/issuance-authorisations",
            {
                "authorisation": document,
                "signature": signature or self.authorisation_key.seal(document),
            },
        )

    async def issue(self, application: str) -> httpx.Response:
        """Issue the certificate."""
        return await self.by(self.issuer).post(f"/api/v1/applications/{application}/certificates")

    # ── whole stretches ─────────────────────────────────────────────────────────────────────

    async def drafted(self, **changes: Any) -> str:
        """Return an application with all its materials, not yet handed in."""
        application = must(await self.draft(**changes))["id"]
        for kind in MATERIALS:
            must(await self.hand_in(application, kind))
        must(await self.waive(application, "authorisation_channel_proof", "全部来源为自有"))
        return str(application)

    async def submitted(self) -> str:
        """Return an application that waits for acceptance."""
        application = await self.drafted()
        must(await self.submit(application))
        return application

    async def under_review(self) -> str:
        """Return an application whose reviewers are named."""
        application = await self.submitted()
        must(await self.accept(application))
        must(await self.start_review(application))
        return application

    async def reviewed(self) -> str:
        """Return an application that passed its review."""
        application = await self.under_review()
        must(await self.technical_opinion(application))
        must(await self.compliance_opinion(application))
        must(await self.decide(application))
        return application

    async def in_notice(self) -> tuple[str, str]:
        """Return an application before the public, and its notice."""
        application = await self.reviewed()
        notice = must(await self.publish(application))["id"]
        must(await self.confirm(notice))
        return application, str(notice)

    async def pass_notice(self, notice: str) -> None:
        """Let the days of a notice pass, and let the job end it."""
        shown = (await self.api.get(f"/api/v1/notices/{notice}")).json()
        await self.move_past(dt.date.fromisoformat(shown["ends_on"]))

    async def move_past(self, day: dt.date, seconds: int = 1) -> None:
        """Move the clock to so many seconds after 24:00 of ``day``; the job runs, sessions last."""
        self.clock.move_to(end_of_day(day) + dt.timedelta(seconds=seconds))
        await self.sign_in_again()
        await run_notices(self)

    async def authorised(self) -> tuple[str, str]:
        """Return an application that may be issued, and its notice."""
        application, notice = await self.in_notice()
        await self.pass_notice(notice)
        must(await self.authorise(application))
        return application, notice

    async def certified(self) -> tuple[str, str]:
        """Return an application that is issued, and its certificate's number."""
        application, _ = await self.authorised()
        return application, str(must(await self.issue(application))["number"])

    async def object_to(self, *, who: Member | None = None, **target: Any) -> httpx.Response:
        """File an objection with evidence."""
        objector = who or self.objector
        body = {
            "interest_statement": "我公司是该数据的采集方",
            "grounds": ["ownership"],
            **target,
        }
        if "evidence_file_ids" not in body:
            body["evidence_file_ids"] = [await self.upload(objector, "采集记录")]
        return await self.by(objector).post("/api/v1/objections", body)

    async def objection_step(
        self, objection: str, step: str, who: Member, body: dict[str, Any]
    ) -> httpx.Response:
        """Do one thing to an objection."""
        return await self.by(who).post(f"/api/v1/objections/{objection}/{step}", body)

    async def sign_in_again(self) -> None:
        """Give everyone a new session, because the old ones ended while the clock was moved."""
        for name, member in list(vars(self).items()):
            if isinstance(member, Member):
                setattr(self, name, await renewed(self.db, member, self.clock.now()))


def a_test_on(materials: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the record of a test that ran on one of the materials."""
    sample = next(each for each in materials if each["file_id"])
    return {
        "name": "抽样核对",
        "environment": "隔离测试环境",
        "sample_file_id": sample["file_id"],
        "sample_sha256": sample["sha256"],
        "expected": "一致",
        "observed": "一致",
        "result_sha256": "cd" * 32,
    }


def must(response: httpx.Response) -> dict[str, Any]:
    """Return the body of a command that has to succeed."""
    assert response.status_code < 300, response.text
    return dict(response.json())


async def run_notices(scene: Scene) -> int:
    """Run the job that ends notices and lets silent objections go on."""
    return await notices_due.run(scene.db, now=scene.clock.now())


async def renewed(db: Database, member: Member, now: dt.datetime) -> Member:
    """Return a member with a new session."""
    token = f"shs_{secrets.token_urlsafe(32)}"
    idle_ends_at, ends_at = session_ends(now)
    async with begin(db, MAKER) as tx:
        await sessions.insert_session(
            tx,
            OpenedSession(
                token=token,
                session_id=SessionId(new_id()),
                account_id=member.account.id,
                party_id=member.party.id,
                opened_at=now,
                idle_ends_at=idle_ends_at,
                ends_at=ends_at,
            ),
            secret_hash(token),
        )
    return msgspec.structs.replace(member, token=token)


async def make_scene(api: Api, db: Database, clock: ManualClock) -> Scene:
    """Return everyone, with the operator delegated, agencies chosen and contracted, and a product."""
    now = clock.now()
    scene = Scene(api, db, clock)
    operator = await make_party(
        db, Capacity.SUPERMARKET_OPERATOR, now=now, name="示例省数据产品超市运营有限公司"
    )
    authority = await make_party(
        db, Capacity.PROVINCIAL_AUTHORITY, now=now, name="海南省大数据管理局"
    )
    for name, role, party in (
        ("acceptor", Role.OPERATOR_ACCEPTOR, operator),
        ("technical", Role.OPERATOR_TECHNICAL_REVIEWER, operator),
        ("issuer", Role.OPERATOR_ISSUER, operator),
        ("adjudicator", Role.OPERATOR_ADJUDICATOR, operator),
        ("regulator", Role.REGULATOR, authority),
        ("agency", Role.AGENCY_REVIEWER, None),
        ("other_agency", Role.AGENCY_REVIEWER, None),
        ("supplier", Role.SUPPLIER, None),
        ("objector", Role.BUYER, None),
    ):
        setattr(scene, name, await make_member(db, role, now=now, party=party))
    must(
        await scene.by(scene.regulator).post(
            "/api/v1/delegations",
            {
                "operator_party_id": str(operator.id),
                "document_number": "琼数〔2026〕1号",
                "scope": "数据产品确权登记",
                "valid_from": "2026-01-01",
            },
        )
    )
    selection = await hold_selection(
        db,
        operator=scene.issuer.actor,
        agencies=[scene.agency.actor, scene.other_agency.actor],
        now=now - dt.timedelta(days=30),
        sign=lambda: loop._sequence(api.context),
    )
    for number, agency in enumerate((scene.agency, scene.other_agency)):
        must(
            await scene.by(scene.issuer).post(
                "/api/v1/agency-contracts",
                {
                    "agency_party_id": str(agency.party.id),
                    "selection_id": str(selection.id),
                    "contract_number": f"HT-2026-{number}",
                    "starts_on": scene.today(),
                },
            )
        )
    scene.opinion_key = OwnKey(Purpose.OPINION)
    must(await scene.opinion_key.register(scene.by(scene.agency), scene.agency.party.id))
    scene.authorisation_key = OwnKey(Purpose.AUTHORISATION)
    must(
        await scene.authorisation_key.register(scene.by(scene.regulator), scene.regulator.party.id)
    )
    scene.product_id = await scene.describe()
    return scene
