"""Say what a supplier does next with a product: complete it, register it, price it, offer it (下一步)."""

from __future__ import annotations

import enum

from catalog.products.states import State


class NextStep(enum.StrEnum):
    """What comes next, in the order of the trade."""

    COMPLETE = "complete"  # 补全著录
    REGISTER = "register"  # 申请确权登记
    PRICE = "price"  # 定价备案
    OFFER = "offer"  # 上架
    KEEP = "keep"  # 已上架：保持更新
    NOTHING = "nothing"  # 已撤回


def next_step(state: State, *, is_certified: bool, has_price: bool, is_listed: bool) -> NextStep:
    """Return the next step for a product that stands there."""
    if state is State.WITHDRAWN:
        return NextStep.NOTHING
    if state is State.DRAFT:
        return NextStep.COMPLETE
    if is_listed:
        return NextStep.KEEP
    if not is_certified:
        return NextStep.REGISTER
    return NextStep.OFFER if has_price else NextStep.PRICE
