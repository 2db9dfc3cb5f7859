"""Answer a refusal where no framework stands: before the application, or around it (ASGI)."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar.types import Send

from catalog.kernel.errors import DomainError
from market.http.problem import PROBLEM, document, status_of
from market.metrics import counted


async def answer_refusal(error: DomainError, scope: dict[str, Any], send: Send) -> None:
    """Send the problem document of a refusal, and close the connection after it."""
    headers = {k.lower(): v for k, v in scope["headers"]}
    status = status_of(error)
    counted.refusal(error.code)
    problem = document(
        error.code,
        status,
        facts=error.facts,
        errors=error.errors,
        accept_language=headers.get(b"accept-language", b"").decode("latin-1"),
        request_id=str(scope.get("request_id", "")),
    )
    body = msgspec.json.encode(problem)
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", PROBLEM.encode()),
                (b"content-length", str(len(body)).encode()),
                (b"connection", b"close"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
