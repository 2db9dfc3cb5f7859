"""Say what is asked and what is found."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import msgspec


class Sort(enum.StrEnum):
    """In which order what was found is shown (排序)."""

    RELEVANCE = "relevance"  # best first; what was asked without words comes newest first
    NEWEST = "newest"
    OLDEST = "oldest"


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What a product must be besides being found (筛选); each is one of ``facets.ALL``."""

    form: str | None = None
    industry: str | None = None  # a code of GB/T 4754: what lies in it (行业子树)
    region: str | None = None  # as people call it
    region_code: str | None = None  # a code of GB/T 2260: what lies in it (地区子树)
    level: str | None = None
    supplier_name: str | None = None
    theme: str | None = None
    source: str | None = None
    update_cycle: str | None = None
    delivery: str | None = None  # 交付方式
    zone: str | None = None  # the code of a zone of public data (公共数据专区)
    certified: str | None = None  # yes, no: has it a certificate in force (有效凭证)
    open_data: str | None = None  # yes, no: is it open data (开放数据)
    price: str | None = None  # a band of its lowest price (价格区间)
    price_from_fen: int | None = None
    price_to_fen: int | None = None


class Why(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that was asked, and where the product has it (为何在此)."""

    word: str
    by: str  # the word itself, or the synonym that stands there
    fields: tuple[str, ...]  # title, labels, text
    share: float  # of the product's score
    zh: str
    en: str


class SuggestionKind(enum.StrEnum):
    """In what a suggested question is another (建议种类)."""

    SPELLING = "spelling"  # a word put right
    FEWER_WORDS = "fewer_words"  # without a word
    RELATED = "related"  # by another word for the same
    LONGER = "longer"  # a word that begins with the character asked


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """Another question, what it would find, and why it is suggested (检索建议)."""

    kind: SuggestionKind
    text: str  # the question to ask instead
    replaced: str
    by: str | None
    count: int  # products that have everything it asks for
    zh: str
    en: str


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
    region_code: str | None
    level: str | None
    theme: str | None
    source: str | None
    update_cycle: str | None
    delivery: list[str]
    format: str | None
    published_at: dt.datetime
    certified: str | None  # the certificate's number
    price_from_fen: int | None = None  # the lowest unit price of its filings in effect
    score: float
    matched: list[str]  # the words of the question that stand in it
    why: list[Why]
    # Where those words stand in name and description: begin and end, in characters.
    highlights: dict[str, list[tuple[int, int]]]
    zone: str | None = None  # the code of the zone in which it stands (公共数据专区)


class IndexStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How an index stands behind the catalogue (索引状况)."""

    is_answering: bool  # else PostgreSQL answers alone
    behind: int = 0  # products that changed since, which are laid over each answer
    behind_since: dt.datetime | None = None


# Of these a page has hundreds, and hundreds of pages are kept: nothing in them can be a circle.
class Count(msgspec.Struct, frozen=True, gc=False):
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
    suggestions: list[Suggestion] = []  # other questions, when this one found little
