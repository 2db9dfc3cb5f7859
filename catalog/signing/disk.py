"""Read and make the private key files: one per purpose, readable by their owner only.

Called by the wiring (``market/app.py``) and the command line, by nothing else.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from catalog.kernel.errors import Invalid
from catalog.signing.purposes import OF_THE_SERVICE, Purpose
from catalog.signing.signer import Signer

_SEED_LENGTH = 32


class KeyFileUnusable(Invalid):
    """A key file is missing, has a wrong length, or can be read by others."""

    code = "key_file_unusable"


def path_of(directory: Path, purpose: Purpose) -> Path:
    """Return where the key for ``purpose`` lies."""
    return directory / f"{purpose.value}.key"


def read_signer(directory: Path, purpose: Purpose) -> Signer:
    """Return the signer for ``purpose`` from its file: 64 hex digits, the Ed25519 seed.

    :raises KeyFileUnusable: if the file is missing, malformed, or open to others.
    """
    path = path_of(directory, purpose)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text("ascii").strip()
        seed = bytes.fromhex(text)
    except (OSError, ValueError) as error:
        raise KeyFileUnusable(path=str(path), reason=str(error)) from error
    if mode & 0o077:
        raise KeyFileUnusable(path=str(path), reason=f"mode {mode:04o} lets others read it")
    if len(seed) != _SEED_LENGTH:
        raise KeyFileUnusable(path=str(path), reason=f"{len(seed)} bytes instead of 32")
    return Signer(purpose, seed)


def read_signers(directory: Path) -> dict[Purpose, Signer]:
    """Return the signers of all the service's purposes.

    :raises KeyFileUnusable: if one of the files is missing, malformed, or open to others.
    """
    return {purpose: read_signer(directory, purpose) for purpose in sorted(OF_THE_SERVICE)}


def create_missing(directory: Path) -> list[Purpose]:
    """Make a new key for every purpose of the service that has none yet; return those purposes."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [p for p in sorted(OF_THE_SERVICE) if create(directory, p)]


def create(directory: Path, purpose: Purpose) -> bool:
    """Make a key file for ``purpose`` unless there is one; tell whether it was made.

    It is written beside its place and linked in, so that two who start at once agree on one key
    and nobody ever reads half a file.
    """
    path = path_of(directory, purpose)
    if path.exists():
        return False
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_bytes(_SEED_LENGTH).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def replace(directory: Path, purpose: Purpose) -> Signer:
    """Put a new key in the place of the one for ``purpose``; the old file is kept, under its id.

    :raises KeyFileUnusable: if there is none, or it can not be used.
    """
    old = read_signer(directory, purpose)
    path = path_of(directory, purpose)
    path.rename(path.with_name(f"{purpose.value}.{old.key_id}.retired"))
    create(directory, purpose)
    return read_signer(directory, purpose)
