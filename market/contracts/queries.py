"""Read agreements, and what stands before any: the product on offer, and whether this buyer may have it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

import msgspec

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.products import queries as products
from catalog.products.model import Content, DeliveryMode, Description, Product
from catalog.signing import keyring
from catalog.signing import queries as keys
from catalog.signing.model import Signature
from catalog.signing.purposes import Purpose
from catalog.signing.verifier import AlgorithmNotOfTheKey, SignatureFault, fault_of
from market.access.grants import AuthorisationCutOff
from market.affiliations import queries as affiliations
from market.contracts import buying, store
from market.contracts.document import ContractSignatureInvalid
from market.contracts.model import Agreement, LineageLink
from market.cut_offs import queries as cut_offs
from market.identity import queries as identity
from market.identity.model import Capacity, Party
from market.identity.states import State as PartyState
from market.listings import queries as listings
from market.listings.model import Listing
from market.pricing.regimes import is_public
from market.zones import queries as zones


class OnOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A product that is on offer now to a buyer who may have it."""

    listing: Listing
    product: Product
    said: Description
    content: Content
    buyer: Party


async def get_on_offer(
    tx: Tx,
    *,
    product_id: uuid.UUID,
    buyer: PartyId,
    modes: Iterable[DeliveryMode],
    on: dt.date,
) -> OnOffer:
    """Return a product that this buyer may have now, in these manners of use.

    :raises ProductNotListed: if it is not on offer, or frozen, or unknown.
    :raises BuyerNotVerified: if the buyer was not identified (and the others of ``buying.py``).
    :raises RawExportForbidden: if raw public data are asked for.
    :raises AuthorisationCutOff: if the product or one of the two is cut off.
    """
    listing = await listings.find_listed(tx, product_id=product_id)
    product = await products.find(tx, product_id=product_id)
    if listing is None or product is None:
        raise buying.ProductNotListed
    # What is for others alone is answered like what is not there.
    if not await listings.reaches(tx, listing=listing, party=buyer):
        raise buying.ProductNotListed
    if product.description is None or product.content is None:
        raise buying.ProductNotListed
    is_public_data = is_public(product.description.data_nature)
    party = await identity.get_party(tx, buyer)
    buying.check_buyer(
        buyer=buyer,
        supplier=product.supplier_party_id,
        is_verified=party.state is PartyState.VERIFIED,
        is_operator=is_public_data and await operates(tx, party, product.id, on=on),
        is_public_data=is_public_data,
    )
    for mode in modes:
        buying.check_raw(mode=mode, is_public_data=is_public_data)
    if await cut_offs.is_cut_off(tx, product.id, buyer, listing.supplier_party_id):
        raise AuthorisationCutOff
    return OnOffer(
        listing=listing,
        product=product,
        said=product.description,
        content=product.content,
        buyer=party,
    )


async def operates(tx: Tx, buyer: Party, product_id: uuid.UUID, *, on: dt.date) -> bool:
    """Tell whether the buyer operates the market, or the product's zone, or is controlled by who does (A47)."""
    if Capacity.SUPERMARKET_OPERATOR in buyer.capacities:
        return True
    of_zone = await zones.find_operator(tx, product_id=product_id)
    if of_zone == buyer.id:
        return True
    of_market = await identity.find_institution(tx, Capacity.SUPERMARKET_OPERATOR)
    above = [each for each in (of_zone, None if of_market is None else of_market.id) if each]
    return await affiliations.is_controlled_by(tx, party=buyer.id, by=above, on=on)


async def get(tx: Tx, *, viewer: Actor, agreement_id: uuid.UUID) -> Agreement:
    """Return an agreement to its two parties, staff and the regulator.

    :raises NotPermitted: if the viewer reads no agreements.
    :raises Missing: if there is none that it may see.
    """
    viewer.require("negotiation:read")
    found = await store.find(tx, agreement_id)
    if found is None or not _may_see(viewer, found):
        raise Missing
    return found


async def find(tx: Tx, *, agreement_id: uuid.UUID) -> Agreement | None:
    """Return an agreement for a room above, if row-level security shows it to who acts."""
    return await store.find(tx, agreement_id)


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    product_id: uuid.UUID | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Agreement]:
    """Return a page of agreements, newest first: one's own, or all for staff and regulator.

    :raises NotPermitted: if the viewer reads no agreements.
    """
    viewer.require("negotiation:read")
    party = None if viewer.sees_all else viewer.party
    query = paging.fingerprint("agreements", str(party), str(product_id))
    rows = await tx.fetch(
        store.SELECT
        + """
         WHERE ($1::uuid IS NULL OR $1 IN (buyer_party_id, supplier_party_id))
           AND ($2::uuid IS NULL OR product_id = $2)
           AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4""",
        party,
        product_id,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    found = [store.agreement_of(row) for row in rows]
    return paging.page_by_id(query, found, limit)


async def list_lineage(tx: Tx, *, viewer: Actor, agreement_id: uuid.UUID) -> list[LineageLink]:
    """Return all agreements of a line, the oldest first: what came before, and what followed.

    :raises Missing: if there is none that the viewer may see.
    """
    await get(tx, viewer=viewer, agreement_id=agreement_id)
    rows = await tx.fetch(
        """
        WITH RECURSIVE before AS (
            SELECT id, follows_id FROM market.agreements WHERE id = $1
            UNION SELECT a.id, a.follows_id FROM market.agreements a JOIN before b ON a.id = b.follows_id
        ), line AS (
            SELECT id FROM before
            UNION SELECT a.id FROM market.agreements a JOIN line l ON a.follows_id = l.id
        )
        SELECT id, state, concluded_at, ends_at, follows_id, relation
          FROM market.agreements WHERE id IN (SELECT id FROM line)
         ORDER BY concluded_at, id LIMIT 1000""",
        agreement_id,
    )
    return [msgspec.convert(dict(row), LineageLink) for row in rows]


async def check_signature(
    tx: Tx, document: bytes, *, party: PartyId, signature: Signature, now: dt.datetime
) -> None:
    """Return if a signature is over exactly these bytes, by a key of this party for contracts.

    :raises KeyUnknown: if the party has no such key for contracts.
    :raises KeyNotValid: if the key is over or revoked.
    :raises AlgorithmNotOfTheKey: if the signature names another algorithm than its key has.
    :raises ContractSignatureInvalid: if the signature is not over these bytes.
    """
    held = await keys.list_keys_of(tx, party, Purpose.CONTRACT)
    key = keyring.verifying_key(held, signature.key_id, Purpose.CONTRACT, now, party)
    fault = fault_of(
        signature,
        algorithm=key.algorithm,
        public_key=key.public_key,
        purpose=Purpose.CONTRACT,
        document=document,
    )
    if fault is SignatureFault.ALGORITHM:
        raise AlgorithmNotOfTheKey(key_id=key.key_id, algorithm=signature.algorithm)
    if fault is not None:
        raise ContractSignatureInvalid(key_id=signature.key_id)


def _may_see(viewer: Actor, found: Agreement) -> bool:
    return viewer.sees_all or viewer.party_id in (
        found.buyer_party_id,
        found.supplier_party_id,
    )
