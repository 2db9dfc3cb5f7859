"""Print the public notices and the objections (公示、异议)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from market.case_files.model import CaseFile
from market.case_files.printed.markup import digest, facts, headed, lines, table, text, when
from market.case_files.words import word


def notices(case: CaseFile) -> Iterable[str]:
    """Return the chapter of the notices (公示): what was shown, where, from when, what came of it."""
    if case.notice_waiver is not None:
        yield facts(
            ("免予公示", case.notice_waiver["reason"]),
            ("决定时间", when(case.notice_waiver["waived_at"])),
        )
    yield table(
        ("公示期", "内容", "结果"),
        (
            (
                f"{each['starts_on'] or '—'} 至 {each['ends_on'] or '—'}",
                _shown(each["public_fields"]),
                word(each["result"] or each["state"]),
            )
            for each in case.notices
        ),
    )
    yield headed(
        "发布",
        ("渠道", "发布时间", "网址与回执摘要（SHA-256）"),
        [
            (
                word(posting["channel"]),
                when(posting["published_at"]),
                lines(posting["url"], digest(posting["receipt_sha256"])),
            )
            for each in case.notices
            for posting in each["postings"]
        ],
    )


def _shown(fields: Mapping[str, Any]) -> str:
    scenarios = "、".join(each["description"] for each in fields.get("scenarios") or ())
    return lines(fields.get("product_name"), "、".join(fields.get("owner_names") or ()), scenarios)


def objections(case: CaseFile) -> Iterable[str]:
    """Return the chapter of the objections (异议): who said what, what was found, how it ended."""
    for no, each in enumerate(case.objections, 1):
        yield "".join(_objection(no, each))
    if not case.objections:
        yield "<p>无。</p>"


def _objection(no: int, told: Mapping[str, Any]) -> Iterable[str]:
    answer = told["response"] or {}
    said = told["determination"] or {}
    court = told["proceedings"] or {}
    lacked = told.get("completion") or {}
    admitted = told.get("admission") or {}
    grounds = "、".join(word(ground) for ground in told["grounds"])
    yield f"<h3>异议 {no}：{text(grounds)}，{text(word(told['state']))}</h3>"
    rows = [
        ("收到", when(told["received_at"]), lines(told["interest_statement"], told["statement"])),
        ("要求补齐", when(lacked.get("asked_at")), "、".join(lacked.get("missing") or ())),
        ("补齐材料", when(lacked.get("completed_at")), None),
        ("转送", when(told["forwarded_at"]), told["receipt"]),
        ("反馈", when(answer.get("responded_at")), answer.get("statement")),
        ("认可异议", when(admitted.get("admitted_at")), admitted.get("statement")),
        (
            "处理意见",
            when(said.get("determined_at")),
            lines(word(said.get("outcome") or ""), said.get("reasons")),
        ),
        (
            "诉讼或仲裁",
            when(court.get("started_at")),
            lines(court.get("court"), court.get("case_number")),
        ),
        ("办结", when(told["closed_at"]), word(told["closing"] or "")),
    ]
    yield table(("环节", "时间", "内容"), [row for row in rows if row[1] is not None])
    yield headed(
        "证据",
        ("文件", "提交方", "摘要（SHA-256）"),
        [
            (file["file_name"], side, digest(file["sha256"]))
            for side, of in (("异议人", told), ("权利主体", answer), ("诉讼或仲裁", court))
            for file in of.get("evidence") or ()
        ],
    )
