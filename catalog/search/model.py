"""Say what is asked and what is found."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import msgspec

# By what a search is narrowed down; each is a column of the documents.
FACETS = ("form", "industry", "region", "level", "supplier_name", "theme", "source", "update_cycle")


class Sort(enum.StrEnum):
    """In which order what was found is shown (排序)."""

    RELEVANCE = "relevance"  # best first; what was asked without words comes newest first
    NEWEST = "newest"
    OLDEST = "oldest"


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What a product must be besides being found (筛选)."""

    form: str | None = None
    industry: str | None = None
    region: str | None = None
    level: str | None = None
    supplier_name: str | None = None
    theme: str | None = None
    source: str | None = None
    update_cycle: str | None = None


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was asked, and where the product has it (为何在此)."""

    word: str
    by: str  # the word itself, or the synonym that stands there
    fields: tuple[str, ...]  # title, labels, text
    share: float  # of the product's score


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One product found."""

    id: uuid.UUID
    source_id: str | None
    name: str
    supplier: str
    description: str
    form: str | None
    industry: str | None
    region: str | None
    level: str | None
    theme: str | None
    source: str | None
    update_cycle: str | None
    format: str | None
    published_at: dt.datetime
    certified: str | None  # the certificate's number
    score: float
    matched: list[str]  # the words of the question that stand in it
    why: list[Why]
    # Where those words stand in name and description: begin and end, in characters.
    highlights: dict[str, list[tuple[int, int]]]


class Count(msgspec.Struct, frozen=True):
    """How many of those found have this value."""

    value: str
    count: int


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One page of what was found, how much there is in all, and of what kinds."""

    items: list[Hit]
    total: int
    facets: dict[str, list[Count]]
    next_cursor: str | None
    terms: list[str]  # the words that the question was cut into
