"""Let a bidder pay its deposit on a page, and see in words how it stands and until when (竞买保证金)."""

from __future__ import annotations

import uuid

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from market.auctions import queries as auctions
from market.auctions.depositing import DepositNotAsked, is_asked
from market.auctions.model import PublicAuction
from market.auctions.operations import deposits as operations
from market.http.auction_deposits import begin
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, run_step
from market.portal.pages_auctions import AUCTION, PATH
from market.portal.render import NOT_KEPT, page
from market.portal.till import chosen_channel, hear_bank, shown_at_till, waits
from settlement.deposits.model import Deposit
from settlement.deposits.states import State
from settlement.payments import queries as payments
from settlement.payments.model import Payment


class Till(msgspec.Struct, frozen=True, kw_only=True):
    """An auction's deposit as one bidder sees it."""

    auction: PublicAuction
    deposits: list[Deposit]
    has_joined: bool
    payment: Payment | None  # the newest one of the newest deposit
    is_open: bool  # it waits for the money
    is_due: bool  # money can be paid now
    may_withdraw: bool

    @property
    def deposit(self) -> Deposit | None:
        """Return the newest deposit."""
        return self.deposits[-1] if self.deposits else None


@get(AUCTION + "/deposit", include_in_schema=False)
async def show_deposit(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show what is to be laid down, until when, and what became of it.

    :raises DepositNotAsked: if the auction asks for nothing here.
    """
    return await _again(request, auction_id, BLANK)


@post(AUCTION + "/deposits", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def start_deposit(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Start to pay through the channel of the form; while one is open, that one is shown."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await begin(c, auction_id, chosen_channel(c, fields))

    async def again(form: Shown) -> Response[bytes]:
        return await _again(request, auction_id, form)

    return await run_step(request, act, place=_place(auction_id), again=again)


@post(
    AUCTION + "/deposit-confirmations",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def confirm_deposit(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Play the sandbox's bank: it tells that the money came, or that it did not.

    :raises ChannelMissing: if there is no sandbox here.
    """

    async def look(c: Command) -> Payment | None:
        return (await _look(c, auction_id)).payment

    async def again(form: Shown) -> Response[bytes]:
        return await _again(request, auction_id, form)

    return await hear_bank(request, look, place=_place(auction_id), again=again)


@post(
    AUCTION + "/deposit-withdrawals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES
)
async def withdraw_deposit(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take one's deposit back before the end."""

    async def act(c: Command, _: dict[str, str]) -> None:
        await operations.withdraw(c.tx, actor=c.actor, now=c.now, auction_id=auction_id)

    async def again(form: Shown) -> Response[bytes]:
        return await _again(request, auction_id, form)

    return await run_step(request, act, place=_place(auction_id), again=again)


def _place(auction_id: uuid.UUID) -> str:
    return f"{PATH}/{auction_id}/deposit"


async def _look(c: Command, auction_id: uuid.UUID) -> Till:
    auction = await auctions.get(c.tx, auction_id=auction_id)
    if not is_asked(auction.rules):
        raise DepositNotAsked
    mine = await auctions.get_mine(c.tx, viewer=c.actor, auction_id=auction_id)
    made = await auctions.list_deposits(c.tx, viewer=c.actor, auction_id=auction_id)
    newest = made[-1] if made else None
    paid = [] if newest is None else await payments.list_payments(c.tx, newest.id)
    payment = paid[-1] if paid else None
    until = auction.rules.deposit_until
    assert until is not None, "it is asked for"
    has_ended = newest is None or newest.state not in (State.HELD, State.CHARGED_BACK)
    return Till(
        auction=auction,
        deposits=made,
        has_joined=mine.bidder is not None,
        payment=payment,
        is_open=waits(payment, c.now),
        is_due=mine.bidder is not None and has_ended and c.now < min(until, auction.ends_at),
        may_withdraw=newest is not None
        and newest.state is State.HELD
        and c.now < auction.ends_at
        and not any(
            each.replaced_at is None and each.withdrawn_at is None for each in mine.sealed_bids
        )
        and not any(
            mine.bidder is not None and each.paddle == mine.bidder.paddle for each in auction.bids
        ),
    )


async def _again(request: AnyRequest, auction_id: uuid.UUID, form: Shown) -> Response[bytes]:
    till = await read(request, lambda c: _look(c, auction_id))
    return page(
        request,
        "auction_deposit.html",
        status=form.status,
        cache=NOT_KEPT,
        at=_place(auction_id),
        till=till,
        auction=till.auction,
        deposit=till.deposit,
        form=form,
        **shown_at_till(request, till.payment),
    )
