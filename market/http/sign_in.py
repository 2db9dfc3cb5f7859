"""Let somebody in (登录), for the interface and for the pages: the one way to a session.

No single transaction: a refused attempt is remembered although it was refused, and the password is
checked, slowly, while no transaction is open.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from catalog.audit_log.events import Event
from catalog.denials.folding import network_of
from catalog.denials.model import Denial
from catalog.kernel.actor import PUBLIC
from catalog.kernel.db import Database, begin, run
from market.http.context import AnyRequest
from market.http.denials import DenialRecorder
from market.identity.backoff import SignInFailed, TooManySignIns
from market.identity.model import OpenedSession
from market.identity.operations import sessions
from market.identity.signing_in import WhyNot, checked, committed


def address_of(request: AnyRequest) -> str:
    """Return the address from which a request came, as the server saw it."""
    return request.client.host if request.client else ""


async def sign_in(
    db: Database,
    denials: DenialRecorder,
    *,
    login: str,
    password: str,
    address: str,
    request_id: str,
    now: dt.datetime,
) -> OpenedSession:
    """Open a session. A wrong login takes the same time and gets the same answer.

    1. Count the attempt as failed, before anything is checked: many at once count as many.
    2. Check the password in a thread.
    3. Open the session and let the attempt count as good; or remember the failure.

    What was typed is remembered as a salted commitment alone, whether there is such a login or not:
    people type passwords where the login belongs.

    :raises TooManySignIns: if five attempts with this login from this address failed lately.
    :raises SignInFailed: if login and password do not fit, or the account may not sign in.
    """

    async def remember(event: Event, **facts: Any) -> None:
        account_id = facts.pop("account_id", None)
        await denials.remember(
            Denial(
                event=event,
                actor=PUBLIC,
                facts={"network": network_of(address), **facts},
                asked={"account_id": account_id, "typed": committed(login)},
                at=now,
                request_id=request_id,
            )
        )

    try:
        async with begin(db, PUBLIC) as tx:
            attempt = await sessions.hear_attempt(tx, login=login, address=address, now=now)
    except TooManySignIns:
        await remember(Event.SIGN_IN_HELD_OFF)
        raise
    who = await asyncio.to_thread(checked, attempt, password)
    if isinstance(who, WhyNot):
        known = attempt.credentials
        # No subject: the public leaf would tell which logins there are.
        await remember(
            Event.SIGN_IN_FAILED,
            why=who.value,
            account_id=None if known is None else str(known.account_id),
        )
        raise SignInFailed
    return await run(
        db, who, lambda tx: sessions.open_session(tx, actor=who, attempt=attempt, now=now)
    )
