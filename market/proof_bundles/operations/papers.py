"""Read what the log binds of an order, as far as the checkpoint reaches (订单材料)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Container, Sequence

from catalog.audit_log.events import Event
from catalog.audit_log.model import Leaf
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from market.access import queries as access
from market.access.licences import Licence, licence_of
from market.orders import queries as orders
from market.orders.model import Order
from market.orders.queries import ContractMissing
from market.pricing import queries as pricing
from market.proof_bundles.model import ContractPapers, OrderPapers
from market.usage import queries as usage
from settlement.ledger.queries import order_money as books


async def of_order(
    tx: Tx, *, actor: Actor, order_id: uuid.UUID, leaves: Sequence[Leaf]
) -> OrderPapers:
    """Return what the entries bind of an order; what came later is left for a later bundle.

    :raises OrderMissing: if there is none that the actor may see.
    """
    order = await orders.get_order(tx, viewer=actor, order_id=order_id)
    bound = {digest.sha256: place for place, leaf in enumerate(leaves) for digest in leaf.digests}
    used = [
        each
        for each in await usage.list_for_order(tx, order_id=order_id)
        if each.record_sha256 in bound
    ]
    ledger = await books.get_order_ledger(tx, order_id)
    happened = [leaf.event for leaf in leaves]
    return OrderPapers(
        order_id=order.id,
        buyer_party_id=order.buyer_party_id,
        supplier_party_id=order.supplier_party_id,
        product_id=order.product_id,
        usage=tuple(each.record for each in used),
        usage_entry_ids=tuple(each.entry_id for each in used),
        journal=tuple(
            entry.record.encode()
            for entry in sorted(ledger.entries, key=lambda each: bound.get(each.record_sha256, -1))
            if entry.record_sha256 in bound
        ),
        contract=await _contract(tx, actor, order, bound, happened.count(Event.CONTRACT_SIGNED)),
        licence=await _licence(tx, order, is_bound=Event.GRANT_CREATED in happened),
        statement_at=dt.datetime.fromisoformat(used[-1].event.at) if used else order.placed_at,
    )


async def _contract(
    tx: Tx, actor: Actor, order: Order, bound: Container[str], signed: int
) -> ContractPapers | None:
    try:
        contract = await orders.get_contract(tx, viewer=actor, order_id=order.id)
    except ContractMissing:
        return None
    async with beyond_own_rows(tx):  # a price that is in effect stands in the public price list
        filing = await pricing.find_record(tx, filing_id=order.filing_id)
    if contract.sha256 not in bound or filing is None:
        return None
    return ContractPapers(
        document=contract.document, signatures=contract.signatures[:signed], filing=filing
    )


async def _licence(tx: Tx, order: Order, *, is_bound: bool) -> Licence | None:
    grant = await access.find_for_order(tx, order_id=order.id)
    return None if grant is None or not is_bound else licence_of(grant)
