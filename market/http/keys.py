"""Show the public keys (公钥); register a party's key and revoke one."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from catalog.audit_log import operations as audit_log
from catalog.audit_log import published_keys
from catalog.audit_log import queries as log
from catalog.audit_log.export_format import KeyRow, Keys
from catalog.signing import queries as signing
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest

_PUBLIC_FOR_A_MINUTE = "public, max-age=60"


class RegisterKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A public key and the signature that proves its possession, in base64."""

    purpose: Purpose
    public_key: Annotated[bytes, msgspec.Meta(max_length=1312)]
    possession: Annotated[bytes, msgspec.Meta(max_length=2420)]
    algorithm: Algorithm = Algorithm.ED25519


class RevokeKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the key shall not be used any more."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


@get("/api/v1/keys", summary="All public keys", tags=["keys"], opt=answers(Keys))
async def list_keys(request: AnyRequest) -> Response[bytes]:
    """Return the log's verifier key and every key that ever was, as an export has them.

    ``log`` is null while the log has no key.
    """
    return answer(await read(request, published), cache=_PUBLIC_FOR_A_MINUTE)


async def published(c: Command) -> Keys:
    """Return what anybody may check the service's signatures with."""
    keys = await signing.list_public_keys(c.tx)
    notices = await log.list_key_notices(c.tx)
    return published_keys.published(c.context.settings.log_origin, keys, notices)


@post("/api/v1/keys", summary="Register a key", tags=["keys"], opt=creates(KeyRow))
async def register_key(request: AnyRequest, data: JSONBody[RegisterKey]) -> Response[bytes]:
    """Register a key of one's own party, whose private half stays with it (登记公钥)."""

    async def act(c: Command) -> Answer:
        key = await audit_log.register_party_key(
            c.tx,
            actor=c.actor,
            now=c.now,
            purpose=data.purpose,
            public_key=data.public_key,
            possession=data.possession,
            algorithm=data.algorithm,
        )
        return created(published_keys.row(key), "/api/v1/keys")

    return await command(request, act)


@post(
    "/api/v1/keys/{key_id:str}/revocations",
    summary="Revoke a key",
    tags=["keys"],
    opt=answers(KeyRow),
)
async def revoke_key(
    request: AnyRequest, key_id: FromPath[str], data: JSONBody[RevokeKey]
) -> Response[bytes]:
    """Revoke a key (吊销公钥): what it signs from now on does not count."""

    async def act(c: Command) -> Answer:
        key = await audit_log.revoke_key(
            c.tx, actor=c.actor, now=c.now, key_id=key_id, reason=data.reason
        )
        return done(published_keys.row(key))

    return await command(request, act)
