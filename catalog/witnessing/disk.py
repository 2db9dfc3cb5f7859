"""Keep a witness's memory in files of its own, each line on disk before it is answered (见证状态).

::

    witness.json            its name
    witness.key             its private key, readable by its owner only
    witness.ml-dsa-44.key   its key against quantum computers, if it has one
    lock                    held by the one process that serves
    logs/<H>/log.json       a log: its origin, pinned keys and address; H is the hex SHA-256 of the origin
    logs/<H>/notices.json   by what notices of the log it was followed to further keys
    logs/<H>/cosigned.jsonl what was cosigned, only ever appended to
    logs/<H>/refused/       evidence: what contradicts it, and what it contradicts
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from catalog.audit_log.checkpoint import (
    Checkpoint,
    Note,
    VerifierKey,
    parse_checkpoint,
    parse_note,
    parse_vkey,
    sign_line,
)
from catalog.audit_log.disk import CheckpointJournal, Signed
from catalog.audit_log.export_format import NoticeRow
from catalog.audit_log.merkle import Hash
from catalog.audit_log.vkey import is_name
from catalog.kernel.errors import Conflict, Invalid, Missing
from catalog.signing import disk as key_files
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose
from catalog.witnessing import deciding, log_keys
from catalog.witnessing.cosignature import WitnessKey, cosignature_line, cosigned_message
from catalog.witnessing.deciding import CheckpointSmaller, Held, HistoryRefused
from catalog.witnessing.log_keys import LogKeys
from catalog.witnessing.request import AddCheckpoint, RequestMalformed, parse_request

LONGEST_TEXT: Final = 8_192  # of a checkpoint; origin, size and root need some 150 bytes
_ALGORITHMS: Final = (Algorithm.ED25519, Algorithm.ML_DSA_44)
_NOTICES: Final = "notices.json"
MOST_REFUSED: Final = 10_000  # evidence kept per log; a log that lies once is done for


class WitnessNameUnusable(Invalid):
    """A key's name is not empty and has neither spaces nor a plus."""

    code = "witness_name_unusable"


class WitnessExists(Conflict):
    """There is a witness in this directory already; its memory is not thrown away."""

    code = "witness_exists"


class WitnessMissing(Missing):
    """There is no witness in this directory."""

    code = "witness_missing"


class WitnessRuns(Conflict):
    """Another process serves this witness."""

    code = "witness_runs"


class LogUnknown(Missing):
    """The witness does not know this log."""

    code = "witness_log_unknown"


class _About(msgspec.Struct, frozen=True):
    name: str


class KnownLog(msgspec.Struct, frozen=True):
    """A log that is witnessed: its origin, the keys that were pinned, and where it tells the next ones."""

    origin: str
    keys: tuple[str, ...]
    url: str | None = None  # before /checkpoint and /tile
    keys_url: str | None = None


class Contradiction(msgspec.Struct, frozen=True):
    """Two notes that one log signed and that do not fit together, as far as was proven."""

    at: dt.datetime
    reason: str
    cosigned: str | None
    refused: str
    old: int
    proof: tuple[bytes, ...]


def create(directory: Path, name: str) -> tuple[WitnessKey, ...]:
    """Make a witness with new keys, of Ed25519 and ML-DSA-44, in an empty directory; return its public keys.

    :raises WitnessNameUnusable: if no key can have this name.
    :raises WitnessExists: if there is one already.
    """
    if not is_name(name):
        raise WitnessNameUnusable(name=name)
    (directory / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
    if (directory / "witness.json").exists():
        raise WitnessExists(directory=str(directory))
    for algorithm in _ALGORITHMS:
        key_files.create(directory, Purpose.WITNESS, algorithm)
    put_file(directory / "witness.json", msgspec.json.encode(_About(name)))
    return Witness(directory).keys


def add_key(directory: Path) -> tuple[WitnessKey, ...]:
    """Give a witness of older days its key of ML-DSA-44; return its public keys.

    :raises WitnessMissing: if there is no witness in the directory.
    """
    Witness(directory)
    key_files.create(directory, Purpose.WITNESS, Algorithm.ML_DSA_44)
    return Witness(directory).keys


class Witness:
    """A witness: its keys, the logs it knows, and what of them it cosigned."""

    def __init__(self, directory: Path) -> None:
        """Read name and keys.

        :raises WitnessMissing: if there is no witness in the directory.
        :raises KeyFileUnusable: if a key is missing, malformed, or open to others.
        """
        try:
            about = msgspec.json.decode((directory / "witness.json").read_bytes(), type=_About)
        except FileNotFoundError as error:
            raise WitnessMissing(directory=str(directory)) from error
        self._directory = directory
        self._turn = threading.Lock()
        self._signers = [
            key_files.read_signer(directory, Purpose.WITNESS, algorithm)
            for algorithm in _ALGORITHMS
            if algorithm is Algorithm.ED25519  # every witness has it
            or key_files.path_of(directory, Purpose.WITNESS, algorithm).exists()
        ]
        self.keys = tuple(
            WitnessKey(about.name, each.public_key, each.algorithm) for each in self._signers
        )

    @property
    def key(self) -> WitnessKey:
        """Return its key of Ed25519, which every witness has."""
        return self.keys[0]

    @contextlib.contextmanager
    def served(self) -> Iterator[None]:
        """Keep every other process from serving this witness.

        :raises WitnessRuns: if one does.
        """
        with (self._directory / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise WitnessRuns(directory=str(self._directory)) from error
            yield

    def add_log(
        self, key: VerifierKey, *, url: str | None = None, keys_url: str | None = None
    ) -> bool:
        """Know a log from now on, one more key of it, or where it is; tell whether that is new."""
        place = self._directory / "logs" / origin_hash(key.name)
        place.mkdir(mode=0o700, exist_ok=True)
        known = self._log(key.name) or KnownLog(key.name, ())
        told = KnownLog(
            key.name,
            tuple(dict.fromkeys((*known.keys, str(key)))),
            url or known.url,
            keys_url or known.keys_url,
        )
        if told == known:
            return False
        put_file(place / "log.json", msgspec.json.encode(told))
        return True

    def drop_key(self, key: VerifierKey) -> None:
        """Believe a pinned key of a log no longer; one that others announce stays as they say.

        :raises LogUnknown: if the log is not known here by this key.
        """
        known = self._log(key.name)
        if known is None or str(key) not in known.keys:
            raise LogUnknown(origin=key.name)
        left = tuple(each for each in known.keys if each != str(key))
        told = msgspec.structs.replace(known, keys=left)
        place = self._directory / "logs" / origin_hash(key.name)
        put_file(place / "log.json", msgspec.json.encode(told))

    def keys_of(self, log: KnownLog) -> LogKeys:
        """Return by which keys a log is known, with those that it was followed to."""
        pinned = [parse_vkey(key) for key in log.keys]
        return log_keys.known(pinned, read_notices(self._directory / "logs", log.origin))

    def follow_keys(self, log: KnownLog, keys: LogKeys) -> None:
        """Keep by which notices a log was followed to further keys."""
        put_notices(self._directory / "logs", log.origin, keys.notices)

    def logs(self) -> list[tuple[KnownLog, Held]]:
        """Return the logs that are known, and how far each was cosigned."""
        places = sorted((self._directory / "logs").glob("*/log.json"))
        known = [msgspec.json.decode(place.read_bytes(), type=KnownLog) for place in places]
        return [(log, _held(self._journal(log.origin).last())) for log in known]

    def add_checkpoint(self, body: bytes, now: dt.datetime) -> str:
        """Return the cosignatures of a posted checkpoint, one a key, once it is written down for good.

        :raises RequestMalformed: if the body is no such request.
        :raises NoteMalformed: if it has no checkpoint.
        :raises LogUnknown: if the log is not known here.
        :raises LogSignatureMissing: if the log did not sign it.
        :raises CheckpointSmaller: if it is smaller than what it is said to continue.
        :raises OldSizeDiffers: if that is not what was cosigned last.
        :raises HistoryRefused: if it does not continue what was cosigned last.
        """
        request = parse_request(body)
        note = parse_note(request.note)
        checkpoint = parse_checkpoint(note.text)
        if len(note.text.encode()) > LONGEST_TEXT:
            raise RequestMalformed(reason="the checkpoint is too long")
        log = self._log(checkpoint.origin)
        if log is None:
            raise LogUnknown(origin=checkpoint.origin)
        with self._turn:
            return self._cosign(log, request, note, checkpoint, now)

    def newest(self, hashed_origin: str) -> bytes:
        """Return the newest checkpoint of a log as it was cosigned.

        :raises LogUnknown: if there is none.
        """
        for log, _ in self.logs():
            if origin_hash(log.origin) == hashed_origin:
                last = self._journal(log.origin).last()
                if last is not None:
                    return last.note.encode()
        raise LogUnknown(origin=hashed_origin)

    def _cosign(
        self,
        log: KnownLog,
        request: AddCheckpoint,
        note: Note,
        checkpoint: Checkpoint,
        now: dt.datetime,
    ) -> str:
        journal = self._journal(log.origin)
        last = journal.last()
        keys = self.keys_of(log)
        try:
            deciding.check(request, note, checkpoint, keys=keys, held=_held(last))
        except (HistoryRefused, CheckpointSmaller) as refusal:
            self._keep(log, request, last, now, str(refusal.facts.get("reason", "smaller")))
            raise
        # Time as witnesses tell it never runs backwards, whatever the clock does.
        at = now if last is None else max(now, last.at)
        seconds = int(at.timestamp())
        lines = "".join(
            cosignature_line(key, seconds, signer.sign(cosigned_message(key, note.text, seconds)))
            for key, signer in zip(self.keys, self._signers, strict=True)
        )
        cosigned = note.text + "\n" + _lines_of(note, keys.every) + lines
        new = Signed(size=checkpoint.size, root=checkpoint.root, note=cosigned, at=at)
        journal.append(new, request.proof)
        return lines

    def _keep(
        self,
        log: KnownLog,
        request: AddCheckpoint,
        last: Signed | None,
        now: dt.datetime,
        reason: str,
    ) -> None:
        """Keep what was refused beside what it contradicts, each refused note once."""
        place = self._directory / "logs" / origin_hash(log.origin) / "refused"
        place.mkdir(mode=0o700, exist_ok=True)
        path = place / f"{hashlib.sha256(request.note).hexdigest()}.json"
        if path.exists() or sum(1 for _ in place.iterdir()) >= MOST_REFUSED:
            return
        kept = Contradiction(
            at=now,
            reason=reason,
            cosigned=None if last is None else last.note,
            refused=request.note.decode(),
            old=request.old,
            proof=request.proof,
        )
        put_file(path, msgspec.json.encode(kept))

    def _log(self, origin: str) -> KnownLog | None:
        path = self._directory / "logs" / origin_hash(origin) / "log.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=KnownLog)
        except FileNotFoundError:
            return None

    def _journal(self, origin: str) -> CheckpointJournal:
        place = self._directory / "logs" / origin_hash(origin)
        return CheckpointJournal(place / "cosigned.jsonl")


def origin_hash(origin: str) -> str:
    """Return the name of a log's directory, and of its address: the hex SHA-256 of its origin."""
    return hashlib.sha256(origin.encode()).hexdigest()


def _held(last: Signed | None) -> Held:
    return Held() if last is None else Held(last.size, Hash(last.root))


def read_notices(logs: Path, origin: str) -> list[NoticeRow]:
    """Return the notices by which a log was followed to further keys."""
    try:
        raw = (logs / origin_hash(origin) / _NOTICES).read_bytes()
    except FileNotFoundError:
        return []
    return msgspec.json.decode(raw, type=list[NoticeRow])


def put_notices(logs: Path, origin: str, notices: Iterable[NoticeRow]) -> None:
    """Keep the notices by which a log was followed to further keys, all of them."""
    put_file(logs / origin_hash(origin) / _NOTICES, msgspec.json.encode(list(notices)))


def _lines_of(note: Note, keys: Iterable[VerifierKey]) -> str:
    """Return the signature lines of the log itself; others are nothing we looked at."""
    return "".join(
        sign_line(key, line.value)
        for key in keys
        for line in note.signatures
        if (line.name, line.note_id) == (key.name, key.note_id)
    )


def put_file(path: Path, content: bytes) -> None:
    """Put a whole file in its place, on disk before this returns."""
    draft = path.with_name(f".{path.name}.new")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
