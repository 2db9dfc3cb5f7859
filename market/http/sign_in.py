"""Let somebody in (登录), for the interface and for the pages: the one way to a session.

No single transaction: a refused attempt is remembered although it was refused, and the password is
checked, slowly, while no transaction is open.
"""

from __future__ import annotations

import asyncio
import datetime as dt

from catalog.kernel.actor import PUBLIC
from catalog.kernel.db import Database, begin, run
from market.http.context import AnyRequest
from market.identity.backoff import SignInFailed
from market.identity.model import OpenedSession
from market.identity.operations import sessions
from market.identity.signing_in import admitted


def address_of(request: AnyRequest) -> str:
    """Return the address from which a request came, as the server saw it."""
    return request.client.host if request.client else ""


async def sign_in(
    db: Database, *, login: str, password: str, address: str, now: dt.datetime
) -> OpenedSession:
    """Open a session. A wrong login takes the same time and gets the same answer.

    1. Count the attempt as failed, before anything is checked: many at once count as many.
    2. Check the password in a thread.
    3. Open the session and let the attempt count as good; or remember the failure.

    :raises TooManySignIns: if five attempts with this login from this address failed lately.
    :raises SignInFailed: if login and password do not fit, or the account may not sign in.
    """
    async with begin(db, PUBLIC) as tx:
        attempt = await sessions.hear_attempt(tx, login=login, address=address, now=now)
    who = await asyncio.to_thread(admitted, attempt, password)
    if who is None:
        async with begin(db, PUBLIC) as tx:
            await sessions.remember_failed_attempt(tx, attempt=attempt, now=now)
        raise SignInFailed
    return await run(
        db, who, lambda tx: sessions.open_session(tx, actor=who, attempt=attempt, now=now)
    )
