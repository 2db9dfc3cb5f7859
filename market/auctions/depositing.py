"""Say which deposit an auction asks for, who may take it back, and what becomes of it (竞买保证金).

Nothing goes back before the result stands: while the notice runs or an objection waits nobody knows who
comes next, and whoever comes next is bound too. Once contracts are signed, or nobody has won, what was
laid down goes back at once; the law allows five days from the signature (招标投标法实施条例 57).
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.errors import Refused
from catalog.kernel.ids import PartyId
from market.auctions.model import Award, Rules
from market.auctions.states import State
from settlement.deposits.model import Deposit, Ground
from settlement.deposits.states import State as DepositState
from settlement.ledger.accounts import Account, Purpose

_WITHOUT_RESULT: Final = frozenset({State.CANCELLED, State.VOIDED})
_OVER: Final = frozenset({State.FAILED, State.CONTRACTED})


class DepositUnpaid(Refused):
    """The auction asks for a deposit, and the bidder's is not held just now."""

    code = "auction_deposit_unpaid"


class DepositNotAsked(Refused):
    """The auction asks for no deposit, or one that is paid outside this service."""

    code = "auction_deposit_not_asked"


class DepositBound(Refused):
    """The bidder has bid, or bids are closed: what was laid down stays until the end."""

    code = "auction_deposit_bound"


def asked(rules: Rules) -> tuple[int, dt.datetime]:
    """Return which deposit is paid through this service, in fen, and the first instant too late.

    :raises DepositNotAsked: if none is.
    """
    if not rules.deposit_fen or rules.deposit_until is None:
        raise DepositNotAsked
    return rules.deposit_fen, rules.deposit_until


def is_asked(rules: Rules) -> bool:
    """Tell whether a deposit is paid through this service."""
    return bool(rules.deposit_fen) and rules.deposit_until is not None


def check_paid(rules: Rules, laid_down: Deposit | None) -> None:
    """Return if a bidder may bid, as far as its deposit goes.

    :raises DepositUnpaid: if it is not held.
    """
    if not is_asked(rules):
        return
    if laid_down is None or laid_down.state is not DepositState.HELD:
        _, until = asked(rules)
        raise DepositUnpaid(amount_fen=rules.deposit_fen, until=until.isoformat())


def check_free(*, ends_at: dt.datetime, now: dt.datetime, has_bid: bool) -> None:
    """Return if a bidder may take its deposit back: before the end, and without a bid that stands.

    Bids in public are never taken back; a sealed one is, and then the deposit (招标投标法实施条例 35).

    :raises DepositBound: if it may not.
    """
    if has_bid or now >= ends_at:
        raise DepositBound(ends_at=ends_at.isoformat())


def ending(state: State, award: Award | None) -> Ground | None:
    """Return on which ground a deposit that is held ends now, given what its bidder was awarded.

    None: it stays. Who has won and let its days pass refused to sign (招标投标法实施条例 74), unless
    the whole result is void.
    """
    if state in _WITHOUT_RESULT:
        return Ground.SALE_OVER
    if award is not None and award.defaulted_at is not None:
        return Ground.REFUSED_TO_SIGN
    if award is not None and award.contracted_at is not None:
        return Ground.SIGNED
    if state not in _OVER:
        return None
    return Ground.SALE_OVER if state is State.FAILED else Ground.NOT_AWARDED


def receiving(*, supplier: PartyId, treasury: PartyId, is_public_data: bool) -> Account:
    """Return who receives a deposit that is forfeited: who sells, or of public data the treasury.

    What public data bring is non-tax revenue of the state (JX-3), and so is what is paid for not
    taking them.
    """
    if is_public_data:
        return Account(Purpose.TREASURY_NON_TAX, str(treasury))
    return Account(Purpose.PAYABLE, str(supplier))
