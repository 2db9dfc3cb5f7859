"""Sign in and out at the portal (登录、退出). The session is a cookie that no script can read."""

from __future__ import annotations

from typing import Final

from litestar import Response, get, post
from litestar.datastructures import Cookie

from market.http.auth import SESSION_COOKIE, check_origin
from market.http.command import Answer, Command, secret_command
from market.http.context import AnyRequest, actor, context, request_id
from market.http.problem import CsrfFailed, status_of
from market.http.sign_in import address_of
from market.http.sign_in import sign_in as admit
from market.identity.backoff import SignInFailed, TooManySignIns
from market.identity.operations import sessions
from market.portal.render import NOT_KEPT, go, page
from market.portal.show import own_path

_MAX_FORM_BYTES: Final = 16 * 1024
_MAX_FIELD_LENGTH: Final = 1000


@get("/sign-in", include_in_schema=False)
async def show_sign_in(
    request: AnyRequest,
) -> Response[bytes]:
    """Show the form, unless one is signed in already."""
    wanted = own_path(request.query_params.get("next"))
    if actor(request).account_id is not None:
        return go(wanted)
    return _form(request, wanted)


@post("/sign-in", include_in_schema=False, request_max_body_size=_MAX_FORM_BYTES)
async def sign_in(request: AnyRequest) -> Response[bytes]:
    """Open a session and keep its secret in the cookie; go on to where one wanted to go.

    An unknown login and a wrong password read the same.

    :raises CsrfFailed: if the form came from another site, or does not tell from where.
    """
    form = await request.form()
    login, password = _field(form.get("login")), _field(form.get("password"))
    wanted = own_path(_field(form.get("next")))
    if not login or not password:
        return _form(request, wanted, status=422, failure="empty", login=login)
    _check_own_form(request)
    wiring = context(request)
    try:
        opened = await admit(
            wiring.db,
            wiring.denials,
            request_id=request_id(request),
            login=login,
            password=password,
            address=address_of(request),
            now=wiring.now(),
        )
    except (SignInFailed, TooManySignIns) as error:
        failure = "too_many" if isinstance(error, TooManySignIns) else "wrong"
        return _form(request, wanted, status=status_of(error), failure=failure, login=login)
    return go(wanted, cookies=[_session(request, opened.token)])


@post("/sign-out", include_in_schema=False, request_max_body_size=_MAX_FORM_BYTES)
async def sign_out(request: AnyRequest) -> Response[bytes]:
    """Close the session of the cookie and forget it."""

    async def act(c: Command) -> Answer:
        token = request.cookies.get(SESSION_COOKIE, "")
        await sessions.close_session(c.tx, actor=c.actor, now=c.now, token=token)
        return Answer(None)

    await secret_command(request, act)
    response = go("/")
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def _form(
    request: AnyRequest,
    wanted: str,
    *,
    status: int = 200,
    failure: str | None = None,
    login: str = "",
) -> Response[bytes]:
    return page(
        request,
        "sign_in.html",
        status=status,
        cache=NOT_KEPT,
        at="/sign-in",
        failure=failure,
        login=login,
        wanted=wanted,
    )


def _check_own_form(request: AnyRequest) -> None:
    # Nobody is signed in yet, so that the guard had no cookie to protect. Browsers tell where a
    # form comes from; what does not tell is no browser, and programs have POST /api/v1/sessions.
    if not {"sec-fetch-site", "origin"} & set(request.headers):
        raise CsrfFailed
    check_origin(request)


def _field(value: object) -> str:
    return value[:_MAX_FIELD_LENGTH] if isinstance(value, str) else ""


def _session(request: AnyRequest, token: str) -> Cookie:
    return Cookie(
        key=SESSION_COOKIE,
        value=token,
        path="/",
        httponly=True,
        samesite="lax",
        secure=context(request).settings.secure_cookies,
    )
