"""Ask for an invoice, issue, refuse, void and redden it (发票)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from settlement.escrow.model import Escrow
from settlement.escrow.operations import casework as escrow
from settlement.escrow.queries import EscrowMissing
from settlement.invoices import invoicing, store
from settlement.invoices.model import For, Invoice, InvoiceId, RedLetter, Wanted
from settlement.invoices.queries import InvoiceMissing
from settlement.invoices.states import Event, State, advance
from settlement.ledger.accounts import Purpose, account
from settlement.ledger.queries import order_money as books
from settlement.ledger.queries.order_money import OrderLedger


class InvoiceNumberTaken(Conflict):
    """The issuer has given this number to another invoice."""

    code = "invoice_number_taken"


async def request(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, wanted: Wanted
) -> Invoice:
    """Ask for an invoice: as the buyer for the product, as the supplier for the platform's fee.

    What of it is tax is told where the order's price says it; of a fee, the platform says it.

    :raises NotPermitted: if the actor asks for none.
    :raises EscrowMissing: if the order has no escrow, or it is not the actor's to ask.
    :raises InvoiceTitleUnclear: if it can not be made out so.
    :raises InvoiceAboveWhatWasPaid: if more is asked for than was paid and not invoiced.
    """
    actor.require("invoice:request")
    invoicing.check_title(wanted.title, wanted.type)
    held = await escrow.lock(tx, order_id)
    money = await books.get_order_ledger(tx, order_id)
    issuer = _issuer(held, money, wanted.of, actor)
    others = await store.list_of_order(tx, order_id, wanted.of)
    invoicing.check_amount(wanted.amount_fen, _most_fen(money, wanted.of), others)
    tax = held.tax if wanted.of is For.PRODUCT else None
    told = None if tax is None else invoicing.taxed(wanted.amount_fen, others, tax.rate_bps)
    invoice = Invoice(
        id=InvoiceId(new_id()),
        state=State.REQUESTED,
        order_id=order_id,
        issuer_party_id=issuer,
        payer_party_id=actor.party,
        wanted=wanted,
        version=1,
        requested_at=now,
        updated_at=now,
        net_fen=None if told is None else told.net_fen,
        tax_fen=None if told is None else told.tax_fen,
        tax=tax,
    )
    await store.insert(tx, invoice)
    await _remember(tx, Happened.INVOICE_REQUESTED, invoice, actor=actor, now=now)
    await _tell(tx, invoice, issuer, Topic.INVOICE_REQUESTED, now=now)
    return invoice


async def issue(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    invoice_id: uuid.UUID,
    number: str,
    issued_on: dt.date | None = None,
) -> Invoice:
    """Say under which number an invoice was issued (开具): what was refunded meanwhile counts.

    :raises NotPermitted: if the actor issues none.
    :raises InvoiceMissing: if it is unknown or another's to issue.
    :raises InvoiceEventNotAllowed: if it is not asked for any more.
    :raises InvoiceNumberMalformed: if it is no number of an invoice.
    :raises InvoiceNumberTaken: if another one has it.
    :raises InvoiceAboveWhatWasPaid: if so much went back that it would be too much now.
    """
    actor.require("invoice:issue")
    before = await _lock(tx, actor, invoice_id, as_issuer=True)
    advance(before.state, Event.ISSUE)
    await _check_number(tx, before, number)
    held = await escrow.lock(tx, before.order_id)
    money = await books.get_order_ledger(tx, held.order_id)
    others = await store.list_of_order(tx, before.order_id, before.wanted.of)
    invoicing.check_amount(
        before.wanted.amount_fen,
        _most_fen(money, before.wanted.of),
        [each for each in others if each.id != before.id],
    )
    today = local_date(now)
    issued = await _move(
        tx, before, Event.ISSUE, now=now, number=number, issued_on=issued_on or today
    )
    await _remember(tx, Happened.INVOICE_ISSUED, issued, actor=actor, now=now)
    await _tell(tx, issued, issued.payer_party_id, Topic.INVOICE_ANSWERED, now=now)
    return issued


async def refuse(
    tx: Tx, *, actor: Actor, now: dt.datetime, invoice_id: uuid.UUID, reason: str
) -> Invoice:
    """Refuse an invoice, with the reason (不予开具).

    :raises NotPermitted: if the actor issues none.
    :raises InvoiceMissing: if it is unknown or another's to issue.
    :raises InvoiceEventNotAllowed: if it is not asked for any more.
    """
    actor.require("invoice:issue")
    before = await _lock(tx, actor, invoice_id, as_issuer=True)
    refused = await _move(tx, before, Event.REFUSE, now=now, reason=reason)
    await _remember(tx, Happened.INVOICE_REFUSED, refused, actor=actor, now=now)
    await _tell(tx, refused, refused.payer_party_id, Topic.INVOICE_ANSWERED, now=now)
    return refused


async def withdraw(tx: Tx, *, actor: Actor, now: dt.datetime, invoice_id: uuid.UUID) -> Invoice:
    """Take back what one asked for, before it was issued (撤回申请).

    :raises NotPermitted: if the actor asks for none.
    :raises InvoiceMissing: if it is unknown or somebody else's.
    :raises InvoiceEventNotAllowed: if it was issued or refused.
    """
    actor.require("invoice:request")
    before = await _lock(tx, actor, invoice_id, as_issuer=False)
    withdrawn = await _move(tx, before, Event.WITHDRAW, now=now)
    await _remember(tx, Happened.INVOICE_WITHDRAWN, withdrawn, actor=actor, now=now)
    return withdrawn


async def void(
    tx: Tx, *, actor: Actor, now: dt.datetime, invoice_id: uuid.UUID, reason: str
) -> Invoice:
    """Void an invoice in the month in which it was issued (作废).

    :raises NotPermitted: if the actor issues none.
    :raises InvoiceMissing: if it is unknown or another's to issue.
    :raises InvoiceEventNotAllowed: if it is not issued.
    :raises VoidTooLate: if the month is over, or something of it was taken back.
    """
    actor.require("invoice:issue")
    before = await _lock(tx, actor, invoice_id, as_issuer=True)
    advance(before.state, Event.VOID)
    invoicing.check_void(before, local_date(now))
    voided = await _move(tx, before, Event.VOID, now=now, reason=reason)
    await _remember(tx, Happened.INVOICE_VOIDED, voided, actor=actor, now=now)
    await _tell(tx, voided, voided.payer_party_id, Topic.INVOICE_ANSWERED, now=now)
    return voided


async def redden(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    invoice_id: uuid.UUID,
    number: str,
    amount_fen: int,
    reason: str,
) -> Invoice:
    """Take an invoice back, or a part of it, by a red-letter invoice (红冲).

    :raises NotPermitted: if the actor issues none.
    :raises InvoiceMissing: if it is unknown or another's to issue.
    :raises InvoiceEventNotAllowed: if it is not issued, or was taken back as a whole.
    :raises InvoiceNumberMalformed: if it is no number of an invoice.
    :raises InvoiceNumberTaken: if another one has it.
    :raises RedLetterTooLarge: if it takes more back than is left.
    """
    actor.require("invoice:issue")
    before = await _lock(tx, actor, invoice_id, as_issuer=True)
    advance(before.state, Event.REDDEN_PART)
    await _check_number(tx, before, number)
    is_all = invoicing.check_red_letter(before, amount_fen)
    red = RedLetter(
        number=number,
        amount_fen=amount_fen,
        reason=reason,
        issued_on=local_date(now),
        tax_fen=await _red_tax_fen(tx, before, amount_fen),
    )
    reddened = await _move(
        tx,
        before,
        Event.REDDEN if is_all else Event.REDDEN_PART,
        now=now,
        red_letters=(*before.red_letters, red),
    )
    await _remember(tx, Happened.INVOICE_REDDENED, reddened, actor=actor, now=now)
    await _tell(tx, reddened, reddened.payer_party_id, Topic.INVOICE_ANSWERED, now=now)
    return reddened


def _issuer(held: Escrow, money: OrderLedger, of: For, actor: Actor) -> uuid.UUID:
    """Return who issues what the actor asks for; nothing is told of what is not the actor's."""
    if of is For.PRODUCT and held.payer_party_id == actor.party and held.payee_party_id:
        return held.payee_party_id
    fees = [leg.account for entry in money.entries for leg in entry.legs if _is_fee(leg.account)]
    if of is For.PLATFORM_FEE and held.payee_party_id == actor.party and fees:
        return uuid.UUID(account(fees[0]).owner)
    raise EscrowMissing(order_id=str(held.order_id))


def _most_fen(money: OrderLedger, of: For) -> int:
    """Return what was paid less what went back: for the product, or as the platform's fee."""
    if of is For.PRODUCT:
        return money.paid_fen - money.refunded_fen
    return sum(
        leg.amount_fen for entry in money.entries for leg in entry.legs if _is_fee(leg.account)
    )


async def _red_tax_fen(tx: Tx, invoice: Invoice, amount_fen: int) -> int | None:
    """Return what of a red letter is tax, or None where the invoice does not tell its own."""
    if invoice.tax is None:
        return None
    await escrow.lock(tx, invoice.order_id)
    every = await store.list_of_order(tx, invoice.order_id, invoice.wanted.of)
    others = [each for each in every if each.id != invoice.id]
    return invoicing.red_tax_fen(invoice, amount_fen, others, invoice.tax.rate_bps)


def _is_fee(code: str) -> bool:
    return account(code).purpose is Purpose.PLATFORM_FEE


async def _check_number(tx: Tx, invoice: Invoice, number: str) -> None:
    invoicing.check_number(number)
    if await store.is_taken(tx, issuer=invoice.issuer_party_id, number=number):
        raise InvoiceNumberTaken(number=number)


async def _lock(tx: Tx, actor: Actor, invoice_id: uuid.UUID, *, as_issuer: bool) -> Invoice:
    found = await store.lock(tx, invoice_id)
    if found is None:
        raise InvoiceMissing
    side = found.issuer_party_id if as_issuer else found.payer_party_id
    if side != actor.party:
        raise InvoiceMissing
    return found


async def _move(
    tx: Tx, before: Invoice, event: Event, *, now: dt.datetime, **changes: Any
) -> Invoice:
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, event),
        version=before.version + 1,
        updated_at=now,
        **changes,
    )
    await store.update(tx, after)
    return after


async def _tell(
    tx: Tx, invoice: Invoice, party: uuid.UUID, topic: Topic, *, now: dt.datetime
) -> None:
    await notifications.send(
        tx,
        now=now,
        to=PartyId(party),
        topic=topic,
        subject=Subject("invoice", str(invoice.id)),
        facts={"amount_fen": invoice.wanted.amount_fen},
    )


async def _remember(
    tx: Tx, event: Happened, invoice: Invoice, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("invoice", str(invoice.id)), Subject("order", str(invoice.order_id))],
        facts={
            "of": invoice.wanted.of.value,
            "amount_fen": invoice.wanted.amount_fen,
            **({} if invoice.tax_fen is None else {"tax_fen": invoice.tax_fen}),
            "number": invoice.number,
            "reddened_fen": invoice.reddened_fen,
        },
        after={"state": invoice.state.value, "version": invoice.version},
        reason=invoice.reason,
    )
