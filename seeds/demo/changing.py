"""Act five: what a certificate says is changed, and a new one takes its place (HN-18)."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from catalog.registration.findings import COMPLIANCE_POINTS, TECHNICAL_POINTS
from catalog.signing.canonical import canonical
from catalog.signing.purposes import Purpose
from seeds.demo import people
from seeds.demo.catalogue import DemoProduct
from seeds.demo.registering import PASSED, Parties, agency_of
from seeds.demo.teller import Teller

_MATERIALS: Final = (
    ("change_application_form", "变更登记申请书.txt", "申请将产品名称变更为新名称。"),
    ("change_proof", "变更证明.txt", "产品更名的内部决定（示例）。"),
)


async def change_name(t: Teller, who: Parties, product: DemoProduct, number: str) -> str:
    """Have the product's name changed in its certificate, and return the new one's number."""
    path = await _apply(t, product, number)
    await _review(t, who, product.key, path)
    await _authorise(t, who, product, path, number)
    issued = await t.do(
        people.ISSUER, f"{product.key}/change/issue", "POST", f"{path}/certificates"
    )
    t.say(
        "变更登记，新凭证取代旧凭证 · changed: a new version takes the certificate's place (HN-18)",
        f"{number} ⇒ {issued['number']}",
    )
    return str(issued["number"])


def new_name(product: DemoProduct) -> str:
    """Return how the product is called from then on."""
    return f"{product.name}（日度）"


async def _apply(t: Teller, product: DemoProduct, number: str) -> str:
    step, member = f"{product.key}/change", people.SUPPLIER_MEMBER
    made = await t.do(
        member, f"{step}/draft", "POST", f"/api/v1/certificates/{number}/changes",
        {
            "kind": "change",
            "wanted": {"name": new_name(product)},
            "reason": "更新周期固定为每日，名称随之明确",
            "occurred_on": t.today.isoformat(),
        },
    )  # fmt: skip
    path = f"/api/v1/changes/{made['id']}"
    for kind, name, text in _MATERIALS:
        content = f"{product.name}\n{text}\n".encode()
        file = await t.upload(member, f"{step}/file/{kind}", name, content, "text/plain")
        await t.do(
            member, f"{step}/material/{kind}", "PUT", f"{path}/materials/{kind}",
            {"file_id": file["id"]},
        )  # fmt: skip
    await t.do(member, f"{step}/submit", "POST", f"{path}/submissions", {"truth_confirmed": True})
    return path


async def _review(t: Teller, who: Parties, key: str, path: str) -> None:
    step = f"{key}/change"
    await t.do(
        people.ACCEPTOR, f"{step}/accept", "POST", f"{path}/acceptance-opinions",
        {"result": "accepted", "reasons": ["材料齐全，符合法定形式"]},
    )  # fmt: skip
    await _tell(t, f"{step}/notify", path)
    started = await t.do(
        people.ACCEPTOR, f"{step}/review", "POST", f"{path}/reviews",
        {"technical_reviewer_account_id": who.account[people.TECHNICAL_REVIEWER]},
    )  # fmt: skip
    agency, reviewer = agency_of(who, started)
    file = await t.look(people.SUPPLIER_MEMBER, path)  # who may read it after the case as well
    await t.do(
        people.TECHNICAL_REVIEWER, f"{step}/technical", "POST", f"{path}/technical-opinions",
        {
            "findings": dict.fromkeys(TECHNICAL_POINTS, PASSED),
            "tests": [_test_on(file["materials"][-1])],
            "overall": "pass",
        },
    )  # fmt: skip
    await t.do(
        reviewer, f"{step}/neutral", "POST", f"{path}/conflict-declarations",
        {"has_conflict": False, "statement": "与登记主体及运营者均无关联关系"},
    )  # fmt: skip
    document = canonical(
        {
            "application_id": file["change"]["id"],
            "dossier_sha256": file["change"]["dossier_sha256"],
            "agency_party_id": who.party[agency.key],
            "reviewers": ["合规审查员 吴敏"],
            "no_conflict_of_interest": True,
            "findings": dict.fromkeys(COMPLIANCE_POINTS, PASSED),
            "overall": "pass",
        }
    )
    key_id = await t.register_key(reviewer, agency.key, who.party[agency.key], Purpose.OPINION)
    await t.do(
        reviewer, f"{step}/compliance", "POST", f"{path}/compliance-opinions",
        {
            "opinion": json.loads(document),
            "signature": {
                "key_id": key_id,
                "value": t.sign(agency.key, Purpose.OPINION, document),
            },
        },
    )  # fmt: skip
    await t.do(
        people.ADJUDICATOR, f"{step}/decide", "POST", f"{path}/review-decisions",
        {"result": "pass", "reasons": "两级审查均通过"},
    )  # fmt: skip
    await _tell(t, f"{step}/notify-review", path)


async def _tell(t: Teller, step: str, path: str) -> None:
    await t.do(
        people.ACCEPTOR, step, "POST", f"{path}/decision-notifications",
        {"channel": "in_app", "receipt": f"站内信-{step}"},
    )  # fmt: skip


async def _authorise(t: Teller, who: Parties, product: DemoProduct, path: str, number: str) -> None:
    change = (await t.look(people.REGULATOR, path))["change"]
    document = canonical(
        {
            "change_id": change["id"],
            "certificate_number": number,
            "dossier_sha256": change["dossier_sha256"],
            "authority": people.AUTHORITY.name,
            "authorisation_number": f"示例数授〔2026〕变更{product.serial:03d}号",
            "decided_on": t.today.isoformat(),
        }
    )
    key_id = await t.register_key(
        people.REGULATOR, "authority", who.party["authority"], Purpose.AUTHORISATION
    )
    await t.do(
        people.REGULATOR, f"{product.key}/change/authorise", "POST",
        f"{path}/issuance-authorisations",
        {
            "authorisation": json.loads(document),
            "signature": {
                "key_id": key_id,
                "value": t.sign("authority", Purpose.AUTHORISATION, document),
            },
        },
    )  # fmt: skip


def _test_on(material: dict[str, Any]) -> dict[str, str]:
    return {
        "name": "新名称与证明材料核对",
        "sample_file_id": material["file_id"],
        "sample_sha256": material["sha256"],
        "expected": "一致",
        "observed": "一致",
        "result_sha256": hashlib.sha256("一致".encode()).hexdigest(),
        "environment": "审查专用环境",
    }
