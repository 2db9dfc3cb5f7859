"""Describe, revise and withdraw products, attach what is delivered (著录)."""

from __future__ import annotations

import datetime as dt
import uuid

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
from catalog.kernel.errors import FieldError, VersionStale
from catalog.kernel.ids import PartyId, new_id
from catalog.products.ai_labels import check_kept
from catalog.products.bulk import ProductIsListed
from catalog.products.classification import check_level, check_scheme
from catalog.products.coding import check_codes, codes_named
from catalog.products.faults import check_no_core_data
from catalog.products.items import check_items
from catalog.products.metadata import (
    check_complete,
    check_fitting,
    check_readable,
    check_reason,
    check_resources_known,
    named_resources,
)
from catalog.products.model import (
    Classification,
    Content,
    Description,
    Origin,
    Product,
    ProductId,
)
from catalog.products.operations.remembering import (
    follow_description,
    remember_described,
    remember_revised,
    subject,
)
from catalog.products.queries import ProductMissing, ProductNotDescribed
from catalog.products.references import ReferenceTaken, check_reference
from catalog.products.sharing import check_not_circular, check_resources
from catalog.products.states import Event as Happening
from catalog.products.states import State, advance
from catalog.products.store import products, provenance, revisions


async def describe(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    supplier_name: str,
    description: Description,
    is_draft: bool = False,
    reference: str | None = None,
) -> Product:
    """Put a product into the catalogue (著录). Nobody else sees it before it is listed.

    A draft may lack what is still to be said; what it says has to be right all the same.
    ``reference`` is how its supplier calls it.

    :raises NotPermitted: if the actor describes no products.
    :raises AuthorisationLetterOutOfScope: and its like, if an agent may describe no new one (HN-06).
    :raises Invalid: if a code is unknown (``coding.py``), if it is no draft and not complete or says
        one thing twice and otherwise (``metadata.py``), if its items (``items.py``), its level
        (``classification.py``) or the resources that it names (``sharing.py``) do not fit; or the
        reference is no name.
    :raises ReferenceTaken: if another product of the supplier is called so.
    """
    actor.require("product:describe")
    product_id = ProductId(new_id())  # a letter for another product does not cover it
    await letters.require(tx, actor=actor, now=now, power=Power.DRAFT, product_id=product_id)
    await _check(tx, description, product_id=product_id, supplier=actor.party, is_draft=is_draft)
    await _check_free(tx, actor.party, reference)
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
        reference=reference,
    )
    await products.insert(tx, product)
    await follow_description(tx, None, product, actor=actor, now=now)
    await remember_described(tx, [product], actor=actor, now=now)
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
    :raises AiLabelTampered: if it was shown with a stronger label on the same content (AIL-2).
    :raises Invalid: as ``describe``.
    """
    actor.require("product:describe")
    before = await _lock_to_describe(tx, actor, now, product_id)
    if before.version != expected_version:
        raise VersionStale(version=before.version)
    if before.is_public:
        raise ProductIsListed
    state = advance(before.state, _saved(is_draft=is_draft))
    was_shown = await revisions.was_shown(tx, before.id)
    check_kept(before, description.ai_generated, was_shown=was_shown)
    await _check(
        tx,
        description,
        product_id=before.id,
        supplier=actor.party,
        is_draft=is_draft,
        recorded=None if before.description is None else before.description.classification,
    )
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
    await products.update(tx, after)
    await follow_description(tx, before, after, actor=actor, now=now)
    await remember_revised(tx, [(before, after)], actor=actor, now=now)
    return after


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, product_id: uuid.UUID, reason: str
) -> Product:
    """Take one's own product back, as long as it is not listed; who saw it once is told so (410).

    :raises NotPermitted: if the actor withdraws no products; no letter lets an agent do it.
    :raises ProductMissing: if it is unknown or somebody else's.
    :raises TextUnreadable: or ``ProductReasonMissing``, if the reason is none that people can read.
    :raises ProductIsListed: if the public sees it.
    :raises ProductEventNotAllowed: if it was withdrawn before.
    """
    actor.require("product:withdraw")
    check_reason(reason)
    before = await _lock_own(tx, actor, product_id)
    if before.is_public:
        raise ProductIsListed
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, Happening.WITHDRAWN),
        version=before.version + 1,
        updated_at=now,
    )
    await products.update(tx, after)
    await revisions.add(tx, after, reason=reason)
    if await revisions.was_shown(tx, after.id):
        await revisions.bury(tx, after, reason=reason)
    await remember_revised(tx, [(before, after)], actor=actor, now=now, reason=reason)
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
    :raises CoreDataNotTaken: if it declares national core data: no bytes of it are taken (HN-15(2)).
    """
    actor.require("product:describe")
    product = await _lock_to_describe(tx, actor, now, product_id)
    if product.state is State.WITHDRAWN:
        raise ProductNotDescribed(state=product.state.value)
    if product.description is not None:
        check_no_core_data(product.description)
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
    await products.insert_content(tx, product.id, content)
    await audit_log.append(
        tx,
        Event.PRODUCT_CONTENT_ATTACHED,
        actor=actor,
        now=now,
        subjects=[subject(product), Subject("file", str(file.id))],
        facts={"version": content.version, "size_bytes": content.size_bytes},
        digests=[Digest("product_content", f"{product.id}/{content.version}", content.sha256)],
        rules=("GD-17",),
    )
    return content


async def _check(
    tx: Tx,
    description: Description,
    *,
    product_id: uuid.UUID,
    supplier: PartyId,
    is_draft: bool,
    recorded: Classification | None = None,
) -> None:
    check_readable(description)
    named_codes = {tree: codes_named(description, tree).values() for tree in Tree}
    check_codes(
        description,
        {tree: await code_trees.find(tx, tree=tree, codes=c) for tree, c in named_codes.items()},
    )
    if is_draft:
        check_fitting(description)
    else:
        check_complete(description)
    check_items(description)
    if description.classification is not None:
        check_scheme(description.classification)
    check_level(description, recorded)
    named = named_resources(description)
    resources = await provenance.find_resources(tx, named)
    check_resources_known(description, resources)
    check_resources(description, resources, supplier=supplier)
    if named:
        made_from_it = await provenance.list_made_from(tx, product_id)
        check_not_circular(description, product_id, made_from_it)


async def _check_free(tx: Tx, supplier: PartyId, reference: str | None) -> None:
    if reference is None:
        return
    check_reference(reference)
    await products.hold_references(tx, supplier)
    if await products.lock_by_references(tx, supplier, [reference]):
        error = FieldError("/reference", ReferenceTaken.code)
        raise ReferenceTaken(reference=reference, errors=(error,))


async def _lock_own(tx: Tx, actor: Actor, product_id: uuid.UUID) -> Product:
    found = await products.lock(tx, product_id)
    if found is None or found.supplier_party_id != actor.party:
        raise ProductMissing
    return found


async def _lock_to_describe(
    tx: Tx, actor: Actor, now: dt.datetime, product_id: uuid.UUID
) -> Product:
    found = await _lock_own(tx, actor, product_id)
    await letters.require(tx, actor=actor, now=now, power=Power.DRAFT, product_id=found.id)
    return found


def _saved(*, is_draft: bool) -> Happening:
    return Happening.SAVED_UNFINISHED if is_draft else Happening.COMPLETED
