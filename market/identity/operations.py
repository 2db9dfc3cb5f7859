"""Found the market, register and verify parties, open accounts, grant roles, sign in.

Each is one command: permit, lock, decide, store, remember, return. Signing in is three steps with
the check of the password between them; the door takes them in order (``market/http/sign_in.py``).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Remembered
from catalog.audit_log.model import Subject
from catalog.kernel.actor import PUBLIC, Actor, Clearance, system
from catalog.kernel.db import Tx
from catalog.kernel.errors import Forbidden, Missing, Refused
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.kernel.local_time import local_date
from market.identity import store
from market.identity.backoff import WINDOW, check_attempts
from market.identity.hashing import hash_password, matches
from market.identity.identity_numbers import check_identity_number, keyed_hash, masked
from market.identity.lifetimes import check_token, session_ends
from market.identity.model import (
    Account,
    ApiToken,
    Capacity,
    Foundation,
    Founder,
    IssuedToken,
    Kind,
    OpenedSession,
    Party,
    PartyFile,
    Registered,
    RoleGrant,
    RoleGrantId,
    SessionId,
    TokenId,
)
from market.identity.passwords import PasswordWrong, check_password, normalised
from market.identity.permissions import Role
from market.identity.queries import AccountMissing, PartyMissing, account_of, get_party
from market.identity.registering import (
    LoginTaken,
    PartyAlreadyRegistered,
    check_evidence_hash,
    check_login,
    check_name,
    check_registration,
    check_suspension,
    check_uscc,
    check_verifier,
)
from market.identity.separation import check_grant
from market.identity.signing_in import Attempt
from market.identity.states import Event, State, advance

_SESSION_PREFIX: Final = "shs_"
_TOKEN_PREFIX: Final = "sht_"  # noqa: S105 - tells a secret of ours from others' in a scan of leaks
_SECRET_BYTES: Final = 32
_MAX_LOGIN: Final = 64
#: A trader's first account may sell and buy as soon as the party's real name was checked.
_ROLES_OF_A_TRADER: Final = (Role.SUPPLIER, Role.BUYER)


class FoundationSecretWrong(Forbidden):
    """The one-time secret of the founding is another one, or founding is switched off."""

    code = "foundation_secret_wrong"


class MarketAlreadyFounded(Refused):
    """A market is founded once."""

    code = "market_already_founded"


class AccountAlreadyClosed(Refused):
    """The account is closed; nothing more happens to it."""

    code = "account_already_closed"


class OwnAccountNotClosable(Refused):
    """Nobody closes the account that he acts with."""

    code = "own_account_not_closable"


class RoleAlreadyRevoked(Refused):
    """The role grant was revoked before."""

    code = "role_already_revoked"


class TokenAlreadyRevoked(Refused):
    """The token was revoked before."""

    code = "token_already_revoked"


class RoleGrantMissing(Missing):
    """There is no such role grant."""


class TokenMissing(Missing):
    """There is no such token, or it is somebody else's."""


class SessionMissing(Missing):
    """There is no open session of this secret."""


class Institution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The operator or the authority, as it is named at the founding."""

    name: str
    uscc: str
    evidence_sha256: str | None = None


# ── the founding ────────────────────────────────────────────────────────────────────────────


async def found_market(
    tx: Tx,
    *,
    now: dt.datetime,
    expected_secret: str | None,
    secret: str,
    authority: Institution,
    operator: Institution,
    regulator: Founder,
    system_administrator: Founder,
    security_administrator: Founder,
    audit_administrator: Founder,
) -> Foundation:
    """Found an empty market (开市): authority, operator and the three administrators (三权分立).

    No account is there before: whoever can set the service's secret founds it, once.

    :raises FoundationSecretWrong: if the secret is another one, or none is set.
    :raises MarketAlreadyFounded: if any party is there.
    """
    # An empty secret would be met by an empty answer.
    given, expected = secret.encode(), (expected_secret or "").encode()
    if not expected or not hmac.compare_digest(given, expected):
        raise FoundationSecretWrong
    if not await store.lock_founding(tx):
        raise MarketAlreadyFounded
    await store.act_as(tx, party_id=None, clearance=Clearance.SYSTEM.value)
    bureau = await _found_institution(tx, authority, Capacity.PROVINCIAL_AUTHORITY, now)
    house = await _found_institution(tx, operator, Capacity.SUPERMARKET_OPERATOR, now)
    accounts: dict[Role, AccountId] = {}
    for party, role, founder in (
        (bureau, Role.REGULATOR, regulator),
        (house, Role.SYSTEM_ADMINISTRATOR, system_administrator),
        (house, Role.SECURITY_ADMINISTRATOR, security_administrator),
        (house, Role.AUDIT_ADMINISTRATOR, audit_administrator),
    ):
        account = await _insert_account(
            tx,
            party_id=party.id,
            login=founder.login,
            display_name=founder.display_name,
            password=founder.password,
            opened_by=None,
            now=now,
        )
        await store.insert_grant(tx, _grant(account.id, role, granted_by=None, now=now))
        accounts[role] = account.id
    await _insert_party_file(tx, bureau, authority.evidence_sha256, accounts[Role.REGULATOR])
    await _insert_party_file(
        tx, house, operator.evidence_sha256, accounts[Role.SECURITY_ADMINISTRATOR]
    )
    await audit_log.append(
        tx,
        Remembered.MARKET_FOUNDED,
        actor=system("foundation"),
        now=now,
        subjects=[
            Subject("party", str(bureau.id)),
            Subject("party", str(house.id)),
            *(Subject("account", str(account_id)) for account_id in accounts.values()),
        ],
        facts={
            "authority": _party_facts(bureau),
            "operator": _party_facts(house),
            "roles": {role.value: str(account_id) for role, account_id in accounts.items()},
        },
        rules=("HN-05",),
    )
    return Foundation(
        authority_party_id=bureau.id,
        operator_party_id=house.id,
        regulator_account_id=accounts[Role.REGULATOR],
        system_administrator_account_id=accounts[Role.SYSTEM_ADMINISTRATOR],
        security_administrator_account_id=accounts[Role.SECURITY_ADMINISTRATOR],
        audit_administrator_account_id=accounts[Role.AUDIT_ADMINISTRATOR],
    )


async def _found_institution(
    tx: Tx, institution: Institution, capacity: Capacity, now: dt.datetime
) -> Party:
    if institution.evidence_sha256 is not None:
        check_evidence_hash(institution.evidence_sha256)
    party = Party(
        id=PartyId(new_id()),
        kind=Kind.LEGAL_PERSON,
        name=check_name(institution.name),
        uscc=check_uscc(institution.uscc),
        capacities=(capacity,),
        state=State.VERIFIED,
        registered_at=now,
        verified_at=now,
    )
    if not await store.insert_party(tx, party):
        raise PartyAlreadyRegistered(uscc=party.uscc)
    return party


async def _insert_party_file(
    tx: Tx, party: Party, evidence_sha256: str | None, registered_by: AccountId
) -> None:
    await store.insert_party_file(
        tx,
        party_id=party.id,
        evidence_sha256=evidence_sha256,
        identity_hash=None,
        identity_masked=None,
        registered_by=registered_by,
    )


# ── parties ─────────────────────────────────────────────────────────────────────────────────


async def register_party(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    kind: Kind,
    name: str,
    uscc: str | None,
    identity_number: str | None,
    identity_key: bytes,
    evidence_sha256: str,
    capacities: Sequence[Capacity],
    login: str,
    display_name: str,
    password: str,
) -> Registered:
    """Register a party with its first account (主体注册). Its roles come when it is verified.

    An id number is hashed with ``identity_key`` and masked; it is kept in no other form.

    :raises PartyAlreadyRegistered: if this organisation or person is there.
    :raises LoginTaken: if somebody has the login.
    """
    check_registration(
        kind=kind,
        uscc=uscc,
        has_identity_number=identity_number is not None,
        evidence_sha256=evidence_sha256,
        capacities=capacities,
    )
    number = None if identity_number is None else check_identity_number(identity_number)
    party = Party(
        id=PartyId(new_id()),
        kind=kind,
        name=check_name(name),
        uscc=uscc,
        capacities=tuple(sorted(set(capacities))),
        state=State.REGISTERED,
        registered_at=now,
    )
    await store.act_as(tx, party_id=party.id, clearance=Clearance.PARTY.value)
    if not await store.insert_party(tx, party):
        raise PartyAlreadyRegistered(uscc=uscc)
    account = await _insert_account(
        tx,
        party_id=party.id,
        login=login,
        display_name=display_name,
        password=password,
        opened_by=None,
        now=now,
    )
    if not await store.insert_party_file(
        tx,
        party_id=party.id,
        evidence_sha256=evidence_sha256,
        identity_hash=None if number is None else keyed_hash(identity_key, number),
        identity_masked=None if number is None else masked(number),
        registered_by=account.id,
    ):
        raise PartyAlreadyRegistered
    await audit_log.append(
        tx,
        Remembered.PARTY_REGISTERED,
        actor=actor,
        now=now,
        subjects=[Subject("party", str(party.id)), Subject("account", str(account.id))],
        facts={**_party_facts(party), "login": login, "evidence_sha256": evidence_sha256},
    )
    return Registered(party=party, account=account)


async def verify_party(tx: Tx, *, actor: Actor, now: dt.datetime, party_id: UUID) -> PartyFile:
    """Record that a party's real name was checked against its evidence (实名认证, BJ-18).

    A trader's first account may sell and buy from today on.

    :raises PartyMissing: if there is no such party.
    :raises OwnPartyNotVerifiable: if it is the verifier's own.
    :raises PartyEventNotAllowed: if it is verified already.
    """
    actor.require("party:verify")
    file = await store.lock_party_file(tx, party_id)
    if file is None:
        raise PartyMissing
    check_verifier(file.party.id, actor.party_id)
    state = advance(file.party.state, Event.VERIFY)
    verified = msgspec.structs.replace(
        file,
        party=msgspec.structs.replace(file.party, state=state, verified_at=now),
        verified_by=account_of(actor),
        suspended_at=None,
        suspension_reason=None,
    )
    await store.update_party(tx, verified)
    await audit_log.append(
        tx,
        Remembered.PARTY_VERIFIED,
        actor=actor,
        now=now,
        subjects=[Subject("party", str(party_id))],
        facts={"evidence_sha256": file.evidence_sha256},
        before={"state": file.party.state.value},
        after={"state": state.value},
        rules=("BJ-18",),
    )
    if Capacity.TRADER in file.party.capacities:
        await _grant_trading(tx, actor=actor, now=now, file=verified)
    return verified


async def _grant_trading(tx: Tx, *, actor: Actor, now: dt.datetime, file: PartyFile) -> None:
    held = await store.list_grants(tx, file.registered_by)
    worn = {grant.role for grant in held if grant.revoked_at is None}
    for role in _ROLES_OF_A_TRADER:
        if role not in worn:
            grant = _grant(file.registered_by, role, granted_by=account_of(actor), now=now)
            await store.insert_grant(tx, grant)
            await _remember_grant(tx, grant, actor=actor, now=now)


async def suspend_party(
    tx: Tx, *, actor: Actor, now: dt.datetime, party_id: UUID, reason: str
) -> PartyFile:
    """Suspend a party (停用): none of its accounts gets in from the next request on.

    :raises PartyMissing: if there is no such party.
    :raises InstitutionNotSuspendable: if it is the operator or the authority.
    :raises PartyEventNotAllowed: if it is suspended already.
    """
    actor.require("party:suspend")
    why = check_name(reason)
    file = await store.lock_party_file(tx, party_id)
    if file is None:
        raise PartyMissing
    check_suspension(file.party.capacities)
    state = advance(file.party.state, Event.SUSPEND)
    suspended = msgspec.structs.replace(
        file,
        party=msgspec.structs.replace(file.party, state=state),
        suspended_at=now,
        suspension_reason=why,
    )
    await store.update_party(tx, suspended)
    await audit_log.append(
        tx,
        Remembered.PARTY_SUSPENDED,
        actor=actor,
        now=now,
        subjects=[Subject("party", str(party_id))],
        before={"state": file.party.state.value},
        after={"state": state.value},
        reason=why,
    )
    return suspended


# ── accounts and roles ──────────────────────────────────────────────────────────────────────


async def open_account(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    party_id: UUID,
    login: str,
    display_name: str,
    password: str,
) -> Account:
    """Open an account for a member of a party (开立账号). It wears no role yet.

    :raises PartyMissing: if there is no such party.
    :raises LoginTaken: if somebody has the login.
    """
    actor.require("account:open")
    party = await get_party(tx, party_id)
    account = await _insert_account(
        tx,
        party_id=party.id,
        login=login,
        display_name=display_name,
        password=password,
        opened_by=actor.account_id,
        now=now,
    )
    await audit_log.append(
        tx,
        Remembered.ACCOUNT_OPENED,
        actor=actor,
        now=now,
        subjects=[Subject("account", str(account.id)), Subject("party", str(party.id))],
        facts={"login": login, "display_name": account.display_name},
    )
    return account


async def _insert_account(
    tx: Tx,
    *,
    party_id: PartyId,
    login: str,
    display_name: str,
    password: str,
    opened_by: AccountId | None,
    now: dt.datetime,
) -> Account:
    account = Account(
        id=AccountId(new_id()),
        party_id=party_id,
        login=check_login(login),
        display_name=check_name(display_name),
        opened_at=now,
    )
    plain = check_password(password, login=login)
    hashed = await asyncio.to_thread(hash_password, plain)
    if not await store.insert_account(tx, account, password_hash=hashed, opened_by=opened_by):
        raise LoginTaken(login=login)
    return account


async def close_account(tx: Tx, *, actor: Actor, now: dt.datetime, account_id: UUID) -> Account:
    """Close an account with its sessions, tokens and roles (注销账号), from the next request on.

    :raises AccountMissing: if there is no such account.
    :raises OwnAccountNotClosable: if it is the actor's own.
    :raises AccountAlreadyClosed: if it is closed.
    """
    actor.require("account:close")
    account = await store.lock_account(tx, account_id)
    if account is None:
        raise AccountMissing
    if account.id == actor.account_id:
        raise OwnAccountNotClosable
    if account.closed_at is not None:
        raise AccountAlreadyClosed(closed_at=account.closed_at.isoformat())
    await store.close_account(tx, account_id, closed_by=account_of(actor), now=now)
    await audit_log.append(
        tx,
        Remembered.ACCOUNT_CLOSED,
        actor=actor,
        now=now,
        subjects=[Subject("account", str(account_id))],
        facts={"login": account.login},
    )
    return msgspec.structs.replace(account, closed_at=now)


async def grant_role(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    account_id: UUID,
    role: Role,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
) -> RoleGrant:
    """Grant a role from a day through a day (授予角色); it works at the next request.

    :raises AccountMissing: if there is no such account.
    :raises AccountAlreadyClosed: if it is closed.
    :raises RoleNotForParty: if the role belongs to another kind of party.
    :raises AdministratorWearsNoOtherRole: if roles would meet that may not.
    """
    actor.require("role:grant")
    account = await store.lock_account(tx, account_id)
    if account is None:
        raise AccountMissing
    if account.closed_at is not None:
        raise AccountAlreadyClosed(closed_at=account.closed_at.isoformat())
    party = await get_party(tx, account.party_id)
    grant = _grant(
        account.id,
        role,
        granted_by=account_of(actor),
        now=now,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    check_grant(
        role=role,
        account_id=account.id,
        granted_by=grant.granted_by,
        capacities=party.capacities,
        valid_from=grant.valid_from,
        valid_to=grant.valid_to,
        held=await store.list_grants(tx, account.id),
    )
    await store.insert_grant(tx, grant)
    await _remember_grant(tx, grant, actor=actor, now=now)
    return grant


async def revoke_role(tx: Tx, *, actor: Actor, now: dt.datetime, grant_id: UUID) -> RoleGrant:
    """Revoke a role grant (撤销角色); it works at the next request.

    :raises RoleGrantMissing: if there is no such grant.
    :raises RoleAlreadyRevoked: if it was revoked before.
    """
    actor.require("role:revoke")
    grant = await store.lock_grant(tx, grant_id)
    if grant is None:
        raise RoleGrantMissing
    if grant.revoked_at is not None:
        raise RoleAlreadyRevoked(revoked_at=grant.revoked_at.isoformat())
    await store.revoke_grant(tx, grant_id, revoked_by=account_of(actor), now=now)
    await audit_log.append(
        tx,
        Remembered.ROLE_REVOKED,
        actor=actor,
        now=now,
        subjects=[Subject("account", str(grant.account_id))],
        facts={"grant_id": str(grant.id), "role": grant.role.value},
    )
    return msgspec.structs.replace(grant, revoked_at=now)


def _grant(
    account_id: AccountId,
    role: Role,
    *,
    granted_by: AccountId | None,
    now: dt.datetime,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
) -> RoleGrant:
    return RoleGrant(
        id=RoleGrantId(new_id()),
        account_id=account_id,
        role=role,
        valid_from=valid_from or local_date(now),
        valid_to=valid_to,
        granted_by=granted_by,
        granted_at=now,
    )


async def _remember_grant(tx: Tx, grant: RoleGrant, *, actor: Actor, now: dt.datetime) -> None:
    await audit_log.append(
        tx,
        Remembered.ROLE_GRANTED,
        actor=actor,
        now=now,
        subjects=[Subject("account", str(grant.account_id))],
        facts={
            "grant_id": str(grant.id),
            "role": grant.role.value,
            "valid_from": grant.valid_from.isoformat(),
            "valid_to": None if grant.valid_to is None else grant.valid_to.isoformat(),
        },
    )


# ── sessions ────────────────────────────────────────────────────────────────────────────────


async def hear_attempt(tx: Tx, *, login: str, address: str, now: dt.datetime) -> Attempt:
    """Count an attempt to sign in as failed, for now, and return what is needed to check it.

    :raises TooManySignIns: if five attempts with this login from this address failed lately.
    """
    known = login[:_MAX_LOGIN] if login.isprintable() else ""
    await store.lock_attempts(tx, known, address)
    check_attempts(await store.list_failed_attempts(tx, known, address), now)
    attempt = Attempt(
        id=new_id(),
        login=known,
        address=address,
        credentials=await store.find_credentials(tx, known, local_date(now)),
    )
    await store.forget_attempts(tx, known, before=now - WINDOW)
    await store.insert_attempt(tx, attempt, now=now)
    return attempt


async def remember_failed_attempt(tx: Tx, *, attempt: Attempt, now: dt.datetime) -> None:
    """Remember that an attempt to sign in failed, in a transaction of its own."""
    # No subject: the public leaf would tell which logins there are.
    await audit_log.append(
        tx,
        Remembered.SIGN_IN_FAILED,
        actor=PUBLIC,
        now=now,
        subjects=[],
        facts={"login": attempt.login, "address": attempt.address},
    )


async def open_session(
    tx: Tx, *, actor: Actor, attempt: Attempt, now: dt.datetime
) -> OpenedSession:
    """Open a session (会话) for whom the attempt admitted; it does not count as failed any more."""
    idle_ends_at, ends_at = session_ends(now)
    session = OpenedSession(
        token=_SESSION_PREFIX + secrets.token_urlsafe(_SECRET_BYTES),
        session_id=SessionId(new_id()),
        account_id=account_of(actor),
        party_id=actor.party,
        opened_at=now,
        idle_ends_at=idle_ends_at,
        ends_at=ends_at,
    )
    await store.attempt_succeeded(tx, attempt.id)
    await store.insert_session(tx, session, secret_hash(session.token))
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
    session_id = await store.close_session(tx, secret_hash(token), now)
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


async def change_password(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    current: str,
    new: str,
    kept_session: str | None,
) -> None:
    """Change one's own password (修改口令) and close all one's other sessions.

    :raises PasswordWrong: if ``current`` is not the password.
    """
    actor.require("password:change")
    account_id = account_of(actor)
    account = await store.lock_account(tx, account_id)
    password_hash = await store.find_password_hash(tx, account_id)
    if account is None or password_hash is None:
        raise AccountMissing
    if not await asyncio.to_thread(matches, password_hash, normalised(current)):
        raise PasswordWrong
    plain = check_password(new, login=account.login)
    await store.update_password(tx, account_id, await asyncio.to_thread(hash_password, plain))
    kept = None if kept_session is None else secret_hash(kept_session)
    closed_count = await store.close_sessions(tx, account_id, now, but=kept)
    await audit_log.append(
        tx,
        Remembered.PASSWORD_CHANGED,
        actor=actor,
        now=now,
        subjects=[Subject("account", str(account_id))],
        facts={"closed_session_count": closed_count},
    )


# ── tokens ──────────────────────────────────────────────────────────────────────────────────


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
    secret = _TOKEN_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    token = ApiToken(
        id=TokenId(new_id()),
        account_id=account_of(actor),
        name=check_name(name),
        scopes=tuple(sorted(set(scopes))),
        issued_at=now,
        expires_at=expires_at,
    )
    await store.insert_token(tx, token, secret_hash(secret))
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
    token = await store.lock_token(tx, token_id, account_id)
    if token is None:
        raise TokenMissing
    if token.revoked_at is not None:
        raise TokenAlreadyRevoked(revoked_at=token.revoked_at.isoformat())
    await store.revoke_token(tx, token_id, now)
    await audit_log.append(
        tx,
        Remembered.TOKEN_REVOKED,
        actor=actor,
        now=now,
        subjects=[Subject("account", str(account_id))],
        facts={"token_id": str(token_id)},
    )
    return msgspec.structs.replace(token, revoked_at=now)


def secret_hash(secret: str) -> bytes:
    """Return what is kept of a session's or token's secret: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def _party_facts(party: Party) -> dict[str, object]:
    return {
        "party_id": str(party.id),
        "kind": party.kind.value,
        "name": party.name,
        "uscc": party.uscc,
        "capacities": [capacity.value for capacity in party.capacities],
    }
