"""Read the rulebook of a case: the text, with what was set when the case was filed (规则集)."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.db import Tx
from catalog.rulebooks import registry, settings, store
from catalog.rulebooks.rulebook import Rulebook
from catalog.rulebooks.settings import Setting


async def of_case(tx: Tx, *, code: str, filed_on: dt.date) -> Rulebook:
    """Return the rulebook under which a case finishes: as it stood on the day of its filing.

    :raises RulebookUnknown: if there is no such rulebook.
    """
    return await in_force(tx, code=code, on=filed_on)


async def in_force(tx: Tx, *, code: str, on: dt.date) -> Rulebook:
    """Return a rulebook as it stands on a day: for what is no case of its own (reports, listings).

    :raises RulebookUnknown: if there is no such rulebook.
    """
    rulebook = registry.by_code(code)
    return settings.overlay(rulebook, await store.list_of(tx, code, through=on))


async def list_settings(tx: Tx, *, code: str) -> list[Setting]:
    """Return all that was ever set of a rulebook, the earliest first.

    :raises RulebookUnknown: if there is no such rulebook.
    """
    return await store.list_of(tx, registry.by_code(code).code, through=None)
