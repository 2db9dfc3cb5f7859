"""Say what a rulebook lets become of an objection to a certificate (登记后异议, NDA35-29).

What an objection lacks is asked for, and the days for telling the registrant run from all of it. What the
registrant admits is changed or deregistered by the registrar, and nobody is asked again.
"""

from __future__ import annotations

from collections.abc import Sequence

from catalog.kernel.errors import Invalid, Refused
from catalog.rulebooks.rulebook import Rulebook


class CompletionNotProvided(Refused):
    """The rulebook has no completing of an objection: it is rejected for its form, or forwarded."""

    code = "objection_completion_not_provided"


class MissingMaterialUnnamed(Invalid):
    """Who asks an objector for more says for what."""

    code = "objection_missing_material_unnamed"


class AdmissionNotProvided(Refused):
    """The rulebook knows no admission by the registrant: it answers, and both accept the outcome."""

    code = "objection_admission_not_provided"


class AdmissionEmpty(Invalid):
    """Who admits an objection says what it admits."""

    code = "objection_admission_empty"


def check_completed(rulebook: Rulebook, *, is_certified: bool, missing: Sequence[str]) -> None:
    """Return if the objector may be asked for what is missing.

    :raises CompletionNotProvided: if the rulebook has no such step, or it is about a notice.
    :raises MissingMaterialUnnamed: if nothing is named.
    """
    if not rulebook.objection_is_completed or not is_certified:
        raise CompletionNotProvided(rulebook=rulebook.code)
    if not any(each.strip() for each in missing):
        raise MissingMaterialUnnamed


def check_admitted(rulebook: Rulebook, *, is_certified: bool, statement: str) -> None:
    """Return if the registrant may admit an objection.

    :raises AdmissionNotProvided: if the rulebook has no such step, or it is about a notice.
    :raises AdmissionEmpty: if it does not say what it admits.
    """
    if not rulebook.objection_may_be_admitted or not is_certified:
        raise AdmissionNotProvided(rulebook=rulebook.code)
    if not statement.strip():
        raise AdmissionEmpty
