"""The table of kinds keeps the sums of an order in step with its escrow, flow by flow."""

from __future__ import annotations

import msgspec
import pytest

from settlement.ledger.accounts import Purpose
from settlement.ledger.kinds import RULES, Kind

FLOWS = [
    (kind, debit, credit, effect)
    for kind, rule in RULES.items()
    for (debit, credit), effect in rule.flows.items()
]


def test_every_kind_has_a_code_of_its_own_and_a_flow() -> None:
    assert set(RULES) == set(Kind)
    assert sorted(rule.code for rule in RULES.values()) == list(range(1, len(Kind) + 1))
    assert all(rule.flows for rule in RULES.values())


@pytest.mark.parametrize("kind", Kind)
def test_what_an_order_has_left_is_what_its_escrow_gained(kind: Kind) -> None:
    for of_kind, debit, credit, effect in FLOWS:
        if of_kind is kind:
            left = effect.paid - effect.released - effect.refunded - effect.charged_back
            gained = (credit is Purpose.ORDER_ESCROW) - (debit is Purpose.ORDER_ESCROW)
            assert left == gained, (debit, credit)


@pytest.mark.parametrize("purpose", Purpose)
def test_every_purpose_can_be_credited_and_debited_without_an_adjustment(purpose: Purpose) -> None:
    debits = {debit for kind, debit, _, _ in FLOWS if kind is not Kind.ADJUSTMENT}
    credits_ = {credit for kind, _, credit, _ in FLOWS if kind is not Kind.ADJUSTMENT}

    # What the platform bore of a charge-back comes back to it when that is won; a fee does not.
    assert purpose in debits
    assert (purpose in credits_) is (purpose is not Purpose.CHANNEL_FEE)


def test_no_flow_moves_more_than_its_fen_in_an_order() -> None:
    assert all(by in (-1, 0, 1) for *_, effect in FLOWS for by in msgspec.structs.astuple(effect))
