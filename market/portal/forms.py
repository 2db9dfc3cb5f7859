"""Read a form and run its command (表单): one form is one command, done once however often it is sent.

A form carries a key of its own (``once``), which the page that shows it makes up: sent twice it is
done once, and both times the reader is led on to what came of it. What is refused is shown on the
page of the form again, with what was typed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec
from litestar import Response

from catalog.kernel.db import Tx, run
from catalog.kernel.errors import Conflict, DomainError, FieldError, Invalid, Refused
from catalog.products.metadata import check_readable
from market.http.command import Command
from market.http.context import AnyRequest, actor, context
from market.http.problem import IdempotencyKeyMalformed, status_of
from market.idempotency import operations as idempotency
from market.portal.errors import said
from market.portal.refused_fields import field_of
from market.portal.render import go

#: Twenty thousand characters, as a browser writes them in an address.
MAX_FORM_BYTES: Final = 256 * 1024
#: What a form may be refused for and be shown again; all else is a page of its own.
SHOWN_AGAIN: Final = (Invalid, Conflict, Refused)
_KEY: Final = re.compile(r"[0-9a-f-]{36}")
_PLACE: Final = re.compile(r"`\$\.?([a-z_]*)")

#: What a step of a page does with what was typed.
Step = Callable[[Command, dict[str, str]], Awaitable[object]]

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")


class FormFieldInvalid(Invalid):
    """A field of a form holds what can not stand there; ``errors`` names it."""

    code = "form_field_invalid"


class Done(msgspec.Struct, Generic[T], frozen=True):
    """Where the reader is led, and what is told once: nothing, if it was done before."""

    place: str
    told: T | None


class Shown(msgspec.Struct, frozen=True):
    """A form as it is shown again: what was typed, and why it was refused."""

    fields: Mapping[str, str] = {}
    refused: str | None = None
    status: int = 200
    wrong: str = ""  # the field, if one alone is wrong

    def __getitem__(self, name: str) -> str:
        """Return what was typed into a field."""
        return self.fields.get(name, "")


BLANK: Final = Shown()


async def read_form(request: AnyRequest) -> dict[str, str]:
    """Return the fields of a form that hold text; what was left empty is not among them."""
    form = await request.form()
    return {
        name: value.replace("\r\n", "\n")
        for name, value in form.items()
        if isinstance(value, str) and value.strip()
    }


def filled_in(kind: type[S], fields: Mapping[str, Any]) -> S:
    """Return what a form says, of those of its fields that belong to it.

    :raises FormFieldInvalid: if a field can not hold that, or was left empty and may not be.
    :raises TextUnreadable: if one has characters in it that nobody can read.
    """
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    given = {name: value for name, value in fields.items() if name in known}
    try:
        read = msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        told = str(error)
        place = _PLACE.search(told)
        missing = re.search(r"required field `([a-z_]+)`", told)
        name = missing.group(1) if missing else place.group(1) if place else ""
        raise FormFieldInvalid(errors=(FieldError(f"/{name}", "invalid", told),)) from error
    check_readable(read)
    return read


def form_key(fields: Mapping[str, str]) -> str:
    """Return the key under which what a form asks for is done once.

    :raises IdempotencyKeyMalformed: if the form did not come from a page of ours.
    """
    key = fields.get("once", "")
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyMalformed
    return key


def shown_again(request: AnyRequest, fields: Mapping[str, str], error: DomainError) -> Shown:
    """Return the form as it was filled in, with why it was refused."""
    places = {each.pointer.rpartition("/")[2] for each in error.errors}
    wrong = next(iter(places)) if len(places) == 1 else field_of(error)
    return Shown(fields, said(request, error), status_of(error), wrong)


def without(fields: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """Return the fields of a form without some of them."""
    return {name: value for name, value in fields.items() if name not in names}


async def submit(
    request: AnyRequest,
    fields: Mapping[str, str],
    act: Callable[[Command], Awaitable[str]],
) -> Response[bytes]:
    """Run the command of a form once, and send the reader on to the page that it names.

    :raises IdempotencyKeyMalformed: if the form did not come from a page of ours.
    :raises DomainError: whatever the command refuses.
    """

    async def lead(c: Command) -> Done[None]:
        return Done(await act(c), None)

    return go((await run_once(request, fields, lead)).place)


async def run_step(
    request: AnyRequest,
    act: Step,
    *,
    place: str,
    again: Callable[[Shown], Awaitable[Response[bytes]]],
    unkept: Collection[str] = (),
) -> Response[bytes]:
    """Take a step of a page once and lead on to ``place``; what is refused is shown ``again``.

    What is kept of a form is a digest, from which a few digits would be guessed: fields named
    ``unkept`` are left out of it.

    :raises IdempotencyKeyMalformed: if the form did not come from a page of ours.
    """
    fields = await read_form(request)

    async def lead(c: Command) -> str:
        await act(c, fields)
        return place

    try:
        return await submit(request, without(fields, unkept), lead)
    except SHOWN_AGAIN as error:
        return await again(shown_again(request, fields, error))


async def run_once(
    request: AnyRequest,
    fields: Mapping[str, str],
    act: Callable[[Command], Awaitable[Done[T]]],
) -> Done[T]:
    """Run the command of a form; one that was run before leads on, and tells nothing again.

    :raises IdempotencyKeyMalformed: if the form did not come from a page of ours.
    :raises DomainError: whatever the command refuses.
    """
    wiring, who = context(request), actor(request)
    now = wiring.now()
    key = form_key(fields)
    route = f"{request.method} {request.url.path}"
    digest = hashlib.sha256(msgspec.json.encode(sorted(fields.items()))).digest()

    async def once(tx: Tx) -> Done[T]:
        stored = await idempotency.find_answer(tx)
        if stored is not None:
            tx.remember()  # the first time wrote the entry
            return Done(stored.headers["location"], None)
        done = await act(Command(tx, who, now, wiring))
        await idempotency.keep(
            tx,
            principal=who.principal,
            key=key,
            status=303,
            headers={"location": done.place},
            body=b"",
        )
        return done

    claiming = idempotency.claiming(
        principal=who.principal, key=key, route=route, request_sha256=digest, now=now
    )
    return await run(wiring.db, who, once, ahead=claiming)
