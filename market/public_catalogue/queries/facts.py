"""Read the facts of public products, one, a page of all, or those that a search found."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import UNSET

from catalog.formats.facts import Earlier, Facts, OpenLicence, Origin, Price, Quality, Use
from catalog.kernel import paging
from catalog.kernel.actor import PUBLIC
from catalog.kernel.db import Row, Tx
from catalog.kernel.paging import Page
from catalog.products import queries as products
from catalog.products.model import Content, Description, Form, Imported
from catalog.products.publication import public_description
from catalog.profiles import queries as profiles
from market.open_data import queries as open_data
from market.pricing.model import Terms
from seeds.open_licences import load_open_licences

# [P] so many earlier versions are told; all of them stand in the list of revisions.
_EARLIER: Final = 20


class _Around(msgspec.Struct, frozen=True):
    """What other rooms have about products, by product."""

    contents: Mapping[uuid.UUID, Sequence[Content]]
    qualities: Mapping[uuid.UUID, Quality]
    opened: Mapping[uuid.UUID, OpenLicence]
    earlier: Mapping[uuid.UUID, Sequence[Earlier]]
    certificates: Mapping[uuid.UUID, str]
    listed: frozenset[uuid.UUID]
    filings: Mapping[uuid.UUID, Sequence[tuple[str, Terms]]]
    public: frozenset[uuid.UUID]  # of the products that these were made from


async def get_facts(tx: Tx, *, product_id: uuid.UUID, today: dt.date) -> Facts:
    """Return the facts of a public product.

    :raises ProductMissing: if there is none.
    :raises ProductWithdrawn: if it was public and was taken back.
    """
    found = await find_facts(tx, product_id=product_id, today=today)
    if found is None:
        # Its own people see it still; here they are the public.
        await products.get(tx, viewer=PUBLIC, product_id=product_id)
        raise products.ProductMissing
    return found


async def find_facts(tx: Tx, *, product_id: uuid.UUID, today: dt.date) -> Facts | None:
    """Return the facts of a product that everybody may see, or None if nobody else may."""
    found = await list_facts_of(tx, product_ids=[product_id], today=today)
    return found[0] if found else None


async def list_facts(
    tx: Tx, *, today: dt.date, limit: int, cursor: str | None = None
) -> Page[Facts]:
    """Return a page of all public products, in the order of their ids.

    Ids only grow, so what is added while somebody walks comes last and nothing is met twice.

    :raises CursorUnreadable: if the cursor is not of this list.
    """
    query = paging.fingerprint("public_catalogue")
    rows = await tx.fetch(
        """
        SELECT product_id FROM catalog.product_documents
         WHERE $1::uuid IS NULL OR product_id > $1
         ORDER BY product_id LIMIT $2""",
        paging.decode_id(query, cursor),
        limit + 1,
    )
    ids = [row["product_id"] for row in rows[:limit]]
    following = paging.encode(query, str(ids[-1])) if len(rows) > limit else None
    return Page(await list_facts_of(tx, product_ids=ids, today=today), following)


async def list_facts_of(tx: Tx, *, product_ids: Sequence[uuid.UUID], today: dt.date) -> list[Facts]:
    """Return the facts of these products in this order; what is not public is left out.

    ``today`` is when the quality of their data is judged.
    """
    rows = await tx.fetch(
        """
        SELECT p.id, p.supplier_party_id, p.supplier_name, p.name, p.form, p.description,
               p.imported, p.source, p.source_id, p.version, p.created_at, p.updated_at
          FROM catalog.products p
         WHERE p.id = ANY($1::uuid[]) AND p.is_public""",
        list(product_ids),
    )
    found = {row["id"]: row for row in rows}
    told = {
        product_id: public_description(msgspec.convert(row["description"], Description))
        for product_id, row in found.items()
        if row["description"] is not None
    }
    around = await _around(tx, list(told), told, today)
    return [
        _facts(found[product_id], told.get(product_id), around)
        for product_id in product_ids
        if product_id in found
    ]


async def _around(
    tx: Tx,
    product_ids: list[uuid.UUID],
    told: Mapping[uuid.UUID, Description],
    today: dt.date,
) -> _Around:
    if not product_ids:  # records of foreign catalogues have nothing around them
        return _Around({}, {}, {}, {}, {}, frozenset(), {}, frozenset())
    contents = await _contents(tx, product_ids)
    certificates = await tx.fetch(
        """
        SELECT product_id, number FROM catalog.certificates
         WHERE product_id = ANY($1::uuid[]) AND state = 'active'""",
        product_ids,
    )
    listed = await tx.fetch(
        """
        SELECT product_id FROM market.listings
         WHERE product_id = ANY($1::uuid[]) AND state = 'listed'""",
        product_ids,
    )
    rows = await tx.fetch(
        """
        SELECT product_id, filing_number, terms FROM market.pricing_filings
         WHERE product_id = ANY($1::uuid[]) AND state = 'effective'
         ORDER BY product_id, id""",
        product_ids,
    )
    filings = defaultdict(list)
    for row in rows:
        filings[row["product_id"]].append(
            (row["filing_number"], msgspec.convert(row["terms"], Terms))
        )
    sources = {s.resource_id for each in told.values() for s in each.sources if s.resource_id}
    public = await tx.fetch(
        "SELECT id FROM catalog.products WHERE id = ANY($1::uuid[]) AND is_public", list(sources)
    )
    return _Around(
        contents=contents,
        qualities=await _qualities(tx, told, contents, today),
        opened=await _opened(tx, product_ids),
        earlier=await _earlier(tx, product_ids),
        certificates={row["product_id"]: row["number"] for row in certificates},
        listed=frozenset(row["product_id"] for row in listed),
        filings=filings,
        public=frozenset(row["id"] for row in public),
    )


async def _contents(tx: Tx, product_ids: list[uuid.UUID]) -> dict[uuid.UUID, list[Content]]:
    rows = await tx.fetch(
        """
        SELECT product_id, version, file_id, sha256, size_bytes, media_type, file_name, attached_at
          FROM catalog.product_contents WHERE product_id = ANY($1::uuid[])
         ORDER BY product_id, version""",
        product_ids,
    )
    found = defaultdict(list)
    for row in rows:
        found[row["product_id"]].append(msgspec.convert(dict(row), Content))
    return found


async def _qualities(
    tx: Tx,
    told: Mapping[uuid.UUID, Description],
    contents: Mapping[uuid.UUID, Sequence[Content]],
    today: dt.date,
) -> dict[uuid.UUID, Quality]:
    scores = await profiles.list_qualities(tx, described=told, contents=contents, today=today)
    return {
        product_id: Quality(
            score.overall,
            tuple(
                (each.dimension.value, each.points)
                for each in score.dimensions
                if each.points is not None
            ),
        )
        for product_id, score in scores.items()
        if score.overall is not None
    }


async def _opened(tx: Tx, product_ids: list[uuid.UUID]) -> dict[uuid.UUID, OpenLicence]:
    known = {each.code: each for each in load_open_licences()}
    return {
        product_id: OpenLicence(code, known[code].zh, known[code].en, known[code].url)
        for product_id, code in (await open_data.list_licences(tx, product_ids)).items()
    }


async def _earlier(tx: Tx, product_ids: list[uuid.UUID]) -> dict[uuid.UUID, list[Earlier]]:
    rows = await tx.fetch(
        """
        SELECT p.id, v.version, v.name, v.first_shown_at
          FROM catalog.products p
         CROSS JOIN LATERAL (
               SELECT s.version, r.name, s.first_shown_at
                 FROM catalog.product_showings s
                 JOIN catalog.product_revisions r USING (product_id, version)
                WHERE s.product_id = p.id AND s.version < p.version
                ORDER BY s.version DESC LIMIT $2) AS v
         WHERE p.id = ANY($1::uuid[])
         ORDER BY p.id, v.version DESC""",
        product_ids,
        _EARLIER,
    )
    found = defaultdict(list)
    for row in rows:
        found[row["id"]].append(Earlier(row["version"], row["name"], row["first_shown_at"]))
    return found


def _facts(row: Row, told: Description | None, around: _Around) -> Facts:
    product_id = row["id"]
    filings = around.filings.get(product_id, ())
    return Facts(
        id=product_id,
        name=row["name"],
        supplier_name=row["supplier_name"],
        supplier_party_id=row["supplier_party_id"],
        form=None if row["form"] is None else Form(row["form"]),
        told=told,
        foreign=None if row["imported"] is None else msgspec.convert(row["imported"], Imported),
        source=row["source"],
        source_id=row["source_id"],
        content=next(reversed(around.contents.get(product_id, ())), None),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        certificate_number=around.certificates.get(product_id),
        is_listed=product_id in around.listed,
        prices=tuple(price for number, terms in filings for price in _prices(number, terms)),
        use=_use(filings[-1][1]) if filings else None,
        origins=tuple(
            Origin(each.name, each.resource_id if each.resource_id in around.public else None)
            for each in (told.sources if told is not None else ())
        ),
        open_licence=around.opened.get(product_id),
        quality=around.qualities.get(product_id),
        earlier=tuple(around.earlier.get(product_id, ())),
    )


def _prices(filing_number: str, terms: Terms) -> list[Price]:
    return [
        Price(
            code=item.code,
            charge=item.charge.value,
            unit=item.unit,
            amount_fen=item.unit_price_fen,
            quantity_min=item.quantity_min,
            quantity_max=item.quantity_max,
            included_uses=item.included_uses,
            note=item.note,
            filing_number=filing_number,
            effective_from=terms.effective_from,
            effective_to=terms.effective_to,
            is_tax_included=item.tax is UNSET or item.tax.is_included,
            tax_rate_bps=None if item.tax is UNSET else item.tax.rate_bps,
        )
        for item in terms.price_items
    ]


def _use(terms: Terms) -> Use:
    scope = terms.use_scope
    return Use(
        audience=scope.audience,
        regions=scope.regions,
        fields=scope.fields,
        volume=scope.volume,
        period=scope.period,
        onward_use=scope.onward_use,
        free_if=terms.free_use_conditions,
    )
