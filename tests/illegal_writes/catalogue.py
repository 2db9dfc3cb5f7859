"""All sections of the catalogue, and how it is published.

A room that gets a table writes its section beside these and names it here; every constraint of the
tables that a section names has to be tried (``tests/store/test_illegal_writes.py``).
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from typing import Final

from tests.illegal_writes import (
    adjustments,
    deposits,
    documents,
    escrow,
    holds,
    ledger,
    payments,
    payouts,
    periods,
    reconciliation,
    retentions,
    write_offs,
)
from tests.illegal_writes.attempt import KEPT, NOT_BY_HAND, Attempt, Section, uid

PUBLISHED: Final = pathlib.Path("settlement/ILLEGAL_WRITES.md")
SECTIONS: Final[tuple[Section, ...]] = (
    ledger.SECTION,
    escrow.SECTION,
    holds.HOLDS_SECTION,
    deposits.SECTION,
    retentions.SECTION,
    payments.SECTION,
    payments.REFUNDS_SECTION,
    payments.BATCHES_SECTION,
    holds.CHARGEBACKS_SECTION,
    payouts.SECTION,
    periods.SECTION,
    reconciliation.SECTION,
    adjustments.SECTION,
    write_offs.CHARGES_SECTION,
    write_offs.SECTION,
    documents.INVOICES_SECTION,
    documents.FEES_SECTION,
    documents.LANES_SECTION,
)
_HEAD: Final = """\
# What the database refuses, whoever writes 数据库拒绝的写入

Each of these {count} writes is tried in a test, once as the owner of the tables and once as the role of
the service, and is refused by the database alone: no code of ours stands between
(`tests/store/test_illegal_writes.py`). The owner is refused by the rule that is named; the service's
role by the same, or before it because it has not the right. After all of them the books are whole.

A rule is the name of a constraint, which reads as a sentence. `{kept}` says that what is written is
never changed or removed; `direct_edit_forbidden` that a row moves only with its event in the audit log,
and is checked at the commit. In an INSERT, "a copy" is a row like one that is there, legal but for what
is told.

This file is written by `python -m tests.illegal_writes`.
"""
#: What an SQLSTATE says, for writes that no constraint has to refuse.
_STATES: Final = {
    KEPT: f"{KEPT}: what is written is kept",
    NOT_BY_HAND: NOT_BY_HAND,
    "22003": "22003: a number out of range",
    "22P02": "22P02: no whole number",
    "23502": "23502: it may not be missing",
    "23505": "23505: it is there already",
    "23514": "23514: the journal has no such month",
    "42703": "42703: there is no such column",
}
_HEX: Final = uid(0)[16:-11]  # what the ids of this run have in common, but for their version
_ID: Final = re.compile(rf"'[0-9a-f-]{{14}}([47]){_HEX}([0-9a-f]{{4}})'(?:::uuid)?")


def attempts() -> Iterator[tuple[Section, str, Attempt, str]]:
    """Return every attempt: its section, what is tried, how, and by what it is refused."""
    for section in SECTIONS:
        for what, (how, by) in section.rows.items():
            attempt = how if isinstance(how, Attempt) else Attempt(how, how)
            yield section, what, attempt, by


def render() -> str:
    """Return the catalogue as it is published."""
    rows = list(attempts())
    parts = [_HEAD.format(count=len(rows), kept=KEPT)]
    for section in SECTIONS:
        tables = ", ".join(f"`settlement.{table}`" for table in section.tables)
        parts += [f"\n## {section.title}\n\nOf {tables}.\n"]
        parts += ["| what is tried | how | refused by |", "|---|---|---|"]
        parts += [
            f"| {what} | `{_cell(attempt.told)}` | {_rule(by)} |"
            for of, what, attempt, by in rows
            if of is section
        ]
    return "\n".join(parts) + "\n"


def _cell(told: str) -> str:
    told = _ID.sub(
        lambda id_: f"id {int(id_[2], 16)}" + (" of version 4" if id_[1] == "4" else ""),
        " ".join(told.split()),
    )
    return told.replace("|", "\\|")


def _rule(by: str) -> str:
    return _STATES.get(by, f"`{by}`")
