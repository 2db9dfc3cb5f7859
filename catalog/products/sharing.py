"""Ask whether a product may be made from the resources that its sources name (共享类型, E35)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping

import msgspec

from catalog.kernel.errors import FieldError, Invalid
from catalog.kernel.ids import PartyId
from catalog.products.classification import is_below
from catalog.products.model import Description, Level, SharingType, Source


class SourceResourceNotShared(Invalid):
    """A source is somebody else's resource, which its supplier does not share (不予共享)."""

    code = "source_resource_not_shared"


class SourceAuthorisationUnstated(Invalid):
    """A source is shared on conditions only, and nothing says under which it was had (有条件共享)."""

    code = "source_authorisation_unstated"


class SourceLevelBelowResource(Invalid):
    """A source is called less sensitive than the catalogue says of the resource that it is."""

    code = "source_level_below_resource"


class SourceCircular(Invalid):
    """A product can not be made from itself, nor from what was made from it."""

    code = "source_circular"


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalogue says of a resource that a source names."""

    product_id: uuid.UUID
    supplier_party_id: PartyId | None
    sharing_type: SharingType | None
    level: Level | None


def check_resources(
    description: Description, resources: Mapping[uuid.UUID, Resource], *, supplier: PartyId
) -> None:
    """Return if each resource that a source names may be used, and is called what it is.

    Of one's own resource only the level is asked.

    :raises SourceResourceNotShared: if somebody else's is not shared.
    :raises SourceAuthorisationUnstated: if it is shared on conditions, and none are stated.
    :raises SourceLevelBelowResource: if a source's level is missing or lower than the resource's.
    """
    for pointer, source, resource in _named(description, resources):
        if resource.supplier_party_id != supplier:
            _check_shared(pointer, source, resource)
        level = source.classification_level
        if resource.level is not None and (level is None or is_below(level, resource.level)):
            error = FieldError(f"{pointer}/classification_level", SourceLevelBelowResource.code)
            raise SourceLevelBelowResource(
                source=source.name, level=resource.level.value, errors=(error,)
            )


def check_not_circular(
    description: Description, product_id: uuid.UUID, made_from_it: set[uuid.UUID]
) -> None:
    """Return if no source is the product itself or was made from it.

    :raises SourceCircular: if one is.
    """
    for index, source in enumerate(description.sources):
        if source.resource_id == product_id or source.resource_id in made_from_it:
            error = FieldError(f"/sources/{index}/resource_id", SourceCircular.code)
            raise SourceCircular(source=source.name, errors=(error,))


def _check_shared(pointer: str, source: Source, resource: Resource) -> None:
    error = (FieldError(f"{pointer}/resource_id", SourceResourceNotShared.code),)
    if resource.sharing_type is SharingType.NOT_SHARED:
        raise SourceResourceNotShared(source=source.name, errors=error)
    is_stated = source.authorisation_required and bool(source.authorisation_scope.strip())
    if resource.sharing_type is SharingType.CONDITIONAL and not is_stated:
        error = (FieldError(f"{pointer}/authorisation_scope", SourceAuthorisationUnstated.code),)
        raise SourceAuthorisationUnstated(source=source.name, errors=error)


def _named(
    description: Description, resources: Mapping[uuid.UUID, Resource]
) -> Iterator[tuple[str, Source, Resource]]:
    for index, source in enumerate(description.sources):
        if source.resource_id is not None and source.resource_id in resources:
            yield f"/sources/{index}", source, resources[source.resource_id]
