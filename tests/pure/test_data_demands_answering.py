"""What an answer that everybody reads may say, and how many demands are taken."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.kernel.ids import new_id
from market.data_demands.answering import (
    ANSWERED_WITHIN,
    MOST_UNNAMED_A_DAY,
    DataDemandAnswerPersonal,
    DataDemandAnswerUnfounded,
    DataDemandBoxFull,
    check_reply,
    check_room,
)
from market.data_demands.model import Outcome, Reply


def reply(**changes: Any) -> Reply:
    values: dict[str, Any] = {
        "outcome": Outcome.DECLINED,
        "title": "逐小时降水数据",
        "text": "该数据涉及未公开站点，2026 年不开放，可查询日值 20260302。",
        "department": "省气象局",
    }
    return Reply(**(values | changes))


def test_an_answer_rests_on_what_its_outcome_says_and_on_nothing_else() -> None:
    check_reply(reply())
    check_reply(reply(outcome=Outcome.PLANNED, plan_item_id=new_id()))
    check_reply(reply(outcome=Outcome.OPEN_ALREADY, product_id=new_id()))

    for wrong in (
        {"outcome": Outcome.PLANNED},
        {"outcome": Outcome.OPEN_ALREADY},
        {"outcome": Outcome.PLANNED, "plan_item_id": new_id(), "product_id": new_id()},
        {"plan_item_id": new_id()},
        {"product_id": new_id()},
    ):
        with pytest.raises(DataDemandAnswerUnfounded):
            check_reply(reply(**wrong))


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("text", "已电话答复 13800138000"),
        ("title", "应 11010119900307123X 的申请"),
        ("department", "zhang.san@example.gov.cn"),
        ("text", "请联系wang@example.com。"),
    ],
)
def test_what_names_a_person_is_not_published(field: str, text: str) -> None:
    with pytest.raises(DataDemandAnswerPersonal) as refused:
        check_reply(reply(**{field: text}))

    assert [error.pointer for error in refused.value.errors] == [f"/{field}"]


def test_numbers_that_name_nobody_may_stand_there() -> None:
    check_reply(reply(text="共 12345678901234567890 条，热线 0898-12345"))


def test_so_many_are_taken_a_day_from_who_does_not_sign_in() -> None:
    check_room(MOST_UNNAMED_A_DAY - 1)
    with pytest.raises(DataDemandBoxFull):
        check_room(MOST_UNNAMED_A_DAY)
    assert ANSWERED_WITHIN.length == 10
