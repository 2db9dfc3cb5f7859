"""Let a party register the key by which it signs contracts: paste it, prove to have it (登记签名公钥).

Nobody signs in a browser: the statement is taken away, signed where the key is, and the signature pasted.
"""

from __future__ import annotations

import base64
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery
from msgspec import Meta

from catalog.audit_log import operations as audit_log
from catalog.kernel.errors import FieldError
from catalog.signing import keyring, possession
from catalog.signing import queries as keys
from catalog.signing.algorithms import Algorithm
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose
from market.http.command import Command, read
from market.http.context import AnyRequest, actor
from market.portal.forms import (
    MAX_FORM_BYTES,
    FormFieldInvalid,
    Shown,
    filled_in,
    run_step,
    shown_again,
)
from market.portal.render import NOT_KEPT, page
from market.portal.typed_keys import public_key_of

_PATH: Final = "/my/keys"
_STATEMENT: Final = "possession.bin"


class _Proven(msgspec.Struct, frozen=True):
    """The signature over the statement, as it is pasted."""

    possession: Annotated[bytes, Meta(min_length=8, max_length=2420)]  # base64 in the form


class Held(msgspec.Struct, frozen=True):
    """A key of one's party, and whether it signs today."""

    key: PublicKey
    is_valid: bool


@get(_PATH, include_in_schema=False)
async def list_keys(
    request: AnyRequest, *, public_key: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the keys of one's party, and the two steps by which another is registered."""
    text = public_key or ""
    form = Shown({"public_key": text})
    if text:
        try:
            _read(text)
        except FormFieldInvalid as error:
            form = shown_again(request, form.fields, error)
    return await _shown(request, form, text)


@get(_PATH + "/statement", include_in_schema=False)
async def get_statement(request: AnyRequest, *, public_key: FromQuery[str]) -> Response[bytes]:
    """Return the exact bytes that prove the possession of a key when they are signed by it (持有证明)."""
    algorithm, raw = _read(public_key)
    document = possession.statement(actor(request).party, Purpose.CONTRACT, raw, algorithm)
    return Response(
        document,
        media_type="application/octet-stream",
        headers={
            "content-disposition": f'attachment; filename="{_STATEMENT}"',
            "cache-control": NOT_KEPT,
        },
    )


@post(_PATH, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def register_key(request: AnyRequest) -> Response[bytes]:
    """Register a key, after it proved that its private half is there."""
    typed = ""

    async def act(c: Command, fields: dict[str, str]) -> None:
        nonlocal typed
        typed = fields.get("public_key", "")
        algorithm, raw = _read(typed)
        pasted = "".join(fields.get("possession", "").split())
        proven = filled_in(_Proven, {"possession": pasted} if pasted else {})
        await audit_log.register_party_key(
            c.tx,
            actor=c.actor,
            now=c.now,
            purpose=Purpose.CONTRACT,
            public_key=raw,
            possession=proven.possession,
            algorithm=algorithm,
        )

    async def again(form: Shown) -> Response[bytes]:
        return await _shown(request, form, typed)

    return await run_step(request, act, place=_PATH, again=again)


def _read(text: str) -> tuple[Algorithm, bytes]:
    found = public_key_of(text)
    if found is None:
        raise FormFieldInvalid(errors=(FieldError("/public_key", "invalid", "no public key"),))
    return found


async def _shown(request: AnyRequest, form: Shown, text: str) -> Response[bytes]:
    async def look(c: Command) -> list[Held]:
        held = await keys.list_keys_of(c.tx, c.actor.party, Purpose.CONTRACT)
        return [Held(each, keyring.is_valid_at(each, c.now)) for each in held]

    found = public_key_of(text) if text else None
    return page(
        request,
        "keys.html",
        status=form.status,
        cache=NOT_KEPT,
        held=await read(request, look),
        form=form,
        algorithm=None if found is None else found[0],
        typed="" if found is None else base64.b64encode(found[1]).decode(),
        file_name=_STATEMENT,
    )
