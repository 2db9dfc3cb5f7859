"""Say which materials an application needs and which are missing (申请材料, HN-08).

The whole list is given at once, with the reason for each, so that an applicant never learns of an
item only after handing in another.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

import msgspec

from catalog.kernel.errors import Invalid
from catalog.rulebooks.hainan_2023 import HAINAN_2023


class MaterialKind(enum.StrEnum):
    """The kinds of material (材料种类): the eight of HN-08 and three that other articles need."""

    APPLICANT_QUALIFICATION = "applicant_qualification"  # (一) 申请对象主体资格证明材料
    APPLICATION_FORM = "application_form"  # (二) 确权登记申请表
    PRODUCT_DESCRIPTION = "product_description"  # (三) 数据产品介绍说明书
    SOURCE_PROOF = "source_proof"  # (四) 数据来源证明材料
    AUTHORISATION_CHANNEL_PROOF = "authorisation_channel_proof"  # (五) 数据授权通道证明材料
    SECURITY_COMPLIANCE_STATEMENT = "security_compliance_statement"  # (六) 安全合规体系说明材料
    JOINT_OWNERSHIP_SHARES = "joint_ownership_shares"  # (七) 联合拥有的权益比例证明材料
    AGENCY_REQUIRED_OTHER = "agency_required_other"  # (八) 合规性审核所需要的其他必要材料
    PRIOR_REGISTRATION_PROOF = "prior_registration_proof"  # HN-07
    AUTHORISATION_LETTER = "authorisation_letter"  # 委托书, HN-06
    TRUTH_STATEMENT = "truth_statement"  # 真实性承诺, HN-25


class MaterialMissing(Invalid):
    """Materials are missing; ``kinds`` is the complete list."""

    code = "material_missing"


class MaterialNotWaivable(Invalid):
    """This material can not be declared not applicable."""

    code = "material_not_waivable"


class NotApplicableReasonMissing(Invalid):
    """Whoever says that a material does not apply says why."""

    code = "not_applicable_reason_missing"


class Situation(msgspec.Struct, frozen=True):
    """What decides which materials are needed."""

    owner_count: int = 1
    every_source_is_own: bool = False
    is_first_registration: bool = True
    files_through_agent: bool = False
    agency_asked_for_more: bool = False
    always: tuple[str, ...] = HAINAN_2023.materials  # what the rulebook asks of every application
    source: str = HAINAN_2023.materials_source


class Requirement(msgspec.Struct, frozen=True):
    """One material that is needed, the rule that needs it, and whether it may be waived."""

    kind: MaterialKind
    rule: str
    waivable: bool = False


def requirements(situation: Situation) -> tuple[Requirement, ...]:
    """Return everything that is needed in ``situation``, in the order of HN-08."""
    found = [
        Requirement(
            kind,
            situation.source,
            waivable=kind is MaterialKind.AUTHORISATION_CHANNEL_PROOF
            and situation.every_source_is_own,
        )
        for kind in map(MaterialKind, situation.always)
    ]
    if situation.owner_count > 1:
        found.append(Requirement(MaterialKind.JOINT_OWNERSHIP_SHARES, "HN-08"))
    if situation.agency_asked_for_more:
        found.append(Requirement(MaterialKind.AGENCY_REQUIRED_OTHER, "HN-08"))
    if not situation.is_first_registration:
        found.append(Requirement(MaterialKind.PRIOR_REGISTRATION_PROOF, "HN-07"))
    if situation.files_through_agent:
        found.append(Requirement(MaterialKind.AUTHORISATION_LETTER, "HN-06"))
    found.append(Requirement(MaterialKind.TRUTH_STATEMENT, "HN-25"))
    return tuple(found)


def missing(
    needed: Sequence[Requirement], handed_in: Mapping[MaterialKind, str | None]
) -> tuple[MaterialKind, ...]:
    """Return the kinds that are not there; ``handed_in`` has the reason of each that was waived."""
    return tuple(
        requirement.kind
        for requirement in needed
        if requirement.kind not in handed_in
        or (handed_in[requirement.kind] is not None and not requirement.waivable)
    )


def check(needed: Sequence[Requirement], handed_in: Mapping[MaterialKind, str | None]) -> None:
    """Return if everything needed is there.

    :raises MaterialMissing: if not; it names all that is missing, and the rules.
    """
    kinds = missing(needed, handed_in)
    if kinds:
        rules = sorted({r.rule for r in needed if r.kind in kinds})
        raise MaterialMissing(kinds=[kind.value for kind in kinds], rules=rules)


def check_waiver(kind: MaterialKind, reason: str, situation: Situation) -> None:
    """Return if ``kind`` may be declared not applicable with this reason.

    :raises NotApplicableReasonMissing: if no reason is given.
    :raises MaterialNotWaivable: if the material is needed as things stand.
    """
    if not reason.strip():
        raise NotApplicableReasonMissing(kind=kind.value)
    for requirement in requirements(situation):
        if requirement.kind is kind and not requirement.waivable:
            raise MaterialNotWaivable(kind=kind.value, rule=requirement.rule)
