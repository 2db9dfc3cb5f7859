"""Read and make the private key files: one per purpose, readable by their owner only.

Called by the wiring (``market/app.py``) and the command line, by nothing else.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import secrets
import stat
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from catalog.kernel.errors import Invalid
from catalog.signing import key_files
from catalog.signing.algorithms import SECRET_LENGTH, Algorithm
from catalog.signing.private_keys import PrivateKey, from_secret
from catalog.signing.purposes import OF_THE_SERVICE, Purpose, key_name, own_algorithm
from catalog.signing.signer import Signer


class KeyFileUnusable(Invalid):
    """A key file is missing, has a wrong length, or can be read by others."""

    code = "key_file_unusable"


def path_of(directory: Path, purpose: Purpose, algorithm: Algorithm | None = None) -> Path:
    """Return where the key for ``purpose`` lies; another algorithm than Ed25519 stands in the name."""
    return directory / f"{key_name(purpose, algorithm or own_algorithm(purpose))}.key"


def read_signer(
    directory: Path,
    purpose: Purpose,
    algorithm: Algorithm | None = None,
    *,
    passphrase: bytes | None = None,
    elsewhere: PrivateKey | None = None,
) -> Signer:
    """Return the signer for ``purpose`` from its file, bare or encrypted, or of a key elsewhere.

    :raises KeyFileUnusable: if the file is missing, malformed, or open to others.
    """
    if elsewhere is not None:
        return Signer(purpose, elsewhere)
    by = algorithm or own_algorithm(purpose)
    return _read(path_of(directory, purpose, by), purpose, by, passphrase)


def _read(path: Path, purpose: Purpose, algorithm: Algorithm, passphrase: bytes | None) -> Signer:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        raw = path.read_bytes()
    except OSError as error:
        raise KeyFileUnusable(path=str(path), reason=str(error)) from error
    if mode & 0o077:
        raise KeyFileUnusable(path=str(path), reason=f"mode {mode:04o} lets others read it")
    try:
        return Signer(purpose, key_files.decode(algorithm, raw, passphrase), algorithm)
    except ValueError as error:
        raise KeyFileUnusable(path=str(path), reason=str(error)) from error


def read_signers(
    directory: Path,
    *,
    passphrase: bytes | None = None,
    elsewhere: Mapping[Purpose, PrivateKey] = MappingProxyType({}),
) -> dict[Purpose, Signer]:
    """Return the signers of all the service's purposes; what lies ``elsewhere`` has no file.

    :raises KeyFileUnusable: if one of the files is missing, malformed, or open to others.
    """
    return {
        purpose: read_signer(
            directory, purpose, passphrase=passphrase, elsewhere=elsewhere.get(purpose)
        )
        for purpose in sorted(OF_THE_SERVICE)
    }


def create_missing(
    directory: Path,
    of_the_log: Iterable[Algorithm] = (),
    *,
    of_certificates: Iterable[Algorithm] = (),
    passphrase: bytes | None = None,
    elsewhere: Collection[Purpose] = (),
) -> list[str]:
    """Make a new key for every purpose of the service that has none yet; return what was made.

    ``of_the_log`` are the algorithms by which checkpoints are signed beside Ed25519,
    ``of_certificates`` those of certificates. For what lies ``elsewhere`` no file is made. What
    signed by another algorithm before is kept as one that was replaced.

    :raises KeyFileUnusable: if the passphrase is too short, or the key before can not be read.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = [
        (purpose, own_algorithm(purpose))
        for purpose in sorted(OF_THE_SERVICE.difference(elsewhere))
    ]
    wanted += [(Purpose.CHECKPOINT, algorithm) for algorithm in of_the_log]
    wanted += [(Purpose.CERTIFICATE, algorithm) for algorithm in of_certificates]
    made = [
        path_of(directory, *each).stem
        for each in wanted
        if create(directory, *each, passphrase=passphrase)
    ]
    _retire_predecessors(directory, passphrase)
    return made


def _retire_predecessors(directory: Path, passphrase: bytes | None) -> None:
    """Let no key lie as one that signs whose purpose is signed by another algorithm now."""
    for purpose in sorted(OF_THE_SERVICE):
        path = path_of(directory, purpose, Algorithm.ED25519)
        if own_algorithm(purpose) is not Algorithm.ED25519 and path.exists():
            old = _read(path, purpose, Algorithm.ED25519, passphrase)
            path.replace(path.with_name(f"{path.stem}.{old.key_id}.retired"))
            _sync(directory)


def create(
    directory: Path,
    purpose: Purpose,
    algorithm: Algorithm | None = None,
    *,
    passphrase: bytes | None = None,
) -> bool:
    """Make a key file for ``purpose`` unless there is one; tell whether it was made.

    It is written beside its place and linked in, so that two who start at once agree on one key
    and nobody ever reads half a file.

    :raises KeyFileUnusable: if the passphrase is too short.
    """
    by = algorithm or own_algorithm(purpose)
    path = path_of(directory, purpose, by)
    if path.exists():
        return False
    draft = _draft(path, by, _new_secret(by), passphrase)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def encrypt(directory: Path, *, passphrase: bytes) -> list[str]:
    """Put every bare key file into its encrypted form; return which were.

    What it takes the place of is removed, and not wiped: whoever can read the raw disk, or an older
    copy of it, may still find the bare one.

    :raises KeyFileUnusable: if a file can not be used, or the passphrase is too short.
    """
    done = []
    # Other programs keep files there too: only those that are ours are touched.
    for purpose, algorithm in itertools.product(sorted(OF_THE_SERVICE), Algorithm):
        path = path_of(directory, purpose, algorithm)
        if not path.exists() or key_files.is_encrypted(path.read_bytes()):
            continue
        old = read_signer(directory, purpose, algorithm)
        secret = key_files.decode(algorithm, path.read_bytes(), None)
        _draft(path, algorithm, secret, passphrase).replace(path)
        new = read_signer(directory, purpose, algorithm, passphrase=passphrase)
        assert new.key_id == old.key_id, "the same secret makes the same key"
        done.append(path.stem)
    return done


def prepare(
    directory: Path,
    purpose: Purpose,
    algorithm: Algorithm | None = None,
    *,
    passphrase: bytes | None = None,
    may_be_lost: bool = False,
) -> Signer:
    """Make the key that comes after the one for ``purpose``, beside it; who began before goes on.

    :raises KeyFileUnusable: if the one there is can not be used, or the passphrase is too short.
    """
    by = algorithm or own_algorithm(purpose)
    if not may_be_lost:
        read_signer(directory, purpose, by, passphrase=passphrase)
    path = _next_to(path_of(directory, purpose, by))
    if not path.exists():
        put(path, purpose, by, _new_secret(by), passphrase=passphrase)
    return _read(path, purpose, by, passphrase)


def put(
    path: Path, purpose: Purpose, algorithm: Algorithm, secret: bytes, *, passphrase: bytes | None
) -> None:
    """Write a key to a file of its own, unless there is one.

    :raises KeyFileUnusable: if there is one, or the passphrase is too short.
    """
    draft = _draft(path, algorithm, secret, passphrase)
    try:
        os.link(draft, path)
    except FileExistsError as error:
        reason = f"there is a key of {purpose.value} already"
        raise KeyFileUnusable(path=str(path), reason=reason) from error
    finally:
        draft.unlink(missing_ok=True)


def promote(
    directory: Path,
    purpose: Purpose,
    algorithm: Algorithm | None = None,
    *,
    passphrase: bytes | None = None,
) -> Signer:
    """Let the key that was prepared sign from now on; the old file is kept, under its id.

    At no moment there is no key: whoever starts meanwhile reads one of the two.

    :raises KeyFileUnusable: if there is none, or it can not be used.
    """
    path = path_of(directory, purpose, algorithm)
    if path.exists():  # it may have been lost
        old = read_signer(directory, purpose, algorithm, passphrase=passphrase)
        with contextlib.suppress(FileExistsError):
            os.link(path, path.with_name(f"{path.stem}.{old.key_id}.retired"))
    _next_to(path).replace(path)
    _sync(directory)
    return read_signer(directory, purpose, algorithm, passphrase=passphrase)


def replace(
    directory: Path,
    purpose: Purpose,
    algorithm: Algorithm | None = None,
    *,
    passphrase: bytes | None = None,
) -> Signer:
    """Put a new key in the place of the one for ``purpose``; the old file is kept, under its id.

    :raises KeyFileUnusable: if there is none, or it can not be used.
    """
    prepare(directory, purpose, algorithm, passphrase=passphrase)
    return promote(directory, purpose, algorithm, passphrase=passphrase)


def read_outgoing(
    directory: Path, purpose: Purpose, *, passphrase: bytes | None = None
) -> tuple[Signer, ...]:
    """Return the keys of Ed25519 that were replaced for ``purpose`` and lie there still, newest first.

    :raises KeyFileUnusable: if one can not be used.
    """
    found = [
        path
        for path in directory.glob(f"{purpose.value}.*.retired")
        if re.fullmatch(rf"{purpose.value}\.[0-9a-f]{{16}}\.retired", path.name)
    ]
    found.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return tuple(_read(path, purpose, Algorithm.ED25519, passphrase) for path in found)


def find_retired(directory: Path, key_id: str) -> Path | None:
    """Return the file of a key that was replaced, None if none lies there."""
    return next(iter(directory.glob(f"*.{key_id}.retired")), None)


def was_destroyed(directory: Path, key_id: str) -> bool:
    """Tell whether the file of a key was destroyed here."""
    return any(directory.glob(f"*.{key_id}.destroyed"))


def destroy(path: Path) -> None:
    """Overwrite a key file and remove it, on disk before this returns (销毁).

    An empty file with its name stays and says that it was there: whoever is stopped before it is
    remembered can go on. A file system or a disk that writes elsewhere, and every backup, may still
    hold what was in it.
    """
    with path.open("r+b") as file:
        length = file.seek(0, os.SEEK_END)
        file.seek(0)
        file.write(secrets.token_bytes(length))
        file.flush()
        os.fsync(file.fileno())
        file.truncate(0)
        os.fsync(file.fileno())
    path.replace(path.with_suffix(".destroyed"))
    _sync(path.parent)


def _next_to(path: Path) -> Path:
    return path.with_name(f"{path.stem}.next")


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _draft(path: Path, algorithm: Algorithm, secret: bytes, passphrase: bytes | None) -> Path:
    """Write a key to a file of its own beside ``path``, on disk before this returns."""
    try:
        content = key_files.encode(algorithm, secret, passphrase)
    except ValueError as error:
        raise KeyFileUnusable(path=str(path), reason=str(error)) from error
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _new_secret(algorithm: Algorithm) -> bytes:
    while True:
        secret = secrets.token_bytes(SECRET_LENGTH)
        # One of 2³² numbers is none of a curve.
        with contextlib.suppress(ValueError):
            from_secret(algorithm, secret)
            return secret
