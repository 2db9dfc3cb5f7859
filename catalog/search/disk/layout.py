"""Say how an index lies in its directory: its fields, the names of its files, how a commit is read.

A generation is a base, which holds all products as they were when it was made (``base.py``), and beside it
an index of tantivy's with those that came or changed since, its tail (``tail.py``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
from tantivy import Query, Schema, SchemaBuilder, Searcher

from catalog.search import facets
from catalog.search.facets import ALL
from catalog.search.totals import State, field_of

# What is made by other rules than these is made anew.
LAYOUT: Final = "11"
PUBLIC: Final = "public"
STATE: Final = "state"
CURRENT: Final = "current"
RECORDS: Final = "records"
OLD: Final = "old"  # rows of the base that count no more, in the order in which they became so
VOCABULARY: Final = "vocabulary"
_LENGTH_BITS: Final = 24


def schema() -> Schema:
    """Return the fields of an index."""
    builder = SchemaBuilder()
    builder.add_text_field("id", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("words", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("readers", tokenizer_name="raw", index_option="basic")
    for facet in ALL:
        # By the one it is narrowed; by the others it is counted, a step of a tree at a time.
        builder.add_text_field(facet.name, tokenizer_name="raw", index_option="basic")
        for step in range(facets.steps(facet)):
            name = field_of(facet, step)
            builder.add_text_field(name, tokenizer_name="raw", fast=True, index_option="basic")
    builder.add_integer_field("place", fast=True, indexed=True)
    builder.add_integer_field("price_fen", fast=True, indexed=True)
    builder.add_unsigned_field("record", fast=True)
    # The words of the base, each a document of its own that has no readers and is never found.
    builder.add_text_field(VOCABULARY, stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(STATE, stored=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


def state_of(searcher: Searcher, of: Schema) -> State | None:
    """Return what a commit says that it holds; None if there was none."""
    hits = searcher.search(Query.term_query(of, "id", STATE, "basic"), 1).hits
    if not hits:
        return None
    return msgspec.json.decode(searcher.doc(hits[0][1])[STATE][0], type=State)


def spot(start: int, length: int) -> int:
    """Return one number that says where a record lies."""
    return start << _LENGTH_BITS | length


def read_spot(number: Any) -> tuple[int, int]:
    """Return where a record begins and how long it is."""
    return number >> _LENGTH_BITS, number & ((1 << _LENGTH_BITS) - 1)


def current(directory: Path) -> str:
    """Return the name of the index that counts.

    :raises FileNotFoundError: if there is none.
    """
    return (directory / CURRENT).read_text("ascii").strip()
