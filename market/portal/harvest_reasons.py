"""Say in words why a harvest failed or is held, and why a record of it was not taken in (收割说明).

What a run keeps are codes with their facts. What a library of somebody else said is quoted as it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any, Final

from market.http.wording import all_wordings, words
from market.portal.register_reasons import Reason
from market.portal.wording import Speaker, names_of

_GONE: Final = re.compile(r"(?P<gone>\d+) of (?P<before>\d+) are not there any more")


def why_ended(written: str, speak: Speaker) -> Reason:
    """Return why a run failed or is held, in the reader's language."""
    gone = _GONE.fullmatch(written)
    if gone is not None:
        return Reason(speak("harvest.gone", **gone.groupdict()), is_quoted=False)
    code, _, told = written.partition(" ")
    if code not in all_wordings():
        return Reason(written, is_quoted=True)
    wording = words(code, _facts(told))
    return Reason(wording.en if speak.language == "en" else wording.zh, is_quoted=False)


def why_skipped(written: str, speak: Speaker) -> Reason:
    """Return why a record was not taken in; a detail of the reader's stands behind it as it was said."""
    code, _, detail = written.partition(" ")
    if code not in names_of("not_taken"):
        return Reason(written, is_quoted=True)
    said = speak.label("not_taken", code)
    told = said if not detail else speak("harvest.detail", why=said, detail=detail)
    return Reason(told, is_quoted=False)


def _facts(told: str) -> Mapping[str, Any]:
    """Return the facts of a refusal as they were kept beside its code."""
    try:
        facts = ast.literal_eval(told)
    except (ValueError, SyntaxError):
        return {}
    return facts if isinstance(facts, dict) else {}
