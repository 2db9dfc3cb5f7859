"""Write and read checkpoints as signed notes (检查点): C2SP tlog-checkpoint and signed-note."""

from __future__ import annotations

import base64
import re
from typing import Final

import msgspec

from catalog.audit_log import vkey as vkeys
from catalog.audit_log.merkle import HASH_LENGTH, Hash
from catalog.audit_log.verdict import Fault
from catalog.kernel import base64_text
from catalog.kernel.errors import Invalid
from catalog.signing.verifier import verify_raw

_ED25519: Final = b"\x01"
_SIGNATURE_LENGTH: Final = 64
_KEY_LENGTH: Final = 32
_SHORTEST_SIGNATURE: Final = 5  # the key's id and a byte
_LINES: Final = 4  # origin, size, root, and what follows the last line's end
_MAX_SIGNATURES: Final = 100
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_DASH: Final = "— "  # em dash and a space
_PREVIOUS: Final = "previous "  # our extension line


class NoteMalformed(Invalid):
    """The text is no signed note, or its body no checkpoint."""

    code = "checkpoint_malformed"


class VerifierKeyMalformed(Invalid):
    """The text is no verifier key ``name+hash+key`` for Ed25519."""

    code = "verifier_key_malformed"


class VerifierKey(msgspec.Struct, frozen=True):
    """Under which name and with which public key a log signs (vkey)."""

    name: str
    public_key: bytes

    @property
    def note_id(self) -> bytes:
        """Return the four bytes by which a signature names its key."""
        return vkeys.note_id(self.name, _ED25519 + self.public_key)

    def __str__(self) -> str:
        return vkeys.written(self.name, _ED25519 + self.public_key)

    def has_line(self, note: Note) -> bool:
        """Tell whether a line of the note names this key, whatever is in it."""
        return any(
            (line.name, line.note_id) == (self.name, self.note_id) for line in note.signatures
        )

    def has_signed(self, note: Note, checkpoint: Checkpoint) -> bool:  # noqa: ARG002
        """Tell whether this key signed the note; a chain of keys asks which one could at its size."""
        return is_signed_by(note, self)

    def why_not(self, note: Note, checkpoint: Checkpoint) -> tuple[str, Fault] | None:  # noqa: ARG002
        """Return why a note that is not signed as it has to be is not, if there is more to say."""
        return None


class Checkpoint(msgspec.Struct, frozen=True):
    """The size and the root of the log at one moment.

    ``previous`` is the size that was signed before, so that nobody can pass over a checkpoint: the
    signer would have to sign two stories. Checkpoints of older days and of other logs tell none.
    """

    origin: str
    size: int
    root: Hash
    previous: int | None = None

    def text(self) -> str:
        """Return the note's text: origin, size, root, each on its line, and the size before."""
        extension = "" if self.previous is None else f"{_PREVIOUS}{self.previous}\n"
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\n{extension}"


class NoteSignature(msgspec.Struct, frozen=True):
    """One signature line of a note."""

    name: str
    note_id: bytes
    value: bytes


class Note(msgspec.Struct, frozen=True):
    """A text and the signatures under it."""

    text: str
    signatures: tuple[NoteSignature, ...]


def parse_vkey(vkey: str) -> VerifierKey:
    """Return the key that a vkey names.

    :raises VerifierKeyMalformed: if it is not well-formed, or its id is not that of the key.
    """
    try:
        name, _, key = vkeys.read(vkey.strip(), {_ED25519: _KEY_LENGTH}, "an Ed25519 key")
    except ValueError as error:
        raise VerifierKeyMalformed(reason=str(error)) from error
    return VerifierKey(name, key)


def sign_line(key: VerifierKey, signature: bytes) -> str:
    """Return the line that carries ``signature`` of ``key``."""
    return f"{_DASH}{key.name} {base64.b64encode(key.note_id + signature).decode()}\n"


def signed_note(checkpoint: Checkpoint, key: VerifierKey, signature: bytes) -> bytes:
    """Return the checkpoint as a note with one signature."""
    return f"{checkpoint.text()}\n{sign_line(key, signature)}".encode()


def parse_note(note: bytes) -> Note:
    """Return text and signatures of a note.

    :raises NoteMalformed: if it is none.
    """
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise NoteMalformed(reason="not UTF-8") from error
    text, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or any(c < " " and c != "\n" for c in whole):
        raise NoteMalformed(reason="not a text, an empty line and signature lines")
    lines = tail[:-1].split("\n")
    if len(lines) > _MAX_SIGNATURES:
        raise NoteMalformed(reason="too many signatures")
    return Note(text + "\n", tuple(_signature(line) for line in lines))


def _signature(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        raw = base64_text.decoded(encoded)
    except ValueError as error:
        raise NoteMalformed(reason="a signature is not base64") from error
    if not line.startswith(_DASH) or not vkeys.is_name(name) or len(raw) < _SHORTEST_SIGNATURE:
        raise NoteMalformed(reason="a signature line is not well-formed")
    return NoteSignature(name, raw[:4], raw[4:])


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint that a note's text holds; extensions other than ours are ignored.

    :raises NoteMalformed: if origin, size or root are not there.
    """
    lines = text.split("\n")
    if len(lines) < _LINES or not lines[0] or not _SIZE.fullmatch(lines[1]):
        raise NoteMalformed(reason="not origin, size and root")
    try:
        root = base64_text.decoded(lines[2])
    except ValueError as error:
        raise NoteMalformed(reason="the root is not base64") from error
    if len(root) != HASH_LENGTH:
        raise NoteMalformed(reason="the root has not 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), Hash(root), _previous(lines[3:]))


def _previous(extensions: list[str]) -> int | None:
    for line in extensions:
        size = line.removeprefix(_PREVIOUS)
        if size != line and _SIZE.fullmatch(size):
            return int(size)
    return None


def is_signed_by(note: Note, key: VerifierKey) -> bool:
    """Tell whether ``key`` signed the note. Signatures of unknown keys are ignored, as C2SP says."""
    return any(
        signature.name == key.name
        and signature.note_id == key.note_id
        and len(signature.value) == _SIGNATURE_LENGTH
        and verify_raw(key.public_key, note.text.encode(), signature.value)
        for signature in note.signatures
    )


def open_checkpoint(note: bytes, key: VerifierKey) -> Checkpoint | None:
    """Return the checkpoint if ``key`` signed it under its own name, else None.

    The key of a log that changed it is a chain (``key_chain``): one that was in force must have.

    :raises NoteMalformed: if the bytes are no signed checkpoint at all.
    """
    opened = parse_note(note)
    checkpoint = parse_checkpoint(opened.text)
    if checkpoint.origin != key.name or not key.has_signed(opened, checkpoint):
        return None
    return checkpoint
