"""Read orders and contracts: for both parties, staff and the regulator."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

from msgspec import UNSET

from catalog.kernel import paging
from catalog.kernel.actor import Actor, NotPermitted
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing, Refused
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from market.access.decision import PERSONAL_BASIS_MISSING
from market.contracts import queries as agreements
from market.cut_offs.model import Level
from market.orders import destroying, under_agreement
from market.orders.inspection import INSPECTION_USES, release_facts, retained_until
from market.orders.model import (
    BundleFile,
    Contract,
    DestructionStatement,
    Order,
    PaymentDue,
    ReleaseTerms,
    UsedAfterWithdrawal,
)
from market.orders.states import Event, advance
from market.orders.store import bundles, contracts, destructions, orders, payout_holds
from market.pricing.model import Charge, Filing, PriceItem
from settlement.charging import windows


class OrderMissing(Missing):
    """There is no such order, or none that this actor may know of."""


class BundleMissing(Missing):
    """There is no such bundle, or none that this actor may know of."""


class DestructionMissing(Missing):
    """Nobody stated yet that what was delivered is destroyed."""

    code = "destruction_not_stated"


class ContractMissing(Missing):
    """The order has no contract yet."""

    code = "contract_not_found"


class OrderIsFree(Refused):
    """Nothing is to be paid for the order."""

    code = "order_is_free"


async def get_order(tx: Tx, *, viewer: Actor, order_id: uuid.UUID) -> Order:
    """Return an order to its parties, staff and the regulator.

    :raises OrderMissing: if there is none that the viewer may see.
    """
    found = await orders.find(tx, order_id)
    if found is None or not _may_see(viewer, found):
        raise OrderMissing
    return found


async def find_by_special_price(tx: Tx, *, special_price_id: uuid.UUID) -> Order | None:
    """Return the order in which a special price was used, if the actor may see it, or None."""
    return await orders.find_by_special_price(tx, special_price_id)


async def list_orders(
    tx: Tx,
    *,
    viewer: Actor,
    product_id: uuid.UUID | None = None,
    state: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Order]:
    """Return a page of orders, newest first: those of one's party, or all.

    :raises NotPermitted: if the viewer reads no orders.
    """
    viewer.require("order:read")
    party = None if viewer.sees_all else viewer.party
    query = paging.fingerprint("orders", str(party), str(product_id), state)
    rows = await tx.fetch(
        orders.SELECT
        + """
         WHERE ($1::uuid IS NULL OR $1 IN (buyer_party_id, supplier_party_id))
           AND ($2::uuid IS NULL OR product_id = $2)
           AND ($3::text IS NULL OR state = $3)
           AND ($4::uuid IS NULL OR id < $4)
         ORDER BY id DESC LIMIT $5""",
        party,
        product_id,
        state,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    found = [orders.order_of(row) for row in rows]
    return paging.page_by_id(query, found, limit)


async def count_bought_before(tx: Tx, item: PriceItem, filing: Filing, *, buyer: PartyId) -> int:
    """Return how much a buyer had before of what counts: trials of the product, units of a free quota."""
    if item.charge is Charge.TRIAL:
        return await orders.count_trials(tx, buyer=buyer, product_id=filing.product_id)
    if item.free_quantity is UNSET:
        return 0
    return await orders.count_bought(tx, buyer=buyer, filing_id=filing.id, price_item=item.code)


async def list_for_product(tx: Tx, *, product_id: uuid.UUID) -> list[Order]:
    """Return the orders of a product, oldest first, as the supervisor's trace shows them."""
    rows = await tx.fetch(
        orders.SELECT + " WHERE product_id = $1 ORDER BY id LIMIT 10000", product_id
    )
    return [orders.order_of(row) for row in rows]


async def list_between(tx: Tx, *, start: dt.datetime, end: dt.datetime) -> list[Order]:
    """Return the orders placed from ``start`` until before ``end``, for the quarterly report."""
    rows = await tx.fetch(
        orders.SELECT + " WHERE placed_at >= $1 AND placed_at < $2 ORDER BY id", start, end
    )
    return [orders.order_of(row) for row in rows]


async def get_contract(tx: Tx, *, viewer: Actor, order_id: uuid.UUID) -> Contract:
    """Return the contract of an order with its exact bytes and signatures.

    :raises OrderMissing: if there is no order that the viewer may see.
    :raises ContractMissing: if the order has none yet.
    """
    await get_order(tx, viewer=viewer, order_id=order_id)
    found = await contracts.find(tx, order_id)
    if found is None:
        raise ContractMissing
    return found


async def get_payment_due(
    tx: Tx, *, viewer: Actor, order_id: uuid.UUID, now: dt.datetime
) -> PaymentDue:
    """Return what the buyer is to pay now; nothing for what could not be delivered any more.

    :raises NotPermitted: if the viewer pays no orders.
    :raises OrderMissing: if it is not the viewer's purchase.
    :raises OrderIsFree: if nothing is to be paid.
    :raises OrderEventNotAllowed: if the contract is not concluded, or the order was paid.
    :raises AgreementNotInForce: if its agreement was ended, or is over (``under_agreement.py``).
    """
    viewer.require("order:pay")
    order = await get_order(tx, viewer=viewer, order_id=order_id)
    if order.buyer_party_id != viewer.party:
        raise OrderMissing
    advance(order.state, Event.PAY)
    if order.is_free:
        raise OrderIsFree
    if order.agreement_id is not None:
        agreement = await agreements.find(tx, agreement_id=order.agreement_id)
        assert agreement is not None, "an order's agreement can not vanish"
        under_agreement.check_goes_on(agreement, now)
    return PaymentDue(
        payer_party_id=order.buyer_party_id,
        payee_party_id=order.supplier_party_id,
        amount_fen=order.amount_fen,
        book=order.book,
        tax=order.tax,
    )


async def get_release_terms(tx: Tx, *, order_id: uuid.UUID) -> ReleaseTerms:
    """Return what the escrow needs to know before money leaves.

    :raises OrderMissing: if there is no such order.
    :raises ContractMissing: if it has no contract yet.
    """
    order = await orders.find(tx, order_id)
    if order is None:
        raise OrderMissing
    contract = await contracts.find(tx, order_id)
    if contract is None:
        raise ContractMissing
    is_held = await payout_holds.find(tx, order_id) is not None
    facts = release_facts(order, is_held=is_held)
    return ReleaseTerms(
        facts=facts, split=contract.split, retained_until=retained_until(contract.split, facts)
    )


async def list_payouts_held(tx: Tx, *, order_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Return of which of these orders the payout is held, for a complaint or a dispute (临时措施)."""
    rows = await tx.fetch(
        """SELECT order_id AS id FROM market.payout_holds
            WHERE order_id = ANY ($1) AND lifted_at IS NULL
            UNION SELECT id FROM market.orders WHERE id = ANY ($1) AND state = 'disputed'""",
        list(order_ids),
    )
    return {row["id"] for row in rows}


async def list_releasable(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return accepted orders whose money is still in escrow, oldest acceptance first."""
    rows = await tx.fetch(
        """
        SELECT o.id FROM market.orders o
          JOIN settlement.escrows e ON e.order_id = o.id AND e.state IN ('held', 'disputed')
         WHERE o.state IN ('accepted', 'completed') AND o.accepted_at <= $1
           AND o.price_item ->> 'billing' IS DISTINCT FROM 'as_used'  -- charged window by window
           AND NOT EXISTS (SELECT FROM market.payout_holds h
                            WHERE h.order_id = o.id AND h.lifted_at IS NULL)
         ORDER BY o.accepted_at, o.id LIMIT $2""",
        now,
        limit,
    )
    return [row["id"] for row in rows]


async def list_chargeable(
    tx: Tx, *, now: dt.datetime, limit: int, open_for: dt.timedelta = windows.OPEN_FOR
) -> list[uuid.UUID]:
    """Return orders of which a window of uses is closed, or that are over and not settled yet."""
    rows = await tx.fetch(
        """
        SELECT o.id FROM settlement.usage_accounts a
          JOIN market.orders o ON o.id = a.order_id
          LEFT JOIN LATERAL (
               SELECT to_seq FROM settlement.charges
                WHERE order_id = o.id ORDER BY to_seq DESC LIMIT 1) c ON true
          LEFT JOIN LATERAL (
               SELECT at FROM market.usage_events
                WHERE order_id = o.id AND order_seq > coalesce(c.to_seq, 0)
                ORDER BY order_seq LIMIT 1) first_use ON true
         WHERE a.state IN ('running', 'low', 'arrears', 'suspended')
           AND (o.state IN ('completed', 'terminated')
                OR (o.state = 'accepted'
                    AND (first_use.at <= $1::timestamptz - $3::interval
                         OR EXISTS (SELECT FROM market.usage_events u
                                     WHERE u.order_id = o.id
                                       AND u.order_seq = coalesce(c.to_seq, 0) + $4))))
           AND NOT EXISTS (SELECT FROM market.payout_holds h
                            WHERE h.order_id = o.id AND h.lifted_at IS NULL)
         ORDER BY first_use.at, o.id LIMIT $2""",
        now,
        limit,
        open_for,
        windows.USES_MAX,
    )
    return [row["id"] for row in rows]


async def list_due(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return delivered orders whose inspection period is over, or which were put to use."""
    rows = await tx.fetch(
        """
        SELECT o.id FROM market.orders o
          JOIN market.grants g ON g.order_id = o.id
         WHERE o.state = 'delivering' AND (o.inspection_ends_at <= $1 OR g.used > $3)
         ORDER BY o.inspection_ends_at, o.id LIMIT $2""",
        now,
        limit,
        INSPECTION_USES,
    )
    return [row["id"] for row in rows]


async def list_destructions_to_remind(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return orders whose statement of destruction is due soon, or overdue, and nobody was told yet."""
    rows = await tx.fetch(
        """
        SELECT t.subject_id FROM catalog.timers t
         WHERE t.kind = $1 AND t.subject_kind = $2 AND t.state IN ('open', 'overdue')
           AND t.ends_at <= $3::timestamptz + $4::interval
           AND NOT EXISTS (
               SELECT FROM catalog.notifications n
                WHERE n.subject_kind = $2 AND n.subject_id = t.subject_id::text
                  AND n.topic = CASE WHEN t.ends_at <= $3 THEN 'destruction_overdue'
                                     ELSE 'destruction_reminded' END)
         ORDER BY t.ends_at, t.id LIMIT $5""",
        destroying.CLOCK,
        destroying.SUBJECT,
        now,
        destroying.REMINDED_BEFORE,
        limit,
    )
    return [row["subject_id"] for row in rows]


async def list_undeliverable(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return orders whose agreement is over and that nobody delivered, oldest end first."""
    rows = await tx.fetch(
        """
        SELECT o.id FROM market.orders o
          JOIN market.agreements a ON a.id = o.agreement_id
         WHERE o.state IN ('placed', 'negotiating', 'cleared', 'contracted', 'paid')
           AND a.ends_at <= $1
         ORDER BY a.ends_at, o.id LIMIT $2""",
        now,
        limit,
    )
    return [row["id"] for row in rows]


async def list_completable(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return accepted orders whose grant is over, or whose uses are all used."""
    rows = await tx.fetch(
        """
        SELECT o.id FROM market.orders o
          JOIN market.grants g ON g.order_id = o.id AND g.state = 'active'
         WHERE o.state = 'accepted' AND (g.valid_to <= $1 OR g.used >= g.quota)
         ORDER BY g.valid_to, o.id LIMIT $2""",
        now,
        limit,
    )
    return [row["id"] for row in rows]


async def list_used_after_withdrawal(
    tx: Tx, *, since: dt.datetime, limit: int
) -> list[UsedAfterWithdrawal]:
    """Return what was asked for although persons had withdrawn or narrowed their consent before.

    Of each order its last ten thousand uses are looked at. What an agency once accepted as anonymised
    needed no consent, and is not among them.
    """
    rows = await tx.fetch(
        """
        SELECT o.id AS order_id, u.refused, u.handed_out, u.entry_ids
          FROM market.consent_grounds g
          JOIN market.orders o ON o.product_id = g.product_id AND o.scenario = g.scenario
                              AND o.buyer_party_id = g.recipient_party_id
         CROSS JOIN LATERAL (
               SELECT count(*) FILTER (WHERE e.decision = 'deny') AS refused,
                      count(*) FILTER (WHERE e.decision = 'allow') AS handed_out,
                      (array_agg(e.entry_id ORDER BY e.at))[1:1000] AS entry_ids
                 FROM (SELECT decision, at, record, entry_id FROM market.usage_events
                        WHERE order_id = o.id ORDER BY order_seq DESC LIMIT 10000) e
                WHERE e.at > greatest(g.stopped_at, $1)
                  AND (e.decision = 'allow'
                       OR convert_from(e.record, 'UTF8')::jsonb -> 'reasons' ? $3)) u
         WHERE g.stopped_at IS NOT NULL
           AND (o.product_version <= g.stopped_through_version
                OR NOT g.purposes <@ ARRAY[o.purpose])
           AND o.delivered_at IS NOT NULL AND u.refused + u.handed_out > 0
           AND NOT EXISTS (SELECT FROM market.anonymised_versions v
                            WHERE v.product_id = o.product_id
                              AND v.product_version = o.product_version)
         ORDER BY o.id LIMIT $2""",
        since,
        limit,
        PERSONAL_BASIS_MISSING,
    )
    return [UsedAfterWithdrawal(**dict(row)) for row in rows]


async def get_bundle(tx: Tx, *, viewer: Actor, bundle_id: uuid.UUID) -> BundleFile:
    """Return a bundle and its orders to its buyer, staff and the regulator.

    :raises BundleMissing: if there is none that the viewer may see.
    """
    found = await bundles.find(tx, bundle_id)
    if found is None or (not viewer.sees_all and viewer.party != found.buyer_party_id):
        raise BundleMissing
    rows = await tx.fetch(orders.SELECT + " WHERE bundle_id = $1 ORDER BY id", bundle_id)
    return BundleFile(bundle=found, orders=[orders.order_of(row) for row in rows])


async def get_destruction(tx: Tx, *, viewer: Actor, order_id: uuid.UUID) -> DestructionStatement:
    """Return that what was delivered is destroyed, to the parties, staff and the regulator.

    :raises OrderMissing: if there is no order that the viewer may see.
    :raises DestructionMissing: if nothing was stated.
    """
    await get_order(tx, viewer=viewer, order_id=order_id)
    found = await destructions.find(tx, order_id)
    if found is None:
        raise DestructionMissing
    return found


_REACHED: Final = """
      FROM market.orders o
      JOIN market.grants g ON g.order_id = o.id
     WHERE (($1 = 'product' AND o.product_id = $2) OR ($1 = 'agreement' AND $2 IN (o.id, o.agreement_id))
            OR ($1 = 'grant' AND g.id = $2)
            OR ($1 = 'party' AND $2 IN (o.buyer_party_id, o.supplier_party_id)))"""
_COUNT_REACHED: Final = "SELECT count(*)" + _REACHED + " AND g.state IN ('active', 'cut_off')"
_LIST_REACHED: Final = (
    "SELECT o.id" + _REACHED + " AND g.state IN ('active', 'cut_off') ORDER BY o.id LIMIT 100000"
)
_FIND_GRANTED: Final = "SELECT o.id" + _REACHED + " LIMIT 1"


async def count_reached(tx: Tx, *, level: Level, subject_id: uuid.UUID) -> int:
    """Return how many orders under a running grant a cut-off of this reaches."""
    return int(await tx.fetch_value(_COUNT_REACHED, level.value, subject_id))


async def list_reached(tx: Tx, *, level: Level, subject_id: uuid.UUID) -> list[Order]:
    """Return the orders under a running grant that a cut-off of this reaches, oldest first."""
    reached = await tx.fetch(_LIST_REACHED, level.value, subject_id)
    rows = await tx.fetch(
        orders.SELECT + " WHERE id = ANY ($1) ORDER BY id", [row["id"] for row in reached]
    )
    return [orders.order_of(row) for row in rows]


async def find_granted(tx: Tx, *, level: Level, subject_id: uuid.UUID) -> Order | None:
    """Return the order of an agreement or a grant, if data were granted under it."""
    found = await tx.fetch_value(_FIND_GRANTED, level.value, subject_id)
    return None if found is None else await orders.find(tx, found)


def _may_see(viewer: Actor, order: Order) -> bool:
    if viewer.sees_all:
        return True
    try:
        return viewer.party in (order.buyer_party_id, order.supplier_party_id)
    except NotPermitted:
        return False
