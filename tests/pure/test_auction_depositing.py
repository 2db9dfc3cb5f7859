"""What an auction asks for, who takes it back, and what becomes of it at the end."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid

import pytest

from catalog.kernel.ids import PartyId
from market.auctions import announcing, depositing
from market.auctions.announcing import AuctionRulesUnfit, AuctionTimesInvalid
from market.auctions.depositing import DepositBound, DepositNotAsked, DepositUnpaid
from market.auctions.model import Award
from market.auctions.states import State
from settlement.deposits.model import Deposit, Ground
from settlement.deposits.states import State as DepositState
from settlement.ledger.accounts import Account, Book, Purpose
from settlement.money import Fen
from tests.makers_auctions import AUCTION, CLOSES, OPENS, make_lot, make_rules

UNTIL = OPENS + dt.timedelta(hours=1)
RULES = make_rules(deposit_fen=500, deposit_until=UNTIL)
DAY = dt.timedelta(days=1)


def laid_down(state: DepositState) -> Deposit:
    return Deposit(
        id=uuid.UUID(int=1),
        secures=AUCTION,
        payer_party_id=uuid.UUID(int=2),
        amount_fen=Fen(500),
        book=Book.MARKET,
        pay_until=UNTIL,
        state=state,
        opened_at=OPENS,
    )


def award(*, signed: bool = False, defaulted: bool = False) -> Award:
    return Award(
        id=uuid.UUID(int=3),
        auction_id=AUCTION,
        party_id=PartyId(uuid.UUID(int=2)),
        paddle=1,
        price_fen=45_000,
        special_price_id=uuid.UUID(int=4),
        order_until=dt.date(2026, 4, 1),
        awarded_at=CLOSES,
        contracted_at=CLOSES + DAY if signed else None,
        defaulted_at=CLOSES + DAY if defaulted else None,
    )


def test_a_deposit_is_asked_for_where_there_is_an_amount_and_a_deadline() -> None:
    assert depositing.asked(RULES) == (500, UNTIL)
    assert depositing.is_asked(RULES)
    for none in (make_rules(), make_rules(deposit_fen=500), make_rules(deposit_until=UNTIL)):
        assert not depositing.is_asked(none)
        with pytest.raises(DepositNotAsked):
            depositing.asked(none)


@pytest.mark.parametrize("rules", [{"deposit_fen": 500}, {"deposit_until": UNTIL}])
def test_an_amount_and_its_deadline_are_announced_together(rules: dict[str, object]) -> None:
    with pytest.raises(AuctionRulesUnfit) as refused:
        announcing.check_rules(make_lot(), make_rules(**rules))
    assert refused.value.facts["fields"] == ["deposit_until"]


def test_a_deposit_is_due_by_the_end_of_the_bids_at_the_latest() -> None:
    announcing.check_rules(make_lot(), make_rules(deposit_fen=1, deposit_until=CLOSES))
    late = make_rules(deposit_fen=1, deposit_until=CLOSES + dt.timedelta(microseconds=1))
    with pytest.raises(AuctionTimesInvalid):
        announcing.check_rules(make_lot(), late)


@pytest.mark.parametrize("state", list(DepositState))
def test_only_a_deposit_that_is_held_lets_one_bid(state: DepositState) -> None:
    if state is DepositState.HELD:
        depositing.check_paid(RULES, laid_down(state))
    else:
        with pytest.raises(DepositUnpaid):
            depositing.check_paid(RULES, laid_down(state))


def test_without_a_deposit_one_bids_where_none_is_asked_for_alone() -> None:
    depositing.check_paid(make_rules(), None)
    depositing.check_paid(make_rules(deposit_fen=500), None)  # of old: it is paid elsewhere
    with pytest.raises(DepositUnpaid) as refused:
        depositing.check_paid(RULES, None)
    assert refused.value.facts == {"amount_fen": 500, "until": UNTIL.isoformat()}


def test_one_leaves_before_the_end_and_without_a_bid() -> None:
    before = CLOSES - dt.timedelta(microseconds=1)
    depositing.check_free(ends_at=CLOSES, now=before, has_bid=False)
    for now, has_bid in ((before, True), (CLOSES, False)):
        with pytest.raises(DepositBound):
            depositing.check_free(ends_at=CLOSES, now=now, has_bid=has_bid)


AWARDS = {
    "none": None,
    "open": award(),
    "signed": award(signed=True),
    "defaulted": award(defaulted=True),
}
#: Where something ends; wherever else, what was laid down stays.
ENDS = {
    **{("cancelled", each): Ground.SALE_OVER for each in AWARDS},
    **{("voided", each): Ground.SALE_OVER for each in AWARDS},
    **{
        (state.value, "defaulted"): Ground.REFUSED_TO_SIGN
        for state in State
        if state not in (State.CANCELLED, State.VOIDED)
    },
    **{
        (state.value, "signed"): Ground.SIGNED
        for state in State
        if state not in (State.CANCELLED, State.VOIDED)
    },
    ("failed", "none"): Ground.SALE_OVER,
    ("failed", "open"): Ground.SALE_OVER,
    ("contracted", "none"): Ground.NOT_AWARDED,
    ("contracted", "open"): Ground.NOT_AWARDED,
}


@pytest.mark.parametrize(("state", "award_name"), list(itertools.product(State, AWARDS)))
def test_each_state_with_each_award_ends_a_deposit_as_the_table_says(
    state: State, award_name: str
) -> None:
    assert depositing.ending(state, AWARDS[award_name]) == ENDS.get((state.value, award_name))


def test_what_is_forfeited_goes_to_who_sells_and_of_public_data_to_the_treasury() -> None:
    supplier, treasury = PartyId(uuid.UUID(int=7)), PartyId(uuid.UUID(int=8))

    sold = depositing.receiving(supplier=supplier, treasury=treasury, is_public_data=False)
    public = depositing.receiving(supplier=supplier, treasury=treasury, is_public_data=True)

    assert sold == Account(Purpose.PAYABLE, str(supplier))
    assert public == Account(Purpose.TREASURY_NON_TAX, str(treasury))
