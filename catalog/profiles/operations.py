"""Write down what was found in a content, once for its bytes, and hold descriptions against it."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.products.model import Content, Product
from catalog.profiles import conformance, store
from catalog.profiles.model import PROFILER, ContentProfile, Outcome, Profile, RefusedBytes
from catalog.signing.canonical import sha256_hex


async def record(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    product_id: uuid.UUID,
    content: Content,
    found: Profile | RefusedBytes,
) -> ContentProfile:
    """Keep what was found in a content; what somebody kept first stays.

    The log holds the digest of the profile, so that it can not be another one later.

    :raises NotPermitted: if the actor profiles no contents.
    """
    actor.require("product:describe")
    stored = ContentProfile(
        sha256=content.sha256,
        profiler=PROFILER,
        outcome=Outcome.PROFILED if isinstance(found, Profile) else Outcome.REFUSED,
        profile=found if isinstance(found, Profile) else None,
        refusal=None if isinstance(found, Profile) else found,
        profiled_at=now,
    )
    if not await store.insert(tx, stored):
        tx.remember()  # whoever was first wrote the entry
        before = await store.find(tx, content)
        assert before is not None, "one stands in the way"
        return before
    await audit_log.append(
        tx,
        Event.CONTENT_PROFILED,
        actor=actor,
        now=now,
        subjects=[Subject("product", str(product_id)), Subject("file", str(content.file_id))],
        facts={
            "version": content.version,
            "outcome": stored.outcome.value,
            "profiler": PROFILER,
            "refusal": None if stored.refusal is None else stored.refusal.code,
        },
        digests=[Digest("content_profile", content.sha256, sha256_hex(msgspec.json.encode(found)))],
        rules=("GD-03",),
    )
    return stored


async def require_conforming(tx: Tx, product: Product) -> None:
    """Return if the file, as far as it is known, does not contradict what the product says of it.

    Part of the command that describes, submits or lists.

    :raises DictionaryContradictsFile: if it does; it names column, row and reason.
    """
    if product.description is None or product.content is None:
        return
    stored = await store.find(tx, product.content)
    if stored is not None and stored.profile is not None:
        conformance.check(product.description, stored.profile)
