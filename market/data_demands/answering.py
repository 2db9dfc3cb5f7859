"""Decide how many demands are taken, until when they are answered, and what an answer may say."""

from __future__ import annotations

import re
from typing import Final

from catalog.kernel.errors import FieldError, Invalid, Refused
from catalog.kernel.periods import CHOSEN, Period, Unit
from market.data_demands.model import Outcome, Reply

#: Until when a demand is answered; the texts ask for feedback and name no period (GS-3).
ANSWERED_WITHIN: Final = Period(10, Unit.WORKING_DAYS, CHOSEN)
# [P] so many a day are taken from people who do not say who they are: enough for a province's
# interest, and no flood fills the log and the queue.
MOST_UNNAMED_A_DAY: Final = 500

# What names a person: a mobile number, a resident's id number, an address of e-mail.
_PERSONAL: Final = re.compile(
    r"(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)\d{17}[\dXx](?![\dXx])|[\w.+-]+@[\w-]+\.[\w.-]+"
)


class DataDemandBoxFull(Refused):
    """More demands came today, from people who do not sign in, than are taken."""

    code = "data_demand_box_full"


class DataDemandAnswerPersonal(Invalid):
    """An answer that everybody reads holds what names a person."""

    code = "data_demand_answer_personal"


class DataDemandAnswerUnfounded(Invalid):
    """What is planned names the plan's promise, what is open already its product; nothing else does."""

    code = "data_demand_answer_unfounded"


def names_person(text: str) -> bool:
    """Tell whether a text that others read names a person: a number, an id, an address of e-mail."""
    return _PERSONAL.search(text) is not None


def check_room(received_today: int) -> None:
    """Return if one more is taken from somebody who does not sign in.

    :raises DataDemandBoxFull: if not.
    """
    if received_today >= MOST_UNNAMED_A_DAY:
        raise DataDemandBoxFull(maximum=MOST_UNNAMED_A_DAY)


def check_reply(reply: Reply) -> None:
    """Return if everybody may read the reply, and it says what it rests on.

    :raises DataDemandAnswerPersonal: if it names a person.
    :raises DataDemandAnswerUnfounded: if it names too little or too much.
    """
    errors = tuple(
        FieldError(f"/{name}", DataDemandAnswerPersonal.code)
        for name in ("title", "text", "department")
        if names_person(getattr(reply, name))
    )
    if errors:
        raise DataDemandAnswerPersonal(
            fields=", ".join(each.pointer for each in errors), errors=errors
        )
    is_planned = reply.outcome is Outcome.PLANNED
    is_open = reply.outcome is Outcome.OPEN_ALREADY
    if (reply.plan_item_id is not None) != is_planned or (reply.product_id is not None) != is_open:
        raise DataDemandAnswerUnfounded(outcome=reply.outcome.value)
