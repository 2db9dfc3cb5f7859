"""Sign the contract of an order; it is concluded when both have signed."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId
from catalog.signing.model import Signature
from market.contracts import queries as contracts
from market.orders.contract import ContractAlreadySigned
from market.orders.model import Contract, ContractSignature, Order, Side
from market.orders.operations import approving, by_agreement
from market.orders.operations.casework import lock, move, remember
from market.orders.queries import ContractMissing, OrderMissing
from market.orders.states import Event, advance
from market.orders.store import contracts as kept
from settlement.escrow.operations import funding as escrow


async def sign(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, signature: Signature
) -> Contract:
    """Sign the contract's exact bytes with a key of one's own party (签署).

    When both have signed, the contract is concluded and the escrow is open.

    :raises NotPermitted: if the actor signs no contracts.
    :raises OrderMissing: if it is unknown or between others.
    :raises OrderEventNotAllowed: if it is not cleared, or concluded already.
    :raises AgreementNotInForce: if its agreement was ended, or is over (``by_agreement.py``).
    :raises ContractAlreadySigned: if this party signed before.
    :raises KeyUnknown: if the party has no such key for contracts.
    :raises KeyNotValid: if the key is over or revoked.
    :raises AlgorithmNotOfTheKey: if the signature names another algorithm than its key has.
    :raises ContractSignatureInvalid: if the signature is not over these bytes.
    :raises ApprovalRequired: if the buyer's own chain asks for an approval (and ``ApprovalPending``).
    """
    actor.require("contract:sign")
    order = await lock(tx, order_id)
    side = _side(order, actor.party)
    advance(order.state, Event.SIGN)
    await by_agreement.terms_in_force(tx, order, now=now)
    contract = await kept.find(tx, order_id)
    if contract is None:
        raise ContractMissing
    if side in {signed.side for signed in contract.signatures}:
        raise ContractAlreadySigned(side=side.value)
    await contracts.check_signature(
        tx, contract.document, party=actor.party, signature=signature, now=now
    )
    if side is Side.BUYER:
        await approving.let_through(tx, order, contract, now=now)
    signed = ContractSignature(side=side, party_id=actor.party, signature=signature, signed_at=now)
    await kept.insert_signature(tx, signed, order)
    contract = msgspec.structs.replace(contract, signatures=(*contract.signatures, signed))
    digest = Digest("contract", str(order.id), contract.sha256)
    order = await move(tx, order, Event.SIGN, now=now)
    await remember(
        tx,
        Happened.CONTRACT_SIGNED,
        order,
        actor=actor,
        now=now,
        facts={"side": side.value, "key_id": signature.key_id},
        rules=("SIX-2",),
        digests=(digest,),
    )
    if contract.is_concluded:
        await _conclude(tx, order, actor=actor, now=now)
    return contract


async def _conclude(tx: Tx, order: Order, *, actor: Actor, now: dt.datetime) -> None:
    concluded = await move(tx, order, Event.CONCLUDE, now=now, contracted_at=now)
    if not concluded.is_free:
        await escrow.open(
            tx,
            actor=actor,
            now=now,
            order_id=concluded.id,
            payer_party_id=concluded.buyer_party_id,
            payee_party_id=concluded.supplier_party_id,
            amount_fen=concluded.amount_fen,
            book=concluded.book,
            tax=concluded.tax,
        )
    await remember(
        tx, Happened.CONTRACT_CONCLUDED, concluded, actor=actor, now=now, rules=("SIX-2",)
    )


def _side(order: Order, party: PartyId) -> Side:
    if party == order.buyer_party_id:
        return Side.BUYER
    if party == order.supplier_party_id:
        return Side.SUPPLIER
    raise OrderMissing
