"""Read the public schedule of fees (收费公示), and the fees of applications."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.fees import schedule, store
from catalog.fees.model import Fee, FeeSchedule, PublicPrice
from catalog.fees.schedule import ApplicationKind
from catalog.fees.states import State
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page


async def get_schedule(tx: Tx, *, now: dt.datetime) -> FeeSchedule:
    """Return what every kind of application costs today, and every price there was or will be."""
    today = local_date(now)
    standing = await store.list_prices(tx)
    prices = []
    for kind in ApplicationKind:
        price = schedule.in_force(standing, kind, today)
        prices.append(
            PublicPrice(
                application_kind=kind,
                amount_fen=0 if price is None else price.amount_fen,
                effective_on=None if price is None else price.effective_on,
                legal_basis="" if price is None else price.legal_basis,
            )
        )
    return FeeSchedule(today=today, prices=tuple(prices), history=tuple(standing))


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    subject_id: uuid.UUID | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Fee]:
    """Return a page of the fees that the viewer may see, the newest first.

    :raises NotPermitted: if the viewer reads no fees.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("fee:read")
    query = paging.fingerprint("fees", state, subject_id)
    found = await store.list_page(
        tx,
        state=state,
        subject_id=subject_id,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, found, limit)
