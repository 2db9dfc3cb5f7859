"""Say what of an objection is shown to whom (异议材料的披露, HN-20(b), HN-28, A49)."""

from __future__ import annotations

import msgspec

from catalog.kernel.actor import Actor
from catalog.objections.model import Objection


def for_the_other_side(objection: Objection) -> Objection:
    """Return an objection as its registrant sees it: what is secret from it by its digest only."""
    return msgspec.structs.replace(
        objection,
        evidence=tuple(
            msgspec.structs.replace(each, file_name="") if each.is_confidential else each
            for each in objection.evidence
        ),
    )


def redacted(objection: Objection) -> Objection:
    """Return an objection without what either side says and shows: its product, state and days."""
    return msgspec.structs.replace(
        objection,
        interest_statement="",
        statement="",
        evidence=(),
        receipt=None,
        response=None,
        determination=None,
        answers={},
        proceedings=None,
        completion=None,
        admission=None,
    )


def shown(objection: Objection, viewer: Actor) -> Objection:
    """Return what a list shows of an objection: to its two sides what they may read, else a cover."""
    party = viewer.acting_for or viewer.party_id
    if party == objection.objector_party_id:
        return objection
    if party == objection.registrant_party_id:
        return for_the_other_side(objection)
    return redacted(objection)
