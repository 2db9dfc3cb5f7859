"""Say under which rulebook an application may be begun (适用规则): offered here, and in force today."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.errors import Refused
from catalog.rulebooks.rulebook import Rulebook


class RulebookNotOffered(Refused):
    """Applications under this rulebook are not taken here."""

    code = "rulebook_not_offered"


class RulebookNotInForce(Refused):
    """The rulebook is not in force on this day."""

    code = "rulebook_not_in_force"


def check(rulebook: Rulebook, today: dt.date) -> None:
    """Return if an application may be begun under ``rulebook`` today.

    :raises RulebookNotInForce: if it has not begun, or has ended.
    :raises RulebookNotOffered: if the bureau has not opened it here.
    """
    until = rulebook.effective_until
    if today < rulebook.effective_from or (until is not None and today > until):
        raise RulebookNotInForce(
            rulebook=rulebook.code,
            effective_from=rulebook.effective_from.isoformat(),
            effective_until="—" if until is None else until.isoformat(),
        )
    if not rulebook.is_offered:
        raise RulebookNotOffered(rulebook=rulebook.code)
