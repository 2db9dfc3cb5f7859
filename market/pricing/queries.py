"""Read pricing filings, and the price list that everyone may read (GD-07)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import msgspec

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from market.pricing import compute, offers, store
from market.pricing.compute import PriceLine
from market.pricing.model import (
    Ceiling,
    Charge,
    Filing,
    FilingId,
    PriceItem,
    PriceListLine,
    Receipt,
    Terms,
    UseCategory,
)
from market.pricing.receipts import ReceiptMissing
from market.pricing.regimes import FREE
from settlement.taxes.model import Taxed


class FilingMissing(Missing):
    """There is no such filing, or none that this actor may know of."""


async def get(tx: Tx, *, viewer: Actor, filing_id: uuid.UUID) -> Filing:
    """Return a filing of one's own, or any for staff and regulator.

    :raises NotPermitted: if the viewer reads no filings.
    :raises FilingMissing: if there is none that it may see.
    """
    viewer.require("pricing:read")
    found = await store.find(tx, filing_id)
    if found is None or not _is_reader(viewer, found):
        raise FilingMissing
    return found


async def list_filings(
    tx: Tx,
    *,
    viewer: Actor,
    product_id: uuid.UUID | None = None,
    state: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Filing]:
    """Return a page of filings, newest first: one's own, or all for staff and regulator.

    :raises NotPermitted: if the viewer reads no filings.
    """
    viewer.require("pricing:read")
    party = None if viewer.sees_all else viewer.party
    query = paging.fingerprint("pricing_filings", str(party), str(product_id), state)
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE ($1::uuid IS NULL OR supplier_party_id = $1)
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
    found = [store.filing_of(row) for row in rows]
    return paging.page_by_id(query, found, limit)


class Computed(msgspec.Struct, frozen=True, kw_only=True):
    """What a quantity costs at the filed price, and how it comes to that (计价结果)."""

    filing_id: FilingId
    filing_number: str | None
    price_item: str
    quantity: int
    lines: tuple[PriceLine, ...]
    uncapped_fen: int
    amount_fen: int  # what is paid, with the tax
    taxed: Taxed | None = None  # what of it is tax; None: the plan does not say


async def compute_price(
    tx: Tx,
    *,
    product_id: uuid.UUID,
    use_category: UseCategory | None,
    scenario: str | None,
    price_item: str,
    quantity: int,
) -> Computed:
    """Return what a quantity costs who has bought nothing of it before.

    :raises FilingMissing: if no price is in effect for the product and the use.
    :raises PriceItemUnknown: if nothing is filed under the code.
    :raises QuantityOutOfRange: if it is not sold in that quantity.
    :raises QuotationRequired: if each buyer is quoted a price.
    """
    filing = await find_effective(
        tx, product_id=product_id, use_category=use_category, scenario=scenario
    )
    if filing is None:
        raise FilingMissing
    item = offers.item_of(filing, price_item)
    amount_fen = compute.price_fen(item, quantity)
    told = compute.priced(item, quantity)
    return Computed(
        filing_id=filing.id,
        filing_number=filing.filing_number,
        price_item=item.code,
        quantity=quantity,
        lines=told.lines,
        uncapped_fen=told.uncapped_fen,
        amount_fen=amount_fen,
        taxed=told.taxed,
    )


async def find_by_id(tx: Tx, *, filing_id: uuid.UUID) -> Filing | None:
    """Return a filing that the actor may see, or None."""
    return await store.find(tx, filing_id)


async def find_effective(
    tx: Tx,
    *,
    product_id: uuid.UUID,
    use_category: UseCategory | None,
    scenario: str | None = None,
) -> Filing | None:
    """Return the filing from which an order of this product for this use takes its price.

    A product whose filing names no use category has one price for every use. One that has a price
    for the scenario goes before one that has none for it.
    """
    row = await tx.fetch_one(
        store.SELECT
        + """
         WHERE product_id = $1 AND state IN ('effective', 'under_inquiry')
           AND use_category IN ($2, '')
         ORDER BY coalesce(terms -> 'scenarios' ? $3, false) DESC, (use_category = $2) DESC,
                  id DESC
         LIMIT 1""",
        product_id,
        "" if use_category is None else use_category.value,
        scenario,
    )
    return None if row is None else store.filing_of(row)


async def find_any_effective(tx: Tx, *, product_id: uuid.UUID) -> Filing | None:
    """Return the newest filing in effect for a product, whatever the use, or None."""
    row = await tx.fetch_one(
        store.SELECT
        + """
         WHERE product_id = $1 AND state IN ('effective', 'under_inquiry')
         ORDER BY id DESC LIMIT 1""",
        product_id,
    )
    return None if row is None else store.filing_of(row)


async def list_for_product(tx: Tx, *, product_id: uuid.UUID) -> list[Filing]:
    """Return every filing of a product, oldest first, as the supervisor's trace shows them."""
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE product_id = $1 ORDER BY id LIMIT 1000""",
        product_id,
    )
    return [store.filing_of(row) for row in rows]


async def get_receipt(tx: Tx, *, filing_id: uuid.UUID) -> Receipt:
    """Return the receipt of a filing that the viewer may see.

    :raises FilingMissing: if there is none that it may see.
    :raises ReceiptMissing: if it was not recorded.
    """
    found = await store.find(tx, filing_id)
    if found is None:
        raise FilingMissing
    if found.receipt is None:
        raise ReceiptMissing
    return found.receipt


async def list_ceilings(tx: Tx, *, product_id: uuid.UUID) -> list[Ceiling]:
    """Return the ceilings that were laid down for a product, in their order."""
    return await store.list_ceilings(tx, product_id)


async def find_record(tx: Tx, *, filing_id: uuid.UUID) -> bytes | None:
    """Return what was filed, in the bytes whose digest the log holds; None before it was filed."""
    record: bytes | None = await tx.fetch_value(
        "SELECT record FROM market.pricing_filings WHERE id = $1", filing_id
    )
    return record


async def list_prices(
    tx: Tx,
    *,
    scenario: str | None = None,
    product_id: uuid.UUID | None = None,
    zone: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[PriceListLine]:
    """Return a page of the public price list (价格清单): by scenario, product, price item.

    Of a zone, named by its code, are the public products that stand in it.
    """
    query = paging.fingerprint("price_list", scenario, str(product_id), zone)
    after = paging.decode(query, cursor, 3)
    at = None if after is None else (str(after[0]), paging.as_id(after[1]), int(after[2]))
    rows = await tx.fetch(
        """
        SELECT s.scenario, f.id, f.product_id, f.product_name, f.filing_number, f.terms, i.place
          FROM market.pricing_filings f,
               jsonb_array_elements_text(f.terms -> 'scenarios') AS s (scenario),
               generate_series(0, jsonb_array_length(f.terms -> 'price_items') - 1) AS i (place)
         WHERE f.state IN ('recorded', 'effective', 'under_inquiry')
           AND ($1::text IS NULL OR s.scenario = $1)
           AND ($2::uuid IS NULL OR f.product_id = $2)
           AND ($3::text IS NULL OR (s.scenario, f.id, i.place) > ($3, $4::uuid, $5::int))
           AND ($7::text IS NULL OR f.product_id IN (
               SELECT product_id FROM catalog.product_documents WHERE zone = $7))
         ORDER BY s.scenario, f.id, i.place LIMIT $6""",
        scenario,
        product_id,
        *(at or (None, None, None)),
        paging.check_limit(limit) + 1,
        zone,
    )
    lines, last = [], None
    for row in rows[:limit]:
        terms = msgspec.convert(row["terms"], Terms)
        assert terms.pricing_regime is not None, "a recorded filing is complete"
        lines.append(
            PriceListLine(
                scenario=row["scenario"],
                product_id=row["product_id"],
                product_name=row["product_name"],
                filing_id=FilingId(row["id"]),
                filing_number=row["filing_number"],
                use_category=terms.use_category,
                pricing_regime=terms.pricing_regime,
                item=terms.price_items[row["place"]],
                is_free=terms.pricing_regime in FREE,
                free_use_conditions=terms.free_use_conditions,
                ceiling=terms.ceiling,
                effective_from=terms.effective_from,
                effective_to=terms.effective_to,
            )
        )
        last = (row["scenario"], str(row["id"]), row["place"])
    more = paging.encode(query, *last) if last is not None and len(rows) > limit else None
    return Page(lines, more)


async def count_prices(tx: Tx) -> int:
    """Return how many lines the public price list has."""
    count: int = await tx.fetch_value(
        """
        SELECT coalesce(sum(jsonb_array_length(terms -> 'scenarios')
                            * jsonb_array_length(terms -> 'price_items')), 0)::bigint
          FROM market.pricing_filings WHERE state IN ('recorded', 'effective', 'under_inquiry')"""
    )
    return count


async def find_lowest_prices(
    tx: Tx, *, product_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, PriceItem]:
    """Return of each product the price item with the lowest price in effect, if it has any."""
    rows = await tx.fetch(
        """
        SELECT product_id, terms FROM market.pricing_filings
         WHERE product_id = ANY($1::uuid[]) AND state IN ('effective', 'under_inquiry')
         ORDER BY product_id, id LIMIT 1000""",
        list(product_ids),
    )
    lowest: dict[uuid.UUID, PriceItem] = {}
    for row in rows:
        for item in msgspec.convert(row["terms"], Terms).price_items:
            if item.charge is Charge.TRIAL:  # a trial is not what the product costs
                continue
            known = lowest.get(row["product_id"])
            if known is None or item.unit_price_fen < known.unit_price_fen:
                lowest[row["product_id"]] = item
    return lowest


def _is_reader(viewer: Actor, filing: Filing) -> bool:
    return viewer.sees_all or filing.supplier_party_id == viewer.party
