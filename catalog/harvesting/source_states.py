"""The life of a source: read on its schedule, paused, or retired for good (暂停、恢复、停用)."""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class SourceState(enum.StrEnum):
    """Whether a source is read."""

    ACTIVE = "active"  # 正常
    PAUSED = "paused"  # 已暂停: nothing is fetched until it is resumed
    RETIRED = "retired"  # 已停用: never again; what was taken in stays


class SourceEvent(enum.StrEnum):
    """What the operator may decide of it."""

    PAUSE = "pause"
    RESUME = "resume"
    RETIRE = "retire"


SOURCE_MOVES: Final[dict[tuple[SourceState, SourceEvent], SourceState]] = {
    (SourceState.ACTIVE, SourceEvent.PAUSE): SourceState.PAUSED,
    (SourceState.ACTIVE, SourceEvent.RETIRE): SourceState.RETIRED,
    (SourceState.PAUSED, SourceEvent.RESUME): SourceState.ACTIVE,
    (SourceState.PAUSED, SourceEvent.RETIRE): SourceState.RETIRED,
}


class HarvestSourceActive(Refused):
    """The source is read on its schedule already: there is nothing to resume."""

    code = "harvest_source_active"


class HarvestSourcePaused(Refused):
    """The source is paused: it is not read, nor paused twice."""

    code = "harvest_source_paused"


class HarvestSourceRetired(Refused):
    """The source is retired, and that is final."""

    code = "harvest_source_retired"


_AS_IT_STANDS: Final[dict[SourceState, type[Refused]]] = {
    SourceState.ACTIVE: HarvestSourceActive,
    SourceState.PAUSED: HarvestSourcePaused,
    SourceState.RETIRED: HarvestSourceRetired,
}


def advance_source(state: SourceState, event: SourceEvent, *, code: str) -> SourceState:
    """Return the state of the source ``code`` after ``event``.

    :raises HarvestSourceActive: if it is to be resumed and was not paused.
    :raises HarvestSourcePaused: if it is paused already.
    :raises HarvestSourceRetired: if it is retired.
    """
    following = SOURCE_MOVES.get((state, event))
    if following is None:
        raise _AS_IT_STANDS[state](code=code)
    return following


def check_read(state: SourceState, *, code: str) -> None:
    """Refuse to read the source ``code`` unless it is active.

    :raises HarvestSourcePaused: if it is paused.
    :raises HarvestSourceRetired: if it is retired.
    """
    if state is not SourceState.ACTIVE:
        raise _AS_IT_STANDS[state](code=code)
