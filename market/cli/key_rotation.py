"""Change, distrust and destroy one key: files or tokens, the register of keys, and the log."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from typing import TYPE_CHECKING, Any

import rich_click as click

from catalog.kernel.actor import system
from catalog.kernel.clock import SystemClock
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose, own_algorithm
from market.settings import Settings

if TYPE_CHECKING:
    import datetime as dt

    from catalog.kernel.actor import Actor
    from catalog.kernel.db import Database

_ACTOR = system("keys", "key:rotate", "key:distrust")


async def rotate(settings: Settings, purpose: Purpose, algorithm: Algorithm) -> str:
    """Make the next key, enter it, and put it in the place of the old one; return its id.

    In this order: interrupted anywhere, the service goes on with the old key, and the command is
    given again. The log's own key is announced by the old one.

    :raises ClickException: if a key can not be read or made.
    """
    from market.app import key_passphrase
    from market.channels import security_module
    from market.cli.connection import open_market

    with _told():
        if purpose in settings.pkcs11_keys and algorithm is own_algorithm(purpose):
            security_module.prepared(settings, purpose)  # before anything is begun
        async with open_market(settings) as market:
            settings, passphrase = market.settings, key_passphrase(market.settings)
            is_inside = purpose in settings.pkcs11_keys and algorithm is own_algorithm(purpose)
            new = _prepared(settings, purpose, algorithm, passphrase, is_inside=is_inside)
            await _enter_what_signs(settings, market.db)
            await _enter(settings, market.db, new)
            _promote(settings, purpose, algorithm, passphrase, is_inside=is_inside)
    return str(new.key_id)


def _prepared(
    settings: Settings,
    purpose: Purpose,
    algorithm: Algorithm,
    passphrase: bytes | None,
    *,
    is_inside: bool,
) -> Any:
    from catalog.signing import disk
    from market.channels import security_module

    directory = settings.keys_dir
    if is_inside:
        key = security_module.prepared(settings, purpose)
        return disk.read_signer(directory, purpose, elsewhere=key)
    disk.create_missing(
        directory,
        settings.further_algorithms,
        of_certificates=settings.further_certificate_algorithms,
        passphrase=passphrase,
        elsewhere=settings.pkcs11_keys,
    )
    return disk.prepare(directory, purpose, algorithm, passphrase=passphrase)


def _promote(
    settings: Settings,
    purpose: Purpose,
    algorithm: Algorithm,
    passphrase: bytes | None,
    *,
    is_inside: bool,
) -> None:
    from catalog.signing import disk
    from market.channels import security_module

    if is_inside:
        security_module.promote(settings, purpose)
    else:
        disk.promote(settings.keys_dir, purpose, algorithm, passphrase=passphrase)


async def _enter_what_signs(settings: Settings, db: Database) -> None:
    from catalog.signing.keyring import KeyNotValid
    from market.app import enter_service_keys

    with contextlib.suppress(KeyNotValid):  # it was revoked: the more it has to be changed
        await enter_service_keys(settings, db, SystemClock().now())


async def _enter(settings: Settings, db: Database, new: Any) -> None:
    import datetime as dt

    from catalog.audit_log import operations as audit_log
    from catalog.kernel.db import run
    from catalog.key_custody import operations as key_custody
    from market.app import certifier, log_signer

    now, overlap = SystemClock().now(), dt.timedelta(days=settings.key_overlap_days)
    if (new.purpose, new.algorithm) == (Purpose.CHECKPOINT, Algorithm.ED25519):
        log = log_signer(settings)
        work = functools.partial(
            key_custody.announce,
            actor=_ACTOR,
            now=now,
            origin=settings.log_origin,
            new=new,
            by=log.signer,
            overlap=overlap,
        )
    else:
        is_further = new.algorithm is not own_algorithm(new.purpose)
        is_of_log = is_further and new.purpose is Purpose.CHECKPOINT
        work = functools.partial(
            audit_log.register_service_keys,
            now=now,
            keys={} if is_further else {new.purpose: new.public_key},
            of_the_log={new.algorithm: new.public_key} if is_of_log else {},
            of_certificates={new.algorithm: new.public_key} if is_further and not is_of_log else {},
            certify=certifier(settings, new),
            overlap=overlap,
        )
    await run(db, _ACTOR, work, must_remember=False)


async def distrust(settings: Settings, key_id: str, since: int, reason: str) -> None:
    """Let nothing count that a key signed from an entry of the log on.

    :raises ClickException: if a key can not be read.
    """
    from catalog.kernel.db import run
    from catalog.key_custody import operations as key_custody
    from market.app import log_signer
    from market.cli.connection import open_market

    with _told():
        async with open_market(settings) as market:
            work = functools.partial(
                key_custody.distrust,
                actor=_ACTOR,
                now=SystemClock().now(),
                key_id=key_id,
                since=since,
                reason=reason,
                origin=settings.log_origin,
                by=log_signer(market.settings).signer,
            )
            await run(market.db, _ACTOR, work)


async def signed_in(db: Database, token: str, now: dt.datetime) -> Actor:
    """Return who holds a token: of a session, or one for programs.

    :raises ClickException: if it is nobody's, or does not count any more.
    """
    from catalog.kernel.actor import PUBLIC
    from catalog.kernel.db import begin
    from market.identity import queries as identity

    digest = hashlib.sha256(token.strip().encode()).digest()
    async with begin(db, PUBLIC) as tx:
        who = await identity.find_actor(tx, token_sha256=digest, now=now)
    if who is None:
        raise click.ClickException(
            "令牌无效或已失效，请重新登录 · the token does not count: sign in anew"
        )
    return who


async def destroy(settings: Settings, key_id: str, tokens: tuple[str, str], reason: str) -> str:
    """Destroy the private half of a key that ended; return how.

    ``tokens`` are those of the one who does it and of the one who confirms it.

    :raises ClickException: if a token is nobody's, or the key is not to be found, or could not be
        destroyed.
    """
    from catalog.kernel.db import run
    from catalog.key_custody import operations as key_custody
    from market.channels import key_destruction
    from market.cli.connection import open_market

    with _told():
        async with open_market(settings) as market:
            now = SystemClock().now()
            doing, seeing = [await signed_in(market.db, each, now) for each in tokens]
            work = functools.partial(
                key_custody.destroy,
                actor=doing,
                now=now,
                key_id=key_id,
                confirmed_by=seeing,
                reason=reason,
                how=functools.partial(key_destruction.of, market.settings),
            )
            destruction = await run(market.db, doing, work)
    return destruction.method


@contextlib.contextmanager
def _told() -> Any:
    """Tell what is wrong with a key file as its path and the reason."""
    from catalog.signing import disk

    try:
        yield
    except disk.KeyFileUnusable as error:
        raise click.ClickException(f"{error.facts['path']}: {error.facts['reason']}") from error
