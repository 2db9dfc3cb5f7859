"""Tell once and completely what is to be corrected (一次性告知), and see that all of it comes.

HN-09(2): the list is complete, frozen, and never empty. A second list may name only what came new
with the resubmission (A11); an exception has a written reason, is remembered, and the regulator
sees it. HN-09(1): what was listed is handed in 「全部」.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec

from catalog.kernel.errors import Invalid, Refused
from catalog.rulebooks.rulebook import Rulebook


class Result(enum.StrEnum):
    """The result of the acceptance check (受理结果, E10)."""

    ACCEPTED = "accepted"  # 受理
    CORRECTION_REQUIRED = "correction_required"  # 不予受理并一次性告知补正
    NOT_ACCEPTED_OUT_OF_SCOPE = "not_accepted_out_of_scope"  # 不属于业务范围


class CorrectionListEmpty(Invalid):
    """Corrections are asked for, but the list of what to correct is empty."""

    code = "correction_list_empty"


class CorrectionTargetUnknown(Invalid):
    """An item points at something that an application does not have."""

    code = "correction_target_unknown"


class OneTimeNoticeViolation(Refused):
    """A second list names what was there to be seen the first time."""

    code = "one_time_notice_violation"


class CorrectionIncomplete(Refused):
    """Not all that was listed has been handed in."""

    code = "correction_incomplete"


class CorrectionTooLate(Refused):
    """What was not corrected in its days counts as never filed (NDA35-17)."""

    code = "correction_too_late"


class AcceptanceReasonMissing(Invalid):
    """Who declines an application says why."""

    code = "acceptance_reason_missing"


class CorrectionItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to correct: a material (``material:<kind>``) or a field (``form:<field>``)."""

    target: str
    problem: str
    required_action: str


class Dossier(msgspec.Struct, frozen=True):
    """What an application consists of, by target: the fingerprint of each part at one moment."""

    parts: dict[str, Any]


def changed_targets(before: Dossier, after: Dossier) -> frozenset[str]:
    """Return the targets that differ between two moments, new and vanished ones included."""
    return frozenset(
        target
        for target in before.parts.keys() | after.parts.keys()
        if before.parts.get(target) != after.parts.get(target)
    )


def check_list(
    items: Sequence[CorrectionItem],
    *,
    known_targets: Collection[str],
    new_since_last_list: Collection[str] | None,
    override_reason: str | None,
) -> tuple[str, ...]:
    """Return the targets that only the override lets through; none, as a rule.

    ``new_since_last_list`` is None for the first list, which may name anything.

    :raises CorrectionListEmpty: if there is no item.
    :raises CorrectionTargetUnknown: if an item names nothing that an application can have.
    :raises OneTimeNoticeViolation: if a later list names something old without a reason.
    """
    if not items:
        raise CorrectionListEmpty
    check_targets(items, known_targets)
    if new_since_last_list is None:
        return ()
    old = tuple(sorted({i.target for i in items if i.target not in new_since_last_list}))
    if old and not (override_reason or "").strip():
        raise OneTimeNoticeViolation(targets=list(old))
    return old


def check_targets(items: Iterable[CorrectionItem], known_targets: Collection[str]) -> None:
    """Return if every item names something that an application can have.

    :raises CorrectionTargetUnknown: if not; it names all of them.
    """
    unknown = sorted({item.target for item in items if item.target not in known_targets})
    if unknown:
        raise CorrectionTargetUnknown(targets=unknown)


def check_resubmission(items: Iterable[CorrectionItem], changed: Collection[str]) -> None:
    """Return if every listed item was handed in anew.

    :raises CorrectionIncomplete: if not; it names all that is still open.
    """
    still_open = [item.target for item in items if item.target not in changed]
    if still_open:
        raise CorrectionIncomplete(items=still_open)


def check_not_unfiled(rulebook: Rulebook, *, is_late: bool) -> None:
    """Return if corrections that come now still count: late ones, unless nothing is filed by them.

    :raises CorrectionTooLate: if the rulebook takes an application not corrected in time as unfiled.
    """
    if is_late and rulebook.correction_unanswered_is_unfiled:
        raise CorrectionTooLate(rulebook=rulebook.code)


def check_decline(reasons: Sequence[str]) -> None:
    """Return if a refusal to accept gives its reasons (HN-09(3), HN-10(b)).

    :raises AcceptanceReasonMissing: if not.
    """
    if not any(reason.strip() for reason in reasons):
        raise AcceptanceReasonMissing
