"""A published log whose key changes, honestly or not, and what it tells of its keys."""

from __future__ import annotations

import datetime as dt
import pathlib
import uuid

import msgspec

from catalog.audit_log import key_notices, leaf, merkle
from catalog.audit_log.checkpoint import Checkpoint, VerifierKey, sign_line
from catalog.audit_log.export_format import Keys, NoticeRow
from catalog.audit_log.key_notices import Action
from catalog.audit_log.model import Digest, EntryId
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from tests.published_log import EPOCH, KEY, ORIGIN, SIGNER, PublishedLog, entry

OLD = SIGNER
NEW = Signer(Purpose.CHECKPOINT, b"\x34" * 32)
NEXT = Signer(Purpose.CHECKPOINT, b"\x35" * 32)
THIEF = Signer(Purpose.CHECKPOINT, b"\x36" * 32)
KEYS_URL = "http://other/api/v1/keys"


def vkey(signer: Signer) -> VerifierKey:
    return VerifierKey(ORIGIN, signer.public_key)


class KeyedLog(PublishedLog):
    """``by`` sign its checkpoints; ``say`` enters a notice, and ``told`` are the notices that it tells."""

    def __init__(self, entries: int = 3) -> None:
        self.by: tuple[Signer, ...] = (OLD,)
        self.told: list[NoticeRow] = []
        super().__init__(entry(number) for number in range(entries))

    def more(self, entries: int = 1) -> None:
        """Let it grow by entries about nothing."""
        start = len(self.leaves)
        self.grow(entry(number) for number in range(start, start + entries))

    def notice(
        self,
        action: Action,
        about: Signer,
        by: Signer,
        *,
        since: int | None = None,
        signed_by: tuple[Signer, ...] | None = None,
    ) -> bytes:
        """Return a notice; ``signed_by`` is for those that do not count."""
        at = EPOCH + dt.timedelta(seconds=len(self.leaves))
        drawn = key_notices.drawn_up(action, vkey(about), vkey(by), at, since)
        signers = signed_by or ((by, about) if action is Action.ANNOUNCE else (by,))
        text = drawn.text().encode()
        return key_notices.signed(drawn, [(vkey(each), each.sign(text)) for each in signers])

    def enter(self, note: bytes, *, is_told: bool = True) -> int:
        """Enter a notice, and tell it; return its place."""
        index = len(self.leaves)
        sha256 = key_notices.digest(note)
        made = leaf.leaf_bytes(
            EntryId(uuid.UUID(int=2 * 10**9 + index)),
            EPOCH + dt.timedelta(seconds=index),
            "key:announced",
            subjects=[],
            payload_sha256="00",
            digests=[Digest(key_notices.KIND, sha256[:16], sha256)],
        )
        if is_told:
            self.told.append(NoticeRow(index, note))
        self.grow([made])
        return index

    def change(self, new: Signer = NEW, old: Signer = OLD) -> int:
        """Announce the next key by the old one; both sign from then on."""
        note = self.notice(Action.ANNOUNCE, new, old)
        self.by = (new, old)
        return self.enter(note)

    def end(self, old: Signer = OLD, by: Signer = NEW) -> None:
        """End the old key; the other signs alone from then on."""
        note = self.notice(Action.END, old, by)
        self.by = (by,)
        self.enter(note)

    def note(self, size: int | None = None, signer: Signer = SIGNER) -> bytes:
        some = self.leaves[:size]
        text = Checkpoint(ORIGIN, len(some), merkle.root_of(some)).text()
        lines = "".join(sign_line(vkey(each), each.sign(text.encode())) for each in self.by)
        return f"{text}\n{lines}".encode()

    def publish(self) -> None:
        super().publish()
        told = Keys(str(vkey(self.by[0])), [], self.told)
        self.files["/api/v1/keys"] = msgspec.json.encode(told)

    def request(self, old: int) -> bytes:
        """Return what a witness that holds ``old`` is asked."""
        from catalog.witnessing.request import AddCheckpoint

        spans = merkle.consistency_spans(old, len(self.leaves))
        proof = tuple(merkle.root_of(self.leaves[start:end]) for start, end in spans)
        return AddCheckpoint(old, proof if old else (), self.note()).body()

    def write(self, place: pathlib.Path) -> None:
        """Put all files where a server of files finds them: ``log/…`` and ``api/v1/keys``."""
        for name, content in self.files.items():
            path = place / name.removeprefix("/") if name[0] == "/" else place / "log" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


__all__ = ["KEY", "KEYS_URL", "NEW", "NEXT", "OLD", "ORIGIN", "THIEF", "KeyedLog", "vkey"]
