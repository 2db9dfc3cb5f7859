"""Find all that the page of an order shows to whoever reads it (订单页面)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

import msgspec

from catalog.kernel.ids import PartyId
from catalog.products import queries as products
from catalog.signing.model import PublicKey
from catalog.timers import queries as timers
from market.access import queries as access
from market.access.model import Grant
from market.approvals import deciding
from market.approvals import queries as approvals
from market.approvals.model import Approval
from market.approvals.states import State as ApprovalState
from market.contracts import queries as agreements
from market.contracts.model import Agreement
from market.http.command import Command
from market.identity import queries as identity
from market.identity.model import Party
from market.orders import destroying
from market.orders import queries as orders
from market.orders.cancelling import REASONS
from market.orders.contract import read_document
from market.orders.model import (
    CancellationReason,
    Contract,
    DestructionStatement,
    Order,
    Side,
)
from market.orders.operations import approving
from market.orders.queries import ContractMissing, DestructionMissing
from market.orders.states import Event, allows
from market.portal import order_steps
from market.portal.order_steps import OrderStep, Standing
from market.portal.pasted_signatures import usable_keys
from market.portal.show import scenario_names
from market.proof_bundles import bill as bills
from settlement.charging import queries as accounts
from settlement.charging.model import AccountStanding
from settlement.ledger.journal import read_record
from settlement.ledger.queries import order_money as books
from settlement.payments import queries as payments
from settlement.payments.model import Payment


class OrderSheet(msgspec.Struct, frozen=True, kw_only=True):
    """What is seen of an order, and what the reader may do with it now."""

    order: Order
    side: Side | None  # None: the reader is neither of the two
    parties: Mapping[PartyId, Party]
    scenario_names: Mapping[str, str]
    step: OrderStep
    moves: list[str]
    contract: Contract | None
    keys: list[PublicKey]  # with which the reader's party may sign
    approvals: list[Approval]  # of the reader's own organisation, the newest first
    agreement: Agreement | None
    grant: Grant | None
    bill: bills.Bill | None  # None: no contract yet
    payment: Payment | None  # the newest
    metered: AccountStanding | None  # of an order that pays as it uses
    destruction: DestructionStatement | None
    now: dt.datetime

    @property
    def cancellation_reasons(self) -> list[CancellationReason]:
        """Return for which reasons the reader's side may give it up."""
        allowed = frozenset() if self.side is None else REASONS[self.side]
        return [reason for reason in CancellationReason if reason in allowed]


async def find_sheet(c: Command, order_id: uuid.UUID) -> OrderSheet:
    """Return all that the reader sees of an order.

    :raises OrderMissing: if there is none, or it is another's.
    """
    order = await orders.get_order(c.tx, viewer=c.actor, order_id=order_id)
    side = order_steps.side_of(order, c.actor.party_id)
    contract = await contract_of(c, order)
    grant = await access.find_for_order(c.tx, order_id=order_id)
    asked = await approvals_of(c, order, side)
    destruction = await _destruction(c, order)
    signed = [] if contract is None else [each.side for each in contract.signatures]
    stands = Standing(
        has_signed=side in signed,
        is_destroyed=destruction is not None,
        destroyed_by=await _destroyed_by(c, order),
        asks_approval=await asks_approval(c, order, side, contract),
        awaits_approval=awaited(asked, c.now) is not None,
    )
    sides = {order.buyer_party_id, order.supplier_party_id}
    paid = await payments.list_payments(c.tx, order_id)
    return OrderSheet(
        order=order,
        side=side,
        parties=await identity.get_parties(c.tx, sides),
        scenario_names=scenario_names(await products.find(c.tx, product_id=order.product_id)),
        step=order_steps.next_of(order, side, stands),
        moves=order_steps.moves(order, side, stands, now=c.now, may=c.actor.may),
        contract=contract,
        keys=[] if side is None else await usable_keys(c, c.actor.party),
        approvals=asked,
        agreement=await _agreement(c, order),
        grant=grant,
        bill=await _bill(c, order, contract, 0 if grant is None else grant.used),
        metered=await accounts.find_standing(c.tx, order_id),
        payment=paid[-1] if paid else None,
        destruction=destruction,
        now=c.now,
    )


async def contract_of(c: Command, order: Order) -> Contract | None:
    """Return the contract of an order, or None if none is drafted yet."""
    try:
        return await orders.get_contract(c.tx, viewer=c.actor, order_id=order.id)
    except ContractMissing:
        return None


async def _destruction(c: Command, order: Order) -> DestructionStatement | None:
    try:
        return await orders.get_destruction(c.tx, viewer=c.actor, order_id=order.id)
    except DestructionMissing:
        return None


async def _destroyed_by(c: Command, order: Order) -> dt.datetime | None:
    """Return until when the destruction is to be stated, if its clock runs and the reader sees it."""
    told = await timers.list_for_subject(c.tx, subject_kind=destroying.SUBJECT, subject_id=order.id)
    running = [each for each in told if each.kind == destroying.CLOCK and each.ended_at is None]
    return running[0].ends_at if running else None


async def approvals_of(c: Command, order: Order, side: Side | None) -> list[Approval]:
    """Return what one's own organisation was asked about an order, the newest first."""
    if side is not Side.BUYER or not c.actor.may("approval:read"):
        return []
    found = await approvals.list_page(c.tx, viewer=c.actor, subject_id=order.id)
    return found.items


def awaited(asked: Sequence[Approval], now: dt.datetime) -> Approval | None:
    """Return the approval that has no answer yet, if one was asked for."""
    for each in asked:
        if each.state is ApprovalState.PENDING and not deciding.is_over(each, now):
            return each
    return None


async def asks_approval(
    c: Command, order: Order, side: Side | None, contract: Contract | None
) -> bool:
    """Tell whether one's own chain asks for an approval that nobody asked for yet."""
    is_asked = side is Side.BUYER and order.agreement_id is None and allows(order.state, Event.SIGN)
    if contract is None or not is_asked or not c.actor.may("approval:read"):
        return False
    return await approvals.is_to_be_asked(
        c.tx, viewer=c.actor, now=c.now, wanted=approving.wanted_of(order, contract)
    )


async def _agreement(c: Command, order: Order) -> Agreement | None:
    if order.agreement_id is None:
        return None
    return await agreements.find(c.tx, agreement_id=order.agreement_id)


async def _bill(
    c: Command, order: Order, contract: Contract | None, used: int
) -> bills.Bill | None:
    """Return the bill as it stands, computed by the rule that its proof is checked with."""
    if contract is None:
        return None
    ledger = await books.get_order_ledger(c.tx, order.id)
    entries = [read_record(each.record.encode()) for each in ledger.entries]
    last = await accounts.find_last_charge(c.tx, order.id)
    return bills.bill(
        read_document(contract.document),
        units_used=used,
        entries=entries,
        bytes_used=0 if last is None else last.bytes,
    )
