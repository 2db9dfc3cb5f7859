"""Ask whether data may leave the country by a route that is on record (数据出境路径).

Three routes there are (促进和规范数据跨境流动规定 3–8): the security assessment, the standard contract or the
certification; and what is exempt of them. Important data go by the assessment alone. A route ends, and
what was granted ends with it.
"""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from catalog.kernel.local_time import end_of_day


class RouteKind(enum.StrEnum):
    """By which procedure data leave the country (出境路径)."""

    SECURITY_ASSESSMENT = "security_assessment"  # 数据出境安全评估
    STANDARD_CONTRACT = "standard_contract"  # 个人信息出境标准合同备案
    CERTIFICATION = "certification"  # 个人信息保护认证
    EXEMPT = "exempt"  # 豁免，附依据


_FOR_IMPORTANT_DATA: Final = frozenset({RouteKind.SECURITY_ASSESSMENT})

_Line = Annotated[str, Meta(min_length=1, max_length=200)]


class CrossBorderRoute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The record of a route (出境路径记录): which, by whom, under which number, to where, until when."""

    kind: RouteKind
    authority: _Line  # 主管部门，或认证机构
    number: _Line  # 评估结果、备案或认证编号；豁免的依据
    destination: _Line  # 国家或地区
    valid_to: dt.date  # the last day
    evidence_sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


def counts(
    route: CrossBorderRoute | UnsetType, *, contains_important_data: bool, today: dt.date
) -> bool:
    """Tell whether a route lets these data leave the country today."""
    if route is UNSET or today > route.valid_to:
        return False
    return not contains_important_data or route.kind in _FOR_IMPORTANT_DATA


def ends_at(route: CrossBorderRoute | UnsetType) -> dt.datetime | None:
    """Return from which instant on nothing leaves by a route any more, None without one."""
    return None if route is UNSET else end_of_day(route.valid_to)
