"""Write and read what a ceremony leaves behind: transcript, shares, key files; destroy those that ended."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from catalog.audit_log.verdict import Unreadable
from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.key_custody import making, sealing, shares, transcript
from catalog.key_custody.transcript import SignedTranscript, Transcript
from catalog.signing import disk as key_files
from catalog.signing.model import key_id_of
from catalog.signing.signer import Signer

TRANSCRIPT: Final = "transcript.json"
READABLE: Final = "transcript.txt"
TO_BE_SIGNED: Final = "transcript.tbs"  # what `openssl pkeyutl -sign -rawin` signs
_SEALED: Final = "shushi/sealed-share/1"
_WORDS_ON_A_LINE: Final = 4


class CeremonyDirectoryUsed(Conflict):
    """A ceremony writes into an empty directory."""

    code = "ceremony_directory_used"


class CustodianKeyUnusable(Invalid):
    """The file holds no key of the kind that is needed: Ed25519 to sign, X25519 to seal, in PEM."""

    code = "ceremony_custodian_key_unusable"


class KeyNotOfTheTranscript(Invalid):
    """What the shares make is not what the transcript says was made."""

    code = "ceremony_key_not_of_the_transcript"


class PrivateKeyNotHere(Refused):
    """The private half lies neither in a file of this machine nor in its security module."""

    code = "private_key_not_here"


class PassphraseNeeded(Invalid):
    """A key that comes out of a ceremony is written encrypted, and nothing else."""

    code = "ceremony_passphrase_needed"


class Sheet(msgspec.Struct, frozen=True):
    """One share as its custodian gets it."""

    number: int
    name: str
    words: str
    sealed_to: X25519PublicKey | None = None


class _SealedShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: str
    ceremony_id: str
    number: int
    name: str
    sealed: bytes


def software_digest(packages: Iterable[Path]) -> str:
    """Return the SHA-256 over every file of a program: its path and its own digest, a line each."""
    whole = hashlib.sha256()
    for package in sorted(packages):
        for path in sorted(package.rglob("*.py")):
            line = f"{package.name}/{path.relative_to(package).as_posix()} "
            whole.update(line.encode() + hashlib.sha256(path.read_bytes()).hexdigest().encode())
            whole.update(b"\n")
    return whole.hexdigest()


def empty(directory: Path) -> None:
    """Make the directory of a ceremony, for its owner only.

    :raises CeremonyDirectoryUsed: if something lies there.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise CeremonyDirectoryUsed(directory=str(directory))


def write(
    directory: Path, file: SignedTranscript, told: Transcript, sheets: Sequence[Sheet]
) -> None:
    """Write transcript and shares, each share as a sheet to be printed or sealed to its custodian."""
    for sheet in sheets:
        if sheet.sealed_to is None:
            name, content = f"share-{sheet.number}.txt", _printed(sheet, told).encode()
        else:
            name, content = f"share-{sheet.number}.sealed", _sealed(sheet, told)
        _put(directory / name, content)
    _put(directory / TO_BE_SIGNED, transcript.message(file.document))
    _put(directory / READABLE, transcript.readable(told).encode())
    write_transcript(directory / TRANSCRIPT, file)


def write_transcript(path: Path, file: SignedTranscript) -> None:
    """Write a transcript, with the signatures that it has now."""
    draft = path.with_name(f".{path.name}.new")
    _put(draft, msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n")
    draft.replace(path)


def _printed(sheet: Sheet, told: Transcript) -> str:
    words = sheet.words.split()
    lines = [
        f"密钥份额 · Key share {sheet.number} / {len(told.custodians)}",
        f"保管人 · custodian   {sheet.name}",
        f"仪式 · ceremony      {told.ceremony_id}",
        f"需要 · needed        {told.threshold} / {len(told.custodians)}",
        f"校验 · checksum      {shares.checksum_of(sheet.words)}",
        f"密钥 · keys          {', '.join(f'{key.name} {key.key_id}' for key in told.keys)}",
        "",
    ]
    for start in range(0, len(words), _WORDS_ON_A_LINE):
        part = words[start : start + _WORDS_ON_A_LINE]
        lines.append("  ".join(f"{start + n + 1:>2} {word:<9}" for n, word in enumerate(part)))
    return "\n".join(lines) + "\n"


def _sealed(sheet: Sheet, told: Transcript) -> bytes:
    assert sheet.sealed_to is not None, "it is sealed"
    sealed = sealing.seal(
        sheet.words, sheet.sealed_to, ceremony_id=told.ceremony_id, number=sheet.number
    )
    made = _SealedShare(_SEALED, told.ceremony_id, sheet.number, sheet.name, sealed)
    return msgspec.json.encode(made) + b"\n"


def open_share(path: Path, key: X25519PrivateKey) -> str:
    """Return the words of a sealed share.

    :raises Unreadable: if it is none.
    :raises ShareNotOpened: if the key is not the one to which it was sealed.
    """
    try:
        share = msgspec.json.decode(path.read_bytes(), type=_SealedShare)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path}: no sealed share: {error}") from error
    return sealing.opened(share.sealed, key, ceremony_id=share.ceremony_id, number=share.number)


def read_share(path: Path) -> str:
    """Return the words of a share: of a sheet as it was printed, or typed in bare.

    :raises Unreadable: if there is no such file.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path}: {error}") from error
    _, _, below = text.rpartition("\n\n") if text.startswith("密钥份额") else ("", "", text)
    return " ".join(word for word in below.split() if not word.isdigit())


def read_transcript(path: Path) -> tuple[SignedTranscript, Transcript]:
    """Return a transcript of a file.

    :raises Unreadable: if it is none.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from error
    return transcript.read(raw)


def signer_to_seal(path: Path) -> X25519PublicKey:
    """Return the key to which a custodian's share is sealed.

    :raises CustodianKeyUnusable: if the file holds none.
    """
    key = _pem(path)
    if not isinstance(key, X25519PublicKey):
        raise CustodianKeyUnusable(path=str(path))
    return key


def public_key_to_sign(path: Path) -> bytes:
    """Return the key with which a custodian signs the transcript.

    :raises CustodianKeyUnusable: if the file holds none.
    """
    key = _pem(path)
    if not isinstance(key, Ed25519PublicKey):
        raise CustodianKeyUnusable(path=str(path))
    return key.public_bytes_raw()


def _pem(path: Path) -> object:
    try:
        return load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CustodianKeyUnusable(path=str(path)) from error


def private_key(path: Path) -> Ed25519PrivateKey | X25519PrivateKey:
    """Return a custodian's own private key, from a PEM without a passphrase.

    :raises CustodianKeyUnusable: if the file holds none.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise CustodianKeyUnusable(path=str(path)) from error
    if not isinstance(key, Ed25519PrivateKey | X25519PrivateKey):
        raise CustodianKeyUnusable(path=str(path))
    return key


def recovered(told: Transcript, given: Sequence[str], name: str) -> tuple[bytes, Signer]:
    """Return the secret of a key that shares make again, and what signs with it.

    :raises ShareWrong: if a share was written down wrongly.
    :raises ShareOfAnotherCeremony: if one is not of this ceremony.
    :raises SharesTooFew: if there are too few.
    :raises KeyNotForACeremony: if a ceremony makes no key of that name.
    :raises KeyNotOfTheTranscript: if this one made none, or another one.
    """
    known = [each.share_sha256 for each in told.custodians]
    master = shares.combine(given, known=known).secret
    made = next((key for key in told.keys if key.name == name), None)
    wanted = making.wanted(name)
    if made is None:
        raise KeyNotOfTheTranscript(name=name)
    secret = making.secret_of(master, told.ceremony_id, wanted) if made.is_derived else master
    signer = making.signer_with(secret, wanted)
    if signer.key_id != made.key_id or key_id_of(made.public_key) != made.key_id:
        raise KeyNotOfTheTranscript(name=name)
    return secret, signer


def restore(
    told: Transcript, given: Sequence[str], name: str, directory: Path, passphrase: bytes | None
) -> Path:
    """Write the key that shares make again into an encrypted key file; return where.

    :raises PassphraseNeeded: if none is given.
    :raises KeyFileUnusable: if there is such a file, or the passphrase is too short.
    """
    if passphrase is None:
        raise PassphraseNeeded
    wanted = making.wanted(name)
    secret, _ = recovered(told, given, name)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = key_files.path_of(directory, wanted.purpose, wanted.algorithm)
    key_files.put(path, wanted.purpose, wanted.algorithm, secret, passphrase=passphrase)
    return path


def destroy(directory: Path, key_id: str) -> None:
    """Destroy the file of a key that was replaced; if that was done and not remembered, nothing more.

    :raises PrivateKeyNotHere: if none lies there, and none did.
    """
    path = key_files.find_retired(directory, key_id)
    if path is not None:
        key_files.destroy(path)
    elif not key_files.was_destroyed(directory, key_id):
        raise PrivateKeyNotHere(key_id=key_id)


def _put(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
