"""Write the public keys as an export and the service show them: the log's own, and every other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.export_format import KeyRow, Keys
from catalog.audit_log.leaf import instant
from catalog.signing.algorithms import Algorithm
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose


def published(origin: str, keys: Sequence[PublicKey]) -> Keys:
    """Return what anybody may check the service's signatures with; ``origin`` is the log's name."""
    own = [
        key
        for key in keys
        if key.purpose is Purpose.CHECKPOINT and key.algorithm is Algorithm.ED25519
    ]
    log = str(VerifierKey(origin, own[-1].public_key)) if own else None
    return Keys(log, [row(key) for key in keys])


def row(key: PublicKey) -> KeyRow:
    """Return a key as it is shown."""
    return KeyRow(
        key_id=key.key_id,
        purpose=key.purpose.value,
        algorithm=key.algorithm.value,
        public_key=key.public_key,
        valid_from=instant(key.valid_from),
        valid_to=_instant(key.valid_to),
        revoked_at=_instant(key.revoked_at),
        holder_party_id=None if key.holder_party_id is None else str(key.holder_party_id),
    )


def _instant(at: dt.datetime | None) -> str | None:
    return None if at is None else instant(at)
