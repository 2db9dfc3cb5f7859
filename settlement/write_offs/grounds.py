"""Say on which grounds a debt is written off, how old it has to be, and how much of it (核销条件)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from typing import Final

from catalog.kernel.errors import Forbidden, Invalid, Refused
from catalog.kernel.periods import Period, Unit, deadline
from catalog.kernel.workdays import Calendar

TEXT_MAX: Final = 1_000
#: One debt up to 50,000 yuan (公告2011年第25号 24: 单笔数额不超过五万); what is more goes to a court first [P].
LIMIT_FEN: Final = 5_000_000
_SOURCE: Final = "国家税务总局公告2011年第25号"


class Ground(enum.StrEnum):
    """Why a debt will not be paid (核销原因)."""

    BANKRUPT = "bankrupt"  # 债务人破产清算
    DEREGISTERED = "deregistered"  # 债务人注销、吊销营业执照
    ENFORCEMENT_ENDED = "enforcement_ended"  # 法院裁定终结执行
    DEAD_OR_MISSING = "dead_or_missing"  # 债务人死亡、失踪，无财产清偿
    OVERDUE_THREE_YEARS = "overdue_three_years"  # 逾期三年以上
    SMALL_AND_OVERDUE = "small_and_overdue"  # 逾期一年以上的小额债务


#: How long nothing was paid since the last use was charged; the other grounds are documents.
_OLD_ENOUGH: Final[Mapping[Ground, Period]] = {
    Ground.OVERDUE_THREE_YEARS: Period(3, Unit.YEARS, f"{_SOURCE} 23"),
    Ground.SMALL_AND_OVERDUE: Period(1, Unit.YEARS, f"{_SOURCE} 24"),
}


class WriteOffTextMissing(Invalid):
    """A write-off names the document that shows its ground, a rejection says why."""

    code = "write_off_text_missing"


class NothingOwed(Refused):
    """The order is not over with a debt: there is nothing to write off."""

    code = "write_off_nothing_owed"


class WriteOffAboveLimit(Refused):
    """The debt is more than the platform writes off by itself."""

    code = "write_off_above_limit"


class DebtTooYoung(Refused):
    """The debt is not as old as its ground asks."""

    code = "write_off_too_early"


class DebtChanged(Refused):
    """What is owed is not what was proposed any more: it is rejected and proposed anew."""

    code = "write_off_debt_changed"


class WriteOffSamePerson(Forbidden):
    """Whoever proposed a write-off does not decide on it (不相容岗位分离)."""

    code = "write_off_second_person_needed"


class WriteOffOfAnother(Forbidden):
    """Only who proposed a write-off takes it back; others reject it."""

    code = "write_off_of_another"


def check_text(text: str) -> str:
    """Return what somebody wrote without the blanks around it.

    :raises WriteOffTextMissing: if it is blank or longer than 1000 characters.
    """
    told = text.strip()
    if not told or len(told) > TEXT_MAX:
        raise WriteOffTextMissing(maximum=TEXT_MAX)
    return told


def check(ground: Ground, *, owed_fen: int, charged_on: dt.date, today: dt.date) -> None:
    """Return if a debt whose last use was charged on a day may be written off today.

    :raises NothingOwed: if nothing is owed.
    :raises WriteOffAboveLimit: if it is more than the limit.
    :raises DebtTooYoung: if its ground asks for an older one.
    """
    if owed_fen <= 0:
        raise NothingOwed
    if owed_fen > LIMIT_FEN:
        raise WriteOffAboveLimit(owed_fen=owed_fen, limit_fen=LIMIT_FEN)
    period = _OLD_ENOUGH.get(ground)
    if period is not None:
        last = deadline(period, charged_on, Calendar()).last_day  # years need no calendar
        if today <= last:
            raise DebtTooYoung(until=last.isoformat())
