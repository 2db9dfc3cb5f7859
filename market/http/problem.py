"""Turn every refusal and every fault into problem+json (RFC 9457): the only file of statuses.

``type`` is ``urn:shushi:problem:<code>`` and never changes its meaning. ``title`` and ``detail``
are in the language that was asked for; ``wording`` has both.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    SerializationException,
    ValidationException,
)

from catalog.kernel.errors import (
    Conflict,
    DomainError,
    FieldError,
    Forbidden,
    Invalid,
    Missing,
    Refused,
)
from market.http.wording import words
from market.metrics import counted

_log = structlog.get_logger()

_STATUS: Final[tuple[tuple[type[DomainError], int], ...]] = (
    (Invalid, 422),
    (Forbidden, 403),
    (Missing, 404),
    (Conflict, 409),
    (Refused, 409),
)

PROBLEM: Final = "application/problem+json"


class Unauthenticated(Forbidden):
    """Nobody is signed in, or the token is not (or no longer) good."""

    code = "unauthenticated"


class BodyMalformed(Invalid):
    """The body is not JSON at all."""

    code = "body_malformed"


#: How PostgreSQL refuses a character that no text of it holds: in a value, and inside JSON.
_NO_TEXT: Final = frozenset({"22021", "22P05"})


class BodyTooDeep(Invalid):
    """The body nests deeper than any of ours does."""

    code = "body_too_deep"


class BodyKeyDoubled(Invalid):
    """A key stands twice; two readers could understand two things."""

    code = "body_key_doubled"


class BodyTooLarge(Invalid):
    """The body is larger than is taken here."""

    code = "body_too_large"


class MediaTypeUnsupported(Invalid):
    """The body is of a type that is not read here."""

    code = "media_type_unsupported"


class BodyInvalid(Invalid):
    """The body is JSON, but not of the shape that the route takes."""

    code = "body_invalid"


class ParameterInvalid(Invalid):
    """A query or path parameter is not of its type."""

    code = "parameter_invalid"


class IdempotencyKeyMissing(Invalid):
    """A command came without its key."""

    code = "idempotency_key_missing"


class IdempotencyKeyMalformed(Invalid):
    """The key is empty, too long, or not visible ASCII."""

    code = "idempotency_key_malformed"


class IfMatchMissing(Invalid):
    """A change came without the version that it changes."""

    code = "if_match_missing"


class CsrfFailed(Forbidden):
    """A form came from somewhere else."""

    code = "csrf_failed"


# Codes whose status is finer than their kind.
_STATUS_OF_CODE: Final[dict[str, int]] = {
    "unauthenticated": 401,
    "body_malformed": 400,
    "body_too_deep": 400,
    "body_key_doubled": 400,
    "body_too_large": 413,
    "file_too_large": 413,
    "media_type_unsupported": 415,
    "address_too_long": 414,
    "request_malformed": 400,
    "parameter_invalid": 400,
    "parameter_repeated": 400,
    "parameter_unknown": 400,
    "cursor_unreadable": 400,
    "limit_out_of_range": 400,
    "idempotency_key_missing": 400,
    "idempotency_key_malformed": 400,
    "if_match_missing": 428,
    "version_stale": 412,
    "method_not_allowed": 405,
    "not_found": 404,
    "sign_in_failed": 401,
    "too_many_sign_ins": 429,
    "rate_exceeded": 429,
    "product_withdrawn": 410,
    "internal_error": 500,
    "service_unavailable": 503,
    "lane_full": 503,
    "log_behind": 503,
    "log_stopped": 503,
}


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a refused caller gets (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    wording: dict[str, str]
    facts: dict[str, Any] = {}
    errors: tuple[FieldError, ...] = ()
    request_id: str = ""


# How a door answers a person who asked for a page, or None where JSON is wanted; ``app`` sets it.
PageMaker = Callable[
    [Request[Any, Any, Any], ProblemDocument, dict[str, str]], Response[bytes] | None
]
page_makers: Final[list[PageMaker]] = []


def status_of(error: DomainError) -> int:
    """Return the HTTP status of a refusal."""
    by_code = _STATUS_OF_CODE.get(error.code)
    if by_code is not None:
        return by_code
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def language(accept_language: str | None) -> str:
    """Return ``en`` if English is asked for first, else ``zh``."""
    first = (accept_language or "").split(",")[0].strip().lower()
    return "en" if first.startswith("en") else "zh"


def document(
    code: str,
    status: int,
    *,
    facts: dict[str, Any],
    errors: tuple[FieldError, ...],
    accept_language: str | None,
    request_id: str,
) -> ProblemDocument:
    """Return the problem document for a code."""
    wording = words(code, {**facts, "request_id": request_id})
    chosen = wording.en if language(accept_language) == "en" else wording.zh
    return ProblemDocument(
        type=f"urn:shushi:problem:{code}",
        title=chosen,
        status=status,
        code=code,
        detail=chosen,
        wording={"zh": wording.zh, "en": wording.en},
        facts=facts,
        errors=errors,
        request_id=request_id,
    )


def _respond(
    request: Request[Any, Any, Any],
    code: str,
    status: int,
    *,
    facts: dict[str, Any] | None = None,
    errors: tuple[FieldError, ...] = (),
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    counted.refusal(code)
    problem = document(
        code,
        status,
        facts=facts or {},
        errors=errors,
        accept_language=request.headers.get("accept-language"),
        request_id=str(request.scope.get("request_id", "")),
    )
    for make_page in page_makers:
        made = make_page(request, problem, headers or {})
        if made is not None:
            return made
    all_headers = {"cache-control": "no-store", **(headers or {})}
    if status == HTTPStatus.UNAUTHORIZED:
        all_headers["www-authenticate"] = "Bearer"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        all_headers["retry-after"] = str(problem.facts.get("retry_after_seconds", 1))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        all_headers["retry-after"] = str(problem.facts["retry_after_seconds"])
    return Response(
        msgspec.json.encode(problem), status_code=status, media_type=PROBLEM, headers=all_headers
    )


def refuse(request: Request[Any, Any, Any], error: DomainError) -> Response[bytes]:
    """Answer a refusal of ours. The scope tells ``denial_guard`` what it was."""
    request.scope["refused"] = error  # type: ignore[typeddict-unknown-key]
    return _respond(request, error.code, status_of(error), facts=error.facts, errors=error.errors)


def refuse_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer what the framework refused, in our form."""
    if isinstance(error, ValidationException | SerializationException):
        return refuse(request, _from_validation(error))
    if isinstance(error, NotFoundException):
        return _respond(request, "not_found", 404)
    if isinstance(error, MethodNotAllowedException):
        allow = (error.headers or {}).get("Allow") or (error.headers or {}).get("allow")
        return _respond(
            request, "method_not_allowed", 405, headers={"allow": allow} if allow else None
        )
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return _respond(request, "body_too_large", 413, facts={"maximum_bytes": 1024 * 1024})
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return _respond(request, "body_malformed", 400, facts={"reason": error.detail})
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return fail(request, error)
    return _respond(request, "refused", error.status_code)


def _from_validation(error: HTTPException) -> DomainError:
    extra = getattr(error, "extra", None)
    items = extra if isinstance(extra, list) else []
    if not items:
        cause = error.__cause__
        if isinstance(cause, msgspec.ValidationError) or "Expected" in str(error.detail):
            return BodyInvalid(errors=(FieldError("", "invalid", str(cause or error.detail)),))
        return BodyMalformed(reason=str(error.detail))
    in_body = all(item.get("source", "body") == "body" for item in items)
    errors = tuple(
        FieldError(
            pointer="/" + str(item.get("key", "")).replace(".", "/") if item.get("key") else "",
            code="invalid",
            message=str(item.get("message", "")),
        )
        for item in items
    )
    return BodyInvalid(errors=errors) if in_body else ParameterInvalid(errors=errors)


def fail(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer a fault of ours: say nothing of its inside, and log all of it.

    A NUL that no check met and the database does not take is the caller's, and refused as such.
    """
    if getattr(error, "sqlstate", "") in _NO_TEXT:
        return refuse(request, BodyInvalid(errors=(FieldError("", "nul_character", "NUL"),)))
    _log.error("request_failed", path=request.url.path, exc_info=error)
    return _respond(request, "internal_error", 500)


HANDLERS: Final[dict[Any, Any]] = {
    DomainError: refuse,
    HTTPException: refuse_http,
    Exception: fail,
}

JSON: Final = MediaType.JSON
