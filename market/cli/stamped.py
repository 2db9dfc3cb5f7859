"""Check the timestamps of what is at hand by the authorities that the reader trusts (``--tsa-ca``)."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Iterable

import msgspec

from catalog.audit_log import export_format as form
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.verdict import Findings, Unreadable, Verdict
from catalog.kernel.errors import DomainError
from catalog.timestamps import check as timestamps
from catalog.timestamps import evidence, hashing, token
from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import Left
from catalog.timestamps.token import Trust
from market.supervision.check import check_export, log_key


class Belief(msgspec.Struct, frozen=True, kw_only=True):
    """Which authorities the reader believes, which hashes no longer, and what the time is."""

    trust: Trust | None
    left: Left
    now: dt.datetime


def belief(ca_file: pathlib.Path | None, left: Iterable[str], now: dt.datetime) -> Belief:
    """Return what the reader's options say.

    :raises Unreadable: if one of them can not be understood.
    """
    trust = None if ca_file is None else _trust(ca_file)
    return Belief(trust=trust, left=Left(dict(map(_left, left))), now=now)


def _trust(ca_file: pathlib.Path) -> Trust:
    try:
        return token.read_trust(ca_file.read_bytes())
    except OSError as error:
        raise Unreadable(f"--tsa-ca {ca_file}: {error.strerror}") from error
    except token.TimestampMalformed as error:
        raise Unreadable(f"--tsa-ca {ca_file}: {error.facts['reason']}") from error


def _left(text: str) -> tuple[HashAlgorithm, dt.datetime]:
    name, _, since = text.partition("=")
    try:
        at = dt.datetime.fromisoformat(since)
        return hashing.algorithm_of(name), at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    except (ValueError, DomainError) as error:
        raise Unreadable(f"--left {text}: give ALGORITHM=DATE, {error}") from error


def check_dated_export(
    source: form.Source, trusted: VerifierKey | None, *, belief: Belief
) -> Verdict:
    """Return what is found in an export, and in its timestamps if all else is genuine.

    :raises Unreadable: if this is no export at all.
    """
    verdict = check_export(source, trusted)
    if verdict.problems:
        return verdict
    found = Findings.following(verdict)
    timestamps.check(source, found, belief.trust, left=belief.left, now=belief.now)
    return found.verdict()


def is_evidence(raw: bytes) -> bool:
    """Tell whether a file says that it is an evidence record."""
    return f'"{evidence.FORMAT}"'.encode() in raw[:200]


def check_evidence(
    raw: bytes, keys: form.Keys | None, trusted: VerifierKey | None, belief: Belief
) -> Verdict:
    """Return what is found in an evidence record.

    :raises Unreadable: if it is none, or there is nothing to check it by.
    """
    if belief.trust is None:
        raise Unreadable("an evidence record is checked with --tsa-ca")
    read = evidence.read(raw)
    return evidence.check(
        read, log_key(keys, trusted), belief.trust, left=belief.left, now=belief.now
    )
