"""Read what was asked about a certificate, and remember who read it (查阅留痕, HN-26, HN-28)."""

from __future__ import annotations

import datetime as dt

from catalog.certificates.operations import keeping
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.terms import queries
from catalog.terms.model import Request


async def open_requests(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str
) -> list[Request]:
    """Return the requests about a certificate, to its registrant, who keeps the case, the authority.

    :raises NotPermitted: if the actor reads no applications.
    :raises Missing: if there is no such certificate.
    """
    found = await queries.list_of_certificate(tx, viewer=actor, number=certificate_number)
    if found:
        own = {each.registrant_party_id for each in found}
        await keeping.remember_reading(
            tx,
            actor=actor,
            now=now,
            certificate_number=certificate_number,
            own=own,
            part="requests",
        )
    return found
