"""Sign in and out (会话).

Signing in is three steps with the check of the password between them; the door takes them in
order (``market/http/sign_in.py``).
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Remembered
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from market.identity.backoff import WINDOW, check_attempts
from market.identity.bearer_secrets import Prefix, new_secret, secret_hash
from market.identity.lifetimes import session_ends
from market.identity.model import OpenedSession, SessionId
from market.identity.queries import account_of
from market.identity.signing_in import Attempt
from market.identity.store import sessions

_MAX_LOGIN: Final = 64


class SessionMissing(Missing):
    """There is no open session of this secret."""


async def hear_attempt(tx: Tx, *, login: str, address: str, now: dt.datetime) -> Attempt:
    """Count an attempt to sign in as failed, for now, and return what is needed to check it.

    :raises TooManySignIns: if five attempts with this login from this address failed lately.
    """
    known = login[:_MAX_LOGIN] if login.isprintable() else ""
    await sessions.lock_attempts(tx, known, address)
    check_attempts(await sessions.list_failed_attempts(tx, known, address), now)
    attempt = Attempt(
        id=new_id(),
        login=known,
        address=address,
        credentials=await sessions.find_credentials(tx, known, local_date(now)),
    )
    await sessions.forget_attempts(tx, known, before=now - WINDOW)
    await sessions.insert_attempt(tx, attempt, now=now)
    return attempt


async def open_session(
    tx: Tx, *, actor: Actor, attempt: Attempt, now: dt.datetime
) -> OpenedSession:
    """Open a session (会话) for whom the attempt admitted; it does not count as failed any more."""
    idle_ends_at, ends_at = session_ends(now)
    session = OpenedSession(
        token=new_secret(Prefix.SESSION),
        session_id=SessionId(new_id()),
        account_id=account_of(actor),
        party_id=actor.party,
        opened_at=now,
        idle_ends_at=idle_ends_at,
        ends_at=ends_at,
    )
    await sessions.attempt_succeeded(tx, attempt.id)
    await sessions.insert_session(tx, session, secret_hash(session.token))
    await audit_log.append(
        tx,
        Remembered.SESSION_OPENED,
        actor=actor,
        now=now,
        subjects=[Subject("account", str(session.account_id))],
        facts={"session_id": str(session.session_id), "address": attempt.address},
    )
    return session


async def close_session(tx: Tx, *, actor: Actor, now: dt.datetime, token: str) -> None:
    """Close the session of this secret (退出登录).

    :raises SessionMissing: if it is no open session of the actor's party.
    """
    actor.require("session:close")
    session_id = await sessions.close_session(tx, secret_hash(token), now)
    if session_id is None:
        raise SessionMissing
    await audit_log.append(
        tx,
        Remembered.SESSION_CLOSED,
        actor=actor,
        now=now,
        subjects=[Subject("account", str(account_of(actor)))],
        facts={"session_id": str(session_id)},
    )
