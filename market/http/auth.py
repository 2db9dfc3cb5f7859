"""Find who acts and whether the route is theirs: the guard of every route.

A bearer token or the portal's cookie is an opaque secret; only its SHA-256 is in the database.
Nothing about rights is in the token, so a change of roles works at the next request. Refusals are
remembered on their way out, by ``denial_guard``; why a credential is not good is put into the scope.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from catalog.authorisation_letters import queries as authorisation_letters
from catalog.authorisation_letters.validity import AuthorisationLetterMissing
from catalog.kernel.actor import PUBLIC, Actor, NotPermitted
from catalog.kernel.db import begin
from catalog.kernel.ids import PartyId
from market.http.context import Context
from market.http.policies.rule import Rule
from market.http.problem import CsrfFailed, Unauthenticated
from market.identity import queries as identity

SESSION_COOKIE: Final = "shushi_session"
ACTING_FOR: Final = "acting-for"  # the party for which an agent does what it asks
_UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})

AnyConnection = ASGIConnection[Any, Any, Any, Any]
# A scheme that reads another kind of bearer token (a short download token), by its purpose.
TokenReader = Callable[[Context, str], Awaitable[Actor | None]]
token_readers: Final[list[TokenReader]] = []


async def permit(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Let the request through if its route's rule is met; put the actor into the scope.

    :raises Unauthenticated: if the route needs someone and nobody is there, or the token is bad.
    :raises NotPermitted: if the actor's roles do not carry the permission.
    :raises CsrfFailed: if a cookie came with an unsafe request from another site.
    """
    context: Context = connection.app.state.context
    rule: Rule = handler.opt["rules"][_method(connection)]
    connection.scope["user"] = await _who(connection, context)
    who = await _acting(connection, context, connection.scope["user"])
    connection.scope["user"] = who
    if rule.permission is None:
        return
    if who.account_id is None and not who.permissions:
        raise Unauthenticated
    if not who.may(rule.permission):
        raise NotPermitted(permission=rule.permission)


def _method(connection: AnyConnection) -> str:
    return str(connection.scope.get("method", "GET"))


async def _who(connection: AnyConnection, context: Context) -> Actor:
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            _tell(connection, why="malformed")
            raise Unauthenticated
        return await _by_token(connection, context, token.strip())
    cookie = connection.cookies.get(SESSION_COOKIE)
    if cookie:
        if _method(connection) in _UNSAFE:
            check_origin(connection)
        try:
            return await _by_token(connection, context, cookie)
        except Unauthenticated:
            return PUBLIC  # an old cookie is no reason to hide public pages
    _tell(connection, why="missing")
    return PUBLIC


async def _acting(connection: AnyConnection, context: Context, who: Actor) -> Actor:
    """Return who acts: an agent for its principal, if the request says for whom (委托, HN-06).

    :raises AuthorisationLetterMissing: and its like, if no letter of that principal counts today.
    """
    principal = connection.headers.get(ACTING_FOR)
    if principal is None or who.account_id is None:
        return who
    try:
        party = PartyId(uuid.UUID(principal))
    except ValueError as error:
        raise AuthorisationLetterMissing from error
    async with begin(context.db, who) as tx:
        return await authorisation_letters.as_agent(
            tx, agent=who, principal=party, now=context.now()
        )


async def _by_token(connection: AnyConnection, context: Context, token: str) -> Actor:
    for reader in token_readers:
        found = await reader(context, token)
        if found is not None:
            return found
    digest = hashlib.sha256(token.encode()).digest()
    # Late: who is known by the secret costs one round trip, before anything that is asked.
    async with begin(context.db, PUBLIC, late=True) as tx:
        who = await identity.find_actor(tx, token_sha256=digest, now=context.now())
        if who is not None:
            return who
        refused = await identity.why_refused(tx, token_sha256=digest, now=context.now())
    _tell(connection, **msgspec.to_builtins(refused))
    raise Unauthenticated


def _tell(connection: AnyConnection, **credential: Any) -> None:
    connection.scope["credential"] = credential  # type: ignore[typeddict-unknown-key]


def presented_token(connection: AnyConnection) -> str | None:
    """Return the secret with which a request came: its bearer token, or else the session's cookie."""
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        return authorization.partition(" ")[2].strip() or None
    return connection.cookies.get(SESSION_COOKIE) or None


def check_origin(connection: AnyConnection) -> None:
    """Return unless the request comes from another site's page.

    :raises CsrfFailed: if its browser says so.
    """
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise CsrfFailed
        return
    origin = connection.headers.get("origin")
    host = connection.headers.get("host", "")
    if origin is not None and origin.split("://", 1)[-1] != host:
        raise CsrfFailed
