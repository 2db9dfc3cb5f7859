"""Read what is known of contents: in full their own people, as far as it is public everybody."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

import msgspec

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Refused
from catalog.kernel.local_time import local_date
from catalog.products import queries as products
from catalog.products.items import key_of
from catalog.products.model import Content, Description, Item, Product, Sensitivity
from catalog.products.publication import sees_all
from catalog.profiles import store
from catalog.profiles.conformance import Finding, Reason, findings
from catalog.profiles.drafting import drafted
from catalog.profiles.model import ContentProfile, Outcome, Profile, RefusedBytes
from catalog.profiles.preview import (
    Preview,
    PreviewMissing,
    check_level,
    preview_of,
    redacted,
)
from catalog.profiles.quality import Facts, Score, score


class ContentMissing(Refused):
    """Nothing was attached to the product that could be looked into."""

    code = "content_missing"


class Waiting(msgspec.Struct, frozen=True):
    """A content that nobody looked into yet."""

    product_id: uuid.UUID
    content: Content


class ShownProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the newest content of a product, with what follows from it.

    ``draft`` and ``findings`` are for the product's own people and the authorities; so are the least
    and greatest values and the shapes of columns.
    """

    content_version: int
    sha256: str
    outcome: Outcome
    profile: Profile | None
    refusal: RefusedBytes | None
    profiled_at: dt.datetime
    draft: tuple[Item, ...] | None
    findings: tuple[Finding, ...] | None


async def list_waiting(tx: Tx, *, limit: int) -> list[Waiting]:
    """Return contents that were not looked into, the oldest first; for the job that does it."""
    return [
        Waiting(row["product_id"], msgspec.convert({**row}, Content))
        for row in await store.list_waiting(tx, limit=limit)
    ]


async def get_content_to_profile(
    tx: Tx, *, viewer: Actor, product_id: uuid.UUID
) -> tuple[Content, ContentProfile | None]:
    """Return the newest content of one's own product, and what is known of it already.

    :raises NotPermitted: if the viewer describes no products.
    :raises ProductMissing: if it is unknown or somebody else's.
    :raises ContentMissing: if nothing is attached.
    """
    viewer.require("product:describe")
    found = await products.find(tx, product_id=product_id)
    if found is None or not sees_all(viewer, found):
        raise products.ProductMissing
    if found.content is None:
        raise ContentMissing
    return found.content, await store.find(tx, found.content)


async def find_profile(tx: Tx, content: Content | None) -> ContentProfile | None:
    """Return what is known of a content, for rooms above."""
    return None if content is None else await store.find(tx, content)


def differing(product: Product, known: ContentProfile | None) -> frozenset[Reason] | None:
    """Return in what the content contradicts the description; None if it is no table that is known."""
    if known is None or known.profile is None or product.description is None:
        return None
    found = findings(product.description, known.profile)
    return frozenset(each.reason for each in found if each.is_contradiction)


async def get_profile(tx: Tx, *, viewer: Actor, product_id: uuid.UUID) -> ShownProfile:
    """Return what is known of the newest content (数据画像), of others' products what is public of it.

    :raises ProductMissing: if there is none that the viewer may see.
    :raises ContentMissing: if nothing is attached.
    :raises PreviewMissing: if nobody looked into it yet.
    """
    product, content, stored = await _stored(tx, viewer, product_id)
    is_inside = sees_all(viewer, product)
    profile, description = stored.profile, product.description
    both = profile is not None and description is not None and is_inside
    return ShownProfile(
        content_version=content.version,
        sha256=content.sha256,
        outcome=stored.outcome,
        profile=_shown(product, profile, is_inside=is_inside),
        refusal=stored.refusal,
        profiled_at=stored.profiled_at,
        draft=drafted(profile) if both and profile else None,
        findings=findings(description, profile) if both and profile and description else None,
    )


async def get_preview(tx: Tx, *, viewer: Actor, product_id: uuid.UUID) -> Preview:
    """Return the first rows of the newest content, masked (脱敏样例).

    :raises ProductMissing: if there is none that the viewer may see.
    :raises PreviewNotAllowedForLevel: if its level forbids it.
    :raises ContentMissing: if nothing is attached.
    :raises PreviewMissing: if nobody looked into it yet, or it is no table.
    """
    product, content, stored = await _stored(tx, viewer, product_id)
    if product.description is None:
        raise ContentMissing
    check_level(product.description, is_inside=sees_all(viewer, product))
    return preview_of(product.description, content, stored)


async def get_quality(tx: Tx, *, viewer: Actor, product_id: uuid.UUID, today: dt.date) -> Score:
    """Return how good the data are, on the four dimensions of BJ-24, with each rule's reasons.

    :raises ProductMissing: if there is none that the viewer may see.
    :raises ContentMissing: if it is a record of a foreign catalogue.
    """
    product = await products.get(tx, viewer=viewer, product_id=product_id)
    found = await find_quality(tx, product, today=today)
    if found is None:
        raise ContentMissing
    return found


async def find_quality(tx: Tx, product: Product, *, today: dt.date) -> Score | None:
    """Return how good a product's data are, computed from what is stored; None of foreign records."""
    if product.description is None:
        return None
    stored = await find_profile(tx, product.content)
    profile = None if stored is None else stored.profile
    return score(
        Facts(
            description=product.description,
            attached_on=tuple(local_date(content.attached_at) for content in product.contents),
            profile=profile,
            today=today,
        )
    )


async def list_qualities(
    tx: Tx,
    *,
    described: Mapping[uuid.UUID, Description],
    contents: Mapping[uuid.UUID, Sequence[Content]],
    today: dt.date,
) -> dict[uuid.UUID, Score]:
    """Return how good the data of many products are, by what is public of them."""
    newest = [versions[-1] for versions in contents.values() if versions]
    known = await store.find_many(tx, newest)
    found = {}
    for product_id, description in described.items():
        versions = contents.get(product_id, ())
        stored = known.get(versions[-1].sha256) if versions else None
        found[product_id] = score(
            Facts(
                description=description,
                attached_on=tuple(local_date(content.attached_at) for content in versions),
                profile=None if stored is None else stored.profile,
                today=today,
            )
        )
    return found


async def _stored(
    tx: Tx, viewer: Actor, product_id: uuid.UUID
) -> tuple[Product, Content, ContentProfile]:
    product = await products.get(tx, viewer=viewer, product_id=product_id)
    if product.content is None:
        raise ContentMissing
    stored = await store.find(tx, product.content)
    if stored is None:
        raise PreviewMissing(reason="not_profiled_yet")
    return product, product.content, stored


def _shown(product: Product, profile: Profile | None, *, is_inside: bool) -> Profile | None:
    """Return a profile without its rows, which are asked for apart, and without what is not public."""
    if profile is None:
        return None
    columns = profile.columns
    if not is_inside:
        items = () if product.description is None else product.description.items
        declared = {key_of(item.name): item.sensitivity for item in items}
        columns = tuple(
            redacted(column, declared.get(key_of(column.name), Sensitivity.NONE))
            for column in columns
        )
    return msgspec.structs.replace(profile, columns=columns, sample=())
