r"""Write and check the log's further signature lines on a checkpoint (其他算法的签名行).

The Ed25519 line is always there, and whoever knows only that ignores the rest, as C2SP says. Beside
it a log may sign with keys of its own for

* ML-DSA-44, signature type ``06``: the timestamped cosignature of C2SP tlog-cosignature, by the log
  itself. It covers origin, size and root, and no extension line;
* SM2, signature type ``ff`` with the long id ``shushi/sm2-sm3/v1\n``: over the note's text, as it is.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from catalog.audit_log import vkey as vkeys
from catalog.audit_log.checkpoint import (
    Checkpoint,
    Note,
    NoteMalformed,
    NoteSignature,
    VerifierKeyMalformed,
    parse_checkpoint,
    parse_note,
)
from catalog.audit_log.export_format import Keys
from catalog.audit_log.verdict import Findings
from catalog.signing.algorithms import PUBLIC_KEY_LENGTH, Algorithm, find_algorithm
from catalog.signing.purposes import Purpose
from catalog.signing.sm2 import Sm2Unavailable
from catalog.signing.verifier import verify_raw

#: What stands before the public key in a verifier key, and in what a key's id is made of.
TYPES: Final = {
    Algorithm.ML_DSA_44: b"\x06",
    Algorithm.SM2: b"\xffshushi/sm2-sm3/v1\n",
}

_LENGTHS: Final = {kind: PUBLIC_KEY_LENGTH[algorithm] for algorithm, kind in TYPES.items()}

_LABEL: Final = b"subtree/v1\n\0"
_TIME_LENGTH: Final = 8
_LONGEST_NAME: Final = 255  # its length stands in one byte
_LATEST: Final = 2**63 - 1


class FurtherKey(msgspec.Struct, frozen=True):
    """A further public key of a log, under its name."""

    name: str
    algorithm: Algorithm
    public_key: bytes
    is_current: bool = True  # it was neither ended nor revoked

    @property
    def note_id(self) -> bytes:
        """Return the four bytes that name the key."""
        return vkeys.note_id(self.name, TYPES[self.algorithm] + self.public_key)

    def __str__(self) -> str:
        return vkeys.written(self.name, TYPES[self.algorithm] + self.public_key)


def parse_further_vkey(text: str) -> FurtherKey:
    """Return the further key of a log that a vkey names.

    :raises VerifierKeyMalformed: if it is not well-formed, of another type, or its id not its own.
    """
    try:
        name, kind, key = vkeys.read(text.strip(), _LENGTHS, "a key of ML-DSA-44 or SM2")
    except ValueError as error:
        raise VerifierKeyMalformed(reason=str(error)) from error
    return FurtherKey(name, next(each for each, type_ in TYPES.items() if type_ == kind), key)


def message(key: FurtherKey, checkpoint: Checkpoint, text: str, at: int) -> bytes:
    """Return the bytes that ``key`` signs at a time (seconds since 1970, which SM2 does not sign)."""
    if key.algorithm is Algorithm.SM2:
        return text.encode()
    return cosigned_message(key.name, checkpoint, at)


def cosigned_message(cosigner: str, checkpoint: Checkpoint, at: int) -> bytes:
    """Return the ``cosigned_message`` of C2SP tlog-cosignature over a whole tree.

    :raises ValueError: if the name or the origin is longer than 255 bytes.
    """
    name, origin = cosigner.encode(), checkpoint.origin.encode()
    return b"".join(
        (
            _LABEL,
            bytes([len(name)]) + name,
            at.to_bytes(_TIME_LENGTH, "big"),
            bytes([len(origin)]) + origin,
            (0).to_bytes(8, "big"),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def line(key: FurtherKey, signature: bytes, at: int) -> str:
    """Return the note's line with a signature of ``key``."""
    time = b"" if key.algorithm is Algorithm.SM2 else at.to_bytes(_TIME_LENGTH, "big")
    value = base64.b64encode(key.note_id + time + signature).decode()
    return f"— {key.name} {value}\n"


def lines_of(note: Note, keys: Iterable[FurtherKey]) -> Iterator[tuple[FurtherKey, NoteSignature]]:
    """Yield the lines that name a key that is known, and that key."""
    known = {(key.name, key.note_id): key for key in keys}
    for signature in note.signatures:
        key = known.get((signature.name, signature.note_id))
        if key is not None:
            yield key, signature


def is_good(note: Note, checkpoint: Checkpoint, key: FurtherKey, signature: NoteSignature) -> bool:
    """Tell whether a line is the key's signature of this checkpoint.

    :raises Sm2Unavailable: if it is SM2, and this machine has no OpenSSL 3.
    """
    at, value = 0, signature.value
    if key.algorithm is Algorithm.ML_DSA_44:
        at, value = int.from_bytes(value[:_TIME_LENGTH], "big"), value[_TIME_LENGTH:]
        if at > _LATEST:
            return False
    said = message(key, checkpoint, note.text, at)
    return verify_raw(key.public_key, said, value, key.algorithm)


def further_keys(keys: Keys | None, origin: str) -> tuple[FurtherKey, ...]:
    """Return the log's further keys among the published ones."""
    rows = [] if keys is None or len(origin.encode()) > _LONGEST_NAME else keys.keys
    found = []
    for row in rows:
        algorithm = find_algorithm(row.algorithm)
        is_the_logs = row.purpose == Purpose.CHECKPOINT.value and row.holder_party_id is None
        if is_the_logs and algorithm in TYPES:
            is_current = row.valid_to is None and row.revoked_at is None
            found.append(FurtherKey(origin, algorithm, row.public_key, is_current))
    return tuple(found)


def check(found: Findings, raw: bytes, keys: tuple[FurtherKey, ...], name: object) -> None:
    """Check every further line whose key is known; say of each whether it is one, and count it.

    ``raw`` is a note that the log's first key signed. A line of SM2 that can not be checked on this
    machine is counted as such, and proves nothing.
    """
    if not keys:
        return
    try:
        note = parse_note(raw)
        checkpoint = parse_checkpoint(note.text)
    except NoteMalformed:  # told by who opened it
        return
    for key, signature in lines_of(note, keys):
        try:
            good = is_good(note, checkpoint, key, signature)
        except Sm2Unavailable:
            found.count("checkpoint lines of sm2 that this machine can not check")
            continue
        if good:
            found.count(f"checkpoint lines of {key.algorithm.value}")
        else:
            reason = f"its line of {key.algorithm.value} is not of the log's key"
            found.bad("checkpoint", name, reason)


def note_missing(found: Findings, raw: bytes, keys: tuple[FurtherKey, ...]) -> None:
    """Note which of the log's further keys did not sign its newest checkpoint, though they could."""
    try:
        signed = {key for key, _ in lines_of(parse_note(raw), keys)}
    except NoteMalformed:  # told by who opened it
        return
    for key in keys:
        if key.is_current and key not in signed:
            found.note(
                f"the newest checkpoint has no line of {key.algorithm.value} {key.note_id.hex()}"
            )
