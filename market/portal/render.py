"""Make a page out of a template: escaped, in one language, under a policy that runs no scripts."""

from __future__ import annotations

import enum
import functools
import pathlib
from collections.abc import Collection
from typing import Any, Final
from urllib.parse import urlsplit

import jinja2
import markupsafe
from litestar import Response
from litestar.datastructures import Cookie

from catalog.kernel.ids import new_id
from market.http.context import AnyRequest, actor
from market.http.custody import custodian_of
from market.http.wording import name_of
from market.portal import dates, show, static_files
from market.portal.site_footer import SiteNames, footer_lines
from market.portal.wording import LANGUAGES, Speaker
from market.settings import Settings
from settlement.money import percent
from settlement.reconciliation.custody_words import sentence

LANGUAGE_COOKIE: Final = "shushi_lang"
#: Larger text and larger targets (长者模式): asked for by ``?view=large``, kept in a cookie.
VIEW_COOKIE: Final = "shushi_view"
LARGE: Final = "large"
VIEWS: Final = ("usual", LARGE)
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
#: What is longer was no question, and is not carried on into the other language.
LONGEST_KEPT: Final = 1000
#: For public pages: kept by nobody but the reader, who asks again each time.
FRESH: Final = "private, no-cache"
#: For pages of one who signed in.
NOT_KEPT: Final = "no-store"


@functools.cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(pathlib.Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["percent"] = percent  # macros that are imported see no values of the page
    return made


def language_of(request: AnyRequest) -> str:
    """Return the language asked for by ``?lang=``, else the one kept in the cookie, else Chinese."""
    asked = request.query_params.get("lang")
    kept = request.cookies.get(LANGUAGE_COOKIE)
    return next((found for found in (asked, kept) if found in LANGUAGES), LANGUAGES[0])


def view_of(request: AnyRequest) -> str:
    """Return the view asked for by ``?view=``, else the one kept in the cookie, else the usual."""
    asked = request.query_params.get("view")
    kept = request.cookies.get(VIEW_COOKIE)
    return next((found for found in (asked, kept) if found in VIEWS), VIEWS[0])


def page(
    request: AnyRequest,
    template: str,
    *,
    status: int = 200,
    cache: str = FRESH,
    headers: dict[str, str] | None = None,
    at: str | None = None,
    **values: Any,
) -> Response[bytes]:
    """Return a page for people; ``at`` is its address where it answers a form."""
    language = language_of(request)
    speaker = Speaker(language)
    path = urlsplit(str(request.url)).path
    again = at or (path if request.method == "GET" else "/")
    query = {
        name: value
        for name, value in request.query_params.items()
        if name not in ("lang", "view") and len(value) <= LONGEST_KEPT
    }
    view = view_of(request)
    settings = request.app.state.context.settings
    body = (
        _environment()
        .get_template(template)
        .render(
            t=speaker,
            label=speaker.label,
            lang=language,
            html_lang=_HTML_LANG[language],
            viewer=actor(request),
            here=again,
            once=new_id,
            other_language=show.address(
                again, query | {"lang": "en" if language == "zh" else "zh"}
            ),
            is_large=view == LARGE,
            other_view=show.address(again, query | {"view": VIEWS[view != LARGE]}),
            footer=footer_lines(_site_names(settings)),
            printed_from=settings.public_url.rstrip("/") + again,
            static=static_files.address,
            money_lies=functools.partial(_money_lies, settings, language),
            day=functools.partial(dates.day, language=language),
            plain_day=functools.partial(dates.plain, language=language),
            last_day=functools.partial(dates.last_day, language=language),
            instant=functools.partial(dates.instant, language=language),
            second=functools.partial(dates.second, language=language),
            parsed=dates.parsed,
            days_until=dates.days_until,
            days_to=dates.days_to,
            named=functools.partial(_named, language=language),
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
        cookies=[
            *_kept(request, "lang", LANGUAGE_COOKIE, LANGUAGES),
            *_kept(request, "view", VIEW_COOKIE, VIEWS),
        ],
    )


def _tongue(text: str, language: str) -> markupsafe.Markup:
    told = show.tongue(text, language)
    return markupsafe.Markup(' lang="{}"').format(told) if told else markupsafe.Markup()


def _named(machine: str, value: enum.StrEnum, language: str) -> str:
    """Return what a state or event is called, by the names that refusals use."""
    return name_of(
        f"{machine}_event_not_allowed", type(value).__name__.lower(), value.value, language
    )


def go(path: str, *, cookies: list[Cookie] | None = None) -> Response[bytes]:
    """Send the reader on to another page of this site, to be read with GET."""
    return Response(
        b"",
        status_code=303,
        media_type="text/plain",
        headers={"location": path, "cache-control": NOT_KEPT},
        cookies=cookies or [],
    )


def _money_lies(settings: Settings, language: str) -> str:
    """Return where the money lies, in the words that the operator's licence allows (资金存管)."""
    return sentence(custodian_of(settings), settings.custody_wording, language)


def _site_names(settings: Settings) -> SiteNames:
    return SiteNames(
        sponsor=settings.site_sponsor,
        organiser=settings.site_organiser,
        contact=settings.site_contact,
        identifier=settings.site_identifier,
        icp_number=settings.site_icp_number,
        police_number=settings.site_police_number,
    )


def _kept(request: AnyRequest, name: str, cookie: str, values: Collection[str]) -> list[Cookie]:
    """Return the cookie that keeps what was asked for, if it is new and one of the values."""
    asked = request.query_params.get(name)
    if asked not in values or request.cookies.get(cookie) == asked:
        return []
    return [
        Cookie(
            key=cookie,
            value=asked,
            path="/",
            max_age=_A_YEAR_SECONDS,
            httponly=True,
            samesite="lax",
            secure=request.app.state.context.settings.secure_cookies,
        )
    ]
