"""Open and close an account (账号), and change its password."""

from __future__ import annotations

import asyncio
import datetime as dt
from uuid import UUID

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Remembered
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Refused
from catalog.kernel.ids import AccountId, PartyId, new_id
from market.identity.bearer_secrets import secret_hash
from market.identity.hashing import hash_password, matches
from market.identity.model import Account
from market.identity.passwords import PasswordWrong, check_password, normalised
from market.identity.queries import AccountMissing, account_of, get_party
from market.identity.registering import LoginTaken, check_login, check_name
from market.identity.store import accounts, roles, sessions, tokens


class AccountAlreadyClosed(Refused):
    """The account is closed; nothing more happens to it."""

    code = "account_already_closed"


class OwnAccountNotClosable(Refused):
    """Nobody closes the account that he acts with."""

    code = "own_account_not_closable"


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
    account = await insert_account(
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


async def close_account(tx: Tx, *, actor: Actor, now: dt.datetime, account_id: UUID) -> Account:
    """Close an account with its sessions, tokens and roles (注销账号), from the next request on.

    :raises AccountMissing: if there is no such account.
    :raises OwnAccountNotClosable: if it is the actor's own.
    :raises AccountAlreadyClosed: if it is closed.
    """
    actor.require("account:close")
    account = await lock_open(tx, account_id)
    if account.id == actor.account_id:
        raise OwnAccountNotClosable
    await accounts.close(tx, account_id, now)
    await sessions.close_sessions(tx, account_id, now)
    await tokens.revoke_all(tx, account_id, now)
    await roles.revoke_grants(tx, account_id, revoked_by=account_of(actor), now=now)
    await audit_log.append(
        tx,
        Remembered.ACCOUNT_CLOSED,
        actor=actor,
        now=now,
        subjects=[Subject("account", str(account_id))],
        facts={"login": account.login},
    )
    return msgspec.structs.replace(account, closed_at=now)


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
    account = await accounts.lock(tx, account_id)
    password_hash = await accounts.find_password_hash(tx, account_id)
    if account is None or password_hash is None:
        raise AccountMissing
    if not await asyncio.to_thread(matches, password_hash, normalised(current)):
        raise PasswordWrong
    plain = check_password(new, login=account.login)
    await accounts.update_password(tx, account_id, await asyncio.to_thread(hash_password, plain))
    kept = None if kept_session is None else secret_hash(kept_session)
    closed_count = await sessions.close_sessions(tx, account_id, now, but=kept)
    await audit_log.append(
        tx,
        Remembered.PASSWORD_CHANGED,
        actor=actor,
        now=now,
        subjects=[Subject("account", str(account_id))],
        facts={"closed_session_count": closed_count},
    )


async def lock_open(tx: Tx, account_id: UUID) -> Account:
    """Lock and return an account that is not closed.

    :raises AccountMissing: if there is no such account.
    :raises AccountAlreadyClosed: if it is closed.
    """
    account = await accounts.lock(tx, account_id)
    if account is None:
        raise AccountMissing
    if account.closed_at is not None:
        raise AccountAlreadyClosed(closed_at=account.closed_at.isoformat())
    return account


async def insert_account(
    tx: Tx,
    *,
    party_id: PartyId,
    login: str,
    display_name: str,
    password: str,
    opened_by: AccountId | None,
    now: dt.datetime,
) -> Account:
    """Insert an account whose login, name and password are in order; nothing is remembered yet.

    :raises LoginTaken: if somebody has the login.
    """
    account = Account(
        id=AccountId(new_id()),
        party_id=party_id,
        login=check_login(login),
        display_name=check_name(display_name),
        opened_at=now,
    )
    plain = check_password(password, login=login)
    hashed = await asyncio.to_thread(hash_password, plain)
    if not await accounts.insert(tx, account, password_hash=hashed, opened_by=opened_by):
        raise LoginTaken(login=login)
    return account
