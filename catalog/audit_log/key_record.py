"""Write a public key as the record that its entry in the log binds (密钥记录), and read it again."""

from __future__ import annotations

import base64
import datetime as dt

import msgspec

from catalog.audit_log.export_format import KeyRow
from catalog.audit_log.leaf import instant
from catalog.signing.canonical import canonical
from catalog.signing.model import PublicKey


def key_record(key: PublicKey) -> bytes:
    """Return ``key`` as canonical JSON; its digest is entered whenever the key changes.

    Everything in it is public. Which account registered it stands in the entry's payload.
    """
    record: dict[str, object] = {
        "algorithm": key.algorithm.value,
        "holder_party_id": key.holder_party_id,
        "key_id": key.key_id,
        "public_key": base64.b64encode(key.public_key).decode(),
        "purpose": key.purpose.value,
        "revoked_at": _instant(key.revoked_at),
        "valid_from": instant(key.valid_from),
        "valid_to": _instant(key.valid_to),
    }
    if key.distrusted_from is not None:  # the record was there before the word
        record["distrusted_from"] = key.distrusted_from
    if key.certificate is not None:
        record["certificate"] = base64.b64encode(key.certificate).decode()
    return canonical(record)


def of_row(row: KeyRow) -> PublicKey | None:
    """Return the key that is shown, None if it is malformed."""
    try:
        return msgspec.convert(msgspec.to_builtins(row), PublicKey)
    except msgspec.ValidationError:
        return None


def _instant(at: dt.datetime | None) -> str | None:
    return None if at is None else instant(at)
