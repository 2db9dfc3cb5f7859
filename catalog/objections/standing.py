"""Say who may object and with what (异议资格): an interest that is stated, and evidence (HN-20)."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import PartyId


class Ground(enum.StrEnum):
    """Why somebody objects (异议理由, E15)."""

    INFRINGEMENT = "infringement"  # 侵权
    OWNERSHIP = "ownership"  # 权属
    PERSONAL_INFORMATION = "personal_information"  # 个人信息
    TRADE_SECRET = "trade_secret"  # 商业秘密  # noqa: S105
    FALSE_MATERIAL = "false_material"  # 虚假材料
    OTHER = "other"  # 等问题


class ObjectionEvidenceMissing(Invalid):
    """An objection comes with proof (证明材料)."""

    code = "objection_evidence_missing"


class InterestStatementMissing(Invalid):
    """An interested party (利害关系者) says what its interest is."""

    code = "objection_interest_missing"


class ObjectionGroundMissing(Invalid):
    """An objection says on what ground it is made."""

    code = "objection_ground_missing"


class ObjectsToItself(Refused):
    """A registrant does not object to its own registration; it withdraws or deregisters."""

    code = "not_interested_party"


class CaseNumberMissing(Invalid):
    """Whoever went to court names the court and its case number (案号)."""

    code = "objection_case_number_missing"


class ResponseEmpty(Invalid):
    """A response (反馈说明) says something and brings its evidence (佐证材料)."""

    code = "objection_response_empty"


def check(
    *,
    objector: PartyId,
    registrant: PartyId,
    interest_statement: str,
    grounds: Sequence[Ground],
    evidence: Sequence[Any],
) -> None:
    """Return if the objection may be received. Whether the interest is real is judged later.

    :raises ObjectsToItself: if registrant and objector are one.
    :raises InterestStatementMissing: if no interest is stated.
    :raises ObjectionGroundMissing: if no ground is named.
    :raises ObjectionEvidenceMissing: if there is no evidence.
    """
    if objector == registrant:
        raise ObjectsToItself
    if not interest_statement.strip():
        raise InterestStatementMissing
    if not grounds:
        raise ObjectionGroundMissing
    if not evidence:
        raise ObjectionEvidenceMissing


def check_response(statement: str, evidence: Sequence[Any]) -> None:
    """Return if a response has its statement and its evidence (HN-20(c)).

    :raises ResponseEmpty: if one of them is missing.
    """
    if not statement.strip() or not evidence:
        raise ResponseEmpty


def check_proceedings(court: str, case_number: str, evidence: Sequence[Any]) -> None:
    """Return if the court, the case number and the proof that it took the case are there.

    :raises CaseNumberMissing: if court or case number is not named.
    :raises ObjectionEvidenceMissing: if nothing proves it.
    """
    if not court.strip() or not case_number.strip():
        raise CaseNumberMissing
    if not evidence:
        raise ObjectionEvidenceMissing
