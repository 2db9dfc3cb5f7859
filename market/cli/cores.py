"""Replay a long log on every core of the machine."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Final

from catalog.audit_log.replay import Bundle, Replayed, replay

#: A log no longer than this is read before the first process has started.
FEW: Final = 128
BATCH: Final = 32
_AHEAD: Final = 16


def replay_on_all_cores(bundles: Iterable[Bundle]) -> Iterator[Replayed | None]:
    """Replay bundles in their order; only some are held at a time, however long the log is."""
    source = iter(bundles)
    yield from map(replay, itertools.islice(source, FEW))
    batches = iter(lambda: list(itertools.islice(source, BATCH)), [])
    first = next(batches, None)
    if first is None:
        return
    waiting: deque[Future[list[Replayed | None]]] = deque()
    pool = ProcessPoolExecutor()
    try:
        for batch in itertools.chain([first], batches):
            waiting.append(pool.submit(_replay_batch, batch))
            if len(waiting) > _AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _replay_batch(bundles: list[Bundle]) -> list[Replayed | None]:
    return [replay(each) for each in bundles]
