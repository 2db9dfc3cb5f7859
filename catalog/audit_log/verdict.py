"""Say what came of a check: genuine, or which entry is the first bad one and why."""

from __future__ import annotations

import enum

import msgspec


class ExitCode(enum.IntEnum):
    """How a checking program ends."""

    GENUINE = 0
    NOT_GENUINE = 1
    UNREADABLE = 2


class Unreadable(Exception):
    """There is nothing here that could be checked."""


class Fault(enum.StrEnum):
    """What is wrong, for programs; most faults are told in words only."""

    KEY_UNKNOWN = "key_unknown"  # signed with a key that is not one of the service's for this
    ALGORITHM_DIFFERS = "algorithm_differs"  # the signature names another one than its key has
    SIGNATURE_WRONG = "signature_wrong"  # document or signature was changed
    OTHER_LOG = "other_log"  # a checkpoint of another log, or signed with another key
    CHECKPOINT_TOO_OLD = "checkpoint_too_old"  # signed before the entry had its place
    NOT_INCLUDED = "not_included"  # the proof does not lead to the signed root
    NOT_BOUND = "not_bound"  # the log does not know this document
    CONTENT_DIFFERS = "content_differs"  # what is shown is not what was signed
    STATE_DIFFERS = "state_differs"  # the log tells another state
    UNSIGNED = "unsigned"  # no signature, or the algorithm `none`
    ALGORITHM_OTHER = "algorithm_other"  # signed by another algorithm than the format has
    TYPE_OTHER = "type_other"  # a token for something else
    MALFORMED = "malformed"  # not spelled or built as the format says
    KEY_NOT_VALID = "key_not_valid"  # its key was revoked, or did not sign at that time
    LIST_STALE = "list_stale"  # a status list past its time, or not the newest
    LIST_OTHER = "list_other"  # a status list that is not the one the certificate names
    MEMBER_MISSING = "member_missing"  # a file that the archive should have
    MEMBER_STRANGE = "member_strange"  # a file that no such archive has
    MEMBER_DIFFERS = "member_differs"  # a file that is not the one that was signed
    ENTRY_MISSING = "entry_missing"  # an entry that the log has was left out
    PAYLOAD_DIFFERS = "payload_differs"  # what an entry is said to say is not what it commits to
    BILL_DIFFERS = "bill_differs"  # the books say another amount than the contract comes to
    COUNTS_NO_MORE = "counts_no_more"  # the status list says that it does not count
    TIMESTAMP_WRONG = "timestamp_wrong"  # of no trusted authority, or over something else
    TIMESTAMP_LATE = "timestamp_late"  # it ended before a later one carried it on
    KEY_DISTRUSTED = "key_distrusted"  # signed from the entry on from which its key is not trusted
    KEY_NOT_ANNOUNCED = "key_not_announced"  # no key of the log that counted brought this one
    QUORUM_MISSING = "quorum_missing"  # too few of the witnesses that are asked for cosigned


class Bad(msgspec.Struct, frozen=True):
    """One thing that is not as it was signed: what it is, which one, and why."""

    kind: str
    id: str
    reason: str
    fault: Fault | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.id}: {self.reason}"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The whole result."""

    counts: dict[str, int]
    problems: tuple[Bad, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def first_bad(self) -> Bad | None:
        """Return what was found first: the entry with the lowest place, then the records."""
        return self.problems[0] if self.problems else None

    @property
    def exit_code(self) -> ExitCode:
        """Return how a checking program ends."""
        return ExitCode.NOT_GENUINE if self.problems else ExitCode.GENUINE


class Findings:
    """Collect what is found, in the order in which it is found."""

    MOST = 100  # one changed byte early on can make everything after it wrong

    def __init__(self) -> None:
        self.problems: list[Bad] = []
        self.notes: list[str] = []
        self.counts: dict[str, int] = {}

    @classmethod
    def following(cls, verdict: Verdict) -> Findings:
        """Return what a check found, for another one to go on with."""
        made = cls()
        made.problems = list(verdict.problems)
        made.notes = list(verdict.notes)
        made.counts = dict(verdict.counts)
        return made

    def bad(self, kind: str, identifier: object, reason: str, fault: Fault | None = None) -> None:
        """Remember a problem, unless there are very many already."""
        if len(self.problems) < self.MOST:
            self.problems.append(Bad(kind, str(identifier), reason, fault))

    def note(self, text: str) -> None:
        """Remember something a reader should know that makes nothing wrong."""
        self.notes.append(text)

    def count(self, what: str, by: int = 1) -> None:
        """Count what was checked."""
        self.counts[what] = self.counts.get(what, 0) + by

    def verdict(self) -> Verdict:
        """Return the result."""
        return Verdict(
            counts=dict(self.counts), problems=tuple(self.problems), notes=tuple(self.notes)
        )
