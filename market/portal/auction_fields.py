"""Read what the forms of an auction have alone: amounts in yuan, instants of Beijing, halves of keys (竞价表单)."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Final

import msgspec

from catalog.kernel.errors import FieldError
from catalog.kernel.local_time import SHANGHAI
from market.auctions import sealing
from market.portal.forms import FormFieldInvalid
from market.portal.show import fen_of

#: What of a form of an auction is secret until its bids are opened.
SECRET: Final = frozenset({"amount", "reserve", "reserve_salt", "private_key"})


def read_fen(fields: Mapping[str, str], name: str) -> int:
    """Return the fen of an amount that was typed in yuan.

    :raises FormFieldInvalid: if it is none, or nothing.
    """
    found = fen_of(fields.get(name, ""))
    if found is None or found == 0:
        raise wrong(name, "an amount in yuan")
    return found


def read_instant(fields: Mapping[str, str], name: str) -> dt.datetime:
    """Return what a field for day and time says, as a clock in Beijing shows it.

    :raises FormFieldInvalid: if it says none.
    """
    try:
        return dt.datetime.fromisoformat(fields.get(name, "")).replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise wrong(name, "a day and a time") from error


def wrong(name: str, what: str) -> FormFieldInvalid:
    """Return the refusal of a field that ought to hold ``what``."""
    return FormFieldInvalid(errors=(FieldError(f"/{name}", "invalid", what),))


def read_key(fields: Mapping[str, str]) -> tuple[bytes, bytes | None]:
    """Return the half of a key that is announced, and the other one if both were made here.

    :raises FormFieldInvalid: if what was typed is no key.
    """
    if "public_key" in fields:
        try:
            return msgspec.convert(fields["public_key"], bytes), None
        except msgspec.ValidationError as error:
            raise wrong("public_key", str(error)) from error
    private_key = secrets.token_bytes(32)
    return sealing.public_half(private_key), private_key
