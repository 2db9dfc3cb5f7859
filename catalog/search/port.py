"""Say what an index must be able to do to answer searches (检索接口), whatever it is made of.

An index knows the catalogue up to a position. Who asks it lays what came later over its answers
(``queries.py``) and ranks all by one formula (``ranking.py``); so two indexes differ in how fast they
are and never in what they find. The database itself is an index too, one that is never behind.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from catalog.search.overlay import Overlay
from catalog.search.prices import ANY, Prices
from catalog.search.question import Concept
from catalog.search.ranking import Averages, Record, Standing

# So many products that have everything are ranked exactly, and of those that have a part as many
# again if the first are fewer than enough.
CANDIDATES: Final = 300
FEW: Final = 100
# So many values of a facet an index tells at least, the commonest first; and so many are shown.
FACET_VALUES: Final = 100
SHOWN_VALUES: Final = 20


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of an index."""

    concepts: tuple[Concept, ...] = ()
    least: int | None = None  # how many of them a product must have; None: all
    narrowed: Mapping[str, str] = {}  # by which facet to which value (``facets.py``)
    prices: Prices = ANY
    without: frozenset[uuid.UUID] = frozenset()  # changed since: what the index says of them is old

    @property
    def needed(self) -> int:
        """Return how many of the concepts a product must have."""
        return len(self.concepts) if self.least is None else self.least


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """By what those are ranked that are asked for, how many are wanted, and behind which."""

    weights: tuple[float, ...]  # of the concepts
    averages: Averages
    most: int
    after: Standing | None = None


class Alike(enum.Enum):
    """In what a word may be like another (近似)."""

    ONE_CHARACTER_OFF = "one character off"
    SLIPS = "slips of the keyboard"
    BEGINS = "begins with it"


class Guess(msgspec.Struct, frozen=True):
    """A word that may have been meant otherwise, and how it is like what was meant."""

    word: str
    alike: Alike
    slips: int = 1


class Frequencies(msgspec.Struct, frozen=True):
    """How many products there are, how many of them have each word, how long their fields are."""

    total: int
    of_words: Mapping[str, int]
    averages: Averages


class Candidates(msgspec.Struct, frozen=True):
    """What may come first: how many there are, if all concepts are needed, and the records to be ranked."""

    count: int
    records: list[Record]


class Counts(msgspec.Struct, frozen=True):
    """How many there are, and of which kinds."""

    total: int
    facets: Mapping[str, Mapping[str, int]]

    def minus(self, other: Counts) -> Counts:
        """Return them without those of others that are among them; nothing is forgotten that is 0 now."""
        return Counts(
            self.total - other.total,
            {
                name: {
                    value: count - other.facets[name].get(value, 0)
                    for value, count in values.items()
                }
                for name, values in self.facets.items()
            },
        )


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """From where, in which direction and how far products are walked in the order of their places."""

    after: tuple[int, uuid.UUID] | None
    is_newest_first: bool
    limit: int


class View(Protocol):
    """An index as of one moment."""

    # What changed after its position, as far as this process has read; whoever reads on leaves it here.
    overlay: Overlay

    @property
    def position(self) -> str | None:
        """Return the database's snapshot that it holds; None: whatever the transaction sees."""
        ...

    async def frequencies(self, words: Sequence[str]) -> Frequencies:
        """Return how often words are."""
        ...

    async def candidates(self, asked: Asked, *, by: Ranking) -> Candidates:
        """Return what may be found first, the best among it as far as the index knows.

        Who asks for some of the concepts asks for any of them too, last of all.
        """
        ...

    async def walk(self, asked: Asked, *, walk: Walk) -> list[Record]:
        """Return products in the order of their places."""
        ...

    async def total(self, asked: Asked) -> int:
        """Return how many are found."""
        ...

    async def count(self, asked: Asked) -> Counts:
        """Return how many are found, and of which kinds they are."""
        ...

    async def alike(self, guesses: Sequence[Guess], *, limit: int) -> list[uuid.UUID]:
        """Return some products, for each guess ``limit``, that have a word like it; best effort."""
        ...


class IndexAway(Exception):
    """An index elsewhere does not answer, or not wholly; ask the database instead (索引不可达)."""


class IndexUnreadable(ValueError):
    """An index says what can not be so: its bytes are not those that were written (索引损坏)."""


class RemoteState(msgspec.Struct, frozen=True, kw_only=True):
    """What an index elsewhere holds, as it says beside itself."""

    index: str
    position: str
    database: str
    layout: str


class SearchPort(Protocol):
    """An index that can be asked."""

    def view(self) -> View | None:
        """Return it as it is now; None while it can not answer."""
        ...
