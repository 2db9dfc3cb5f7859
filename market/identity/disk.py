"""Read and make the key with which id numbers are hashed: a file, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from catalog.kernel.errors import Invalid

_NAME: Final = "identity_numbers.key"
_LENGTH: Final = 32


class IdentityKeyUnusable(Invalid):
    """The key file is not 64 hex digits. Another one would find nobody again, so none is made."""

    code = "identity_key_unusable"


def identity_key(directory: Path) -> bytes:
    """Return the key for hashing id numbers; make it when there is none yet.

    It is written beside its place and linked in, so that two who start at once agree on one key.

    :raises IdentityKeyUnusable: if the file is malformed.
    """
    path = directory / _NAME
    if not path.exists():
        _create(path)
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError as error:
        raise IdentityKeyUnusable(file=_NAME) from error
    if len(key) != _LENGTH:
        raise IdentityKeyUnusable(file=_NAME)
    return key


def _create(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_bytes(_LENGTH).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # somebody else was first; his key counts
    finally:
        draft.unlink(missing_ok=True)
