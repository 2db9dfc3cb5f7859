"""Read the requests about certificates, and which terms are over."""

from __future__ import annotations

import datetime as dt

from catalog.certificates import queries as certificates
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.terms import store
from catalog.terms.model import Request


async def list_of_certificate(tx: Tx, *, viewer: Actor, number: str) -> list[Request]:
    """Return the requests about a certificate, as far as the viewer may see them.

    Its registrant does, who keeps the case, and the authority; others get none.

    :raises NotPermitted: if the viewer reads no applications.
    :raises Missing: if there is no such certificate.
    """
    viewer.require("application:read")
    certificate = await certificates.find(tx, number)
    if certificate is None:
        raise Missing
    if viewer.acting_on is not None and certificate.product_id not in viewer.acting_on:
        return []  # an agent of another product's
    return await store.list_of_certificate(tx, number)


async def list_over(tx: Tx, *, today: dt.date, limit: int) -> list[str]:
    """Return the certificates whose term is over and for which no renewal waits."""
    return await store.list_over(tx, today=today, limit=limit)
