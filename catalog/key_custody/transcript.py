"""Write and check what was done in a key ceremony (仪式记录): who was there, what was made, who has what.

The transcript has no secret in it. It is signed by every key that was made, which shows that it was
there, and by every custodian who brought a key of his own. The format is told in FORMAT.md.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from catalog.audit_log import handed_out
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.export_format import Source
from catalog.audit_log.leaf import instant
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.kernel.errors import DomainError, Invalid
from catalog.key_custody.shares import check_threshold
from catalog.signing.algorithms import Algorithm, find_algorithm
from catalog.signing.canonical import FRAME, canonical, sha256_hex
from catalog.signing.model import key_id_of
from catalog.signing.verifier import verify_raw

FORMAT: Final = "shushi/ceremony/1"
KIND: Final = "key_ceremony"
_FRAME: Final = f"{FRAME}key_ceremony\n".encode()


class CustodiansUnusable(Invalid):
    """Every custodian has a name, and no two have the same."""

    code = "ceremony_custodians_unusable"


class Custodian(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who keeps a share (保管人), and by what the share is told from others."""

    number: int
    name: str
    share_sha256: str
    is_sealed: bool  # to a key of the custodian's own; otherwise it is on paper
    public_key: bytes | None = None  # Ed25519, by which the transcript is signed


class MadeKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key that was made, or an existing one of which a copy was split."""

    name: str
    algorithm: str
    key_id: str
    public_key: bytes
    is_derived: bool  # from the secret that was split (``making``); otherwise the secret is its own


class Machine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On what it was done."""

    host: str
    system: str
    python: str
    software_sha256: str  # over all files of the program


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that was done."""

    at: str
    zh: str
    en: str


class Transcript(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was done."""

    format: str
    ceremony_id: str
    place: str
    present: tuple[str, ...]  # beside the custodians
    machine: Machine
    threshold: int
    custodians: tuple[Custodian, ...]
    keys: tuple[MadeKey, ...]
    steps: tuple[Step, ...]


class TranscriptSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose signature it is: ``key:<name>`` or ``custodian:<number>``."""

    by: str
    value: bytes


class SignedTranscript(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A transcript as it is kept: its bytes, and who signed them."""

    type: str
    document: bytes
    signatures: tuple[TranscriptSignature, ...]


def check_custodians(names: Sequence[str]) -> tuple[str, ...]:
    """Return the custodians' names as they are written down.

    :raises CustodiansUnusable: if one has none, or two have the same.
    """
    given = tuple(" ".join(name.split()) for name in names)
    if "" in given or len({name.casefold() for name in given}) < len(given):
        raise CustodiansUnusable(names=list(given))
    return given


def step(now: dt.datetime, zh: str, en: str) -> Step:
    """Return a step as it is written down."""
    return Step(instant(now), zh, en)


def message(document: bytes) -> bytes:
    """Return the bytes that are signed."""
    return _FRAME + document


def signed(
    transcript: Transcript, signatures: Iterable[TranscriptSignature] = ()
) -> SignedTranscript:
    """Return the transcript with signatures."""
    return SignedTranscript(FORMAT, canonical(transcript), tuple(signatures))


def with_signature(file: SignedTranscript, by: str, value: bytes) -> SignedTranscript:
    """Return the transcript with one more signature, or another one in its place."""
    kept = [each for each in file.signatures if each.by != by]
    return msgspec.structs.replace(file, signatures=(*kept, TranscriptSignature(by, value)))


def digest(file: SignedTranscript) -> str:
    """Return what the log holds of a transcript: the SHA-256 of its document."""
    return sha256_hex(file.document)


def read(raw: bytes) -> tuple[SignedTranscript, Transcript]:
    """Return a transcript as it is kept, and what it says.

    :raises Unreadable: if it is none.
    """
    try:
        file = msgspec.json.decode(raw, type=SignedTranscript)
        told = msgspec.json.decode(file.document, type=Transcript)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"no transcript of a ceremony: {error}") from error
    if (file.type, told.format) != (FORMAT, FORMAT):
        raise Unreadable(f"the format {told.format} is not known here")
    return file, told


def check(raw: bytes, log: tuple[Source, VerifierKey] | None = None) -> Verdict:
    """Return what is found: it fits together, and who is named in it signed it.

    With a log, an entry of it must hold the digest.

    :raises Unreadable: if it is no transcript.
    """
    file, told = read(raw)
    found = Findings()
    found.count("custodians", len(told.custodians))
    _check_content(found, file, told)
    _check_signatures(found, file, told)
    if log is not None:
        handed_out.check_bound(found, *log, KIND, told.ceremony_id, file.document)
    return found.verdict()


def _check_content(found: Findings, file: SignedTranscript, told: Transcript) -> None:
    name = told.ceremony_id
    if canonical(told) != file.document:
        found.bad(KIND, name, "it is not written as it has to be", Fault.MALFORMED)
    try:
        check_threshold(told.threshold, len(told.custodians))
        check_custodians([each.name for each in told.custodians])
    except DomainError as error:
        found.bad(KIND, name, error.code, Fault.MALFORMED)
    digests = {each.share_sha256 for each in told.custodians}
    numbers = [each.number for each in told.custodians]
    if len(digests) < len(numbers) or numbers != list(range(1, len(numbers) + 1)):
        found.bad(KIND, name, "its shares are not one for each custodian", Fault.MALFORMED)
    for key in told.keys:
        if key.key_id != key_id_of(key.public_key):
            found.bad(KIND, key.name, "its id is not that of the key", Fault.MALFORMED)


def _check_signatures(found: Findings, file: SignedTranscript, told: Transcript) -> None:
    signers = _signers(told)
    values = {each.by: each.value for each in file.signatures}
    for by, (public_key, algorithm) in signers.items():
        value = values.pop(by, None)
        if value is None and by.startswith("custodian:"):
            found.note(f"{by} has not signed it yet")
        elif value is None:
            found.bad(KIND, by, "it bears no signature of this key", Fault.UNSIGNED)
        elif not verify_raw(public_key, message(file.document), value, algorithm):
            found.bad(KIND, by, "its signature does not verify", Fault.SIGNATURE_WRONG)
        else:
            found.count("signatures")
    for by in sorted(values):
        found.bad(KIND, by, "nobody of this name is in it", Fault.KEY_UNKNOWN)


def _signers(told: Transcript) -> dict[str, tuple[bytes, Algorithm]]:
    found = {
        f"custodian:{each.number}": (each.public_key, Algorithm.ED25519)
        for each in told.custodians
        if each.public_key is not None
    }
    for key in told.keys:
        algorithm = find_algorithm(key.algorithm) or Algorithm.ED25519
        found[f"key:{key.name}"] = (key.public_key, algorithm)
    return found


def readable(told: Transcript) -> str:
    """Return the transcript for people, 中文 and English."""
    lines = [
        "密钥仪式记录 · Transcript of a key ceremony",
        "",
        f"编号 · ceremony      {told.ceremony_id}",
        f"地点 · place         {told.place}",
        f"机器 · machine       {told.machine.host}, {told.machine.system}, Python {told.machine.python}",
        f"程序 · software      sha256 {told.machine.software_sha256}",
        f"份额 · shares        {told.threshold} / {len(told.custodians)} 可恢复 · recover",
        f"在场 · present       {'、'.join(told.present) or '—'}",
        "",
        "保管人 · Custodians",
    ]
    for each in told.custodians:
        how = "密封 · sealed" if each.is_sealed else "纸面 · on paper"
        lines.append(f"  {each.number:>2}  {each.name}  {how}")
        lines.append(f"      sha256 {each.share_sha256}")
    lines += ["", "密钥 · Keys"]
    for key in told.keys:
        public_key = base64.b64encode(key.public_key).decode()
        lines.append(f"  {key.name}  {key.algorithm}  {key.key_id}")
        lines.append(f"      {public_key if len(public_key) < _SHORT else public_key[:60] + '…'}")
    lines += ["", "经过 · Steps"]
    lines += [f"  {each.at}  {each.zh} · {each.en}" for each in told.steps]
    return "\n".join(lines) + "\n"


_SHORT: Final = 100
