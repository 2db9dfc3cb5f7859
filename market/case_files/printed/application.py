"""Print who applied for what, with which materials, and what was decided (申请、材料、审查决定)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from market.case_files.model import CaseFile
from market.case_files.printed.markup import digest, facts, headed, lines, table, when
from market.case_files.words import word


def application(case: CaseFile, product_name: str) -> Iterable[str]:
    """Return the chapter of the application (申请)."""
    told = case.application
    yield facts(
        ("适用规则", lines(case.rulebook["title"], case.rulebook["code"])),
        ("主管部门", case.rulebook["authority"]),
        ("办理状态", word(told["state"])),
        ("数据产品", lines(product_name, told["product_id"])),
        ("权利主体", lines(*(_owner(each) for each in told["form"]["owners"]))),
        ("申请人编号", told["applicant_party_id"]),
        ("代理机构编号", told["agent_party_id"]),
        ("提交时间", when(told["submitted_at"])),
        ("受理时间", when(told["accepted_at"])),
        ("未结异议", told["open_objections"]),
    )
    yield headed(
        "历次提交",
        ("次", "提交时间", "提交内容的摘要（SHA-256）", "登记内容冲突检索"),
        [
            (
                each["submission_no"],
                when(each["submitted_at"]),
                digest(each["dossier_sha256"]),
                "、".join(c["application_number"] for c in each["conflicts"]) or "未发现",
            )
            for each in case.submissions
        ],
    )


def _owner(owner: Mapping[str, Any]) -> str:
    share = f"{owner['share_numerator']}/{owner['share_denominator']}"
    return f"{owner['name']}（{word(owner['kind'])}，份额 {share}）"


def materials(case: CaseFile) -> Iterable[str]:
    """Return the chapter of the materials (材料), the consents and what was asked for later."""
    yield table(
        ("种类", "版本", "提交时间", "摘要（SHA-256）或不适用理由"),
        (
            (
                word(each["kind"]),
                each["version"],
                when(each["handed_in_at"]),
                digest(each["sha256"]) or each["not_applicable_reason"],
            )
            for each in case.materials
        ),
    )
    yield headed(
        "共同所有者同意",
        ("所有者编号", "方式", "所同意内容的摘要（SHA-256）", "同意时间", "撤回时间"),
        [
            (
                each["owner_party_id"],
                word(each["basis"]),
                digest(each["content_sha256"]),
                when(each["given_at"]),
                when(each["withdrawn_at"]),
            )
            for each in case.consents
        ],
    )
    yield headed(
        "审查中要求补充的材料",
        ("要求时间", "事项", "理由", "补充时间"),
        [
            (
                when(each["asked_at"]),
                "、".join(each["items"]),
                each["reason"],
                when(each["answered_at"]),
            )
            for each in case.material_requests
        ],
    )


def decisions(case: CaseFile) -> Iterable[str]:
    """Return the chapter of the decisions (受理意见与审查决定), and how they were told."""
    yield table(
        ("事项", "结果", "理由", "时间"),
        (
            *(
                ("受理意见", word(each["result"]), _accepting(each), when(each["decided_at"]))
                for each in case.acceptance_opinions
            ),
            *(
                ("审查决定", word(each["result"]), _reasons(each), when(each["decided_at"]))
                for each in case.review_decisions
            ),
        ),
    )
    yield headed(
        "告知",
        ("渠道", "回执", "送达时间"),
        [
            (each["channel"], each["receipt"], when(each["delivered_at"]))
            for each in case.notifications
        ],
    )


def _accepting(opinion: Mapping[str, Any]) -> str:
    items = (f"{each['target']}：{each['problem']}" for each in opinion["items"])
    return lines("；".join(opinion["reasons"]), *items)


def _reasons(decision: Mapping[str, Any]) -> str:
    grounds = "；".join(f"{g['ground']}：{g['facts']}" for g in decision["grounds"])
    return "；".join(part for part in (grounds, decision["reasons"]) if part)
