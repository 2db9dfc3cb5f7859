"""Say which key signs today and which still verify (密钥环).

A key's period bounds *signing*. What was signed inside it stays good for ever; what was signed
after its end, or after it was revoked, never was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from catalog.kernel.errors import Refused
from catalog.kernel.ids import PartyId
from catalog.signing.model import KeyId, PublicKey
from catalog.signing.purposes import Purpose


class KeyUnknown(Refused):
    """No key of that id is registered for that purpose and holder."""

    code = "key_unknown"


class KeyNotValid(Refused):
    """The key was not valid at the time of the signature."""

    code = "key_not_valid"


class NoSigningKey(Refused):
    """No key may sign for that purpose today."""

    code = "no_signing_key"


def is_valid_at(key: PublicKey, instant: dt.datetime) -> bool:
    """Tell whether ``key`` may sign at ``instant``: its end and its revocation are exclusive."""
    if instant < key.valid_from:
        return False
    if key.valid_to is not None and instant >= key.valid_to:
        return False
    return key.revoked_at is None or instant < key.revoked_at


def signing_key(
    keys: Iterable[PublicKey], purpose: Purpose, now: dt.datetime, holder: PartyId | None = None
) -> PublicKey:
    """Return the key that signs for ``purpose`` now: the one most recently made valid.

    :raises NoSigningKey: if there is none.
    """
    able = [
        key
        for key in keys
        if key.purpose is purpose and key.holder_party_id == holder and is_valid_at(key, now)
    ]
    if not able:
        raise NoSigningKey(purpose=purpose.value)
    return max(able, key=lambda key: (key.valid_from, key.key_id))


def verifying_key(
    keys: Iterable[PublicKey],
    key_id: KeyId,
    purpose: Purpose,
    signed_at: dt.datetime,
    holder: PartyId | None = None,
) -> PublicKey:
    """Return the key of that id, if a signature made at ``signed_at`` counts.

    :raises KeyUnknown: if no such key is registered for this purpose and holder.
    :raises KeyNotValid: if the key was not yet, no longer, or never again to be used then.
    """
    for key in keys:
        if key.key_id == key_id and key.purpose is purpose and key.holder_party_id == holder:
            if not is_valid_at(key, signed_at):
                raise KeyNotValid(key_id=key_id, signed_at=signed_at.isoformat())
            return key
    raise KeyUnknown(key_id=key_id, purpose=purpose.value)
