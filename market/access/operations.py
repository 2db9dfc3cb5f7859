"""Grant, use, cut off, restore and end access; hand out short download tokens.

The order's own commands call these; what they are asked for and by whom was decided there.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor, NotPermitted
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import new_id
from catalog.kernel.statements.db import Ahead, Write
from catalog.signing.signer import Signer
from market.access import licences, store, tokens
from market.access.asking import Standing, ask, refusal
from market.access.model import AccessToken, Asked, Grant
from market.access.states import Event, advance


class GrantMissing(Missing):
    """The order has no licence grant yet, or there is no such order for this actor."""

    code = "grant_not_found"


async def create(tx: Tx, *, actor: Actor, now: dt.datetime, grant: Grant) -> Grant:
    """Create the grant of an order that is delivered (授予使用许可)."""
    await store.insert(tx, grant)
    await _remember(
        tx,
        Happened.GRANT_CREATED,
        grant,
        actor=actor,
        now=now,
        digests=[licences.digest_of(grant)],
    )
    return grant


async def lock(tx: Tx, order_id: uuid.UUID) -> Grant:
    """Return the grant of an order, locked until the transaction ends.

    :raises GrantMissing: if it has none that the actor may see.
    """
    found = await store.lock(tx, order_id)
    if found is None:
        raise GrantMissing
    return found


def locking(order_id: uuid.UUID) -> Ahead:
    """Return what locks the grant of an order as the transaction is opened, for who uses it next."""
    return store.locking(order_id)


def counting(grant: Grant) -> Write:
    """Return what writes back what a usage event moved, for the usage room, which holds the lock."""
    return store.counting(grant)


async def issue_token(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    grant: Grant,
    standing: Standing,
    issuer: str,
    signer: Signer,
) -> AccessToken:
    """Hand the buyer a token for downloads of the next minute (下载令牌).

    The caller holds the grant locked and read what stands of its order after that.

    :raises NotPermitted: if the actor uses no grants.
    :raises Refused: if nobody is let in now, named for the first reason (``grants.py``).
    """
    actor.require("grant:use")
    if actor.account_id is None:
        # A token does not beget tokens: it would live for ever.
        raise NotPermitted(permission="grant:use")
    reasons = ask(grant, Asked(), standing, now).reasons
    if reasons:
        raise refusal(grant, reasons, now)
    said = tokens.claims(
        issuer=issuer,
        grant_id=grant.id,
        order_id=grant.order_id,
        party_id=grant.buyer_party_id,
        token_id=new_id(),
        now=now,
    )
    signed = tokens.signing_input(said, signer.key_id)
    await audit_log.append(
        tx,
        Happened.TOKEN_ISSUED,
        actor=actor,
        now=now,
        subjects=[Subject("grant", str(grant.id)), Subject("order", str(grant.order_id))],
        facts={"token_id": said.jti, "expires_at": said.exp},
        rules=("BJ-27",),
    )
    return AccessToken(
        access_token=tokens.assemble(signed, signer.sign(signed)),
        token_type="Bearer",  # noqa: S106
        expires_at=dt.datetime.fromtimestamp(said.exp, dt.UTC),
    )


async def count_on(tx: Tx, *, order_id: uuid.UUID, entries: int) -> bool:
    """Let the next use of an order have the number behind so many entries; tell whether it was fewer.

    For a database that lost some uses which the log has: they are not on record, so that no
    statement of the order is signed, but the log goes on without a gap.
    """
    grant = await store.lock(tx, order_id)
    if grant is None or grant.order_seq >= entries:
        return False
    await tx.write(store.counting(msgspec.structs.replace(grant, order_seq=entries)))
    return True


async def cut_off(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, reason: str, for_good: bool
) -> Grant | None:
    """Stop an order's grant at once, if it has one (终止授权使用, BJ-28).

    It waits for uses that are just being counted; whoever asks afterwards is refused.
    """
    grant = await store.lock(tx, order_id)
    event = Event.REVOKE if for_good else Event.CUT_OFF
    if grant is None:
        return None
    after = msgspec.structs.replace(
        grant, state=advance(grant.state, event), cut_off_at=now, cut_off_reason=reason
    )
    await store.set_state(tx, after)
    await _remember(tx, Happened.GRANT_CUT_OFF, after, actor=actor, now=now, reason=reason)
    return after


async def restore(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID, reason: str
) -> Grant | None:
    """Let a grant that was cut off for the time being work again, if the order has one."""
    grant = await store.lock(tx, order_id)
    if grant is None:
        return None
    after = msgspec.structs.replace(
        grant, state=advance(grant.state, Event.RESTORE), cut_off_at=None, cut_off_reason=None
    )
    await store.set_state(tx, after)
    await _remember(tx, Happened.GRANT_RESTORED, after, actor=actor, now=now, reason=reason)
    return after


async def expire(tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID) -> Grant:
    """End a grant whose time is over, or whose uses are all used (到期).

    :raises GrantMissing: if the order has none.
    :raises GrantEventNotAllowed: if it ended before.
    """
    grant = await lock(tx, order_id)
    after = msgspec.structs.replace(grant, state=advance(grant.state, Event.EXPIRE))
    await store.set_state(tx, after)
    await _remember(tx, Happened.GRANT_EXPIRED, after, actor=actor, now=now)
    return after


async def _remember(
    tx: Tx,
    event: Happened,
    about: Grant,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
    digests: Sequence[Digest] = (),
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("grant", str(about.id)), Subject("order", str(about.order_id))],
        facts={"scope": about.scope, "used": about.used},
        after={"state": about.state.value},
        reason=reason,
        digests=digests,
        rules=("BJ-27", "BJ-28"),
    )
