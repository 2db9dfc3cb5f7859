"""A log in memory that its tests let grow, cut, fork and rewrite, and that asks a witness."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.audit_log import merkle
from catalog.audit_log.checkpoint import Checkpoint, VerifierKey, signed_note
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from catalog.witnessing.cosignature import WitnessKey, cosignature_line, cosigned_message
from catalog.witnessing.request import AddCheckpoint

ORIGIN = "shushi.example/log"
LOG_SIGNER = Signer(Purpose.CHECKPOINT, b"\x11" * 32)
LOG_KEY = VerifierKey(ORIGIN, LOG_SIGNER.public_key)


class MemoryLog:
    """Leaves, and every proof over them. ``changed`` replaces one: a rewritten history."""

    def __init__(self, size: int, changed: int | None = None, *, origin: str = ORIGIN) -> None:
        self.leaves = [b"leaf %d%s" % (n, b"!" * (n == changed)) for n in range(size)]
        self.key = VerifierKey(origin, LOG_SIGNER.public_key)

    def root(self, size: int) -> merkle.Hash:
        return merkle.root_of(self.leaves[:size])

    def note(self, size: int) -> bytes:
        checkpoint = Checkpoint(self.key.name, size, self.root(size))
        return signed_note(checkpoint, self.key, LOG_SIGNER.sign(checkpoint.text().encode()))

    def consistency(self, old: int, new: int) -> tuple[merkle.Hash, ...]:
        return self._hashes(merkle.consistency_spans(old, new))

    def inclusion(self, index: int, size: int) -> tuple[merkle.Hash, ...]:
        return self._hashes(merkle.inclusion_spans(index, size))

    def request(self, old: int, new: int) -> AddCheckpoint:
        return AddCheckpoint(old, self.consistency(old, new), self.note(new))

    def _hashes(self, spans: Sequence[merkle.Span]) -> tuple[merkle.Hash, ...]:
        return tuple(merkle.root_of(self.leaves[start:end]) for start, end in spans)


class MemoryWitness:
    """A witness's key whose private half anybody can make again."""

    def __init__(self, name: str, algorithm: Algorithm = Algorithm.ED25519) -> None:
        secret = name.encode().ljust(32, b"\x22")[:32]
        self.signer = Signer(Purpose.WITNESS, secret, algorithm)
        self.key = WitnessKey(name, self.signer.public_key, algorithm)

    def line(self, note: bytes, at: int) -> bytes:
        text = note.decode().rpartition("\n\n")[0] + "\n"
        signature = self.signer.sign(cosigned_message(self.key, text, at))
        return cosignature_line(self.key, at, signature).encode()
