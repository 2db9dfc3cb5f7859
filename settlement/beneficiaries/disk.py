"""Read and make the key under which account numbers are kept: a file beside the signing keys."""

from __future__ import annotations

from pathlib import Path

from catalog.kernel import disk
from catalog.kernel.errors import Invalid
from catalog.kernel.sealed import Box


class AccountKeyUnusable(Invalid):
    """The key file is not 64 hex digits. Under another one nothing could be opened, so none is made."""

    code = "account_key_unusable"


def box(directory: Path) -> Box:
    """Return what seals account numbers; its key is made when there is none yet.

    :raises AccountKeyUnusable: if the file is malformed.
    """
    path = directory / "account_numbers.key"
    key = disk.own_secret(path)
    if key is None:
        raise AccountKeyUnusable(file=path.name)
    return Box(key)
