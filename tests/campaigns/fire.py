"""What the campaigns under fire have in common: a story first, kills in cycles, a look at what is left."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import json
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

from catalog.kernel.clock import monotonic
from tests.campaigns.commands_under_fire import Traffic
from tests.campaigns.service_under_fire import START_SECONDS, Kill, Service, told

#: Nothing of this is ever found in the log, at whatever moment one looks.
LOG_NEVER: Final = {
    "a leaf out of place": """
        SELECT max(idx)::text FROM audit_log.leaves HAVING max(idx) + 1 <> count(*)""",
    "an entry that is nowhere, or in two places": """
        SELECT p.entry_id::text FROM audit_log.entries p
         WHERE (SELECT count(*) FROM audit_log.places l WHERE l.entry_id = p.entry_id)
             + (SELECT count(*) FROM audit_log.outbox o WHERE o.entry_id = p.entry_id) <> 1""",
}


async def story_told(data_dir: pathlib.Path) -> str:
    """Tell the demo's story in a data directory, and return the product that it is about."""
    code, out = await told("demo", "--no-serve", "--json", data_dir=data_dir)
    assert code == 0, out[-3000:]
    product_id: str = json.loads(out[out.index("\n{") :])["product_id"]
    return product_id


@contextlib.asynccontextmanager
async def under_fire(service: Service, traffic: Traffic) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Start the service, and leave nothing of it; yield the list of tasks that end with it."""
    tasks: list[asyncio.Task[Any]] = []
    service.start()
    try:
        yield tasks
    except AssertionError:
        print(service.log.read_text(errors="replace")[-6000:])
        raise
    finally:
        for task in tasks:
            task.cancel()
        await service.kill(Kill.EVERYTHING)
        await traffic.http.aclose()


async def cycles(
    count: int,
    cycle: Callable[[], Awaitable[None]],
    *,
    tasks: Sequence[asyncio.Task[Any]],
    problems: Sequence[str],
    acknowledged: Sequence[object],
) -> float:
    """Run so many cycles while the tasks work; stop at the first problem; return the seconds."""
    began = monotonic()
    for number in range(1, count + 1):
        await cycle()
        for task in tasks:
            if task.done():
                task.result()
        assert not problems, problems[:20]
        if number % 10 == 0:
            seconds = monotonic() - began
            print(
                f"{number:>5} cycles, {len(acknowledged)} acknowledged, {seconds:.0f} s", flush=True
            )
    return monotonic() - began


async def first_answer(service: Service, traffic: Traffic) -> None:
    """Wait until any request is answered."""
    deadline = monotonic() + START_SECONDS
    while not traffic.answered.is_set():
        service.check_alive()
        assert monotonic() < deadline, "the service did not answer for a long time"
        await asyncio.sleep(0.01)


async def verdict_of(data_dir: pathlib.Path, export: pathlib.Path) -> tuple[int, str]:
    """Export what is left and return how ``market verify`` ends, and what it says."""
    code, out = await told("export", "--out", str(export), data_dir=data_dir)
    assert code == 0, out[-3000:]
    return await told("verify", str(export))


def print_figures(
    lines: Iterable[tuple[str, Any]], faults: collections.Counter[str], *, most: int = 8
) -> None:
    """Print figures below each other, and what the service logged as its faults."""
    print()
    for name, value in lines:
        print(f"{name:>42}  {value}")
    for fault, count in faults.most_common(most):
        print(f"{'logged as a fault':>42}  {count:>6} {fault}")
