"""Confirm that an address belongs to the party (联系方式核验): a code goes there and comes back.

Nobody gets other people's mail: an address counts only when its code was entered. The numbers
here are ours ([P]); they keep a code from being guessed and a stranger from being flooded.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid, Missing, Refused
from catalog.kernel.ids import AccountId
from catalog.notifications.model import Channel, Contact

CODE_DIGITS: Final = 8
CODE_LIFE: Final = dt.timedelta(minutes=30)
WRONG_CODES_MAX: Final = 5
CODES_PER_DAY: Final = 5
_ONE_DAY: Final = dt.timedelta(days=1)

_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{1,253}$)"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}"
)
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}|1[3-9][0-9]{9}")


class ContactMalformed(Invalid):
    """It is no e-mail address, or no telephone number."""

    code = "contact_malformed"


class ContactCodeNotAsked(Missing):
    """No address of this channel waits for a code."""

    code = "contact_code_not_asked"


class ContactCodeWrong(Refused):
    """The code is not the one that was sent, or it has expired."""

    code = "contact_code_wrong"


class ContactCodeUsedUp(Refused):
    """Too many wrong codes: a new one must be asked for."""

    code = "contact_code_used_up"


class ContactCodesTooMany(Refused):
    """Too many codes were asked for within a day."""

    code = "contact_codes_too_many"


def check_address(channel: Channel, address: str) -> str:
    """Return ``address`` if the channel could reach it.

    :raises ContactMalformed: if not.
    """
    shape = _EMAIL if channel is Channel.EMAIL else _PHONE
    if not shape.fullmatch(address):
        raise ContactMalformed(channel=channel.value)
    return address


def masked(address: str) -> str:
    """Return an address of which one sees only the ends, for those who look after deliveries."""
    name, at, place = address.partition("@")
    if at:
        return f"{name[:1]}***@{place}"
    return f"{name[:3]}****{name[-2:]}"


def hashed(contact: Contact, address: str, code: str) -> str:
    """Return under what a code is kept: bound to party, channel and address."""
    text = f"{contact.party_id}|{contact.channel.value}|{address}|{code}"
    return hashlib.sha256(text.encode()).hexdigest()


def ask(contact: Contact, address: str, code: str, *, now: dt.datetime) -> Contact:
    """Return ``contact`` with an address that waits for ``code``.

    :raises ContactCodesTooMany: if too many were asked for within a day.
    """
    since = contact.codes_since
    is_new_day = since is None or now >= since + _ONE_DAY
    sent = 0 if is_new_day else contact.codes_sent
    if sent >= CODES_PER_DAY:
        raise ContactCodesTooMany(channel=contact.channel.value, maximum=CODES_PER_DAY)
    return msgspec.structs.replace(
        contact,
        version=contact.version + 1,
        pending_address=address,
        code_sha256=hashed(contact, address, code),
        code_expires_at=now + CODE_LIFE,
        wrong_codes=0,
        codes_sent=sent + 1,
        codes_since=now if is_new_day else since,
    )


def forget(contact: Contact) -> Contact:
    """Return ``contact`` without any address: messages stay in the inbox from now on."""
    return msgspec.structs.replace(
        contact,
        version=contact.version + 1,
        address=None,
        confirmed_at=None,
        confirmed_by=None,
        pending_address=None,
        code_sha256=None,
        code_expires_at=None,
    )


def check_pending(contact: Contact) -> None:
    """Return if an address waits for its code and may still be tried.

    :raises ContactCodeNotAsked: if none waits.
    :raises ContactCodeUsedUp: if too many wrong codes were entered.
    """
    if contact.pending_address is None:
        raise ContactCodeNotAsked(channel=contact.channel.value)
    if contact.wrong_codes >= WRONG_CODES_MAX:
        raise ContactCodeUsedUp(channel=contact.channel.value, maximum=WRONG_CODES_MAX)


def is_right(contact: Contact, code: str, *, now: dt.datetime) -> bool:
    """Tell whether ``code`` is the one that was sent to the waiting address and still good."""
    assert contact.pending_address is not None, "an address waits for its code"
    assert contact.code_sha256 is not None, "an address waits with its code"
    assert contact.code_expires_at is not None, "a code expires"
    given = hashed(contact, contact.pending_address, code)
    return hmac.compare_digest(given, contact.code_sha256) and now < contact.code_expires_at


def confirm(contact: Contact, *, by: AccountId | None, now: dt.datetime) -> Contact:
    """Return ``contact`` with the waiting address confirmed."""
    return msgspec.structs.replace(
        contact,
        version=contact.version + 1,
        address=contact.pending_address,
        confirmed_at=now,
        confirmed_by=by,
        pending_address=None,
        code_sha256=None,
        code_expires_at=None,
    )


def miss(contact: Contact) -> Contact:
    """Return ``contact`` after one more wrong code."""
    return msgspec.structs.replace(
        contact, version=contact.version + 1, wrong_codes=contact.wrong_codes + 1
    )
