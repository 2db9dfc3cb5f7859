"""Describe, revise and withdraw products, attach what is delivered, show and hide, import."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.authorisation_letters import operations as letters
from catalog.authorisation_letters.model import Power
from catalog.code_trees import queries as code_trees
from catalog.code_trees.model import Tree
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Invalid, Refused, VersionStale
from catalog.kernel.ids import new_id
from catalog.products import imports, store
from catalog.products.classification import check_level, require_classified
from catalog.products.coding import check_codes, codes_named
from catalog.products.documents import document
from catalog.products.metadata import (
    check_complete,
    check_readable,
    check_resources_known,
    named_resources,
)
from catalog.products.model import Content, Description, Origin, Product, ProductId
from catalog.products.queries import ProductMissing, ProductNotDescribed
from catalog.products.states import Event as Happening
from catalog.products.states import State, advance


class ProductIsListed(Refused):
    """A listed product is what its certificate says; delist it before describing it anew."""

    code = "product_is_listed"


class ImportRecordDoubled(Invalid):
    """A batch names the same record twice, so it is open which one counts."""

    code = "import_record_doubled"


async def describe(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    supplier_name: str,
    description: Description,
    is_draft: bool = False,
) -> Product:
    """Put a product into the catalogue (著录). Nobody else sees it before it is listed.

    :raises NotPermitted: if the actor describes no products.
    :raises AuthorisationLetterOutOfScope: and its like, if an agent may describe no new one (HN-06).
    :raises Invalid: if the description is not complete and no draft (see ``metadata.py``), or its
        level does not fit its sources (see ``classification.py``).
    """
    actor.require("product:describe")
    product_id = ProductId(new_id())  # a letter for another product does not cover it
    await letters.require(tx, actor=actor, now=now, power=Power.DRAFT, product_id=product_id)
    await _check(tx, description, is_draft=is_draft)
    product = Product(
        id=product_id,
        origin=Origin.DESCRIBED,
        state=advance(State.DRAFT, _saved(is_draft=is_draft)),
        supplier_party_id=actor.party,
        supplier_name=supplier_name,
        name=description.name,
        form=description.form,
        description=description,
        imported=None,
        source=None,
        source_id=None,
        is_public=False,
        version=1,
        created_at=now,
        updated_at=now,
    )
    await store.insert(tx, product)
    await audit_log.append(
        tx,
        Event.PRODUCT_DESCRIBED,
        actor=actor,
        now=now,
        subjects=[_subject(product)],
        after=_stored(product),
        rules=("HN-02", "HN-03"),
    )
    return product


async def revise(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    product_id: uuid.UUID,
    expected_version: int,
    supplier_name: str,
    description: Description,
    is_draft: bool = False,
) -> Product:
    """Describe one's own product anew, as long as it is not listed.

    :raises NotPermitted: if the actor describes no products.
    :raises ProductMissing: if it is unknown or somebody else's.
    :raises AuthorisationLetterOutOfScope: and its like, if an agent may not do this today (HN-06).
    :raises VersionStale: if it was changed since ``expected_version``.
    :raises ProductIsListed: if the public sees it.
    :raises ProductEventNotAllowed: if it was withdrawn, or is complete and would become a draft.
    :raises Invalid: as ``describe``.
    """
    actor.require("product:describe")
    before = await _lock_to_describe(tx, actor, now, product_id)
    if before.version != expected_version:
        raise VersionStale(version=before.version)
    if before.is_public:
        raise ProductIsListed
    state = advance(before.state, _saved(is_draft=is_draft))
    await _check(tx, description, is_draft=is_draft)
    after = msgspec.structs.replace(
        before,
        state=state,
        supplier_name=supplier_name,
        name=description.name,
        form=description.form,
        description=description,
        version=before.version + 1,
        updated_at=now,
    )
    await store.update(tx, after)
    await _remember_revised(tx, before, after, actor=actor, now=now)
    return after


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, product_id: uuid.UUID, reason: str
) -> Product:
    """Take one's own product back, as long as it is not listed.

    :raises NotPermitted: if the actor withdraws no products; no letter lets an agent do it.
    :raises ProductMissing: if it is unknown or somebody else's.
    :raises ProductIsListed: if the public sees it.
    :raises ProductEventNotAllowed: if it was withdrawn before.
    """
    actor.require("product:withdraw")
    before = await _lock_own(tx, actor, product_id)
    if before.is_public:
        raise ProductIsListed
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, Happening.WITHDRAWN),
        version=before.version + 1,
        updated_at=now,
    )
    await store.update(tx, after)
    await _remember_revised(tx, before, after, actor=actor, now=now, reason=reason)
    return after


async def attach_content(
    tx: Tx, *, actor: Actor, now: dt.datetime, product_id: uuid.UUID, file_id: uuid.UUID
) -> Content:
    """Add a version of what is delivered: a file that the supplier uploaded.

    :raises NotPermitted: if the actor describes no products.
    :raises ProductMissing: if the product is unknown or somebody else's.
    :raises AuthorisationLetterOutOfScope: and its like, if an agent may not do this today (HN-06).
    :raises FileMissing: if the file is.
    :raises ProductNotDescribed: if the product was withdrawn.
    """
    actor.require("product:describe")
    product = await _lock_to_describe(tx, actor, now, product_id)
    if product.state is State.WITHDRAWN:
        raise ProductNotDescribed(state=product.state.value)
    file = await files.get_own(tx, viewer=actor, file_id=file_id)
    content = Content(
        version=len(product.contents) + 1,
        file_id=file.id,
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        media_type=file.media_type,
        file_name=file.file_name,
        attached_at=now,
    )
    await store.insert_content(tx, product.id, content)
    await audit_log.append(
        tx,
        Event.PRODUCT_CONTENT_ATTACHED,
        actor=actor,
        now=now,
        subjects=[_subject(product), Subject("file", str(file.id))],
        facts={"version": content.version, "size_bytes": content.size_bytes},
        digests=[Digest("product_content", f"{product.id}/{content.version}", content.sha256)],
        rules=("GD-17",),
    )
    return content


async def set_visible(
    tx: Tx, *, now: dt.datetime, product_id: uuid.UUID, is_public: bool
) -> Product:
    """Let the public find a product, or find it no more.

    Part of the command that lists or delists: that one asked for the permission and remembers.

    :raises ProductMissing: if there is none that the actor may see.
    :raises ProductNotDescribed: if its description is not complete.
    :raises ClassificationMissing: if it would become public without a level (GD-02).
    """
    found = await store.lock(tx, product_id)
    if found is None:
        raise ProductMissing
    if found.state is not State.DESCRIBED or found.description is None:
        raise ProductNotDescribed(state=found.state.value)
    shown = msgspec.structs.replace(found, is_public=is_public)
    if is_public:
        require_classified(found.description)
        await store.put_document(tx, document(shown, found.description), published_at=now)
    else:
        await store.remove_document(tx, shown.id)
    await store.update(tx, shown)
    return shown


async def follow_certificate(
    tx: Tx, *, actor: Actor, now: dt.datetime, product_id: uuid.UUID, description: Description
) -> Product:
    """Let a product, listed or not, say what its new certificate says of it (HN-18).

    Part of the command that issues the certificate, which asked for the permission.

    :raises ProductMissing: if there is none that the actor may see.
    """
    before = await store.lock(tx, product_id)
    if before is None:
        raise ProductMissing
    after = msgspec.structs.replace(
        before,
        name=description.name,
        form=description.form,
        description=description,
        version=before.version + 1,
        updated_at=now,
    )
    await store.update(tx, after)
    if after.is_public:
        await store.put_document(tx, document(after, description), published_at=now)
    await _remember_revised(tx, before, after, actor=actor, now=now, reason="certificate changed")
    return after


async def import_batch(
    tx: Tx, *, actor: Actor, now: dt.datetime, batch: Sequence[imports.Prepared]
) -> imports.Result:
    """Take records of a foreign catalogue in, all or none; those that stand there so are left.

    :raises NotPermitted: if the actor may not import.
    :raises ImportRecordDoubled: if the batch has a record twice.
    """
    actor.require("product:import")
    if len({prepared.key for prepared in batch}) < len(batch):
        raise ImportRecordDoubled
    unchanged = await store.find_unchanged(tx, batch)
    arriving = [prepared for prepared in batch if prepared.key not in unchanged]
    new = changed = 0
    if arriving:
        # Cutting words takes the time; meanwhile the transactions of other batches go on.
        rows = await asyncio.to_thread(lambda: [imports.row(prepared) for prepared in arriving])
        new, changed = await store.upsert_imported(tx, rows, now=now)
    result = imports.Result(imported=new, updated=changed, unchanged=len(batch) - new - changed)
    batch_id = str(new_id())
    await audit_log.append(
        tx,
        Event.PRODUCTS_IMPORTED,
        actor=actor,
        now=now,
        subjects=[Subject("import_batch", batch_id)],
        facts=msgspec.to_builtins(result),
        digests=[Digest("import_batch", batch_id, imports.batch_sha256(list(batch)))],
    )
    return result


async def _check(tx: Tx, description: Description, *, is_draft: bool) -> None:
    check_readable(description)
    named_codes = {tree: codes_named(description, tree).values() for tree in Tree}
    check_codes(
        description,
        {tree: await code_trees.find(tx, tree=tree, codes=c) for tree, c in named_codes.items()},
    )
    if is_draft:
        return
    check_complete(description)
    check_level(description)
    named = named_resources(description)
    check_resources_known(named, await store.find_known(tx, named))


async def _lock_own(tx: Tx, actor: Actor, product_id: uuid.UUID) -> Product:
    found = await store.lock(tx, product_id)
    if found is None or found.supplier_party_id != actor.party:
        raise ProductMissing
    return found


async def _lock_to_describe(
    tx: Tx, actor: Actor, now: dt.datetime, product_id: uuid.UUID
) -> Product:
    found = await _lock_own(tx, actor, product_id)
    await letters.require(tx, actor=actor, now=now, power=Power.DRAFT, product_id=found.id)
    return found


async def _remember_revised(
    tx: Tx,
    before: Product,
    after: Product,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
) -> None:
    await audit_log.append(
        tx,
        Event.PRODUCT_REVISED,
        actor=actor,
        now=now,
        subjects=[_subject(after)],
        before=_stored(before),
        after=_stored(after),
        reason=reason,
    )


def _saved(*, is_draft: bool) -> Happening:
    return Happening.SAVED_UNFINISHED if is_draft else Happening.COMPLETED


def _subject(product: Product) -> Subject:
    return Subject("product", str(product.id))


def _stored(product: Product) -> dict[str, Any]:
    return {
        "state": product.state.value,
        "version": product.version,
        "description": msgspec.to_builtins(product.description),
    }
