"""Decide whether a level may be proposed to be lowered, and by whom that is confirmed."""

from __future__ import annotations

from catalog.kernel.actor import Actor
from catalog.kernel.errors import Refused
from catalog.products.classification import check_scheme, is_below, level_of_sources
from catalog.products.model import Classification, Description, Level, Reclassification
from catalog.reclassifications.model import Proposal, ReclassificationRecord


class ReclassificationNotNeeded(Refused):
    """The level is not below that of the sources; the description may simply say it."""

    code = "reclassification_not_needed"


class CoreDataNotReclassified(Refused):
    """What holds national core data is not made less by two people (HN-15(2))."""

    code = "core_data_not_reclassified"


class ReclassificationByOneself(Refused):
    """Two people decide: whoever proposed it, and whoever speaks for its supplier, does not confirm."""

    code = "reclassification_by_oneself"


class ReclassificationOutdated(Refused):
    """The sources are not as sensitive as they were when it was proposed; propose it anew."""

    code = "reclassification_outdated"


def proposed_for(description: Description, proposal: Proposal) -> Level:
    """Return the level of the sources that the proposal lowers.

    :raises ClassificationSchemeMissing: if the level has no standard.
    :raises LevelNotOfScheme: if it is none of its standard.
    :raises CoreDataNotReclassified: if the sources hold national core data.
    :raises ReclassificationNotNeeded: if it is not below the sources.
    """
    check_scheme(Classification(proposal.scheme, proposal.level, proposal.category))
    of_sources = level_of_sources(description)
    if of_sources is Level.CORE or description.contains_national_core_data:
        raise CoreDataNotReclassified
    if of_sources is None or not is_below(proposal.level, of_sources):
        raise ReclassificationNotNeeded(level=proposal.level.value)
    return of_sources


def check_second_person(record: ReclassificationRecord, actor: Actor) -> None:
    """Return if ``actor`` is another person than who proposed it, and not of the supplier.

    :raises ReclassificationByOneself: if not.
    """
    of_supplier = record.supplier_party_id in (actor.party_id, actor.acting_for)
    if actor.account_id is None or actor.account_id == record.proposed_by or of_supplier:
        raise ReclassificationByOneself


def lowered(
    record: ReclassificationRecord, description: Description, second: str
) -> Classification:
    """Return how the product is classified once the proposal is confirmed by ``second``.

    :raises ReclassificationOutdated: if the sources are not what was looked at.
    """
    of_sources = level_of_sources(description)
    if of_sources != record.level_of_sources:
        raise ReclassificationOutdated(
            then=record.level_of_sources.value, now=of_sources.value if of_sources else ""
        )
    return Classification(
        record.scheme,
        record.level,
        record.category,
        Reclassification(
            reason=record.reason,
            decided_by=f"{record.proposed_by_name}、{second}"[:200],
            evidence=record.evidence_sha256,
            of_sources=record.level_of_sources,
        ),
    )
