"""Change, distrust and end keys of the service, each as one command that the log remembers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import msgspec

from catalog.audit_log import key_chain, key_notices
from catalog.audit_log import operations as audit_log
from catalog.audit_log import queries as log
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.events import Event
from catalog.audit_log.export_format import NoticeRow
from catalog.audit_log.key_notices import ROOT, Action, KeyNotice
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Conflict, Refused
from catalog.key_custody import queries, transcript
from catalog.key_custody.two_people import check_two
from catalog.signing import operations as signing
from catalog.signing import queries as keys
from catalog.signing.algorithms import Algorithm
from catalog.signing.model import PublicKey
from catalog.signing.purposes import OF_THE_SERVICE, Purpose
from catalog.signing.signer import Signer


class KeyNoticeRefused(Refused):
    """The log's own keys do not allow what is said of one of them."""

    code = "key_notice_refused"


class KeyNeedsANotice(Refused):
    """A key of the log is distrusted by another one of it, or by its root key."""

    code = "key_needs_a_notice"


class KeyDestroyedAlready(Conflict):
    """The private half was destroyed before, as the log says."""

    code = "key_destroyed_already"


class Destruction(msgspec.Struct, frozen=True):
    """How the private half of a key is destroyed, as the log says it, and what does it."""

    method: str
    act: Callable[[], None]


class KeyStillSigns(Refused):
    """A key that has not ended, or whose end is not in the log yet, is not destroyed."""

    code = "key_still_signs"


async def announce(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    origin: str,
    new: Signer,
    by: Signer,
    overlap: dt.timedelta,
    reason: str | None = None,
) -> list[PublicKey]:
    """Bring the log's next key (日志密钥更换): signed by it and by one before, or by the root key.

    From the entry of the notice on both sign; after the ``overlap`` the old one ends (``end_keys``).
    Asked again for the same key, nothing is done.

    :raises KeyNoticeRefused: if ``by`` is no key of the log that is in force.
    """
    actor.require("key:rotate")
    await signing.lock_service_keys(tx)
    if await keys.find_key(tx, new.key_id) is not None:
        return []
    note = await _signed(tx, Action.ANNOUNCE, origin, new=new, by=by, now=now)
    changed = await signing.enter_log_key(tx, now=now, public_key=new.public_key, overlap=overlap)
    await audit_log.remember_keys(
        tx, Event.KEY_ANNOUNCED, actor=actor, now=now, keys=changed, reason=reason, notice=note
    )
    return changed


async def appoint_root(
    tx: Tx, *, actor: Actor, now: dt.datetime, origin: str, root: Signer, by: Signer
) -> PublicKey:
    """Give the log a root key (日志根密钥), which may announce and distrust when no other key can.

    :raises KeyNoticeRefused: if ``by`` is no key of the log that is in force.
    :raises KeyTaken: if it is registered already.
    """
    actor.require("key:rotate")
    await signing.lock_service_keys(tx)
    note = await _signed(tx, Action.ROOT, origin, new=root, by=by, now=now)
    key = await signing.enter_root_key(tx, now=now, public_key=root.public_key)
    await audit_log.remember_keys(
        tx, Event.KEY_ANNOUNCED, actor=actor, now=now, keys=[key], notice=note
    )
    return key


async def replace_log_key(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    origin: str,
    new: Signer,
    root: Signer,
    since: int | None,
    reason: str,
) -> None:
    """Bring a key of the log by its root key (根密钥更换), the last one being lost or stolen.

    What signed it ends at once; from ``since`` on it is distrusted. Asked again, nothing is done twice.

    :raises KeyNoticeRefused: if the log has no such root key.
    """
    actor.require("key:rotate")
    await signing.lock_service_keys(tx)
    before = [key for key in await keys.list_public_keys(tx) if _signs_the_log(key)]
    await announce(
        tx,
        actor=actor,
        now=now,
        origin=origin,
        new=new,
        by=root,
        overlap=dt.timedelta(0),
        reason=reason,
    )
    for key in before if since is not None else []:
        if key.key_id == new.key_id or key.distrusted_from is not None:
            continue
        await distrust(
            tx,
            actor=actor,
            now=now,
            key_id=key.key_id,
            since=since or 0,
            reason=reason,
            origin=origin,
            by=root,
        )


async def distrust(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    key_id: str,
    since: int,
    reason: str,
    origin: str,
    by: Signer | None = None,
) -> PublicKey:
    """Let nothing count that a key signed from an entry of the log on (不可信); before, it stays good.

    A key of the log needs ``by``: another one of it, or its root key.

    :raises NoSuchKey: if there is none of that id.
    :raises KeyAlreadyDistrusted: if it is, from there on or from an earlier entry.
    :raises KeyNeedsANotice: if it is the log's, and nothing is there to say so with.
    :raises KeyNoticeRefused: if ``by`` may not say so.
    """
    actor.require("key:distrust")
    await signing.lock_service_keys(tx)
    key = await signing.lock_key(tx, key_id)
    note = None
    if _is_the_logs(key):
        if by is None:
            raise KeyNeedsANotice(key_id=key_id)
        note = await _signed(tx, Action.DISTRUST, origin, about=key, by=by, now=now, since=since)
    changed = await signing.distrust_key(tx, now=now, key_id=key_id, since=since)
    await audit_log.remember_keys(
        tx, Event.KEY_DISTRUSTED, actor=actor, now=now, keys=[changed], reason=reason, notice=note
    )
    return changed


async def end_keys(
    tx: Tx, *, actor: Actor, now: dt.datetime, origin: str, by: Signer
) -> list[PublicKey]:
    """Enter the end of every key of the service that is over (停用), once.

    From the entry on the log refuses what the key signs; it waits until nothing signed before can
    still be on its way. ``by`` is the log's key, which says so of the one before it.
    """
    actor.require("key:end")
    await signing.lock_service_keys(tx)
    ended = []
    for key in await queries.list_due(tx, now):
        note = None
        if _is_the_logs(key):
            if key.key_id == by.key_id:
                continue  # nobody is there to say so: the service is told at its start
            note = await _signed(tx, Action.END, origin, about=key, by=by, now=now)
        await audit_log.remember_keys(
            tx, Event.KEY_ENDED, actor=actor, now=now, keys=[key], notice=note
        )
        ended.append(key)
    return ended


async def destroy(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    key_id: str,
    confirmed_by: Actor,
    reason: str,
    how: Callable[[PublicKey], Destruction],
    entered_by: Actor | None = None,
) -> Destruction:
    """Destroy the private half of a key that ended (销毁): one does it, another one confirms it.

    Both have accounts of their own. ``how`` says where the key lies and what destroys it there, which is done
    last of all before this is remembered for good: what fails is not remembered. ``entered_by`` is who asks
    now, if the other one asked before.

    :raises NotPermitted: if one of them may not.
    :raises TwoPeopleNeeded: if they are the same, or one is no account.
    :raises NoSuchKey: if there is none of that id.
    :raises KeyStillSigns: if it has not ended, or its end is not in the log yet.
    :raises KeyDestroyedAlready: if that was done before.
    """
    present = check_two(actor, confirmed_by)
    key = await lock_to_destroy(tx, key_id)
    destruction = how(key)
    await audit_log.append(
        tx,
        Event.KEY_DESTROYED,
        actor=entered_by or actor,
        now=now,
        subjects=[Subject("key", key.key_id)],
        facts={"people": present, "method": destruction.method, "purpose": key.purpose.value},
        reason=reason,
    )
    destruction.act()
    return destruction


async def lock_to_destroy(tx: Tx, key_id: str) -> PublicKey:
    """Return a key whose private half may be destroyed, held until the transaction ends.

    :raises NoSuchKey: if there is none of that id.
    :raises KeyStillSigns: if it has not ended, or its end is not in the log yet.
    :raises KeyDestroyedAlready: if that was done before.
    """
    key = await signing.lock_key(tx, key_id)
    async with beyond_own_rows(tx):  # what became of a key is public, whoever asks
        has_ended = await queries.has_ended(tx, key)
        is_destroyed = await queries.is_destroyed(tx, key)
    if key.purpose not in OF_THE_SERVICE or not has_ended:
        raise KeyStillSigns(key_id=key_id)
    if is_destroyed:
        raise KeyDestroyedAlready(key_id=key_id)
    return key


async def remember_ceremony(
    tx: Tx, *, actor: Actor, now: dt.datetime, file: transcript.SignedTranscript
) -> None:
    """Bind the transcript of a ceremony (仪式记录) in the log."""
    actor.require("key:rotate")
    told = msgspec.json.decode(file.document, type=transcript.Transcript)
    await audit_log.append(
        tx,
        Event.KEY_CEREMONY_HELD,
        actor=actor,
        now=now,
        subjects=[Subject(transcript.KIND, told.ceremony_id)],
        facts={"people": [each.name for each in told.custodians], "threshold": told.threshold},
        digests=[Digest(transcript.KIND, told.ceremony_id, transcript.digest(file))],
    )


async def _signed(
    tx: Tx,
    action: Action,
    origin: str,
    *,
    by: Signer,
    now: dt.datetime,
    new: Signer | None = None,
    about: PublicKey | None = None,
    since: int | None = None,
) -> bytes:
    """Return a notice, signed, that the log's keys as they are allow.

    :raises KeyNoticeRefused: if they do not.
    """
    by_key = VerifierKey(origin + ROOT if by.purpose is Purpose.ROOT else origin, by.public_key)
    name = origin + ROOT if action is Action.ROOT else origin
    about_key = new.public_key if new is not None else about.public_key if about else b""
    notice = key_notices.drawn_up(action, VerifierKey(name, about_key), by_key, now, since)
    text = notice.text().encode()
    signatures = [(by_key, by.sign(text))]
    if new is not None:
        signatures.append((notice.key, new.sign(text)))
    note = key_notices.signed(notice, signatures)
    await _check_allowed(tx, notice, note)
    return note


async def _check_allowed(tx: Tx, notice: KeyNotice, note: bytes) -> None:
    rows = await log.list_key_notices(tx)
    size = await log.get_size(tx)
    placed = [row for row in rows if row.index is not None]
    waiting = [row for row in rows if row.index is None]
    line = [*placed]
    line += [NoticeRow(size + n, row.note) for n, row in enumerate(waiting)]
    line.append(NoticeRow(size + len(waiting), note))
    first = notice.by if not rows else key_notices.read(rows[0].note).by
    if not rows and not await _is_the_first(tx, notice.by):
        raise KeyNoticeRefused(reason="it is not signed by the key of the log")
    refused = [
        reason for name, reason in key_chain.chained(first, line).refused if name == str(notice.key)
    ]
    if refused:
        raise KeyNoticeRefused(reason=refused[-1])


async def _is_the_first(tx: Tx, key: VerifierKey) -> bool:
    held = [each for each in await keys.list_public_keys(tx) if _is_the_logs(each)]
    return bool(held) and held[0].public_key == key.public_key


def _signs_the_log(key: PublicKey) -> bool:
    return key.purpose is Purpose.CHECKPOINT and key.algorithm is Algorithm.ED25519


def _is_the_logs(key: PublicKey) -> bool:
    return key.purpose in (Purpose.CHECKPOINT, Purpose.ROOT) and key.algorithm is Algorithm.ED25519
