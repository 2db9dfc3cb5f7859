"""Read and make the key with which id numbers are hashed: a file, readable by its owner only."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from catalog.kernel import disk
from catalog.kernel.errors import Invalid

_NAME: Final = "identity_numbers.key"


class IdentityKeyUnusable(Invalid):
    """The key file is not 64 hex digits. Another one would find nobody again, so none is made."""

    code = "identity_key_unusable"


def identity_key(directory: Path) -> bytes:
    """Return the key for hashing id numbers; make it when there is none yet.

    :raises IdentityKeyUnusable: if the file is malformed.
    """
    key = disk.own_secret(directory / _NAME)
    if key is None:
        raise IdentityKeyUnusable(file=_NAME)
    return key
