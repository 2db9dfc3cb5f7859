"""Do the work of a long log on every core of the machine."""

from __future__ import annotations

import itertools
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Final, TypeVar

from catalog.audit_log.replay import Read, Replayed, replay_stretch, until_last

T = TypeVar("T")
R = TypeVar("R")

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


def on_all_cores(work: Callable[[T], R], parts: Iterable[T]) -> Iterator[R]:
    """Yield what each part comes to, in their order; only some are held at a time."""
    source = iter(parts)
    yield from map(work, itertools.islice(source, FEW))
    first = next(source, None)
    if first is None:
        return
    # Whoever fetches meanwhile has threads: what is forked of them could wait for ever.
    context = multiprocessing.get_context("forkserver")
    pool = ProcessPoolExecutor(mp_context=context)
    waiting: deque[Future[R]] = deque()
    try:
        for part in itertools.chain([first], source):
            waiting.append(pool.submit(work, part))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
