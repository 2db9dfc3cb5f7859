"""Say what a record of misconduct must tell (不当行为记录), HN-27."""

from __future__ import annotations

from catalog.kernel.errors import Invalid


class MisconductFactsMissing(Invalid):
    """Whoever records misconduct says what happened."""

    code = "misconduct_facts_missing"


def check_facts(facts: str) -> None:
    """Return if a record tells what happened.

    :raises MisconductFactsMissing: if it does not.
    """
    if not facts.strip():
        raise MisconductFactsMissing
