"""Say when a spot check may be concluded, and what may be found and put right (检查与整改)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from catalog.kernel.errors import Conflict, Forbidden, Invalid, Refused
from catalog.kernel.ids import AccountId
from market.spot_checks.model import Finding, SpotCheck


class NotAnInspector(Forbidden):
    """Only who was drawn inspects."""

    code = "not_a_drawn_inspector"


class OutsideTheSample(Refused):
    """The case was not drawn, or the item is not one that is checked."""

    code = "outside_the_sample"


class FindingIncomplete(Invalid):
    """A finding tells a fact; one that does not conform comes with evidence."""

    code = "finding_incomplete"


class FoundAlready(Conflict):
    """The item of this case was answered before."""

    code = "finding_made_already"


class ItemsUnanswered(Refused):
    """Not every item of every case was looked at; it says how many are missing."""

    code = "spot_check_items_unanswered"


class NothingToRectify(Refused):
    """There is no such finding that waits to be put right."""

    code = "nothing_to_rectify"


class TextMissing(Invalid):
    """A reason, a summary or a rectification says something."""

    code = "spot_check_text_missing"


def check_inspector(spot_check: SpotCheck, account: AccountId | None) -> None:
    """Return if ``account`` was drawn to inspect.

    :raises NotAnInspector: if it was not, or stood aside.
    """
    if str(account) not in spot_check.inspectors:
        raise NotAnInspector


def check_finding(
    spot_check: SpotCheck,
    application_id: uuid.UUID,
    item: str,
    *,
    conforms: bool,
    fact: str,
    has_evidence: bool,
) -> None:
    """Return if a finding may be recorded.

    :raises OutsideTheSample: if case or item were not drawn.
    :raises FindingIncomplete: if it tells no fact, or lacks the evidence that it needs.
    """
    if str(application_id) not in spot_check.cases or item not in spot_check.commitment.items:
        raise OutsideTheSample
    if not fact.strip() or not (conforms or has_evidence):
        raise FindingIncomplete


def check_all_answered(spot_check: SpotCheck, findings: Sequence[Finding]) -> None:
    """Return if every item of every drawn case was looked at.

    :raises ItemsUnanswered: if not.
    """
    expected = len(spot_check.cases) * len(spot_check.commitment.items)
    if len(findings) < expected:
        raise ItemsUnanswered(missing=expected - len(findings))


def to_rectify(findings: Sequence[Finding], finding_id: uuid.UUID) -> Finding:
    """Return the finding that is to be put right.

    :raises NothingToRectify: if there is none that waits for it.
    """
    for finding in findings:
        if finding.id == finding_id and not finding.conforms and finding.rectified_at is None:
            return finding
    raise NothingToRectify


def open_findings(findings: Sequence[Finding]) -> int:
    """Return how many findings wait to be put right."""
    return sum(not each.conforms and each.rectified_at is None for each in findings)


def check_text(text: str) -> None:
    """Return if a text says something.

    :raises TextMissing: if it does not.
    """
    if not text.strip():
        raise TextMissing
