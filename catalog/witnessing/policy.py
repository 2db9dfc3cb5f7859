"""Read a policy and ask whether a checkpoint meets it (信任策略): C2SP tlog-policy.

The file is bytes: only ASCII space and tab separate, and names are compared byte by byte.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection
from typing import Final

import msgspec

from catalog.audit_log import further_lines
from catalog.audit_log.checkpoint import (
    Checkpoint,
    Note,
    VerifierKey,
    VerifierKeyMalformed,
    parse_checkpoint,
    parse_note,
    parse_vkey,
)
from catalog.audit_log.further_lines import FurtherKey, parse_further_vkey
from catalog.kernel.errors import Invalid, Refused
from catalog.signing.sm2 import Sm2Unavailable
from catalog.witnessing.cosignature import (
    WitnessKey,
    WitnessKeyMalformed,
    cosigned_at,
    is_signed_by_log,
    parse_witness_vkey,
)

_NO_QUORUM: Final = "none"
_FORBIDDEN: Final = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_SEPARATOR: Final = re.compile(r"[ \t]+")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")
_LOG_FIELDS: Final = (1, 2)  # vkey, and perhaps a URL
_WITNESS_FIELDS: Final = (2, 3)  # name, vkey, and perhaps a URL
_LEAST_GROUP_FIELDS: Final = 3  # name, threshold, a member


class PolicyMalformed(Invalid):
    """The file is no policy; ``line`` and ``reason`` say where and why."""

    code = "witness_policy_malformed"


class LogNotInPolicy(Refused):
    """No log of the policy signed the checkpoint."""

    code = "witness_log_not_in_policy"


class QuorumMissing(Refused):
    """Too few of the policy's witnesses cosigned the checkpoint."""

    code = "witness_quorum_missing"


class PolicyLog(msgspec.Struct, frozen=True):
    """A log that is accepted."""

    key: VerifierKey
    url: str | None = None


class PolicyWitness(msgspec.Struct, frozen=True):
    """A witness, its name in this policy, and where it is asked."""

    name: str
    key: WitnessKey
    url: str | None = None


class Group(msgspec.Struct, frozen=True):
    """How many of these members must have witnessed for the group to have."""

    threshold: int
    members: tuple[str, ...]


class Policy(msgspec.Struct, frozen=True):
    """Which logs and witnesses are known, and which witnesses are enough (法定数)."""

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: dict[str, Group]
    quorum: str | None  # None: no witness is asked for
    further: tuple[FurtherKey, ...] = ()  # keys of the logs by other algorithms

    def is_met_by(self, cosigners: Collection[str]) -> bool:
        """Tell whether these witnesses, by their names in the policy, are enough."""
        return self.quorum is None or self._has_witnessed(self.quorum, cosigners)

    def has_signed(self, note: Note, checkpoint: Checkpoint) -> bool:
        """Tell whether a log of the policy signed a note under its own name, and no line of it is wrong.

        A line of SM2 counts only where this machine can check it.
        """
        keys = [log.key for log in self.logs if log.key.name == checkpoint.origin]
        further = [key for key in self.further if key.name == checkpoint.origin]
        is_signed = is_signed_by_log(note, keys)
        if not is_signed and any(key.has_line(note) for key in keys):
            return False
        for key, line in further_lines.lines_of(note, further):
            with contextlib.suppress(Sm2Unavailable):
                if not further_lines.is_good(note, checkpoint, key, line):
                    return False
                is_signed = True
        return is_signed

    def _has_witnessed(self, name: str, cosigners: Collection[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in cosigners
        met = sum(self._has_witnessed(member, cosigners) for member in group.members)
        return met >= group.threshold


class Witnessed(msgspec.Struct, frozen=True):
    """A checkpoint that meets a policy, and which of its witnesses cosigned it when (seconds)."""

    checkpoint: Checkpoint
    cosigned: dict[str, int]


def parse_policy(raw: bytes) -> Policy:
    """Return the policy of a file.

    :raises PolicyMalformed: if it is none.
    """
    if _FORBIDDEN.search(raw):
        raise PolicyMalformed(line=0, reason="a control character other than tab and newline")
    reader = _Reader()
    for number, line in enumerate(raw.decode("utf-8", "surrogateescape").split("\n"), 1):
        fields = _SEPARATOR.split(line.strip(" \t"))
        if fields != [""] and not fields[0].startswith("#"):
            try:
                reader.read(fields[0], fields[1:])
            except _Fault as fault:
                raise PolicyMalformed(line=number, reason=fault.reason) from fault
    if not reader.has_quorum:
        raise PolicyMalformed(line=0, reason="no quorum line")
    return Policy(
        tuple(reader.logs),
        tuple(reader.witnesses.values()),
        reader.groups,
        reader.quorum,
        tuple(reader.further),
    )


class _Fault(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Reader:
    """Take the lines of a policy one after the other; a name must stand before its use."""

    def __init__(self) -> None:
        self.logs: list[PolicyLog] = []
        self.further: list[FurtherKey] = []
        self.witnesses: dict[str, PolicyWitness] = {}
        self.groups: dict[str, Group] = {}
        self.members: set[str] = set()
        self.quorum: str | None = None
        self.has_quorum = False

    def read(self, keyword: str, fields: list[str]) -> None:
        """Take one line."""
        if keyword == "log":
            self._log(fields)
        elif keyword == "witness":
            self._witness(fields)
        elif keyword == "group":
            self._group(fields)
        elif keyword == "quorum":
            self._quorum(fields)
        else:
            raise _Fault("an unknown keyword")

    def _log(self, fields: list[str]) -> None:
        if len(fields) not in _LOG_FIELDS:
            raise _Fault("a log has a vkey and perhaps a URL")
        key = _log_key(fields[0])
        if any(each.public_key == key.public_key for each in self._keys_of_logs()):
            raise _Fault("two logs have one key")
        if isinstance(key, FurtherKey):
            self.further.append(key)
        else:
            self.logs.append(PolicyLog(key, *fields[1:]))

    def _keys_of_logs(self) -> list[VerifierKey | FurtherKey]:
        return [*(log.key for log in self.logs), *self.further]

    def _witness(self, fields: list[str]) -> None:
        if len(fields) not in _WITNESS_FIELDS:
            raise _Fault("a witness has a name, a vkey and perhaps a URL")
        self._new_name(fields[0])
        try:
            key = parse_witness_vkey(fields[1])
        except WitnessKeyMalformed as error:
            raise _Fault(f"the witness's vkey: {error.facts['reason']}") from error
        if any(each.key.public_key == key.public_key for each in self.witnesses.values()):
            raise _Fault("two witnesses have one key")
        self.witnesses[fields[0]] = PolicyWitness(fields[0], key, *fields[2:])

    def _group(self, fields: list[str]) -> None:
        if len(fields) < _LEAST_GROUP_FIELDS:
            raise _Fault("a group has a name, a threshold and members")
        name, threshold, *members = fields
        self._new_name(name)
        for member in members:
            if not self._is_known(member):
                raise _Fault("a member is not defined before")
            if member in self.members:
                raise _Fault("a name is a member twice")
            self.members.add(member)
        self.groups[name] = Group(_threshold(threshold, len(members)), tuple(members))

    def _quorum(self, fields: list[str]) -> None:
        if self.has_quorum:
            raise _Fault("a second quorum")
        if len(fields) != 1:
            raise _Fault("a quorum has one name")
        if fields[0] != _NO_QUORUM and not self._is_known(fields[0]):
            raise _Fault("the quorum is not defined before")
        self.has_quorum = True
        self.quorum = None if fields[0] == _NO_QUORUM else fields[0]

    def _new_name(self, name: str) -> None:
        if name == _NO_QUORUM or self._is_known(name):
            raise _Fault("the name is taken")

    def _is_known(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups


def _log_key(text: str) -> VerifierKey | FurtherKey:
    try:
        return parse_vkey(text)
    except VerifierKeyMalformed as error:
        reason = error.facts["reason"]
    try:
        return parse_further_vkey(text)
    except VerifierKeyMalformed as error:
        raise _Fault(f"the log's vkey: {reason}") from error


def _threshold(text: str, count: int) -> int:
    if text in ("all", "any"):
        return count if text == "all" else 1
    if _NUMBER.fullmatch(text) is None or int(text) > count:
        raise _Fault("the threshold is not all, any, or a number of the members")
    return int(text)


def without(policy: Policy, vkeys: Collection[str]) -> Policy:
    """Return a policy that counts no witness with one of these keys; how many are enough stays as it is."""
    left = tuple(witness for witness in policy.witnesses if str(witness.key) not in vkeys)
    return Policy(policy.logs, left, policy.groups, policy.quorum, policy.further)


#: Tell whether a log signed a note; whoever follows a log to its next key has an answer of its own.
IsSigned = Callable[[Note, Checkpoint], bool]


def check(policy: Policy, note: bytes, is_signed: IsSigned | None = None) -> Witnessed:
    """Return the checkpoint of a note that a log of the policy signed and enough witnesses cosigned.

    :raises NoteMalformed: if the bytes are no checkpoint.
    :raises LogNotInPolicy: if no log of the policy signed it.
    :raises CosignatureWrong: if a line in the name of one of its witnesses is wrong.
    :raises QuorumMissing: if too few cosigned.
    """
    opened = parse_note(note)
    checkpoint = parse_checkpoint(opened.text)
    if not (is_signed or policy.has_signed)(opened, checkpoint):
        raise LogNotInPolicy(origin=checkpoint.origin)
    cosigned = {
        witness.name: at
        for witness in policy.witnesses
        if (at := cosigned_at(opened, witness.key)) is not None
    }
    if not policy.is_met_by(cosigned):
        raise QuorumMissing(quorum=policy.quorum, cosigned=sorted(cosigned))
    return Witnessed(checkpoint, cosigned)
