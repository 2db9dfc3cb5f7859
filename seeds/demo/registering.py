"""Act two: a product becomes a certificate, by every step of the law (HN-06 … HN-17)."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

import msgspec

from catalog.registration.findings import COMPLIANCE_POINTS, TECHNICAL_POINTS
from catalog.signing.canonical import canonical
from catalog.signing.purposes import Purpose
from seeds.demo import people
from seeds.demo.catalogue import DemoProduct, Lowering
from seeds.demo.teller import Teller

_MATERIALS = (
    ("applicant_qualification", "主体资格证明.txt", "营业执照登记信息摘要（示例）。"),
    ("application_form", "确权登记申请表.txt", "申请登记的数据产品、所有者、来源与使用场景见系统填报内容。"),
    ("product_description", "数据产品介绍说明书.txt", "产品内容、结构、样例、更新与使用限制说明。"),
    ("source_proof", "数据来源证明.txt", "逐项列明数据来源、取得方式与法律依据。"),
    ("authorisation_channel_proof", "数据授权通道证明.txt", "数据授权协议编号与技术通道说明。"),
    ("security_compliance_statement", "安全合规体系说明.txt", "组织、责任人、制度、措施与分类分级情况。"),
    ("truth_statement", "真实性承诺.txt", "承诺所提交材料真实、完整、合法，并承担相应责任。"),
)  # fmt: skip

PASSED: Final = {"passed": True, "remarks": "已核对"}


class Parties(msgspec.Struct, frozen=True):
    """The parties and accounts of the story, by the name of their keys."""

    party: dict[str, str]
    account: dict[str, str]


async def describe(t: Teller, product: DemoProduct) -> str:
    """Describe a product, attach its content, and return its id."""
    key = product.key
    made = await t.do(
        people.SUPPLIER_MEMBER, f"{key}/describe", "POST", "/api/v1/products", product.description
    )
    file = await t.upload(
        people.SUPPLIER_MEMBER,
        f"{key}/content",
        product.file_name,
        product.content,
        product.media_type,
    )
    await t.do(
        people.SUPPLIER_MEMBER,
        f"{key}/attach",
        "POST",
        f"/api/v1/products/{made['id']}/contents",
        {"file_id": file["id"]},
    )
    t.say(f"供方登记产品并上传内容 · described and uploaded: {product.name}", file["sha256"][:12])
    if product.lowering is not None:
        await _lower(t, product, product.lowering, str(made["id"]))
    return str(made["id"])


async def _lower(t: Teller, product: DemoProduct, lowering: Lowering, product_id: str) -> None:
    key = product.key
    file = await t.upload(
        people.SUPPLIER_MEMBER,
        f"{key}/lowering/evidence",
        "去标识化评估报告.txt",
        lowering.evidence.encode(),
        "text/plain",
    )
    proposed = await t.do(
        people.SUPPLIER_MEMBER, f"{key}/lowering", "POST",
        f"/api/v1/products/{product_id}/reclassifications",
        {
            "scheme": lowering.scheme, "level": lowering.level, "category": lowering.category,
            "reason": lowering.reason, "evidence_file_id": file["id"],
        },
    )  # fmt: skip
    await t.do(
        people.TECHNICAL_REVIEWER, f"{key}/lowering/decide", "POST",
        f"/api/v1/reclassifications/{proposed['id']}/decisions",
        {"is_confirmed": True, "remark": "证据与说明相符"},
    )  # fmt: skip
    t.say("两人重新定级 · the level is lowered by two people (RULES §8.1)", lowering.level)


async def apply_for(
    t: Teller, who: Parties, product: DemoProduct, product_id: str, *, joint: bool
) -> str:
    """Draft an application with all its materials, hand it in, and return its id."""
    key, member = product.key, people.SUPPLIER_MEMBER
    form: dict[str, Any] = {
        "product_id": product_id,
        "is_first_registration": True,
        "contact_name": "李航",
        "contact_phone": "0990-5550100",
        "contact_email": "data@haigang.example",
    }
    if joint:
        form["owners"] = [
            {"party_id": who.party["supplier"], "share_numerator": 2, "share_denominator": 3},
            {"party_id": who.party["co-owner"], "share_numerator": 1, "share_denominator": 3},
        ]
    application = await t.do(member, f"{key}/draft", "POST", "/api/v1/applications", form)
    path = f"/api/v1/applications/{application['id']}"
    await t.refused(
        member, f"{key}/too-early", f"{path}/submissions", {"truth_confirmed": True},
        "material_missing",
    )  # fmt: skip
    materials = list(_MATERIALS)
    if joint:
        materials.append(
            ("joint_ownership_shares", "权益比例证明.txt", "三分之二与三分之一，双方签章。")
        )
    for kind, name, text in materials:
        content = f"{product.name}\n{name}\n\n{text}\n".encode()
        file = await t.upload(member, f"{key}/file/{kind}", name, content, "text/plain")
        await t.do(
            member, f"{key}/material/{kind}", "PUT", f"{path}/materials/{kind}",
            {"file_id": file["id"]},
        )  # fmt: skip
    if joint:
        await _consent(t, key, path)
    handed_in = await t.do(
        member, f"{key}/submit", "POST", f"{path}/submissions", {"truth_confirmed": True}
    )
    t.say("提交确权登记申请 · applied for registration (HN-08)", handed_in["application_number"])
    return str(application["id"])


async def _consent(t: Teller, key: str, path: str) -> None:
    standing = await t.look(people.CO_OWNER_MEMBER, f"{path}/dossier")
    await t.do(
        people.CO_OWNER_MEMBER, f"{key}/consent", "POST", f"{path}/consents",
        {"content_sha256": standing["content_sha256"]},
    )  # fmt: skip
    t.say(
        "共同所有者逐字同意申请内容 · the joint owner consents to exactly this content (HN-08)",
        standing["content_sha256"][:12],
    )


async def accept(t: Teller, product: DemoProduct, application_id: str) -> None:
    """Accept the application within three working days and tell the applicant (HN-09, HN-10)."""
    path = f"/api/v1/applications/{application_id}"
    await t.do(
        people.ACCEPTOR, f"{product.key}/accept", "POST", f"{path}/acceptance-opinions",
        {"result": "accepted", "reasons": ["材料齐全，符合法定形式"]},
    )  # fmt: skip
    await t.do(
        people.ACCEPTOR, f"{product.key}/notify", "POST", f"{path}/decision-notifications",
        {"channel": "in_app", "receipt": f"站内信-{product.key}"},
    )  # fmt: skip
    t.say("受理并告知申请对象 · accepted, applicant told (HN-09, HN-10)", "")


async def review(t: Teller, who: Parties, product: DemoProduct, application_id: str) -> None:
    """Review it twice: by the operator's own people, and by the agency with its own key."""
    key, path = product.key, f"/api/v1/applications/{application_id}"
    started = await t.do(
        people.ACCEPTOR, f"{key}/review", "POST", f"{path}/reviews",
        {"technical_reviewer_account_id": who.account[people.TECHNICAL_REVIEWER]},
    )  # fmt: skip
    agency, reviewer = agency_of(who, started)
    t.say("合规审查机构随机分派 · the agency is drawn by chance (HN-05)", agency.name)
    # Asked for as its own people, who may read it after the case as well: the story can be told again.
    case = await t.look(people.SUPPLIER_MEMBER, path)
    product_path = f"/api/v1/products/{case['application']['product_id']}"
    content = (await t.look(people.SUPPLIER_MEMBER, product_path))["contents"][-1]
    await t.do(
        people.TECHNICAL_REVIEWER, f"{key}/technical", "POST", f"{path}/technical-opinions",
        {
            "findings": dict.fromkeys(TECHNICAL_POINTS, PASSED),
            "tests": [
                {
                    "name": "字段与取值范围检查",
                    "sample_file_id": content["file_id"],
                    "sample_sha256": content["sha256"],
                    "expected": "全部字段可解析，取值在说明书范围内",
                    "observed": "通过",
                    "result_sha256": hashlib.sha256(product.content).hexdigest(),
                    "environment": "审查专用环境",
                }
            ],
            "overall": "pass",
        },
    )  # fmt: skip
    t.say("技术审查意见书 · technical opinion (HN-13)", "pass")

    await t.do(
        reviewer, f"{key}/neutral", "POST", f"{path}/conflict-declarations",
        {"has_conflict": False, "statement": "与申请对象、所有者及运营者均无关联关系"},
    )  # fmt: skip
    file = await t.look(reviewer, path)
    opinion = {
        "application_id": application_id,
        "dossier_sha256": dossier_of(file),
        "agency_party_id": who.party[agency.key],
        "reviewers": ["合规审查员 吴敏"],
        "no_conflict_of_interest": True,
        "findings": dict.fromkeys(COMPLIANCE_POINTS, PASSED),
        "overall": "pass",
        "conditions": [],
        "remarks": "未发现权属争议与来源违法情形。",
    }  # fmt: skip
    document = canonical(opinion)
    await t.do(
        reviewer, f"{key}/compliance", "POST", f"{path}/compliance-opinions",
        {
            "opinion": json.loads(document),
            "signature": {
                "key_id": await t.register_key(
                    reviewer, agency.key, who.party[agency.key], Purpose.OPINION
                ),
                "value": t.sign(agency.key, Purpose.OPINION, document),
            },
        },
    )  # fmt: skip
    t.say(
        "合规性评估意见书，机构自有密钥签名 · compliance opinion, signed by the agency (HN-14)",
        "pass",
    )
    await t.do(
        people.ADJUDICATOR, f"{key}/decide", "POST", f"{path}/review-decisions",
        {"result": "pass", "reasons": "两级审查均通过"},
    )  # fmt: skip
    await t.do(
        people.ACCEPTOR, f"{key}/notify-review", "POST", f"{path}/decision-notifications",
        {"channel": "in_app", "receipt": f"站内信-{key}-审查"},
    )  # fmt: skip
    t.say("审查通过并告知申请对象 · passed, applicant told (HN-10, HN-12)", "")


async def publish(t: Teller, product: DemoProduct, application_id: str) -> str:
    """Publish the notice on both channels, and return its id (HN-16)."""
    key, path = product.key, f"/api/v1/applications/{application_id}"
    notice = await t.do(people.ISSUER, f"{key}/notice", "POST", f"{path}/notices")
    url = f"https://authority.example/notices/{notice['id']}"
    posted = await t.do(
        people.REGULATOR, f"{key}/channel", "POST",
        f"/api/v1/notices/{notice['id']}/channel-postings",
        {"url": url, "receipt_sha256": hashlib.sha256(url.encode()).hexdigest()},
    )  # fmt: skip
    t.say(
        "两个渠道公示，七个工作日 · public notice on two channels, seven working days (HN-16)",
        f"{posted['starts_on']} … {posted['ends_on']}",
    )
    return str(notice["id"])


async def issue(
    t: Teller, who: Parties, product: DemoProduct, application_id: str, notice_id: str
) -> str:
    """Authorise with the bureau's own key, issue the certificate, and return its number."""
    key, path = product.key, f"/api/v1/applications/{application_id}"
    file = await t.look(people.REGULATOR, path)
    document = canonical(
        {
            "application_id": application_id,
            "dossier_sha256": dossier_of(file),
            "notice_id": notice_id,
            "authority": people.AUTHORITY.name,
            "authorisation_number": f"示例数授〔2026〕{product.serial:03d}号",
            "decided_on": t.today.isoformat(),
        }
    )
    await t.do(
        people.REGULATOR, f"{key}/authorise", "POST", f"{path}/issuance-authorisations",
        {
            "authorisation": json.loads(document),
            "signature": {
                "key_id": await t.register_key(
                    people.REGULATOR, "authority", who.party["authority"], Purpose.AUTHORISATION
                ),
                "value": t.sign("authority", Purpose.AUTHORISATION, document),
            },
        },
    )  # fmt: skip
    certificate = await t.do(people.ISSUER, f"{key}/issue", "POST", f"{path}/certificates")
    number = str(certificate["number"])
    t.say(
        "主管部门授权，运营者签发凭证 · authorised by the bureau, certificate issued (HN-17)",
        number,
    )
    return number


def agency_of(who: Parties, started: dict[str, Any]) -> tuple[people.Organisation, str]:
    """Return the agency to which a review was given, and who reviews for it."""
    return next(
        (each, login)
        for each, login in people.AGENCIES
        if who.party[each.key] == started["agency_party_id"]
    )


def dossier_of(file: dict[str, Any]) -> str:
    """Return the hash of the dossier that the file shows as last handed in."""
    return str(file["submissions"][-1]["dossier_sha256"])


async def object_in_vain(t: Teller, product: DemoProduct, notice_id: str) -> None:
    """Let an interested party object to a notice, be answered, and accept the outcome (HN-20)."""
    key = product.key
    await t.refused(
        people.CO_OWNER_MEMBER, f"{key}/object-without-proof", "/api/v1/objections",
        {"notice_id": notice_id, "interest_statement": "数据来源单位", "grounds": ["ownership"]},
        "objection_evidence_missing",
    )  # fmt: skip
    proof = await t.upload(
        people.CO_OWNER_MEMBER, f"{key}/objection-proof", "合作协议.txt", "双方合作协议摘要（示例）".encode(),
        "text/plain",
    )  # fmt: skip
    objection = await t.do(
        people.CO_OWNER_MEMBER, f"{key}/object", "POST", "/api/v1/objections",
        {
            "notice_id": notice_id,
            "interest_statement": "我司为部分数据来源单位，主张共有。",
            "statement": "请核对权属约定。",
            "grounds": ["ownership"],
            "evidence_file_ids": [proof["id"]],
        },
    )  # fmt: skip
    path = f"/api/v1/objections/{objection['id']}"
    t.say("利害关系者提出异议，发证受阻 · an objection with proof blocks the issue (HN-20)", key)

    await t.wait_until("2026-01-13")
    await t.do(people.ADJUDICATOR, f"{key}/forward", "POST", f"{path}/forwardings")
    await t.wait_until("2026-01-14")
    await _open_message(t, key)
    waiting = await t.look(people.SUPPLIER_MEMBER, path)
    t.say(
        "转送送达有证，七日自读到之日起算 · forwarded; its reading is the proof, and starts the days",
        f"{waiting['response_started_on']} … {waiting['response_due_on']}",
    )
    await t.wait_until("2026-01-15")
    clause = await t.upload(
        people.SUPPLIER_MEMBER, f"{key}/response-proof", "协议条款.txt",
        "协议第六条：衍生数据产品权益（示例）".encode(), "text/plain",
    )  # fmt: skip
    await t.do(
        people.SUPPLIER_MEMBER, f"{key}/respond", "POST", f"{path}/responses",
        {
            "statement": "协议约定衍生数据产品权益归我司，附协议条款。",
            "evidence_file_ids": [clause["id"]],
        },
    )  # fmt: skip
    await t.wait_until("2026-01-16")
    await t.do(
        people.ADJUDICATOR, f"{key}/determine", "POST", f"{path}/determinations",
        {"outcome": "dismiss", "reasons": "协议条款明确，异议不成立。"},
    )  # fmt: skip
    for member in (people.CO_OWNER_MEMBER, people.SUPPLIER_MEMBER):
        await t.do(
            member, f"{key}/accept-outcome/{member}", "POST", f"{path}/acceptances",
            {"accepts": True},
        )  # fmt: skip
    t.say(
        "七日内反馈，双方认可处理意见 · answered in time, the outcome accepted by both", "dismiss"
    )


async def _open_message(t: Teller, key: str) -> None:
    """Open the message that carries the objection; with it, it is received (A40)."""
    box = await t.look(people.SUPPLIER_MEMBER, "/api/v1/my/notifications", limit=200)
    (message,) = (each for each in box["items"] if each["topic"] == "objection_forwarded")
    await t.do(
        people.SUPPLIER_MEMBER, f"{key}/open-message", "POST",
        f"/api/v1/my/notifications/{message['id']}/openings",
    )  # fmt: skip
    await t.settle()


async def too_early(t: Teller, product: DemoProduct, application_id: str) -> None:
    """See that nothing can be issued while the notice runs, even in its last minute."""
    await t.refused(
        people.ISSUER, f"{product.key}/too-early-issue",
        f"/api/v1/applications/{application_id}/certificates", {}, "notice_period_running",
    )  # fmt: skip
    t.say("公示期最后一分钟，发证被拒 · in the last minute of the notice the issue is refused", "")
