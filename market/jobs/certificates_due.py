"""Remind of products whose validity will end, and take off the market those whose did (A23).

So too what rests on a foreign certificate that is over, or that nobody looked at in time.

One transaction per certificate: the mark, the announcement, the offer and all messages, or nothing.
"""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from typing import Final

from catalog.certificates import queries as certificates
from catalog.certificates.operations import expiry
from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.local_time import local_date
from catalog.recognition import operations as foreign
from catalog.recognition import queries as recognition
from market.consequences import operations as consequences

BATCH: Final = 100
_ACTOR: Final = system("certificates_due", "certificate:expire", "foreign_certificate:lapse")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Do what is due and return for how many certificates."""
    today = local_date(now)
    async with begin(db, _ACTOR) as tx:
        expired = await certificates.list_expired(tx, today=today, limit=BATCH)
        expiring = await certificates.list_to_remind(tx, today=today, limit=BATCH)
        lapsing = await recognition.list_lapsing(tx, today=today, limit=BATCH)
    done = 0
    for certificate_id in lapsing:
        again = functools.partial(_lapse, now=now, certificate_id=certificate_id)
        done += await database.run(db, _ACTOR, again, must_remember=False)
    for do, numbers in ((_expire, expired), (_remind, expiring)):
        for number in numbers:
            once = functools.partial(do, now=now, number=number)
            done += await database.run(db, _ACTOR, once, must_remember=False)
    return done


async def _expire(tx: Tx, *, now: dt.datetime, number: str) -> bool:
    is_over = await expiry.end_product_validity(
        tx, actor=_ACTOR, now=now, certificate_number=number
    )
    if is_over:
        await consequences.expire(tx, now=now, certificate_number=number)
    return is_over


async def _lapse(tx: Tx, *, now: dt.datetime, certificate_id: uuid.UUID) -> bool:
    lapsed = await foreign.lapse(tx, actor=_ACTOR, now=now, certificate_id=certificate_id)
    if lapsed is None:
        return False
    await consequences.follow_foreign(tx, now=now, foreign=lapsed)
    return True


async def _remind(tx: Tx, *, now: dt.datetime, number: str) -> bool:
    return await expiry.remind(tx, actor=_ACTOR, now=now, certificate_number=number)
