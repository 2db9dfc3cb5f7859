"""Decide which searches an account may keep, and how it is looked into them (保存规则)."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.search import question
from catalog.search.model import Filters

# [P] more are no searches that somebody reads about.
MOST_PER_ACCOUNT: Final = 50
# [P] how old what is told may be: one message for a search and look, however much is new.
LOOKED_EVERY: Final = dt.timedelta(minutes=5)
# [P] of so many products each is known by itself; of a search that finds more only those are told
# that are published after it was saved, not those that changed.
MOST_KNOWN: Final = 2_000
# A transaction that publishes lasts no longer (``catalog/kernel/db.py``); whatever it publishes has
# the instant at which it began.
LATEST_COMMIT: Final = dt.timedelta(minutes=2)


class SavedSearchEmpty(Invalid):
    """A search without words and filters finds everything, one of signs alone nothing, ever."""

    code = "saved_search_empty"


class SavedSearchNameBlank(Invalid):
    """A name has at least one letter that can be seen."""

    code = "saved_search_name_blank"


class SavedSearchesTooMany(Refused):
    """The account keeps as many as it may."""

    code = "saved_searches_too_many"


class SavedSearchNameTaken(Conflict):
    """The account keeps another search under this name."""

    code = "saved_search_name_taken"


def check(*, name: str, text: str, filters: Filters) -> None:
    """Return if a search may be kept under a name; whether its words are a question the search says.

    :raises SavedSearchNameBlank: if the name has nothing in it.
    :raises SavedSearchEmpty: if it has neither words nor filters, or no word in what is written.
    """
    check_name(name)
    is_narrowed = any(value is not None for value in msgspec.structs.astuple(filters))
    if not (question.read(text) if text.strip() else is_narrowed):
        raise SavedSearchEmpty


def check_name(name: str) -> None:
    """Return if a search may be called so.

    :raises SavedSearchNameBlank: if the name has nothing in it.
    """
    if not name.strip():
        raise SavedSearchNameBlank


def check_room(count: int) -> None:
    """Return if an account that keeps ``count`` searches may keep one more.

    :raises SavedSearchesTooMany: if not.
    """
    if count >= MOST_PER_ACCOUNT:
        raise SavedSearchesTooMany(maximum=MOST_PER_ACCOUNT)
