"""Make and check cosignatures (见证签名): C2SP tlog-cosignature, Ed25519, ``cosignature/v1``.

The witness signs the time and the whole text of the checkpoint: at that time, this was the largest
tree of this log that it had seen, and it continued all that it had seen before.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from catalog.audit_log.checkpoint import Note, NoteSignature, VerifierKey
from catalog.kernel import base64_text
from catalog.kernel.errors import Invalid, Refused
from catalog.signing.verifier import verify_raw

_TYPE: Final = b"\x04"  # a timestamped Ed25519 cosignature (C2SP signed-note)
_HEADER: Final = "cosignature/v1"
_NAME: Final = re.compile(r"[^\s+]+")
_KEY_LENGTH: Final = 32
_TIME_LENGTH: Final = 8
_SIGNATURE_LENGTH: Final = 64
_LATEST: Final = 2**63 - 1


class WitnessKeyMalformed(Invalid):
    """The text is no verifier key ``name+id+key`` of a witness that cosigns with Ed25519."""

    code = "witness_key_malformed"


class CosignatureWrong(Refused):
    """A line says that it is of this witness, and is not: the note was tampered with."""

    code = "witness_cosignature_wrong"


class WitnessKey(msgspec.Struct, frozen=True):
    """Under which name and with which public key a witness cosigns (见证人公钥)."""

    name: str
    public_key: bytes

    @property
    def note_id(self) -> bytes:
        r"""Return the four bytes that name the key: SHA-256(name ‖ \n ‖ 04 ‖ key)[:4]."""
        return hashlib.sha256(self.name.encode() + b"\n" + _TYPE + self.public_key).digest()[:4]

    def __str__(self) -> str:
        key = base64.b64encode(_TYPE + self.public_key).decode()
        return f"{self.name}+{self.note_id.hex()}+{key}"


def is_witness_name(name: str) -> bool:
    """Tell whether a key may have this name: not empty, no spaces, no plus."""
    return _NAME.fullmatch(name) is not None


def parse_witness_vkey(vkey: str) -> WitnessKey:
    """Return the key that a witness's vkey names.

    :raises WitnessKeyMalformed: if it is not well-formed, of another type, or its id not its own.
    """
    name, _, rest = vkey.partition("+")
    note_id, _, encoded = rest.partition("+")
    try:
        raw = base64_text.decoded(encoded)
    except ValueError as error:
        raise WitnessKeyMalformed(reason="the key is not base64") from error
    if not is_witness_name(name) or raw[:1] != _TYPE or len(raw) != 1 + _KEY_LENGTH:
        raise WitnessKeyMalformed(reason="not a name and an Ed25519 cosignature key")
    key = WitnessKey(name, raw[1:])
    if key.note_id.hex() != note_id:
        raise WitnessKeyMalformed(reason="the id is not that of the key")
    return key


def cosigned_message(text: str, at: int) -> bytes:
    """Return the bytes that a witness signs: the header, its time, the text of the checkpoint."""
    return f"{_HEADER}\ntime {at}\n{text}".encode()


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
    is_good = (
        0 < at <= _LATEST
        and len(signature) == _SIGNATURE_LENGTH
        and verify_raw(key.public_key, cosigned_message(note.text, at), signature)
    )
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
        len(line.value) == _SIGNATURE_LENGTH
        and verify_raw(key.public_key, note.text.encode(), line.value)
        for line, key in lines
    )
