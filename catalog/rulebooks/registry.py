"""Find a rulebook by the code that a case remembers."""

from __future__ import annotations

from typing import Final

from catalog.kernel.errors import Missing
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.rulebooks.nda35_2026 import NDA35_2026
from catalog.rulebooks.ndrc26_2025 import NDRC26_2025
from catalog.rulebooks.rulebook import Rulebook, Silence

RULEBOOKS: Final = {rulebook.code: rulebook for rulebook in (HAINAN_2023, NDRC26_2025, NDA35_2026)}


#: The province's own (本省): what governs matters that no application names a rulebook for.
PROVINCE: Final = HAINAN_2023


class RulebookUnknown(Missing):
    """No rulebook has this code."""

    code = "rulebook_unknown"


def by_code(code: str) -> Rulebook:
    """Return the rulebook with ``code``.

    :raises RulebookUnknown: if there is none.
    """
    try:
        return RULEBOOKS[code]
    except KeyError as error:
        raise RulebookUnknown(rulebook=code) from error


def accepting_by_silence() -> list[str]:
    """Return the codes of the rulebooks by which silence accepts (视为受理)."""
    return [
        book.code for book in RULEBOOKS.values() if book.silence_on_acceptance is Silence.ACCEPTED
    ]
