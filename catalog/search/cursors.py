"""Say where a page ended, in the words of a cursor (游标).

A cursor carries the numbers of its first page: by them every page is ranked, so that no product changes
its place because others came.
"""

from __future__ import annotations

import math
import uuid

import msgspec

from catalog.kernel import paging
from catalog.search.ranking import Averages, Ranked, Standing


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page ended, and by which numbers it was ranked: the next one is ranked by the same."""

    weights: tuple[float, ...]
    averages: tuple[float, float, float]
    least: int  # how much of the question is needed
    is_alone: bool  # what has all of it was ranked alone
    score: float
    place: int
    product_id: uuid.UUID

    @property
    def standing(self) -> Standing:
        """Return behind what the next page is ranked."""
        return self.score, self.place, self.product_id.bytes


def write(
    query: str,
    *,
    weights: tuple[float, ...],
    averages: Averages,
    least: int,
    is_alone: bool,
    last: Ranked,
) -> str:
    """Return the cursor of the page that ends with ``last``."""
    product = str(uuid.UUID(bytes=last.product))
    numbers = msgspec.structs.astuple(averages)
    return paging.encode(query, weights, numbers, least, is_alone, last.score, last.place, product)


def read(query: str, cursor: str | None, *, concepts: int) -> Place | None:
    """Return where the page before ended, of a question of so many things.

    :raises CursorUnreadable: if the cursor is not one of this question.
    """
    position = paging.decode(query, cursor, 7)
    if position is None:
        return None
    try:
        place = msgspec.convert(dict(zip(Place.__struct_fields__, position, strict=True)), Place)
    except msgspec.ValidationError as error:
        raise paging.CursorUnreadable from error
    numbers = (*place.weights, *place.averages, place.score)
    if len(place.weights) != concepts or not all(map(math.isfinite, numbers)):
        raise paging.CursorUnreadable
    if min(place.weights, default=0.0) < 0 or min(place.averages) < 1:
        raise paging.CursorUnreadable
    if not min(1, concepts) <= place.least <= concepts or not -(2**63) <= place.place < 2**63:
        raise paging.CursorUnreadable
    return place
