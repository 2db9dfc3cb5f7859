"""Make and check cosignatures (见证签名): C2SP tlog-cosignature, by Ed25519 and by ML-DSA-44.

The witness signs the time and the checkpoint: at that time, this was the largest tree of this log that
it had seen, and it continued all that it had seen before. By Ed25519 (``cosignature/v1``) it signs the
whole text, by ML-DSA-44 its own name, the log's, size and root. A witness may have a key of each: two
keys under one name, which a policy names apart.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Final

import msgspec

from catalog.audit_log import further_lines
from catalog.audit_log import vkey as vkeys
from catalog.audit_log.checkpoint import (
    Note,
    NoteMalformed,
    NoteSignature,
    VerifierKey,
    parse_checkpoint,
)
from catalog.kernel.errors import Invalid, Refused
from catalog.signing.algorithms import PUBLIC_KEY_LENGTH, Algorithm
from catalog.signing.verifier import verify_raw

#: Timestamped cosignatures (C2SP signed-note, signature types).
_TYPES: Final = {Algorithm.ED25519: b"\x04", Algorithm.ML_DSA_44: b"\x06"}
_LENGTHS: Final = {kind: PUBLIC_KEY_LENGTH[algorithm] for algorithm, kind in _TYPES.items()}
_HEADER: Final = "cosignature/v1"
_TIME_LENGTH: Final = 8
_LATEST: Final = 2**63 - 1
_LOG_SIGNATURE_LENGTH: Final = 64


class WitnessKeyMalformed(Invalid):
    """The text is no verifier key ``name+id+key`` of a witness."""

    code = "witness_key_malformed"


class CosignatureWrong(Refused):
    """A line says that it is of this witness, and is not: the note was tampered with."""

    code = "witness_cosignature_wrong"


class WitnessKey(msgspec.Struct, frozen=True):
    """Under which name and with which public key a witness cosigns (见证人公钥)."""

    name: str
    public_key: bytes
    algorithm: Algorithm = Algorithm.ED25519

    @property
    def note_id(self) -> bytes:
        """Return the four bytes that name the key."""
        return vkeys.note_id(self.name, _TYPES[self.algorithm] + self.public_key)

    def __str__(self) -> str:
        return vkeys.written(self.name, _TYPES[self.algorithm] + self.public_key)


def parse_witness_vkey(vkey: str) -> WitnessKey:
    """Return the key that a witness's vkey names.

    :raises WitnessKeyMalformed: if it is not well-formed, of another type, or its id not its own.
    """
    try:
        name, kind, key = vkeys.read(vkey, _LENGTHS, "a cosignature key of Ed25519 or ML-DSA-44")
    except ValueError as error:
        raise WitnessKeyMalformed(reason=str(error)) from error
    return WitnessKey(name, key, next(each for each, type_ in _TYPES.items() if type_ == kind))


def cosigned_message(key: WitnessKey, text: str, at: int) -> bytes:
    """Return the bytes that a witness signs with this key at a time: by Ed25519 the header, the time, the text.

    :raises NoteMalformed: if the text is no checkpoint, or one that ML-DSA-44 has no form for.
    """
    if key.algorithm is Algorithm.ED25519:
        return f"{_HEADER}\ntime {at}\n{text}".encode()
    try:
        return further_lines.cosigned_message(key.name, parse_checkpoint(text), at)
    except ValueError as error:
        raise NoteMalformed(reason="a name of more than 255 bytes") from error


def cosignature_line(key: WitnessKey, at: int, signature: bytes) -> str:
    """Return the note's line with the witness's signature of that time (seconds since 1970)."""
    value = key.note_id + at.to_bytes(_TIME_LENGTH, "big") + signature
    return f"— {key.name} {base64.b64encode(value).decode()}\n"


def cosigned_at(note: Note, key: WitnessKey) -> int | None:
    """Return when this witness cosigned the note (the last time), None if it did not.

    :raises CosignatureWrong: if a line of this very key does not verify.
    """
    lines = [s for s in note.signatures if (s.name, s.note_id) == (key.name, key.note_id)]
    return max((_time_of(note, line, key) for line in lines), default=None)


def _time_of(note: Note, line: NoteSignature, key: WitnessKey) -> int:
    at = int.from_bytes(line.value[:_TIME_LENGTH], "big")
    signature = line.value[_TIME_LENGTH:]
    try:
        is_good = 0 < at <= _LATEST and verify_raw(
            key.public_key, cosigned_message(key, note.text, at), signature, key.algorithm
        )
    except NoteMalformed as error:
        raise CosignatureWrong(witness=key.name) from error
    if not is_good:
        raise CosignatureWrong(witness=key.name)
    return at


def is_signed_by_log(note: Note, keys: Iterable[VerifierKey]) -> bool:
    """Tell whether one of the log's keys signed the note, and no line of theirs is a wrong one."""
    known = {(key.name, key.note_id): key for key in keys}
    lines = [
        (line, key) for line in note.signatures if (key := known.get((line.name, line.note_id)))
    ]
    return bool(lines) and all(
        len(line.value) == _LOG_SIGNATURE_LENGTH
        and verify_raw(key.public_key, note.text.encode(), line.value)
        for line, key in lines
    )
