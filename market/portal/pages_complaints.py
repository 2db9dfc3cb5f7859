"""Let anybody complain and look a complaint up on a page, and see what became of others (投诉举报)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
from litestar import Response, get, post

from catalog.kernel.errors import DomainError
from catalog.products.metadata import check_readable
from market.complaints import queries
from market.complaints.model import About, Count, Filed, Kind, LookedUp, Receipt
from market.complaints.operations import filing
from market.complaints.queries import ComplaintMissing
from market.http.auth import check_origin
from market.http.command import Answer, Command, read, secret_command
from market.http.context import AnyRequest
from market.http.problem import CsrfFailed, status_of
from market.http.wording import Wording, words
from market.portal.render import NOT_KEPT, page

_MAX_FORM_BYTES: Final = 128 * 1024
_FIELDS: Final = ("kind", "about", "about_id", "facts", "contact")


#: From whose pages one is led here.
_LINKED: Final = (About.PRODUCT, About.ORDER)


@get("/complaints", include_in_schema=False)
async def show_complaints(request: AnyRequest) -> Response[bytes]:
    """Show the form, the field to look up, and what became of complaints; what it is about is filled in."""
    named = ((about, request.query_params.get(about.value, "")[:36]) for about in _LINKED)
    filled = next(({"about": about.value, "about_id": id_} for about, id_ in named if id_), {})
    return await _page(request, filled=filled)


@post("/complaints", include_in_schema=False, request_max_body_size=_MAX_FORM_BYTES)
async def make_complaint(request: AnyRequest) -> Response[bytes]:
    """Take a complaint from the form, and show its number and secret, once."""
    form = await request.form()
    filled = {name: _text(form.get(name)) for name in _FIELDS}
    try:
        said = _said(filled)
        check_readable(said)
    except (msgspec.ValidationError, ValueError):
        return await _page(request, filled=filled, is_incomplete=True, status=422)
    except DomainError as error:
        return await _refused(request, filled, error)
    _check_own_form(request)
    receipts: list[Receipt] = []

    async def act(c: Command) -> Answer:
        receipts.append(
            await filing.file(
                c.tx, actor=c.actor, now=c.now, calendar=await c.calendar(), said=said
            )
        )
        return Answer(None)

    try:
        await secret_command(request, act)
    except DomainError as error:
        return await _refused(request, filled, error)
    return await _page(request, receipt=receipts[-1])


@post(
    "/complaints/status",
    include_in_schema=False,
    status_code=200,
    request_max_body_size=_MAX_FORM_BYTES,
)
async def look_up(request: AnyRequest) -> Response[bytes]:
    """Show how far the complaint of a number and a secret is."""
    form = await request.form()
    number, secret = _text(form.get("number"))[:40], _text(form.get("secret"))[:100]

    async def look(c: Command) -> LookedUp:
        return await queries.look_up(c.tx, number=number.strip(), secret=secret.strip())

    try:
        found = await read(request, look)
    except ComplaintMissing:
        return await _page(request, number=number, is_unknown=True, status=404)
    return await _page(request, number=number, found=found)


async def _refused(
    request: AnyRequest, filled: dict[str, str], error: DomainError
) -> Response[bytes]:
    return await _page(
        request, filled=filled, refusal=words(error.code, error.facts), status=status_of(error)
    )


async def _page(
    request: AnyRequest,
    *,
    filled: dict[str, str] | None = None,
    receipt: Receipt | None = None,
    refusal: Wording | None = None,
    is_incomplete: bool = False,
    number: str = "",
    found: LookedUp | None = None,
    is_unknown: bool = False,
    status: int = 200,
) -> Response[bytes]:
    async def look(c: Command) -> tuple[list[Count], bool]:
        return await queries.list_counts(c.tx), c.actor.account_id is not None

    counts, is_named = await read(request, look)
    return page(
        request,
        "complaints.html",
        status=status,
        cache=NOT_KEPT,
        kinds=list(Kind),
        abouts=list(About),
        filled=dict.fromkeys(_FIELDS, "") | (filled or {}),
        receipt=receipt,
        refusal=refusal,
        is_incomplete=is_incomplete,
        number=number,
        found=found,
        is_unknown=is_unknown,
        is_named=is_named,
        counts=counts,
    )


def _said(filled: dict[str, str]) -> Filed:
    about_id = filled["about_id"].strip()
    return msgspec.convert(
        {
            "kind": filled["kind"],
            "about": filled["about"],
            "about_id": uuid.UUID(about_id) if about_id else None,
            "facts": filled["facts"].strip(),
            "contact": filled["contact"].strip(),
        },
        Filed,
    )


def _check_own_form(request: AnyRequest) -> None:
    # Who is not signed in has no cookie that the guard could protect; a browser tells whence it comes.
    if not {"sec-fetch-site", "origin"} & set(request.headers):
        raise CsrfFailed
    check_origin(request)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
