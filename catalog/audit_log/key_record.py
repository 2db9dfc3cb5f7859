"""Write a public key as the record that its entry in the log binds (密钥记录)."""

from __future__ import annotations

import base64
import datetime as dt

from catalog.audit_log.leaf import instant
from catalog.signing.canonical import canonical
from catalog.signing.model import PublicKey


def key_record(key: PublicKey) -> bytes:
    """Return ``key`` as canonical JSON; its digest is entered whenever the key changes.

    Everything in it is public. Which account registered it stands in the entry's payload.
    """
    return canonical(
        {
            "algorithm": key.algorithm.value,
            "holder_party_id": key.holder_party_id,
            "key_id": key.key_id,
            "public_key": base64.b64encode(key.public_key).decode(),
            "purpose": key.purpose.value,
            "revoked_at": _instant(key.revoked_at),
            "valid_from": instant(key.valid_from),
            "valid_to": _instant(key.valid_to),
        }
    )


def _instant(at: dt.datetime | None) -> str | None:
    return None if at is None else instant(at)
