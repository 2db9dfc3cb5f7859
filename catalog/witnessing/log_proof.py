"""Write, read and check a proof that travels alone (``.tlog-proof``, 随附证明): C2SP tlog-proof."""

from __future__ import annotations

import base64
import re
from typing import Final

import msgspec

from catalog.audit_log.merkle import Hash, leaf_hash, verify_inclusion
from catalog.kernel import base64_text
from catalog.kernel.errors import Invalid, Refused
from catalog.witnessing import policy as policies
from catalog.witnessing.policy import Policy, Witnessed
from catalog.witnessing.request import MOST_HASHES, HashMalformed, parse_hash

HEADER: Final = b"c2sp.org/tlog-proof@v1"
_EXTRA: Final = b"extra "
_INDEX: Final = re.compile(rb"index (0|[1-9][0-9]{0,17})")


class LogProofMalformed(Invalid):
    """The text is no ``.tlog-proof``."""

    code = "log_proof_malformed"


class LogProofWrong(Refused):
    """The proof does not lead from this leaf to the root that was signed."""

    code = "log_proof_wrong"


class LogProof(msgspec.Struct, frozen=True):
    """That an entry is in the log, with the checkpoint that says so; nothing else is needed."""

    index: int
    hashes: tuple[Hash, ...]
    note: bytes
    extra: bytes | None = None  # proven by nothing

    def text(self) -> bytes:
        """Return the file's bytes."""
        extra = () if self.extra is None else (_EXTRA + base64.b64encode(self.extra),)
        hashes = (base64.b64encode(each) for each in self.hashes)
        head = (HEADER, *extra, f"index {self.index}".encode(), *hashes)
        return b"\n".join((*head, b"", self.note))


def parse_log_proof(raw: bytes) -> LogProof:
    """Return the proof of a file; its checkpoint is not looked at yet.

    :raises LogProofMalformed: if it is none.
    """
    head, blank, note = raw.partition(b"\n\n")
    header, *lines = head.split(b"\n")
    if header != HEADER or not blank:
        raise LogProofMalformed(reason="no header, or no empty line before the checkpoint")
    extra = _extra(lines)
    index = _INDEX.fullmatch(lines[0]) if lines else None
    if index is None:
        raise LogProofMalformed(reason="no index")
    if len(lines) - 1 > MOST_HASHES:
        raise LogProofMalformed(reason="more than 63 hashes")
    try:
        hashes = tuple(parse_hash(line) for line in lines[1:])
    except HashMalformed as error:
        raise LogProofMalformed(reason="a line is not the base64 of a hash") from error
    return LogProof(int(index[1]), hashes, note, extra)


def _extra(lines: list[bytes]) -> bytes | None:
    """Take the extra line out, if there is one, and return what it holds."""
    if not lines or not lines[0].startswith(_EXTRA):
        return None
    try:
        return base64_text.decoded(lines.pop(0).removeprefix(_EXTRA))
    except ValueError as error:
        raise LogProofMalformed(reason="the extra data are not base64") from error


def check(proof: LogProof, leaf: bytes, policy: Policy) -> Witnessed:
    """Return the checkpoint that proves ``leaf``, if it meets the policy and the proof leads there.

    :raises NoteMalformed: if there is no checkpoint in it.
    :raises LogNotInPolicy: if no log of the policy signed it.
    :raises CosignatureWrong: if a line in the name of a witness is wrong.
    :raises QuorumMissing: if too few witnesses cosigned it.
    :raises LogProofWrong: if the leaf is not at that place of the signed tree.
    """
    witnessed = policies.check(policy, proof.note)
    tree = witnessed.checkpoint
    if not verify_inclusion(leaf_hash(leaf), proof.index, tree.size, proof.hashes, tree.root):
        raise LogProofWrong(index=proof.index, size=tree.size)
    return witnessed
