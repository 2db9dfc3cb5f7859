"""Write the public keys as an export and the service show them: the log's own, and every other."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Sequence

import msgspec

from catalog.audit_log import key_notices
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.export_format import KeyRow, Keys, NoticeRow
from catalog.audit_log.key_notices import Action
from catalog.audit_log.leaf import instant
from catalog.kernel.errors import DomainError
from catalog.signing.algorithms import Algorithm
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose


def published(origin: str, keys: Sequence[PublicKey], notices: Sequence[NoticeRow] = ()) -> Keys:
    """Return what anybody may check the service's signatures with; ``origin`` is the log's name.

    ``notices`` tell how the log's own key changed. The newest key that is trusted is the log's.
    """
    own = [
        key.public_key
        for key in keys
        if key.purpose is Purpose.CHECKPOINT
        and key.algorithm is Algorithm.ED25519
        and key.distrusted_from is None
    ]
    return Keys(log_key(origin, own, notices), [row(key) for key in keys], list(notices))


def log_key(origin: str, own: Sequence[bytes], notices: Sequence[NoticeRow]) -> str | None:
    """Return the newest of the log's keys that is announced in the log, None if there is none.

    One whose notice waits for its place signs nothing yet.
    """
    waiting = set()
    for each in notices:
        with contextlib.suppress(DomainError):  # told by who checks them
            notice = key_notices.read(each.note)
            if each.index is None and notice.action is Action.ANNOUNCE:
                waiting.add(notice.key.public_key)
    found = [public_key for public_key in own if public_key not in waiting]
    return str(VerifierKey(origin, found[-1])) if found else None


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
        distrusted_from=msgspec.UNSET if key.distrusted_from is None else key.distrusted_from,
        certificate=msgspec.UNSET if key.certificate is None else key.certificate,
    )


def _instant(at: dt.datetime | None) -> str | None:
    return None if at is None else instant(at)
