"""Read and make a secret that the service has for itself: a file, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

_LENGTH: Final = 32


def own_secret(path: Path) -> bytes | None:
    """Return the secret that a file holds, and make one when there is none yet.

    It is written beside its place and linked in, so that two who start at once agree on one.
    None: the file is not 64 hex digits; it is left as it is.
    """
    if not path.exists():
        _create(path)
    try:
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        return None
    return secret if len(secret) == _LENGTH else None


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
            return  # somebody else was first; his counts
    finally:
        draft.unlink(missing_ok=True)
