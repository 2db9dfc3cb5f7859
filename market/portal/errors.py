"""Show a refusal to a person: what happened, what can be done. Programs get problem+json."""

from __future__ import annotations

from typing import Final

from litestar import Response

from catalog.kernel.errors import DomainError
from market.http.auth import SESSION_COOKIE
from market.http.context import AnyRequest
from market.http.problem import ProblemDocument
from market.http.wording import words
from market.portal import render, show

_UNAUTHENTICATED: Final = 401
# What a page says in its own words; everything else is said in those of the refusal.
_OWN_WORDS: Final = frozenset({400, 403, 404, 405, 500})


def page_of(
    request: AnyRequest, problem: ProblemDocument, headers: dict[str, str]
) -> Response[bytes] | None:
    """Return a page for a refusal, or None if it was not a person who asked for a page."""
    if not _is_persons(request):
        return None
    if problem.status == _UNAUTHENTICATED:
        return _to_sign_in(request)
    kind = problem.status if problem.status in _OWN_WORDS else 0
    language = render.language_of(request)
    return render.page(
        request,
        "problem.html",
        status=problem.status,
        cache=render.NOT_KEPT,
        headers=headers,
        kind="other" if kind == 0 else str(kind),
        said=problem.wording[language],
        problem=problem,
    )


def said(request: AnyRequest, error: DomainError) -> str:
    """Return what a refusal says, in the language of the page."""
    wording = words(error.code, error.facts)
    return wording.en if render.language_of(request) == "en" else wording.zh


def _is_persons(request: AnyRequest) -> bool:
    path = request.url.path
    if path.startswith(("/api/", "/log/", "/healthz/", "/static/")) or path == "/openapi.json":
        return False
    return "text/html" in request.headers.get("accept", "")


def _asked(request: AnyRequest) -> str:
    """Return the address that was asked for, without what is too long to be carried on."""
    path, query = str(request.url.path), str(request.url.query)
    return f"{path}?{query}" if 0 < len(query) <= render.LONGEST_KEPT else path


def _to_sign_in(request: AnyRequest) -> Response[bytes]:
    # A form that was sent can not be sent again by a redirect; one begins anew.
    wanted = _asked(request) if request.method == "GET" else None
    response = render.go(show.address("/sign-in", {"next": wanted}))
    if SESSION_COOKIE in request.cookies:
        response.delete_cookie(SESSION_COOKIE, path="/")
    return response
