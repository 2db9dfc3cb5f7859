"""Ask whether the consents for a use allow it today (个人信息依据, BJ-21)."""

from __future__ import annotations

import datetime as dt

from market.consents.model import Grounds


def allow(grounds: Grounds | None, *, version: int, purpose: str, today: dt.date) -> bool:
    """Tell whether somebody consented, everybody's consent runs, and nobody's data is in it who is out.

    The content holds the data of all who consented, so it is used only while each of them allows
    it. Who withdraws, or whose term is over, stops the versions that there were until then, and so does
    who takes kinds of data out. Who narrowed the purpose allows that one alone.
    """
    if grounds is None or not grounds.standing:
        return False
    if grounds.begins_on is None or grounds.ends_on is None:
        return False
    if any(only.strip() != purpose.strip() for only in grounds.purposes):
        return False
    return (
        grounds.begins_on <= today <= grounds.ends_on and version > grounds.stopped_through_version
    )
