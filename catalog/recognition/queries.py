"""Read foreign certificates: what is recognised is public, the rest its supplier's and the staff's."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.case_access.model import Case
from catalog.kernel import paging
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.recognition import duties, standing, store
from catalog.recognition.model import (
    ForeignCertificate,
    PublicForeignCertificate,
    Registrar,
    Resembling,
)
from catalog.recognition.states import State


async def list_registrars(tx: Tx) -> list[Registrar]:
    """Return the registrars whose certificates are recognised; they are public."""
    return await store.list_registrars(tx)


async def get_registrar(tx: Tx, registrar_id: uuid.UUID) -> Registrar:
    """Return one registrar.

    :raises Missing: if there is none.
    """
    found = await store.find_registrar(tx, registrar_id)
    if found is None:
        raise Missing
    return found


async def get(tx: Tx, *, certificate_id: uuid.UUID, today: dt.date) -> PublicForeignCertificate:
    """Return one foreign certificate that the actor may see.

    :raises Missing: if there is none.
    """
    found = await store.find(tx, certificate_id)
    if found is None:
        raise Missing
    return await _public(tx, found, today)


async def find_case(tx: Tx, *, certificate_id: uuid.UUID) -> Case:
    """Return a foreign certificate as the rule of who handles it needs it.

    :raises Missing: if there is none that the acting party may know of.
    """
    found = await store.find(tx, certificate_id)
    if found is None:
        raise Missing
    return duties.case_of(found)


async def list_page(
    tx: Tx,
    *,
    today: dt.date,
    product_id: uuid.UUID | None = None,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[PublicForeignCertificate]:
    """Return a page of the foreign certificates that the actor may see, the newest first.

    :raises CursorUnreadable: if the cursor is not of this list.
    """
    query = paging.fingerprint("foreign_certificates", str(product_id), state)
    found = await store.list_page(
        tx,
        product_id=product_id,
        state=None if state is None else state.value,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    shown = [await _public(tx, each, today) for each in found[:limit]]
    return Page(shown, paging.next_by_id(query, found, limit))


async def find_counting(
    tx: Tx, product_id: uuid.UUID, *, today: dt.date
) -> ForeignCertificate | None:
    """Return the foreign certificate on which a product may be listed today, or None."""
    found = await store.find_recognised(tx, product_id)
    return found if found is not None and standing.counts_on(found, today) else None


async def list_resembling(
    tx: Tx, *, product_id: uuid.UUID, product_name: str, holder_names: list[str]
) -> list[Resembling]:
    """Return the foreign certificates that an application resembles, whoever imported them (HN-07)."""
    async with beyond_own_rows(tx):
        return await store.list_resembling(
            tx, product_id=product_id, product_name=product_name, holder_names=holder_names
        )


async def list_lapsing(tx: Tx, *, today: dt.date, limit: int = 100) -> list[uuid.UUID]:
    """Return recognised certificates that stopped counting and are not marked so."""
    return await store.list_lapsing(tx, today=today, limit=limit)


async def _public(
    tx: Tx, certificate: ForeignCertificate, today: dt.date
) -> PublicForeignCertificate:
    registrar = await store.find_registrar(tx, certificate.registrar_id)
    assert registrar is not None, "a certificate has its registrar"
    return PublicForeignCertificate(
        id=certificate.id,
        registrar=registrar.name,
        agreement=registrar.agreement,
        number=certificate.number,
        product_id=certificate.product_id,
        product_name=certificate.product_name,
        holder_name=certificate.holder_name,
        issued_on=certificate.issued_on,
        valid_to=certificate.valid_to,
        state=certificate.state,
        is_signature_checked=certificate.is_signature_checked,
        recheck_by=certificate.recheck_by,
        is_stale=standing.is_stale(certificate, today),
    )
