"""Decide what becomes of one product among many: new, revised, left as it is, or refused (批量著录)."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Callable, Mapping

import msgspec

from catalog.kernel.errors import DomainError, Refused
from catalog.kernel.ids import PartyId
from catalog.products.ai_labels import check_kept
from catalog.products.faults import Known, check_no_core_data, faults
from catalog.products.metadata import check_resources_known
from catalog.products.model import Description, Product
from catalog.products.references import check_reference
from catalog.products.sharing import Resource, check_not_circular, check_resources
from catalog.products.states import Event, State, advance


class ProductIsListed(Refused):
    """A listed product is what its certificate says; delist it before describing it anew."""

    code = "product_is_listed"


class Became(enum.StrEnum):
    """What becomes of it."""

    CREATED = "created"
    REVISED = "revised"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class Said(msgspec.Struct, frozen=True):
    """What a supplier says of a product, and how it calls it."""

    reference: str
    description: Description


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the database knows that decides: codes, resources, what was made from the product."""

    supplier: PartyId
    known: Known
    resources: Mapping[uuid.UUID, Resource]
    made_from_it: frozenset[uuid.UUID] = frozenset()
    was_shown: bool = True  # whether others ever saw the product


class Decision(msgspec.Struct, frozen=True):
    """What becomes of it, in which state; or every reason why nothing does."""

    became: Became
    state: State | None = None
    refusals: tuple[DomainError, ...] = ()


def keeping(said: Said, before: Product | None) -> Said:
    """Return what is said, with the re-classification that stands there for just this level.

    A table has no columns for what two people recorded; saying the level again does not undo it.
    """
    given = said.description.classification
    recorded = None
    if before is not None and before.description is not None:
        recorded = before.description.classification
    if recorded is None or msgspec.structs.replace(recorded, reclassification=None) != given:
        return said
    description = msgspec.structs.replace(said.description, classification=recorded)
    return Said(said.reference, description)


def decide(said: Said, before: Product | None, around: Surroundings, *, is_draft: bool) -> Decision:
    """Return what becomes of a product that was ``before`` (None: there is none of that reference)."""
    is_same = before is not None and before.description == said.description
    if before is not None and is_same and (before.state is State.DESCRIBED or is_draft):
        return Decision(Became.UNCHANGED, before.state)
    refusals = _refusals(said, before, around, is_draft=is_draft)
    event = Event.SAVED_UNFINISHED if is_draft else Event.COMPLETED
    state = None
    try:
        if before is not None and before.is_public:
            raise ProductIsListed
        state = advance(State.DRAFT if before is None else before.state, event)
    except DomainError as refusal:
        refusals.append(refusal)
    if refusals:
        return Decision(Became.REFUSED, None, tuple(refusals))
    return Decision(Became.CREATED if before is None else Became.REVISED, state)


def _refusals(
    said: Said, before: Product | None, around: Surroundings, *, is_draft: bool
) -> list[DomainError]:
    description = said.description
    recorded = None
    if before is not None and before.description is not None:
        recorded = before.description.classification
    checks: list[Callable[[], None]] = [
        lambda: check_reference(said.reference),
        lambda: check_no_core_data(description),
        lambda: check_resources_known(description, around.resources),
        lambda: check_resources(description, around.resources, supplier=around.supplier),
    ]
    if before is not None:
        earlier, made, shown = before, set(around.made_from_it), around.was_shown
        checks += [
            lambda: check_not_circular(description, earlier.id, made),
            lambda: check_kept(earlier, description.ai_generated, was_shown=shown),
        ]
    found: list[DomainError] = []
    for check in checks:
        try:
            check()
        except DomainError as refusal:
            found.append(refusal)
    return [
        *found,
        *faults(description, known=around.known, is_draft=is_draft, recorded=recorded),
    ]
