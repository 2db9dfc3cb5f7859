"""Write the letter of refusal (不予办理登记决定书): grounds, facts, and what may be done about it (HN-15).

The letter is one canonical document. Its digest stands in the entry of the decision, so that what the
applicant holds can be shown to be what was decided.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.kernel.local_time import SHANGHAI
from catalog.registration.grounds import Ground, RefusalGround
from catalog.registration.model import Application, ReviewDecision, ReviewResult
from catalog.rulebooks.rulebook import Rulebook

FORMAT: Final = "shushi/refusal-letter/1"

GROUNDS: Final = {
    Ground.NO_COMPLIANCE_OPINION: "未获得第三方确权登记服务机构出具的合规性评估意见书",
    Ground.NATIONAL_CORE_DATA: "属于国家核心数据",
    Ground.UNLAWFUL_ACQUISITION: "数据获取方式违反法律、行政法规规定",
    Ground.SOURCE_AUTHORISATION_MISSING: "应获得数据来源方授权而未获得授权",
    Ground.UNRESOLVED_OWNERSHIP_DISPUTE: "存在尚未解决的权属争议",
    Ground.OTHER_STATUTORY: "法律、法规规定的其他情形",
    Ground.HARMS_SECURITY_OR_INTEREST: "危害国家安全、公共利益或者他人合法权益",
    Ground.CONCEALMENT_OR_FALSE_PROOF: "隐瞒有关情况或者提供虚假证明",
    Ground.FORMAL_DEFECT: "形式审核未通过",
}
#: What is open to the applicant, whatever the ground.
REMEDIES: Final = (
    "情形消除后可以重新提出申请",
    "对本决定有异议的，可以向主管部门反映",
    "可以依法申请仲裁或者提起诉讼",
)


class GroundTold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One ground as the letter tells it."""

    ground: str
    title: str
    facts: str
    evidence: str = ""


class RefusalLetter(msgspec.Struct, frozen=True, kw_only=True):
    """The letter (不予办理登记决定书, 审查未通过告知书)."""

    format: str
    title: str
    application_number: str
    application_id: str
    dossier_sha256: str
    decided_on: str
    ruleset: str
    result: str
    grounds: tuple[GroundTold, ...]
    reasons: str
    remedies: tuple[str, ...]


def write(application: Application, decision: ReviewDecision, rulebook: Rulebook) -> RefusalLetter:
    """Return the letter about a decision that went against the applicant."""
    assert application.application_number is not None, "a decided application has a number"
    assert application.dossier_sha256 is not None, "a decided application has a dossier"
    refused = decision.result is ReviewResult.REFUSE
    return RefusalLetter(
        format=FORMAT,
        title="不予办理登记决定书" if refused else "技术审查未通过告知书",
        application_number=application.application_number,
        application_id=str(application.id),
        dossier_sha256=application.dossier_sha256,
        decided_on=_local_day(decision.decided_at),
        ruleset=rulebook.code,
        result=decision.result.value,
        grounds=tuple(_told(ground) for ground in decision.grounds),
        reasons=decision.reasons,
        remedies=REMEDIES,
    )


def _told(ground: RefusalGround) -> GroundTold:
    evidence = "；".join(
        value
        for value in (
            ground.category,
            ground.law,
            ground.source_id,
            ground.case_reference,
            ground.legal_citation,
        )
        if value
    )
    return GroundTold(
        ground=ground.ground.value,
        title=GROUNDS[ground.ground],
        facts=ground.facts,
        evidence=evidence,
    )


def _local_day(at: dt.datetime) -> str:
    return at.astimezone(SHANGHAI).date().isoformat()
