"""One process that delivers webhooks, and is killed by itself between the answer and its record.

Its arguments: how to reach the database (``ROLE`` for the role), the instant, ``die`` or ``live``, where
the key files lie.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import pathlib
import signal
import sys

import httpx

from catalog.kernel.db import Database
from market.channels.webhook_web import Sender
from market.jobs import deliver_webhooks
from market.webhooks.disk import box
from market.webhooks.model import Answer, Taken


class Dying(Sender):
    """Send, get the answer, and be gone (kill -9) before anybody can write it down."""

    async def send(self, taken: Taken, *, at: dt.datetime) -> Answer:
        await super().send(taken, at=at)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("nobody comes here")


async def main(dsn: str, instant: str, how: str, keys: str) -> None:
    now = dt.datetime.fromisoformat(instant)
    db = Database(lambda role: dsn.replace("ROLE", role), pool_size=4)
    async with httpx.AsyncClient(trust_env=False) as client:
        sender = (Dying if how == "die" else Sender)(client, private=True)
        sealed = box(pathlib.Path(keys))
        done = await deliver_webhooks.run(db, clock=lambda: now, sender=sender, box=sealed)
        print(done, flush=True)
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
