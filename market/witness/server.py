"""Answer logs that ask for a cosignature, and whoever asks what was cosigned."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath

from catalog.audit_log.checkpoint import NoteMalformed
from catalog.kernel.clock import Clock
from catalog.kernel.errors import DomainError
from catalog.witnessing.deciding import (
    CheckpointSmaller,
    HistoryRefused,
    LogSignatureMissing,
    OldSizeDiffers,
)
from catalog.witnessing.disk import LogUnknown, Witness
from catalog.witnessing.request import RequestMalformed
from market.http.wording import words

# Sixteen signatures of 5 kB, which every verifier takes, and some more.
_LONGEST_BODY: Final = 256 * 1024

# C2SP tlog-witness says which refusal has which status.
STATUS: Final[dict[type[DomainError], int]] = {
    RequestMalformed: 400,
    NoteMalformed: 400,
    CheckpointSmaller: 400,
    LogSignatureMissing: 403,
    LogUnknown: 404,
    OldSizeDiffers: 409,
    HistoryRefused: 422,
}

_log = structlog.get_logger("witness")


@post("/add-checkpoint", status_code=200, media_type=MediaType.TEXT)
async def add_checkpoint(request: Request[Any, Any, State]) -> str:
    """Return the cosignature line of the posted checkpoint."""
    body = await request.body()
    state = request.app.state
    line: str = await asyncio.to_thread(state.witness.add_checkpoint, body, state.clock.now())
    _log.info("cosigned", line=line.strip())
    return line


@get("/{hashed_origin:str}/checkpoint", media_type=MediaType.TEXT)
async def get_checkpoint(request: Request[Any, Any, State], hashed_origin: FromPath[str]) -> bytes:
    """Return the newest checkpoint of a log, with its signature and ours."""
    note: bytes = await asyncio.to_thread(request.app.state.witness.newest, hashed_origin)
    return note


def _refused(_request: Request[Any, Any, State], error: DomainError) -> Response[Any]:
    level = "error" if isinstance(error, HistoryRefused | CheckpointSmaller) else "info"
    getattr(_log, level)("refused", code=error.code, **error.facts)
    if isinstance(error, OldSizeDiffers):
        size = f"{error.facts['size']}\n".encode()
        # As a header: the framework would add a character set, and clients compare it as it is.
        headers = {"content-type": "text/x.tlog.size"}
        return Response(size, status_code=409, headers=headers)
    wording = words(error.code, error.facts)
    return Response(
        f"{wording.zh} · {wording.en} [{error.code}]\n",
        status_code=STATUS.get(type(error), 500),
        media_type=MediaType.TEXT,
    )


def create_witness(witness: Witness, clock: Clock) -> Litestar:
    """Return the service of one witness."""
    return Litestar(
        route_handlers=[add_checkpoint, get_checkpoint],
        exception_handlers={DomainError: _refused},
        state=State({"witness": witness, "clock": clock}),
        openapi_config=None,
        request_max_body_size=_LONGEST_BODY,
        logging_config=None,
    )
