"""Answer a reading of what is confidential; remember it when it was denied (查阅留痕, HN-26, HN-28).

What the reader must not know is answered with 404, like what is not there; the log knows better.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import TypeVar

from catalog.case_access import operations as case_access
from catalog.kernel.db import begin
from catalog.kernel.errors import Missing
from market.http.command import Command, read
from market.http.context import AnyRequest, actor, context
from market.spot_checks.operations import reading as spot_checks

T = TypeVar("T")


async def read_confidential(
    request: AnyRequest,
    kind: str,
    identifier: uuid.UUID,
    look: Callable[[Command], Awaitable[T]],
) -> T:
    """Run a reading of one case or file, and return what it found.

    :raises Missing: if it is not there for the reader; that it asked is remembered.
    """
    try:
        return await read(request, look)
    except Missing:
        await remember_denial(request, kind, identifier)
        raise


async def remember_denial(request: AnyRequest, kind: str, identifier: uuid.UUID) -> None:
    """Remember, in a transaction of its own, that somebody asked for what it must not know."""
    wiring, who = context(request), actor(request)
    path = request.url.path
    async with begin(wiring.db, who) as tx:
        if kind == "spot_check":
            await spot_checks.remember_denial(
                tx, actor=who, now=wiring.now(), identifier=identifier, path=path
            )
        else:
            await case_access.remember_denial(
                tx, actor=who, now=wiring.now(), kind=kind, identifier=identifier, path=path
            )
