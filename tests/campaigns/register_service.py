"""Put the commands of the model to the real service, over its HTTP door, and read what came of it."""

from __future__ import annotations

import asyncio
import base64
import collections
import datetime as dt
import pathlib
import shutil
from typing import Any

import asyncpg
import httpx

from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.verify import verify_export
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.registration.findings import COMPLIANCE_POINTS, TECHNICAL_POINTS
from market.cli.export import write_export
from market.cli.verify import Directory
from market.jobs import deadlines_due, disputes_due, loop, notices_due
from tests.api import Api, code
from tests.makers_identity import Member
from tests.makers_registration import RECEIPT, renewed
from tests.reference.commands import EXPERTS, NOBODY, PARTY_OF, Command
from tests.reference.days import today
from tests.reference.selections import LONG

UNKNOWN = "00000000-0000-7000-8000-000000000000"
#: A session is renewed before it ends unused.
SESSION = dt.timedelta(minutes=20)
#: What a refused command may touch: when a session was used last. The log is compared by itself.
BESIDE = ("market.sessions",)

#: How the log says that somebody was denied something.
DENIALS = frozenset({"access:denied", "credential:refused", "object:denied"})

_ROWS = """
SELECT jsonb_build_object(
  'applications', (SELECT jsonb_agg(jsonb_build_array(id, state, open_objections))
                     FROM catalog.applications),
  'notices', (SELECT jsonb_agg(jsonb_build_array(id, state, starts_on, ends_on, provisional, result))
                FROM catalog.notices),
  'certificates', (SELECT jsonb_agg(jsonb_build_array(number, state, registrant_party_id, version,
                                                      open_objections))
                     FROM catalog.certificates),
  'objections', (SELECT jsonb_agg(jsonb_build_array(id, state, closing)) FROM catalog.objections),
  'instruments', (SELECT jsonb_agg(jsonb_build_array(id, state)) FROM catalog.legal_instruments),
  'selections', (SELECT jsonb_agg(jsonb_build_array(id, state, jsonb_array_length(winners)))
                   FROM catalog.agency_selections),
  'clocks', (SELECT jsonb_agg(jsonb_build_array(subject_id, kind, due_on, state, provisional))
               FROM catalog.timers))::text"""
_TABLES = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname IN ('catalog', 'market', 'settlement', 'signing') ORDER BY 1"""


class Service:
    """One run of the real service, and the names that the model has for its things."""

    def __init__(
        self,
        cast: Any,
        *,
        api: Api,
        db: Database,
        owner: asyncpg.Connection[Any],
        clock: ManualClock,
        directory: pathlib.Path,
    ) -> None:
        self._cast = cast
        self._api = api
        self._db = db
        self._owner = owner
        self._clock = clock
        self._directory = directory
        self._members: dict[str, Member] = dict(cast.members)
        self._opened: dict[str, dt.datetime] = {}
        self._ids: dict[str, str] = dict(cast.things)
        known = {**cast.parties, **cast.things}
        self._names: dict[str, str] = {id_: name for name, id_ in known.items()}
        self._sealed: dict[tuple[str, str], str] = {}  # whose file is sealed for which selection
        self._remarked: dict[str, str] = {}  # on which selection a remark was made
        self._seen_entries = 0
        self._seen_messages = 0
        self._hash = ""

    @classmethod
    async def on(cls, cast: Any, **given: Any) -> Service:
        """Return a service whose past is known."""
        service = cls(cast, **given)
        tables = [r[0] for r in await service._owner.fetch(_TABLES) if r[0] not in BESIDE]
        service._hash = (
            "SELECT sum(h) FROM ("
            + " UNION ALL ".join(
                f"SELECT count(*) + coalesce(sum(hashtextextended(ctid::text || xmin::text || tableoid,"
                f" 7)), 0) AS h FROM {table}"
                for table in tables
            )
            + ") all_of_it"
        )
        count = service._owner.fetchval
        service._seen_messages = await count("SELECT count(*) FROM catalog.notifications")
        service._seen_entries = await count("SELECT count(*) FROM audit_log.entries")
        return service

    # ── what happened ───────────────────────────────────────────────────────────────────────

    async def rows(self) -> dict[str, list[Any]]:
        """Return what stands in the register, by the model's names."""
        import json

        found = json.loads(await self._owner.fetchval(_ROWS))
        named = {kind: [self._named(row) for row in rows or []] for kind, rows in found.items()}
        return {kind: sorted(rows) for kind, rows in named.items()}

    def _named(self, row: list[Any]) -> tuple[Any, ...]:
        return tuple(
            self._names.get(value, value) if isinstance(value, str) else value for value in row
        )

    async def heard(
        self,
    ) -> tuple[collections.Counter[tuple[str, str]], collections.Counter[str], set[str]]:
        """Return who was told of what, what was logged, and how anybody was denied, since it was asked last.

        Denials stand apart: the same one of a minute is one entry, whose count comes later.
        """
        told = await self._owner.fetch(
            "SELECT topic, owner_party_id FROM catalog.notifications ORDER BY id OFFSET $1",
            self._seen_messages,
        )
        logged = await self._owner.fetch(
            "SELECT event FROM audit_log.entries ORDER BY entry_id OFFSET $1", self._seen_entries
        )
        self._seen_messages += len(told)
        self._seen_entries += len(logged)
        return (
            collections.Counter((row[0], self._names[str(row[1])]) for row in told),
            collections.Counter(row[0] for row in logged if row[0] not in DENIALS),
            {row[0] for row in logged if row[0] in DENIALS},
        )

    async def fingerprint(self) -> Any:
        """Return a hash over every row of every table but the log."""
        return await self._owner.fetchval(self._hash)

    async def proven(self) -> int:
        """Export the log, check every entry offline, and return how many there are."""
        context = self._api.context
        await loop._sequence(context)
        out = self._directory / "export"
        await write_export(
            self._db,
            out,
            now=self._clock.now(),
            origin=context.settings.log_origin,
            signer_journal=context.settings.journal_path,
        )
        signer = context.signers["checkpoint"]
        key = VerifierKey(context.settings.log_origin, signer.public_key)
        verdict = await asyncio.to_thread(verify_export, Directory(out), key)
        shutil.rmtree(out)
        assert verdict.problems == (), verdict.problems
        leaves = await self._owner.fetchval("SELECT count(*) FROM audit_log.leaves")
        assert leaves == await self._owner.fetchval("SELECT count(*) FROM audit_log.entries")
        return int(leaves)

    def wait(self, until: dt.datetime) -> None:
        """Let time pass."""
        self._clock.move_to(until)

    async def run_jobs(self) -> None:
        """Do what time brings about, in the order of the service's own loop."""
        now = self._clock.now()
        for job in (notices_due, disputes_due, deadlines_due):
            await job.run(self._db, now=now)
        await loop._sequence(self._api.context)

    # ── a command ───────────────────────────────────────────────────────────────────────────

    async def do(self, cmd: Command, born: str) -> str | None:
        """Do a command; name what it made; return the code of the refusal, None if it was done."""
        response: httpx.Response = await getattr(self, f"_{cmd.name}")(cmd)
        if response.status_code >= 400:
            assert response.status_code < 500, response.text
            return code(response)
        if born:
            await self._name(born, response)
        return None

    async def _name(self, born: str, response: httpx.Response) -> None:
        """Give what a command made the name that the model has for it."""
        made = response.json()
        if born[0] == "C":
            made["id"] = await self._owner.fetchval(
                "SELECT number FROM catalog.certificates ORDER BY entry_id DESC LIMIT 1"
            )
        self._ids[born] = str(made["id"])
        self._names[self._ids[born]] = born

    async def _by(self, who: str) -> Api:
        if who == NOBODY:
            return self._api
        now = self._clock.now()
        if who not in self._opened or now - self._opened[who] > SESSION:
            self._members[who] = await renewed(self._db, self._members[who], now)
            self._opened[who] = now
        return self._api.as_(self._members[who].token)

    def _id(self, name: str) -> str:
        return self._ids.get(name, "HN-QQ-2026-99999999" if name.startswith("C") else UNKNOWN)

    async def _post(self, cmd: Command, path: str, body: Any) -> httpx.Response:
        who = await self._by(cmd.who)
        return await who.post("/api/v1/" + path.format(self._id(cmd.about)), body)

    def _file(self, cmd: Command, *, foreign: bool = False) -> str:
        party = PARTY_OF.get(cmd.who, "supplier")
        own = cmd.who if cmd.who in self._cast.files else party
        return str(self._cast.files["rival" if foreign else own])

    def _reason(self, cmd: Command, name: str = "reason") -> str:
        return "理由" if cmd.given(name, True) else " "

    # the bureau and the agencies

    async def _delegate(self, cmd: Command) -> httpx.Response:
        number = f"琼数{self._seen_entries}号"
        return await self._post(
            cmd,
            "delegations",
            {
                "operator_party_id": self._cast.parties["operator"],
                "document_number": number,
                "scope": "数据产品确权登记",
                "valid_from": today(self._clock.now()).isoformat(),
            },
        )

    async def _end_delegation(self, cmd: Command) -> httpx.Response:
        return await self._post(cmd, "delegations/{}/endings", {"reason": "调整"})

    async def _contract(self, cmd: Command) -> httpx.Response:
        return await self._post(
            cmd,
            "agency-contracts",
            {
                "agency_party_id": self._cast.parties[cmd.given("agency")],
                "selection_id": self._id(cmd.given("award")),
                "contract_number": f"HT-{self._seen_entries}",
                "starts_on": today(self._clock.now()).isoformat(),
            },
        )

    # comparisons of agencies

    async def _announce(self, cmd: Command) -> httpx.Response:
        until = today(self._clock.now()) + dt.timedelta(days=cmd.given("window", LONG))
        follows = cmd.given("follows")
        body = {
            "selection_number": cmd.given("number"),
            "title": "第三方确权登记服务机构公开比选",
            "criteria": [
                {
                    "code": "competence",
                    "name": "专业能力",
                    "weight_bps": cmd.given("weights", 10_000),
                }
            ],
            "qualifications": [{"code": "licence", "name": "营业执照"}],
            "bids_until": until.isoformat(),
            "panel_size": len(EXPERTS),
            "seats": cmd.given("seats", 2),
            "follows": None if follows is None else self._id(follows),
        }
        return await self._post(cmd, "agency-selections", body)

    async def _seal_file(self, cmd: Command) -> httpx.Response:
        by = await self._by(cmd.who)
        content = f"执照 {cmd.who} {self._seen_entries}".encode()
        answer = await by.upload(
            content, "licence.pdf", "application/pdf", x_sealed_for=self._id(cmd.about)
        )
        if answer.status_code < 300:
            self._sealed[cmd.about, cmd.who] = answer.json()["id"]
        return answer

    async def _bid(self, cmd: Command) -> httpx.Response:
        sealed = self._sealed.get((cmd.about, cmd.who))
        shown = {
            "sealed": sealed,
            "open": self._file(cmd),
            "foreign": self._file(cmd, foreign=True),
        }[cmd.given("evidence", "sealed")]
        related = cmd.given("related")
        body = {
            "proposal": "五个工作日内出具意见" if cmd.given("text", True) else " ",
            "price_fen": 50_000,
            "evidence": {} if shown is None else {"licence": shown},
            "related_party_ids": [] if related is None else [self._cast.parties[related]],
        }
        return await self._post(cmd, "agency-selections/{}/bids", body)

    async def _withdraw_bid(self, cmd: Command) -> httpx.Response:
        return await self._post(cmd, "agency-selections/{}/bid-withdrawals", None)

    async def _open_bids(self, cmd: Command) -> httpx.Response:
        return await self._post(cmd, "agency-selections/{}/openings", None)

    async def _draw_panel(self, cmd: Command) -> httpx.Response:
        return await self._post(cmd, "agency-selections/{}/panel-draws", None)

    async def _score(self, cmd: Command) -> httpx.Response:
        bids = await self._owner.fetch(
            "SELECT id, agency_party_id FROM catalog.agency_bids WHERE selection_id = $1"
            " AND replaced_at IS NULL AND withdrawn_at IS NULL",
            self._id(cmd.about),
        )
        unfit = cmd.given("unfit", ())
        scores = [
            {
                "bid_id": str(row[0]),
                "is_qualified": self._names[str(row[1])] not in unfit,
                "points": {"competence": 80},
            }
            for row in bids
        ]
        if not cmd.given("whole", True):
            scores = scores[1:]
        return await self._post(cmd, "agency-selections/{}/score-sheets", {"scores": scores})

    async def _recuse(self, cmd: Command) -> httpx.Response:
        body = {"reason": self._reason(cmd)}
        return await self._post(cmd, "agency-selections/{}/recusals", body)

    async def _rank(self, cmd: Command) -> httpx.Response:
        return await self._post(cmd, "agency-selections/{}/rankings", None)

    async def _award(self, cmd: Command) -> httpx.Response:
        body = {"result": self._reason(cmd, "result")}
        return await self._post(cmd, "agency-selections/{}/awards", body)

    async def _fail(self, cmd: Command) -> httpx.Response:
        body = {"result": self._reason(cmd, "result")}
        return await self._post(cmd, "agency-selections/{}/failures", body)

    async def _remark(self, cmd: Command) -> httpx.Response:
        body = {
            "kind": "objection" if cmd.given("objects") else "comment",
            "text": self._reason(cmd, "text"),
        }
        answer = await self._post(cmd, "agency-selections/{}/remarks", body)
        if answer.status_code < 300:
            self._remarked[answer.json()["id"]] = cmd.about
        return answer

    async def _settle(self, cmd: Command) -> httpx.Response:
        remark = self._id(cmd.about)
        selection = self._id(self._remarked.get(remark, "S99"))
        path = f"agency-selections/{selection}/remarks/{remark}/settlements"
        return await self._post(cmd, path, {"settlement": self._reason(cmd, "text")})

    async def _suspend(self, cmd: Command) -> httpx.Response:
        body = {"misconduct": "false_record", "facts": "虚假记载", "measure": "suspend"}
        return await self._post(cmd, "agency-contracts/{}/misconducts", body)

    async def _load_year(self, cmd: Command) -> httpx.Response:
        return await self._post(
            cmd,
            "calendar-years",
            {
                "year": cmd.given("year"),
                "notice_number": f"国办发明电〔{cmd.given('year') - 1}〕1号",
                "issued_on": f"{cmd.given('year') - 1}-11-25",
                "holidays": [day.isoformat() for day in cmd.given("off")],
                "workdays": [day.isoformat() for day in cmd.given("on")],
            },
        )

    # the applicant

    async def _draft(self, cmd: Command) -> httpx.Response:
        first = cmd.given("first", True)
        body: dict[str, Any] = {
            "product_id": self._id(cmd.about),
            "is_first_registration": first,
        }
        if first is False:
            body["prior_registrations"] = [
                {"institution": "某登记机构", "number": "1", "registered_on": "2023-01-01"}
            ]
        return await self._post(cmd, "applications", body)

    async def _hand_in(self, cmd: Command) -> httpx.Response:
        body: dict[str, Any] = {"file_id": self._file(cmd)}
        if cmd.given("waived"):
            body = {"not_applicable_reason": cmd.given("reason", "不适用") or " "}
        who = await self._by(cmd.who)
        path = f"/api/v1/applications/{self._id(cmd.about)}/materials/{cmd.given('kind')}"
        return await who.put(path, body)

    async def _submit(self, cmd: Command) -> httpx.Response:
        body = {"truth_confirmed": cmd.given("truth", True)}
        return await self._post(cmd, "applications/{}/submissions", body)

    async def _resubmit(self, cmd: Command) -> httpx.Response:
        body = {"truth_confirmed": cmd.given("truth", True)}
        return await self._post(cmd, "applications/{}/resubmissions", body)

    async def _withdraw(self, cmd: Command) -> httpx.Response:
        return await self._post(cmd, "applications/{}/withdrawals", {"reason": "自愿"})

    async def _supplement(self, cmd: Command) -> httpx.Response:
        asked = await self._owner.fetchval(
            "SELECT items FROM catalog.material_requests WHERE application_id = $1"
            " ORDER BY asked_at DESC LIMIT 1",
            self._id(cmd.about),
        )
        import json

        items = json.loads(asked) if asked else ["x"]
        if not cmd.given("complete", True):
            items = items[:-1]
        answers = [{"item": item, "file_id": self._file(cmd)} for item in items]
        return await self._post(cmd, "applications/{}/supplements", {"answers": answers})

    # the operator and the agency

    async def _accept(self, cmd: Command) -> httpx.Response:
        body: dict[str, Any] = {"result": cmd.given("result")}
        if items := cmd.given("items"):
            body["items"] = _items(items)
        if cmd.given("override"):
            body["override_reason"] = "此前未能发现"
        if cmd.given("result") == "not_accepted_out_of_scope" and cmd.given("reasons", True):
            body["reasons"] = ["不属于业务范围"]
        return await self._post(cmd, "applications/{}/acceptance-opinions", body)

    async def _notify(self, cmd: Command) -> httpx.Response:
        body = {"channel": "letter", "receipt": "回执" if cmd.given("receipt", True) else " "}
        return await self._post(cmd, "applications/{}/decision-notifications", body)

    async def _start_review(self, cmd: Command) -> httpx.Response:
        reviewer = self._members[cmd.given("reviewer", "technical")]
        body = {
            "technical_reviewer_account_id": str(reviewer.account.id),
            "agency_party_id": self._cast.parties[cmd.given("agency", "agency")],
            "agency_reason": "专业对口",
        }
        return await self._post(cmd, "applications/{}/reviews", body)

    async def _replace_agency(self, cmd: Command) -> httpx.Response:
        body = {"agency_party_id": self._cast.parties[cmd.given("agency")], "reason": "回避"}
        return await self._post(cmd, "applications/{}/agency-replacements", body)

    async def _declare(self, cmd: Command) -> httpx.Response:
        statement = "与各方均无关联" if cmd.given("statement", True) else " "
        body = {"has_conflict": bool(cmd.given("conflict")), "statement": statement}
        return await self._post(cmd, "applications/{}/conflict-declarations", body)

    async def _request_material(self, cmd: Command) -> httpx.Response:
        body = {"items": cmd.given("items", ("补充说明",)), "reason": "合规审核需要"}
        return await self._post(cmd, "applications/{}/material-requests", body)

    async def _technical_opinion(self, cmd: Command) -> httpx.Response:
        sample = await self._owner.fetchrow(
            "SELECT file_id, sha256 FROM catalog.application_materials"
            " WHERE application_id = $1 AND file_id IS NOT NULL ORDER BY id LIMIT 1",
            self._id(cmd.about),
        )
        body = _technical(cmd, *(sample or (UNKNOWN, "ab" * 32)))
        return await self._post(cmd, "applications/{}/technical-opinions", body)

    async def _compliance_opinion(self, cmd: Command) -> httpx.Response:
        opinion = {
            "application_id": self._id("A98" if cmd.given("of_another") else cmd.about),
            "dossier_sha256": await self._owner.fetchval(
                "SELECT dossier_sha256 FROM catalog.applications WHERE id = $1", self._id(cmd.about)
            ),
            "agency_party_id": self._cast.parties[PARTY_OF.get(cmd.who, "agency")],
            "reviewers": ["王合规"],
            "no_conflict_of_interest": True,
            **_findings(cmd, COMPLIANCE_POINTS),
        }
        body = {"opinion": opinion, "signature": self._seal(cmd, opinion, "agency")}
        return await self._post(cmd, "applications/{}/compliance-opinions", body)

    def _seal(self, cmd: Command, document: Any, otherwise: str) -> dict[str, str]:
        sealed, holder = cmd.given("sealed", "own"), cmd.who
        if sealed == "foreign":
            holder = next(name for name in self._cast.keys if name != cmd.who)
        seal = self._cast.keys.get(holder, self._cast.keys[otherwise]).seal(document)
        if sealed == "altered":
            raw = bytearray(base64.b64decode(seal["value"]))
            raw[0] ^= 1
            seal["value"] = base64.b64encode(raw).decode()
        return dict(seal)

    async def _decide(self, cmd: Command) -> httpx.Response:
        body: dict[str, Any] = {"result": cmd.given("result")}
        if ground := cmd.given("ground"):
            told = {"ground": ground, "facts": "查明的事实" if cmd.given("facts", True) else " "}
            if ground == "national_core_data":
                told["category"] = "national_security"
            body["grounds"] = [told]
        return await self._post(cmd, "applications/{}/review-decisions", body)

    # notice, authorisation, issue

    async def _publish(self, cmd: Command) -> httpx.Response:
        return await self._post(cmd, "applications/{}/notices", None)

    async def _confirm(self, cmd: Command) -> httpx.Response:
        body = {
            "url": "https://dsj.example.gov.cn/gs/1",
            "receipt_sha256": RECEIPT if cmd.given("receipt", True) else "none",
        }
        return await self._post(cmd, "notices/{}/channel-postings", body)

    async def _authorise(self, cmd: Command) -> httpx.Response:
        row = await self._owner.fetchrow(
            """
            SELECT a.dossier_sha256, n.id FROM catalog.applications a
              LEFT JOIN catalog.notices n ON n.application_id = a.id
             WHERE a.id = $1 ORDER BY n.created_at DESC LIMIT 1""",
            self._id(cmd.about),
        )
        document = {
            "application_id": self._id("A98" if cmd.given("of_another") else cmd.about),
            "dossier_sha256": row[0] if row else None,
            "notice_id": str(row[1]) if row and row[1] else UNKNOWN,
            "authority": "示例省数据局",
            "authorisation_number": cmd.given("number"),
            "decided_on": today(self._clock.now()).isoformat(),
        }
        body = {"authorisation": document, "signature": self._seal(cmd, document, "regulator")}
        return await self._post(cmd, "applications/{}/issuance-authorisations", body)

    async def _send_back(self, cmd: Command) -> httpx.Response:
        body = {"to": cmd.given("to"), "reason": self._reason(cmd)}
        return await self._post(cmd, "applications/{}/issuance-returns", body)

    async def _issue(self, cmd: Command) -> httpx.Response:
        return await self._post(cmd, "applications/{}/certificates", None)

    # objections

    async def _object(self, cmd: Command) -> httpx.Response:
        evidence = cmd.given("evidence", "own")
        file = self._file(cmd, foreign=evidence == "foreign")
        body: dict[str, Any] = {
            "interest_statement": "我公司是该数据的采集方" if cmd.given("interest", True) else " ",
            "grounds": ["ownership"] if cmd.given("ground", True) else [],
            "evidence_file_ids": [] if evidence == "none" else [file],
        }
        if notice := cmd.given("notice"):
            body["notice_id"] = self._id(notice)
        if certificate := cmd.given("certificate"):
            body["certificate_number"] = self._id(certificate)
        return await self._post(cmd, "objections", body)

    async def _reject_objection(self, cmd: Command) -> httpx.Response:
        return await self._post(cmd, "objections/{}/rejections", {"reason": self._reason(cmd)})

    async def _forward(self, cmd: Command) -> httpx.Response:
        receipt = cmd.given("receipt")
        return await self._post(
            cmd, "objections/{}/forwardings", {"receipt": " " if receipt == "" else receipt}
        )

    async def _read_forwarded(self, cmd: Command) -> httpx.Response:
        told = await self._owner.fetchval(
            "SELECT forward_notification_id FROM catalog.objections WHERE id = $1",
            self._id(cmd.about),
        )
        who = await self._by(cmd.who)
        return await who.post(f"/api/v1/my/notifications/{told or UNKNOWN}/openings")

    async def _respond(self, cmd: Command) -> httpx.Response:
        files = [self._file(cmd)] if cmd.given("evidence", True) else []
        body = {"statement": "数据由我公司采集", "evidence_file_ids": files}
        return await self._post(cmd, "objections/{}/responses", body)

    async def _determine(self, cmd: Command) -> httpx.Response:
        body: dict[str, Any] = {
            "outcome": cmd.given("outcome"),
            "reasons": self._reason(cmd, "reasons"),
        }
        if items := cmd.given("must_change"):
            body["must_change"] = _items(items)
        return await self._post(cmd, "objections/{}/determinations", body)

    async def _answer_outcome(self, cmd: Command) -> httpx.Response:
        body = {"accepts": cmd.given("accepts")}
        return await self._post(cmd, "objections/{}/acceptances", body)

    async def _withdraw_objection(self, cmd: Command) -> httpx.Response:
        return await self._post(cmd, "objections/{}/withdrawals", {"reason": "已协商"})

    async def _go_to_court(self, cmd: Command) -> httpx.Response:
        body = {
            "court": "海口市中级人民法院",
            "case_number": "（2026）琼01民初1号" if cmd.given("case_number", True) else " ",
            "evidence_file_ids": [self._file(cmd)] if cmd.given("evidence", True) else [],
        }
        return await self._post(cmd, "objections/{}/proceedings", body)

    # certificates and instruments

    async def _because(self, cmd: Command, path: str) -> httpx.Response:
        return await self._post(cmd, path, {"reason": self._reason(cmd)})

    async def _freeze(self, cmd: Command) -> httpx.Response:
        return await self._because(cmd, "certificates/{}/freezes")

    async def _unfreeze(self, cmd: Command) -> httpx.Response:
        return await self._because(cmd, "certificates/{}/unfreezes")

    async def _deregister(self, cmd: Command) -> httpx.Response:
        return await self._because(cmd, "certificates/{}/deregistrations")

    async def _encumber(self, cmd: Command) -> httpx.Response:
        since, days = today(self._clock.now()), cmd.given("days")
        creditor = cmd.given("for")
        body = {
            "kind": "pledge",
            "beneficiary": "某银行",
            "beneficiary_party_id": None if creditor is None else self._cast.parties[creditor],
            "document_number": "质押1号",
            "file_id": self._file(cmd),
            "since_on": since.isoformat(),
            "until_on": None if days is None else (since + dt.timedelta(days=days)).isoformat(),
        }
        return await self._post(cmd, "certificates/{}/encumbrances", body)

    async def _release_burden(self, cmd: Command) -> httpx.Response:
        body = {"file_id": self._file(cmd), "reason": self._reason(cmd)}
        return await self._post(cmd, "encumbrances/{}/releases", body)

    async def _lodge(self, cmd: Command) -> httpx.Response:
        holder = cmd.given("holder")
        body: dict[str, Any] = {
            "kind": "judgment",
            "issuing_body": "海口市中级人民法院",
            "document_number": cmd.given("number"),
            "issued_on": today(self._clock.now()).isoformat(),
            "effect": cmd.given("effect"),
            "new_holder_party_id": None if holder is None else self._cast.parties[holder],
            "file_id": self._file(cmd),
        }
        if certificate := cmd.given("certificate"):
            body["certificate_number"] = self._id(certificate)
        if application := cmd.given("application"):
            body["application_id"] = self._id(application)
        return await self._post(cmd, "instruments", body)

    async def _check_instrument(self, cmd: Command) -> httpx.Response:
        day = today(self._clock.now()) + dt.timedelta(days=cmd.given("days", 0))
        return await self._post(cmd, "instruments/{}/checks", {"effective_on": day.isoformat()})

    async def _verify_instrument(self, cmd: Command) -> httpx.Response:
        return await self._post(cmd, "instruments/{}/verifications", None)

    async def _reject_instrument(self, cmd: Command) -> httpx.Response:
        return await self._because(cmd, "instruments/{}/rejections")

    async def _execute(self, cmd: Command) -> httpx.Response:
        return await self._post(cmd, "instruments/{}/executions", None)

    async def _take_over(self, cmd: Command) -> httpx.Response:
        return await self._post(cmd, "instruments/{}/transfers", None)

    async def _deregister_as_holder(self, cmd: Command) -> httpx.Response:
        return await self._post(cmd, "instruments/{}/deregistrations", None)


def _items(targets: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"target": t, "problem": "不清", "required_action": "重新提交"} for t in targets]


def _findings(cmd: Command, points: tuple[str, ...]) -> dict[str, Any]:
    overall = cmd.given("overall", "pass")
    passed = (overall == "pass") != bool(cmd.given("contradicts"))
    looked_at = points[:-1] if cmd.given("without") == "finding" else points
    return {"findings": {p: {"passed": passed} for p in looked_at}, "overall": overall}


def _technical(cmd: Command, file_id: object, sha256: str) -> dict[str, Any]:
    run = {
        "name": "抽样核对",
        "environment": "隔离测试环境",
        "sample_file_id": str(file_id),
        "sample_sha256": sha256,
        "expected": "一致",
        "observed": "一致",
        "result_sha256": "cd" * 32,
    }
    tests = [] if cmd.given("without") == "test" else [run]
    return {**_findings(cmd, TECHNICAL_POINTS), "tests": tests}
