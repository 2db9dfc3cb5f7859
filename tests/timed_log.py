"""A log in memory whose checkpoints an authority stamps, and whose stamps are carried on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from catalog.audit_log import merkle
from catalog.kernel.clock import ManualClock
from catalog.signing.canonical import canonical
from catalog.timestamps import archive, hashing
from catalog.timestamps.archive import Archive
from catalog.timestamps.evidence import EvidenceRecord, InTheArchive, InTheLog, Step
from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import Kind, Record
from tests.exports import START, Maker
from tests.log_of_tests import ORIGIN
from tests.memory_authority import MemoryAuthority

DAY = dt.timedelta(days=1)


class TimedLog(Maker):
    """``stamp`` a checkpoint or ``archive`` everything, days apart; then ask for evidence."""

    def __init__(self, **more: object) -> None:
        super().__init__()
        self.clock = ManualClock(START.replace(microsecond=0) + dt.timedelta(hours=1))
        self.authority = MemoryAuthority(self.clock, **more)  # type: ignore[arg-type]
        self.kept: list[Record] = []
        self.raw: list[bytes] = []
        self.places: list[int] = []
        self.lists: tuple[bytes, ...] = ()  # revocation lists that are kept with what is stamped

    def grow(self, entries: int) -> None:
        for _ in range(entries):
            self.append()
        self.sign()

    def wait(self, days: float) -> None:
        self.clock.move_by(dt.timedelta(days=days))
        self.now = self.clock.now()

    def stamp(self, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> Record:
        size, _, note, _ = self.checkpoints[-1]
        return self._keep(Kind.CHECKPOINT, size, note, algorithm)

    def archive(self, algorithm: HashAlgorithm = HashAlgorithm.SHA512) -> Record:
        return self._keep(
            Kind.ARCHIVE, self.checkpoints[-1][0], self.text(algorithm).text(), algorithm
        )

    def text(self, algorithm: HashAlgorithm) -> Archive:
        size = self.checkpoints[-1][0]
        return Archive(
            origin=ORIGIN,
            algorithm=algorithm,
            count=len(self.raw),
            records_root=hashing.root_of(algorithm, archive.hashes_of(algorithm, self.raw)),
            size=size,
            entries_root=hashing.root_of(algorithm, self.bundles(algorithm, size)),
        )

    def bundles(self, algorithm: HashAlgorithm, size: int) -> list[bytes]:
        return archive.hashes_of(algorithm, archive.bundles(self.leaves[:size]))

    def _keep(self, kind: Kind, size: int, covers: bytes, algorithm: HashAlgorithm) -> Record:
        record = Record(
            number=len(self.kept) + 1,
            kind=kind,
            size=size,
            algorithm=algorithm,
            covers=covers,
            response=self.authority.stamped(covers, algorithm),
            revocation=self.lists or msgspec.UNSET,
        )
        self.kept.append(record)
        self.raw.append(canonical(record))
        self.places.append(len(self.leaves))
        self.bind("timestamp", str(record.number), record)
        return record

    def evidence(self, index: int, numbers: Sequence[int]) -> EvidenceRecord:
        """Return the evidence for an entry by these timestamps, one over the other."""
        steps: list[Step] = []
        before = 0
        for number in numbers:
            steps.append(self.step(index, before, number))
            before = number
        return EvidenceRecord(leaf=self.leaves[index], index=index, steps=tuple(steps))

    def step(self, index: int, before: int, number: int) -> Step:
        record, raw = self.kept[number - 1], self.raw[number - 1]
        if record.kind is Kind.CHECKPOINT:
            place = self.places[before - 1] if before else index
            return Step(record=raw, in_the_log=self.in_the_log(place, record.size))
        text = archive.parse(record.covers)
        bundles = self.bundles(text.algorithm, text.size)
        records = archive.hashes_of(text.algorithm, self.raw[: text.count])
        at = index // merkle.TILE_WIDTH
        held = list(archive.bundles(self.leaves[: text.size]))
        return Step(
            record=raw,
            in_the_archive=InTheArchive(
                record_path=hashing.path_of(text.algorithm, records, before - 1),
                bundle=held[at],
                bundle_path=hashing.path_of(text.algorithm, bundles, at),
            ),
        )

    def in_the_log(self, index: int, size: int) -> InTheLog:
        spans = merkle.inclusion_spans(index, size)
        hashes = tuple(merkle.root_of(self.leaves[start:end]) for start, end in spans)
        return InTheLog(leaf=self.leaves[index], index=index, hashes=hashes)
