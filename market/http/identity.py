"""Found the market, register parties, open accounts, grant roles, sign in (主体与账号)."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.kernel import paging
from catalog.kernel.paging import Page
from market.http.answers import answers, creates
from market.http.auth import presented_token
from market.http.command import (
    Answer,
    Command,
    answer,
    command,
    created,
    done,
    read,
    secret_command,
)
from market.http.context import AnyRequest, context, request_id
from market.http.describe import KEYLESS
from market.http.sign_in import address_of
from market.http.sign_in import sign_in as admit
from market.identity import queries
from market.identity.disk import identity_key
from market.identity.model import (
    Account,
    ApiToken,
    Capacity,
    Foundation,
    Founder,
    IssuedToken,
    Kind,
    OpenedSession,
    PartyFile,
    Registered,
    RoleGrant,
    Self,
)
from market.identity.operations import accounts, founding, parties, roles, sessions, tokens
from market.identity.operations.founding import Institution
from market.identity.permissions import Role
from market.identity.states import State

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class FoundMarket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is there when the market begins. ``secret`` is the service's one-time secret."""

    secret: str
    authority: Institution
    operator: Institution
    regulator: Founder
    system_administrator: Founder
    security_administrator: Founder
    audit_administrator: Founder


class RegisterParty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A party and its first account. Organisations give ``uscc``, persons ``identity_number``."""

    kind: Kind
    name: Name
    evidence_sha256: str
    login: str
    display_name: Name
    password: str
    uscc: str | None = None
    identity_number: str | None = None
    capacities: tuple[Capacity, ...] = (Capacity.TRADER,)


class SuspendParty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a party is suspended."""

    reason: Name


class OpenAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member of a party who will sign in."""

    party_id: UUID
    login: str
    display_name: Name
    password: str


class GrantRole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role from a day (today, if none is given) through a day (for good, if none is given)."""

    account_id: UUID
    role: Role
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Login and password."""

    login: Text
    password: Text


class ChangePassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The password that is, and the one that shall be."""

    current: Text
    new: Text


class IssueToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token for a program: some of one's own permissions, until an instant within a year."""

    name: Name
    scopes: tuple[str, ...]
    expires_at: Annotated[dt.datetime, msgspec.Meta(tz=True)]


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that needs no more than its address."""


class Done(msgspec.Struct, frozen=True):
    """That it was done, and when."""

    at: dt.datetime


@post(
    "/api/v1/foundation",
    summary="Found the market",
    tags=["identity"],
    opt=KEYLESS | creates(Foundation),
)
async def found_market(request: AnyRequest, data: JSONBody[FoundMarket]) -> Response[bytes]:
    """Found an empty market with its authority, its operator and three administrators (开市)."""

    async def act(c: Command) -> Answer:
        foundation = await founding.found_market(
            c.tx,
            now=c.now,
            expected_secret=c.context.settings.bootstrap_secret,
            secret=data.secret,
            authority=data.authority,
            operator=data.operator,
            regulator=data.regulator,
            system_administrator=data.system_administrator,
            security_administrator=data.security_administrator,
            audit_administrator=data.audit_administrator,
        )
        return created(foundation, f"/api/v1/parties/{foundation.operator_party_id}")

    # Not kept for another time: it happens once, and whoever repeats it shall show the secret.
    return await secret_command(request, act)


@post("/api/v1/parties", summary="Register a party", tags=["identity"], opt=creates(Registered))
async def register_party(request: AnyRequest, data: JSONBody[RegisterParty]) -> Response[bytes]:
    """Register a natural person, legal person or unincorporated organisation (主体注册)."""

    async def act(c: Command) -> Answer:
        registered = await parties.register_party(
            c.tx,
            actor=c.actor,
            now=c.now,
            kind=data.kind,
            name=data.name,
            uscc=data.uscc,
            identity_number=data.identity_number,
            identity_key=identity_key(c.context.settings.keys_dir),
            evidence_sha256=data.evidence_sha256,
            capacities=data.capacities,
            login=data.login,
            display_name=data.display_name,
            password=data.password,
        )
        return created(registered, f"/api/v1/parties/{registered.party.id}")

    same = msgspec.structs.replace(data, password="", identity_number=None)
    return await command(request, act, body_sha256=_sha256(same))


@get(
    "/api/v1/parties/{party_id:uuid}",
    summary="One party",
    tags=["identity"],
    opt=answers(PartyFile),
)
async def get_party(request: AnyRequest, party_id: FromPath[UUID]) -> Response[bytes]:
    """Return one's own party with what it showed, or any for those who verify and supervise."""

    async def look(c: Command) -> object:
        return await queries.get_party_file(c.tx, viewer=c.actor, party_id=party_id)

    return answer(await read(request, look))


@get("/api/v1/parties", summary="Parties", tags=["identity"], opt=answers(Page[PartyFile]))
async def list_parties(
    request: AnyRequest,
    party_state: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return parties in the order of their registration, for those who verify them."""

    async def look(c: Command) -> object:
        return await queries.list_parties(
            c.tx, viewer=c.actor, state=party_state, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@post(
    "/api/v1/parties/{party_id:uuid}/verifications",
    summary="Verify a party",
    tags=["identity"],
    opt=answers(PartyFile),
)
async def verify_party(
    request: AnyRequest,
    party_id: FromPath[UUID],
    data: JSONBody[Nothing],  # noqa: ARG001 - decoding checks it
) -> Response[bytes]:
    """Record that a party's real name was checked (实名认证, BJ-18); a trader trades from then."""

    async def act(c: Command) -> Answer:
        return done(await parties.verify_party(c.tx, actor=c.actor, now=c.now, party_id=party_id))

    return await command(request, act)


@post(
    "/api/v1/parties/{party_id:uuid}/suspensions",
    summary="Suspend a party",
    tags=["identity"],
    opt=answers(PartyFile),
)
async def suspend_party(
    request: AnyRequest, party_id: FromPath[UUID], data: JSONBody[SuspendParty]
) -> Response[bytes]:
    """Suspend a party (停用): none of its accounts gets in any more."""

    async def act(c: Command) -> Answer:
        return done(
            await parties.suspend_party(
                c.tx, actor=c.actor, now=c.now, party_id=party_id, reason=data.reason
            )
        )

    return await command(request, act)


@post("/api/v1/accounts", summary="Open an account", tags=["identity"], opt=answers(Account, 201))
async def open_account(request: AnyRequest, data: JSONBody[OpenAccount]) -> Response[bytes]:
    """Open an account for a member of a party (开立账号)."""

    async def act(c: Command) -> Answer:
        account = await accounts.open_account(
            c.tx,
            actor=c.actor,
            now=c.now,
            party_id=data.party_id,
            login=data.login,
            display_name=data.display_name,
            password=data.password,
        )
        return Answer(account, 201)

    same = msgspec.structs.replace(data, password="")
    return await command(request, act, body_sha256=_sha256(same))


@post(
    "/api/v1/accounts/{account_id:uuid}/closures",
    summary="Close an account",
    tags=["identity"],
    opt=answers(Account),
)
async def close_account(
    request: AnyRequest,
    account_id: FromPath[UUID],
    data: JSONBody[Nothing],  # noqa: ARG001 - decoding checks it
) -> Response[bytes]:
    """Close an account with its sessions, tokens and roles (注销账号)."""

    async def act(c: Command) -> Answer:
        return done(
            await accounts.close_account(c.tx, actor=c.actor, now=c.now, account_id=account_id)
        )

    return await command(request, act)


@post("/api/v1/role-grants", summary="Grant a role", tags=["identity"], opt=answers(RoleGrant, 201))
async def grant_role(request: AnyRequest, data: JSONBody[GrantRole]) -> Response[bytes]:
    """Grant a role from a day through a day (授予角色, 三权分立)."""

    async def act(c: Command) -> Answer:
        grant = await roles.grant_role(
            c.tx,
            actor=c.actor,
            now=c.now,
            account_id=data.account_id,
            role=data.role,
            valid_from=data.valid_from,
            valid_to=data.valid_to,
        )
        return Answer(grant, 201)

    return await command(request, act)


@post(
    "/api/v1/role-grants/{grant_id:uuid}/revocations",
    summary="Revoke a role",
    tags=["identity"],
    opt=answers(RoleGrant),
)
async def revoke_role(
    request: AnyRequest,
    grant_id: FromPath[UUID],
    data: JSONBody[Nothing],  # noqa: ARG001 - decoding checks it
) -> Response[bytes]:
    """Revoke a role grant (撤销角色); it works at the next request."""

    async def act(c: Command) -> Answer:
        return done(await roles.revoke_role(c.tx, actor=c.actor, now=c.now, grant_id=grant_id))

    return await command(request, act)


@post(
    "/api/v1/sessions", summary="Sign in", tags=["identity"], opt=KEYLESS | creates(OpenedSession)
)
async def sign_in(request: AnyRequest, data: JSONBody[SignIn]) -> Response[bytes]:
    """Open a session (登录). Its token is told this once; send it as ``Authorization: Bearer``."""
    wiring = context(request)
    opened = await admit(
        wiring.db,
        wiring.denials,
        request_id=request_id(request),
        login=data.login,
        password=data.password,
        address=address_of(request),
        now=wiring.now(),
    )
    return Response(
        msgspec.json.encode(opened),
        status_code=201,
        media_type="application/json",
        headers={"cache-control": "no-store", "location": "/api/v1/me"},
    )


@delete(
    "/api/v1/sessions/current",
    status_code=200,
    summary="Sign out",
    tags=["identity"],
    opt=KEYLESS | answers(Done),
)
async def sign_out(request: AnyRequest) -> Response[bytes]:
    """Close the session with which this request came (退出登录)."""

    async def act(c: Command) -> Answer:
        token = presented_token(request) or ""
        await sessions.close_session(c.tx, actor=c.actor, now=c.now, token=token)
        return done(Done(at=c.now))

    # Its answer can not be asked for again: nobody is signed in any more.
    return await secret_command(request, act)


@get("/api/v1/me", summary="Who one is", tags=["identity"], opt=answers(Self))
async def get_self(request: AnyRequest) -> Response[bytes]:
    """Return one's account, party, roles and permissions (本人)."""

    async def look(c: Command) -> object:
        return await queries.get_self(c.tx, viewer=c.actor)

    return answer(await read(request, look))


@post(
    "/api/v1/me/password",
    summary="Change one's password",
    tags=["identity"],
    opt=KEYLESS | answers(Done),
)
async def change_password(request: AnyRequest, data: JSONBody[ChangePassword]) -> Response[bytes]:
    """Change one's password (修改口令) and close all one's other sessions."""

    async def act(c: Command) -> Answer:
        await accounts.change_password(
            c.tx,
            actor=c.actor,
            now=c.now,
            current=data.current,
            new=data.new,
            kept_session=presented_token(request),
        )
        return done(Done(at=c.now))

    # Both passwords are secrets, and the second run is refused by the first one's work.
    return await secret_command(request, act)


@post(
    "/api/v1/tokens",
    summary="Issue a token",
    tags=["identity"],
    opt=KEYLESS | answers(IssuedToken, 201, refusals=(409,)),
)
async def issue_token(request: AnyRequest, data: JSONBody[IssueToken]) -> Response[bytes]:
    """Issue a token for a program (签发令牌). Its secret is told this once."""

    async def act(c: Command) -> Answer:
        issued = await tokens.issue_token(
            c.tx,
            actor=c.actor,
            now=c.now,
            name=data.name,
            scopes=data.scopes,
            expires_at=data.expires_at,
        )
        return Answer(issued, 201)

    return await secret_command(request, act, body_sha256=_sha256(data))


@get("/api/v1/tokens", summary="One's tokens", tags=["identity"], opt=answers(Page[ApiToken]))
async def list_tokens(
    request: AnyRequest,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return one's own tokens, without their secrets."""

    async def look(c: Command) -> object:
        return await queries.list_tokens(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@post(
    "/api/v1/tokens/{token_id:uuid}/revocations",
    summary="Revoke a token",
    tags=["identity"],
    opt=answers(ApiToken),
)
async def revoke_token(
    request: AnyRequest,
    token_id: FromPath[UUID],
    data: JSONBody[Nothing],  # noqa: ARG001 - decoding checks it
) -> Response[bytes]:
    """Revoke one of one's own tokens (吊销令牌); it works at the next request."""

    async def act(c: Command) -> Answer:
        return done(await tokens.revoke_token(c.tx, actor=c.actor, now=c.now, token_id=token_id))

    return await command(request, act)


def _sha256(body: msgspec.Struct) -> bytes:
    # Of a body with its secrets taken out: a fast hash of a password is never kept.
    return hashlib.sha256(msgspec.json.encode(body)).digest()
