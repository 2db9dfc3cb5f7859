"""Follow a log to the keys that it announces: what it publishes about them, against its own entries (跟随密钥)."""

from __future__ import annotations

import contextlib

import msgspec

from catalog.audit_log import key_notices, tiles
from catalog.audit_log.export_format import Keys, NoticeRow
from catalog.audit_log.merkle import TILE_WIDTH, Hash
from catalog.kernel.errors import DomainError
from catalog.monitoring.alerts import Kind, Wrong
from catalog.witnessing import log_keys
from catalog.witnessing.log_keys import LogKeys, NoticeFault
from market.monitor.files import LogFiles


def told_at(files: LogFiles, url: str) -> Keys:
    """Return the public keys and notices that a log tells.

    :raises Wrong: if they can not be had or read.
    """
    raw = files.fetch(url)
    try:
        return msgspec.json.decode(raw or b"", type=Keys)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Wrong(Kind.FILE_MISSING, "keys", f"they can not be read: {error}") from error


def follow(
    files: LogFiles, known: LogKeys, told: Keys, size: int, root: Hash
) -> tuple[LogKeys, tuple[NoticeFault, ...]]:
    """Return the keys after the notices that lie under the tree that was accepted, and which do not count.

    :raises Wrong: if the log can not be asked, or its files do not fit that tree.
    """

    def is_bound(row: NoticeRow) -> bool:
        assert row.index is not None, "it has its place"
        number, place = divmod(row.index, TILE_WIDTH)
        try:
            leaves = list(tiles.unpack(files.bundle(size, number)))
            return place < len(leaves) and log_keys.is_bound(
                row, leaves[place], size, root, files.tiles
            )
        except ValueError as error:
            raise Wrong(Kind.LEAF_DIFFERS, f"bundle {number}", str(error)) from error

    return log_keys.followed(known, told.notices, size, is_bound)


def waiting(told: Keys, size: int) -> set[str]:
    """Return the keys of which notices say that entries bring them which were not accepted yet."""
    found = set()
    for row in told.notices:
        with contextlib.suppress(DomainError):  # told when its entry is there
            notice = key_notices.read(row.note)
            if row.index is not None and row.index >= size:
                found.add(str(notice.key))
    return found
