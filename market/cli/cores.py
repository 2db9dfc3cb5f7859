"""Replay a long log on every core of the machine."""

from __future__ import annotations

import itertools
import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Final

from catalog.audit_log.replay import Read, Replayed, replay_stretch, until_last

#: A log of no more stretches is read before the first process has started.
FEW: Final = 4
_AHEAD: Final = 16

_read: Read  # of a process of the pool: set when it starts


def replay_on_all_cores(read: Read) -> Iterator[Replayed | None]:
    """Replay the stretches of a log in their order; each process reads its own.

    So no leaf goes from one process to another, and what is held does not grow with the log.
    """
    return until_last(_stretches(read))


def _stretches(read: Read) -> Iterator[Replayed | None]:
    numbers = itertools.count()
    for number in itertools.islice(numbers, FEW):
        yield replay_stretch(read, number)
    # A fork takes ``read`` along with whatever it reads from.
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(mp_context=context, initializer=_begin, initargs=(read,))
    waiting: deque[Future[Replayed | None]] = deque()
    try:
        for number in numbers:
            waiting.append(pool.submit(_replay, number))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(read: Read) -> None:
    global _read  # noqa: PLW0603 - each process of the pool has its own
    _read = read


def _replay(number: int) -> Replayed | None:
    return replay_stretch(_read, number)
