"""Make a page out of a template: escaped, in one language, under a policy that runs no scripts."""

from __future__ import annotations

import functools
import pathlib
from typing import Any, Final
from urllib.parse import urlsplit

import jinja2
import markupsafe
from litestar import Response
from litestar.datastructures import Cookie

from market.http.context import AnyRequest, actor
from market.portal import dates, show, static_files
from market.portal.wording import LANGUAGES, Speaker

LANGUAGE_COOKIE: Final = "shushi_lang"
_A_YEAR_SECONDS: Final = 365 * 24 * 60 * 60
_HTML_LANG: Final = {"zh": "zh-CN", "en": "en"}
_CONTENT_POLICY: Final = (
    "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
# Beside those that every answer of ours has (``market/http/body_guard.py``).
_HEADERS: Final = {
    "content-security-policy": _CONTENT_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "vary": "cookie, accept",
}
#: For the one page that compares a digest: it runs a script of ours, and none of anybody else.
OWN_SCRIPT: Final = {
    "content-security-policy": _CONTENT_POLICY.replace("script-src 'none'", "script-src 'self'")
}
# What is longer was no question, and is not carried on into the other language.
_LONGEST_KEPT: Final = 1000
#: For public pages: kept by nobody but the reader, who asks again each time.
FRESH: Final = "private, no-cache"
#: For pages of one who signed in.
NOT_KEPT: Final = "no-store"


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(pathlib.Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def language_of(request: AnyRequest) -> str:
    """Return the language asked for by ``?lang=``, else the one kept in the cookie, else Chinese."""
    asked = request.query_params.get("lang")
    kept = request.cookies.get(LANGUAGE_COOKIE)
    return next((found for found in (asked, kept) if found in LANGUAGES), LANGUAGES[0])


def page(
    request: AnyRequest,
    template: str,
    *,
    status: int = 200,
    cache: str = FRESH,
    headers: dict[str, str] | None = None,
    **values: Any,
) -> Response[bytes]:
    """Return a page for people."""
    language = language_of(request)
    speaker = Speaker(language)
    path = urlsplit(str(request.url)).path
    query = {
        name: value
        for name, value in request.query_params.items()
        if name != "lang" and len(value) <= _LONGEST_KEPT
    }
    body = (
        _environment()
        .get_template(template)
        .render(
            t=speaker,
            label=speaker.label,
            lang=language,
            html_lang=_HTML_LANG[language],
            viewer=actor(request),
            here=path,
            other_language=show.address(
                path if request.method == "GET" else "/sign-in",
                query | {"lang": "en" if language == "zh" else "zh"},
            ),
            static=static_files.address,
            day=functools.partial(dates.day, language=language),
            plain_day=functools.partial(dates.plain, language=language),
            last_day=functools.partial(dates.last_day, language=language),
            instant=functools.partial(dates.instant, language=language),
            second=functools.partial(dates.second, language=language),
            parsed=dates.parsed,
            whole=show.whole,
            yuan=show.yuan,
            size=show.size,
            tongue=functools.partial(_tongue, language=language),
            **values,
        )
    )
    return Response(
        body.encode(),
        status_code=status,
        media_type="text/html",
        headers=_HEADERS
        | {"cache-control": cache, "content-language": _HTML_LANG[language]}
        | (headers or {}),
        cookies=_kept_language(request),
    )


def _tongue(text: str, language: str) -> markupsafe.Markup:
    told = show.tongue(text, language)
    return markupsafe.Markup(' lang="{}"').format(told) if told else markupsafe.Markup()


def go(path: str, *, cookies: list[Cookie] | None = None) -> Response[bytes]:
    """Send the reader on to another page of this site, to be read with GET."""
    return Response(
        b"",
        status_code=303,
        media_type="text/plain",
        headers={"location": path, "cache-control": NOT_KEPT},
        cookies=cookies or [],
    )


def _kept_language(request: AnyRequest) -> list[Cookie]:
    asked = request.query_params.get("lang")
    if asked not in LANGUAGES or request.cookies.get(LANGUAGE_COOKIE) == asked:
        return []
    return [
        Cookie(
            key=LANGUAGE_COOKIE,
            value=asked,
            path="/",
            max_age=_A_YEAR_SECONDS,
            httponly=True,
            samesite="lax",
            secure=request.app.state.context.settings.secure_cookies,
        )
    ]
