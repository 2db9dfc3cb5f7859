"""Answer a reading of what is confidential; remember it when it was denied (查阅留痕, HN-26, HN-28).

What the reader must not know is answered with 404, like what is not there; the log knows better.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Awaitable, Callable
from typing import TypeVar

from catalog.audit_log.model import Subject
from catalog.case_access import queries as case_access
from catalog.kernel.db import begin
from catalog.kernel.errors import Missing
from market.http.command import Command, read
from market.http.context import AnyRequest, actor, context
from market.spot_checks import queries as spot_checks

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
    """Say that what was asked for is there, though not for who asks; ``denial_guard`` remembers it.

    Of what is not there at all nobody is told more than that somebody asked.
    """
    wiring, who = context(request), actor(request)
    ask = (
        spot_checks.is_there
        if kind == "spot_check"
        else functools.partial(case_access.is_there, kind=kind)
    )
    async with begin(wiring.db, who) as tx:
        if await ask(tx, identifier=identifier):
            request.scope["denied_subject"] = Subject(kind, str(identifier))  # type: ignore[typeddict-unknown-key]
