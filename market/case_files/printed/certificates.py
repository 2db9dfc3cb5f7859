"""Print the certificates and what became of them (凭证、发证后事项)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from market.case_files.model import CaseFile, CertificateNamed, Later
from market.case_files.printed.markup import digest, facts, headed, lines, table, when
from market.case_files.words import why, word


def certificates(case: CaseFile) -> Iterable[str]:
    """Return the chapter of the certificates (凭证)."""
    for each in case.certificates:
        yield "".join(_certificate(each))
    if not case.certificates:
        yield "<p>无。</p>"


def _certificate(told: CertificateNamed) -> Iterable[str]:
    owners = told.content.get("owners") or ()
    yield f"<h3>{told.number}：{word(told.state)}</h3>"
    yield facts(
        ("数据产品", told.content.get("product_name")),
        ("权利主体", lines(*(f"{each['name']}（份额 {each['share']}）" for each in owners))),
        ("权利", "、".join(word(right) for right in told.content.get("rights") or ())),
        ("换发", told.superseded_by or told.supersedes),
        ("摘要（SHA-256）", digest(told.sha256)),
    )
    yield table(
        ("时间", "状态", "事由"),
        ((when(each["at"]), word(each["state"]), why(each["reason"])) for each in told.history),
    )


def later(told: Later) -> Iterable[str]:
    """Return the chapter on what became of the certificates (发证后事项)."""
    chapters = (_changes, _transfers, _reissues, _requests, _burdens, _instruments)
    parts = "".join(chapter(told) for chapter in chapters)
    yield parts or "<p>无。</p>"


def _changes(told: Later) -> str:
    changes = [each["change"] for each in told.changes]
    papers = [
        (each["change"]["change_number"], paper)
        for each in told.changes
        for paper in each["papers"]
        if paper["sha256"] is not None
    ]
    return headed(
        "变更、更正",
        ("事项", "凭证", "状态", "换发"),
        [
            (
                f"{'更正' if each['kind'] == 'correction' else '变更'} {each['change_number']}",
                each["certificate_number"],
                word(each["state"]),
                each["new_certificate_number"],
            )
            for each in changes
        ],
    ) + headed(
        "变更、更正的文书",
        ("申请", "文书", "时间", "摘要（SHA-256）"),
        [
            (number, word(paper["kind"]), when(paper["written_at"]), digest(paper["sha256"]))
            for number, paper in papers
        ],
    )


def _transfers(told: Later) -> str:
    return headed(
        "协议转让",
        ("凭证", "协议摘要（SHA-256）", "状态", "授权文号", "换发"),
        [
            (
                each["certificate_number"],
                digest(each["agreement_sha256"]),
                _how_far(each),
                each["authorisation_number"],
                each["new_certificate_number"],
            )
            for each in told.transfers
        ],
    )


def _how_far(transfer: dict[str, Any]) -> str:
    steps = (
        ("issued_at", "已转移，换发凭证"),
        ("ended_at", "已撤回"),
        ("authorised_at", "已授权发证"),
        ("accepted_at", "双方已签署"),
    )
    return next((said for step, said in steps if transfer[step] is not None), "待受让方签署")


def _requests(told: Later) -> str:
    return headed(
        "续期、注销的申请",
        ("事项", "凭证", "提出", "状态", "理由", "换发"),
        [
            (
                f"{word(each['kind'])}{'（依规办理）' if each['by_law'] else ''}",
                each["certificate_number"],
                when(each["filed_at"]),
                word(each["state"]),
                lines(each["reason"], each["decision_reason"]),
                each["new_certificate_number"],
            )
            for each in told.requests
        ],
    )


def _reissues(told: Later) -> str:
    return headed(
        "重新发放",
        ("凭证", "依据", "更正内容摘要（SHA-256）", "换发"),
        [
            (
                each["certificate_number"],
                f"{word(each['ground'])} {each['ground_id']}",
                digest(each["corrected_sha256"]),
                each["new_certificate_number"],
            )
            for each in told.reissues
        ],
    )


def _burdens(told: Later) -> str:
    return headed(
        "权利负担",
        ("种类", "权利人", "文件及其摘要（SHA-256）", "期间", "解除"),
        [
            (
                word(each["kind"]),
                each["beneficiary"],
                lines(each["document_number"], digest(each["file_sha256"])),
                f"{each['since_on']} 至 {each['until_on'] or '解除'}",
                when(each["released_at"]),
            )
            for each in told.encumbrances
        ],
    )


def _instruments(told: Later) -> str:
    return headed(
        "法律文书",
        ("法律文书", "文号", "状态", "执行"),
        [
            (
                f"{each['issuing_body']} {word(each['kind'])}",
                each["document_number"],
                word(each["state"]),
                word(each["applied_as"] or "—"),
            )
            for each in told.instruments
        ],
    )
