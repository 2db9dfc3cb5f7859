"""Read one's endpoints, and what became of the messages to them (回调地址、投递记录)."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from market.webhooks import store
from market.webhooks.model import Delivery, Endpoint
from market.webhooks.states import State


class WebhookMissing(Missing):
    """There is no such endpoint or message of this actor's party."""

    code = "not_found"


async def list_endpoints(tx: Tx, *, viewer: Actor) -> Page[Endpoint]:
    """Return the endpoints of the viewer's party, without their secrets.

    :raises NotPermitted: if the viewer keeps none.
    """
    viewer.require("webhook:manage")
    return Page(await store.list_endpoints(tx, viewer.party))


async def list_deliveries(
    tx: Tx,
    *,
    viewer: Actor,
    endpoint_id: uuid.UUID,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Delivery]:
    """Return the messages to one of the viewer's endpoints, the newest first; ``dead``: given up.

    :raises NotPermitted: if the viewer keeps none.
    :raises WebhookMissing: if it is not an endpoint of the viewer's party.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("webhook:manage")
    endpoint = await store.find_endpoint(tx, endpoint_id)
    if endpoint is None or endpoint.party_id != viewer.party:
        raise WebhookMissing
    query = paging.fingerprint("webhook_deliveries", str(endpoint_id), state)
    found = await store.list_deliveries(
        tx,
        endpoint_id=endpoint_id,
        state=None if state is None else state.value,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, found, limit)
