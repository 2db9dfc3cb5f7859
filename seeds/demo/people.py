"""Name the people and organisations of the story. All of them are made up."""

from __future__ import annotations

from typing import Final

import msgspec

from catalog.kernel.ids import uscc_check_character


class Organisation(msgspec.Struct, frozen=True):
    """An organisation of the story: the name of its keys, its name, its 统一社会信用代码."""

    key: str
    name: str
    uscc: str


def _uscc(first_17: str) -> str:
    return first_17 + uscc_check_character(first_17)


AUTHORITY: Final = Organisation("authority", "示例省大数据管理局", _uscc("11990000MB0A0001X"))
OPERATOR: Final = Organisation(
    "operator", "示例省数据产品超市运营有限公司", _uscc("91990000MA0A0002X")
)
FIRST_AGENCY: Final = Organisation(
    "first-agency", "示例省正衡数据合规服务有限公司", _uscc("91990000MA0A0003X")
)
SECOND_AGENCY: Final = Organisation(
    "second-agency", "示例省明证律师事务所", _uscc("31990000MD0A0004X")
)
SUPPLIER: Final = Organisation("supplier", "示例海港数据科技有限公司", _uscc("91990000MA0A0005X"))
CO_OWNER: Final = Organisation("co-owner", "示例气象服务有限公司", _uscc("91990000MA0A0006X"))
UNIVERSITY: Final = Organisation("university", "示例大学", _uscc("12990000MC0A0008X"))
BUYER: Final = Organisation("buyer", "示例远航物流集团有限公司", _uscc("91990000MA0A0007X"))

# Who signs in, by what they do.
REGULATOR: Final = "regulator"
SYSTEM_ADMINISTRATOR: Final = "system-admin"
SECURITY_ADMINISTRATOR: Final = "security-admin"
AUDIT_ADMINISTRATOR: Final = "audit-admin"
ACCEPTOR: Final = "acceptor"
TECHNICAL_REVIEWER: Final = "technical-reviewer"
ISSUER: Final = "issuer"
ADJUDICATOR: Final = "adjudicator"
AGENCY_REVIEWER: Final = "agency-reviewer"
SECOND_REVIEWER: Final = "second-agency-reviewer"
SUPPLIER_MEMBER: Final = "supplier"
CO_OWNER_MEMBER: Final = "co-owner"
BUYER_MEMBER: Final = "buyer"

STAFF: Final = (
    (ACCEPTOR, "受理员 林晓", "operator_acceptor"),
    (TECHNICAL_REVIEWER, "技术审查员 陈一鸣", "operator_technical_reviewer"),
    (ISSUER, "发证员 何静", "operator_issuer"),
    (ADJUDICATOR, "审定员 周正", "operator_adjudicator"),
)

# Whom the bureau may send to a spot check.
INSPECTORS: Final = (
    ("inspector-1", "检查员 方圆"),
    ("inspector-2", "检查员 程实"),
    ("inspector-3", "检查员 夏至"),
)

EXPERTS: Final = (
    ("expert-1", "评审专家 白露"),
    ("expert-2", "评审专家 江川"),
    ("expert-3", "评审专家 石磊"),
    ("expert-4", "评审专家 叶青"),
)

# The agencies, and who reviews for each.
AGENCIES: Final = ((FIRST_AGENCY, AGENCY_REVIEWER), (SECOND_AGENCY, SECOND_REVIEWER))
