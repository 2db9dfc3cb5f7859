"""The chart of accounts and the code agree."""

from __future__ import annotations

import copy
import pathlib
import tomllib
from typing import Any

import pytest

from catalog.kernel.ids import new_id
from settlement.ledger.accounts import (
    RULES,
    Account,
    AccountUnknown,
    ChartInvalid,
    Guarding,
    Purpose,
    Side,
    account,
    chargeback_of,
    chart,
    clearing_of,
    escrow_of,
    refund_owed_to,
)

RAW: dict[str, Any] = tomllib.loads(
    pathlib.Path("seeds/reference/chart_of_accounts.toml").read_text(encoding="utf-8")
)


def test_the_shipped_chart_has_a_title_for_every_purpose() -> None:
    titles = chart(RAW)

    assert set(titles) == set(Purpose)
    assert titles[Purpose.ORDER_ESCROW].zh == "订单托管款"
    assert titles[Purpose.CHANNEL_CLEARING].side is Side.DEBIT
    assert {purpose: title.guarding for purpose, title in titles.items()} == {
        purpose: rule.guarding for purpose, rule in RULES.items()
    }


@pytest.mark.parametrize(
    ("purpose", "field", "value"),
    [
        ("order_escrow", "guarding", "none"),
        ("platform_fee", "guarding", "at_once"),
        ("platform_fee", "owner", "order"),
        ("platform_fee", "may_be_overdrawn", True),
        ("platform_fee", "side", "left"),
        ("platform_fee", "number", "2241.01"),
        ("platform_fee", "colour", "red"),
    ],
)
def test_a_chart_that_contradicts_the_code_is_refused(
    purpose: str, field: str, value: object
) -> None:
    raw = copy.deepcopy(RAW)
    raw[purpose][field] = value

    with pytest.raises(ChartInvalid):
        chart(raw)


def test_a_chart_with_other_purposes_is_refused() -> None:
    with pytest.raises(ChartInvalid):
        chart({name: title for name, title in RAW.items() if name != "payable"})
    with pytest.raises(ChartInvalid) as refused:
        chart({**RAW, "pocket": RAW["payable"]})
    assert refused.value.facts["purposes"] == ["pocket"]


def test_an_account_is_known_by_its_code() -> None:
    order_id = new_id()

    assert account(escrow_of(order_id).code) == escrow_of(order_id)
    assert escrow_of(order_id).guarding is Guarding.AT_ONCE
    assert escrow_of(order_id).is_of_an_order
    assert clearing_of("sandbox").code == "channel_clearing/sandbox"
    assert clearing_of("sandbox").guarding is Guarding.NONE
    assert not clearing_of("sandbox").is_of_an_order
    assert chargeback_of(order_id) == Account(Purpose.CHARGEBACK_HOLD, str(order_id))
    assert refund_owed_to(order_id) == Account(Purpose.REFUND_PAYABLE, str(order_id))
    for code in ("", "payable", "payable/", "pocket/me", "/x"):
        with pytest.raises(AccountUnknown):
            account(code)
