"""Issue and revoke a token (令牌) for a program."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Remembered
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing, Refused
from catalog.kernel.ids import new_id
from market.identity.bearer_secrets import Prefix, new_secret, secret_hash
from market.identity.lifetimes import check_token
from market.identity.model import ApiToken, IssuedToken, TokenId
from market.identity.queries import account_of
from market.identity.registering import check_name
from market.identity.store import tokens


class TokenAlreadyRevoked(Refused):
    """The token was revoked before."""

    code = "token_already_revoked"


class TokenMissing(Missing):
    """There is no such token, or it is somebody else's."""


async def issue_token(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    name: str,
    scopes: Sequence[str],
    expires_at: dt.datetime,
) -> IssuedToken:
    """Issue a token for a program (签发令牌). Its secret is told now and never again.

    :raises TokenScopeNotAllowed: if it could do more than its account.
    :raises TokenExpiryOutOfRange: if it ends in the past or after more than a year.
    """
    actor.require("token:manage")
    check_token(scopes=scopes, permissions=actor.permissions, expires_at=expires_at, now=now)
    secret = new_secret(Prefix.TOKEN)
    token = ApiToken(
        id=TokenId(new_id()),
        account_id=account_of(actor),
        name=check_name(name),
        scopes=tuple(sorted(set(scopes))),
        issued_at=now,
        expires_at=expires_at,
    )
    await tokens.insert(tx, token, secret_hash(secret))
    await audit_log.append(
        tx,
        Remembered.TOKEN_ISSUED,
        actor=actor,
        now=now,
        subjects=[Subject("account", str(token.account_id))],
        facts={
            "token_id": str(token.id),
            "name": token.name,
            "scopes": list(token.scopes),
            "expires_at": expires_at.isoformat(),
        },
    )
    return IssuedToken(secret=secret, token=token)


async def revoke_token(tx: Tx, *, actor: Actor, now: dt.datetime, token_id: UUID) -> ApiToken:
    """Revoke one of one's own tokens (吊销令牌); it works at the next request.

    :raises TokenMissing: if there is no such token, or it is somebody else's.
    :raises TokenAlreadyRevoked: if it was revoked before.
    """
    actor.require("token:manage")
    account_id = account_of(actor)
    token = await tokens.lock(tx, token_id, account_id)
    if token is None:
        raise TokenMissing
    if token.revoked_at is not None:
        raise TokenAlreadyRevoked(revoked_at=token.revoked_at.isoformat())
    await tokens.revoke(tx, token_id, now)
    await audit_log.append(
        tx,
        Remembered.TOKEN_REVOKED,
        actor=actor,
        now=now,
        subjects=[Subject("account", str(account_id))],
        facts={"token_id": str(token_id)},
    )
    return msgspec.structs.replace(token, revoked_at=now)
