"""Write down what was granted (使用许可), as the log binds it and the parties take it away."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec

from catalog.audit_log.model import Digest
from catalog.kernel.ids import PartyId
from catalog.signing.canonical import canonical, sha256_hex
from market.access.model import Grant, Scope

KIND: Final = "grant"


class Licence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was granted, without what became of it: that is told by the uses."""

    id: uuid.UUID
    order_id: uuid.UUID
    buyer_party_id: PartyId
    supplier_party_id: PartyId
    product_id: uuid.UUID
    product_version: int
    content_sha256: str
    content_size_bytes: int
    file_name: str
    fingerprint_id: str
    scope: Scope
    created_at: dt.datetime


def licence_of(grant: Grant) -> Licence:
    """Return what was granted."""
    return Licence(
        id=grant.id,
        order_id=grant.order_id,
        buyer_party_id=grant.buyer_party_id,
        supplier_party_id=grant.supplier_party_id,
        product_id=grant.product_id,
        product_version=grant.product_version,
        content_sha256=grant.content_sha256,
        content_size_bytes=grant.content_size_bytes,
        file_name=grant.file_name,
        fingerprint_id=grant.fingerprint_id,
        scope=grant.scope,
        created_at=grant.created_at,
    )


def record(licence: Licence) -> bytes:
    """Return the bytes of a licence, whose digest the log holds from its creation on."""
    return canonical(licence)


def digest_of(grant: Grant) -> Digest:
    """Return what the entry of a grant's creation binds."""
    return Digest(KIND, str(grant.id), sha256_hex(record(licence_of(grant))))
