"""Show a value of a report as people read it: codes by their names, instants as a clock shows them.

The report itself keeps codes, so that it is the same bytes in every language.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from market.portal import dates
from market.portal.wording import Speaker
from market.supervision.model import Value

_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_GROUP_OF_COLUMN: Final = {
    "form": "form",
    "applicant_kind": "owner_kind",
    "level": "level",
    "mode": "delivery",
    "industry_section": "industry",
    "use_category": "use_category",
}


def shown(code: str, value: Value, speaker: Speaker) -> str:
    """Return how the value of the column or figure ``code`` is shown."""
    if value is None:
        return "—"
    if isinstance(value, int):
        return f"{value:,}" if code.endswith("_fen") else str(value)
    if _INSTANT.fullmatch(value):
        return dates.instant(dt.datetime.fromisoformat(value), speaker.language)
    named = speaker.label(_GROUP_OF_COLUMN.get(code, "report_value"), value)
    return speaker.label("report_value", named)
