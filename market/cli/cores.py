"""Replay a long log on every core of the machine."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Final

from catalog.audit_log.replay import Replayed, Stretch, replay

#: A log no longer than this is read before the first process has started.
FEW: Final = 4
_AHEAD: Final = 16


def replay_on_all_cores(stretches: Iterable[Stretch]) -> Iterator[Replayed | None]:
    """Replay stretches in their order; only some are held at a time, however long the log is."""
    source = iter(stretches)
    yield from map(replay, itertools.islice(source, FEW))
    first = next(source, None)
    if first is None:
        return
    waiting: deque[Future[Replayed | None]] = deque()
    pool = ProcessPoolExecutor()
    try:
        for stretch in itertools.chain([first], source):
            waiting.append(pool.submit(replay, stretch))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
