"""Read a signature that was made where the key is, and pasted into a form (粘贴的签名).

A browser here holds no key: whoever signs takes the exact bytes away, signs them, and brings the
signature back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from litestar import Response
from msgspec import Meta

from catalog.kernel.ids import PartyId
from catalog.signing import keyring
from catalog.signing import queries as keys
from catalog.signing.algorithms import Algorithm
from catalog.signing.canonical import framed
from catalog.signing.model import KeyId, PublicKey, Signature
from catalog.signing.purposes import Purpose
from market.http.command import Command
from market.portal.forms import filled_in
from market.portal.render import NOT_KEPT


class _Signed(msgspec.Struct, frozen=True):
    """One's signature over a contract, as it is pasted."""

    key_id: Annotated[str, Meta(min_length=1, max_length=64)]
    signature: Annotated[bytes, Meta(min_length=8, max_length=2420)]  # base64 in the form


async def read_signature(c: Command, fields: Mapping[str, str]) -> Signature:
    """Return the signature of a form, by the algorithm of the key that it names.

    :raises FormFieldInvalid: if it is no signature, or names no key.
    """
    # Base64 is pasted with the line breaks of whatever wrote it.
    signed = filled_in(_Signed, {name: "".join(words.split()) for name, words in fields.items()})
    held = await keys.list_keys_of(c.tx, c.actor.party, Purpose.CONTRACT)
    algorithms = {key.key_id: key.algorithm for key in held}
    key_id = KeyId(signed.key_id)
    return Signature(
        key_id=key_id,
        value=signed.signature,
        algorithm=algorithms.get(key_id, Algorithm.ED25519),
    )


async def usable_keys(c: Command, party: PartyId) -> list[PublicKey]:
    """Return the keys with which a party signs contracts today."""
    held = await keys.list_keys_of(c.tx, party, Purpose.CONTRACT)
    return [key for key in held if keyring.is_valid_at(key, c.now)]


def signing_input(document: bytes, file_name: str) -> Response[bytes]:
    """Return the exact bytes that are signed over a contract, as a file (待签内容)."""
    return Response(
        framed(Purpose.CONTRACT, document),
        media_type="application/octet-stream",
        headers={
            "content-disposition": f'attachment; filename="{file_name}"',
            "cache-control": NOT_KEPT,
        },
    )
