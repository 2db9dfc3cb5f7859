"""Ask whether a consent was really given: for one use, to one recipient, until a day, freely (BJ-21).

What a person could not refuse, did not do itself, or was asked for all at once is none.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.errors import Invalid
from catalog.kernel.ids import PartyId
from market.consents.model import Given, RefusalConsequence

#: Words that name everything and so nothing.
_ALL: Final = frozenset({"all", "any", "*", "全部", "所有", "一切", "不限", "任何", "任意第三方"})


class BlanketConsentForbidden(Invalid):
    """It is for several scenarios, every purpose, unlimited recipients, or without an end (一揽子授权)."""

    code = "blanket_consent_forbidden"


class PresetConsentForbidden(Invalid):
    """The person did nothing to give it, or could not refuse (HNP-1)."""

    code = "preset_consent_forbidden"


class ForcedConsentForbidden(Invalid):
    """Who refuses gets no service, and the data are not needed for it (强制同意)."""

    code = "forced_consent_forbidden"


class SeparateConsentRequired(Invalid):
    """Sensitive information, or somebody else as the recipient, is consented to by itself (HNP-4)."""

    code = "separate_consent_required"


class ConsentTermImpossible(Invalid):
    """It ends before it begins, or is over already."""

    code = "consent_term_impossible"


def check(given: Given, *, holder: PartyId, today: dt.date) -> dt.date:
    """Return the last day of a consent that may be entered.

    :raises BlanketConsentForbidden: with each thing that is without a limit.
    :raises PresetConsentForbidden: if it was preset, or could not be refused.
    :raises ForcedConsentForbidden: if service was made to depend on it without need.
    :raises SeparateConsentRequired: if it had to be asked for by itself.
    :raises ConsentTermImpossible: if its days can not be.
    """
    unlimited = {
        "scenarios": len(given.scenarios) != 1 or names_all(given.scenarios[0]),
        "purpose": names_all(given.purpose),
        "data_categories": any(map(names_all, given.data_categories)),
        "recipients": len(given.recipients) != 1 or names_all(given.recipients[0].name),
        "term_to": given.term_to is None,
    }
    if any(unlimited.values()) or given.term_to is None:
        raise BlanketConsentForbidden(
            unlimited=[name for name, is_so in unlimited.items() if is_so]
        )
    if not (given.explicit_action and given.had_refuse_option):
        raise PresetConsentForbidden
    denied = given.refusal_consequence is RefusalConsequence.SERVICE_DENIED
    if denied and not given.necessary_for_service:
        raise ForcedConsentForbidden
    is_third_party = given.recipients[0].party_id != holder
    if (given.sensitive or is_third_party) and not given.separate:
        raise SeparateConsentRequired
    if given.term_to < given.term_from or given.term_to < today:
        raise ConsentTermImpossible(term_from=given.term_from.isoformat())
    return given.term_to


def names_all(words: str) -> bool:
    """Tell whether words name everything, and so nothing."""
    return words.strip().casefold() in _ALL
