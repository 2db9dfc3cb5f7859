"""Tell whether timestamps still hold: each carried on by a later one before it ended (时间戳链).

A timestamp ends when a certificate of its authority ends, or when a hash that it rests on is left.
Until then a later one has to cover it: another checkpoint, whose tree holds the entry with its
digest, or an archive stamp, which is over everything before it. RFC 4998 §5 calls it renewal.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import Kind, Left


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A timestamp that was checked, as far as the chain asks about it."""

    number: int
    kind: Kind
    size: int
    algorithm: HashAlgorithm
    stamped_at: dt.datetime
    ends_at: dt.datetime  # of its certificates
    index: int | None = None  # where its own digest stands in the log
    covers: int = 0  # of an archive stamp: how many timestamps


class Broken(msgspec.Struct, frozen=True):
    """A timestamp that proves nothing any more, and since when."""

    link: Link
    ended_at: dt.datetime


def end_of(link: Link, left: Left) -> dt.datetime:
    """Return when a timestamp ends by itself.

    What a checkpoint says rests on SHA-256, whatever its note was hashed by.
    """
    rests_on = {link.algorithm}
    if link.kind is Kind.CHECKPOINT:
        rests_on.add(HashAlgorithm.SHA256)
    ends = left.end(*rests_on)
    return link.ends_at if ends is None else min(ends, link.ends_at)


def carries(later: Link, earlier: Link) -> bool:
    """Tell whether a later timestamp is over an earlier one."""
    if later.number <= earlier.number or later.stamped_at < earlier.stamped_at:
        return False
    if later.kind is Kind.ARCHIVE:
        return earlier.number <= later.covers
    return earlier.index is not None and earlier.index < later.size


def broken(links: Sequence[Link], left: Left, now: dt.datetime) -> list[Broken]:
    """Return the timestamps that ended before they were carried on, by number.

    ``links`` are all of a log in the order of their numbers.
    """
    good: list[Link] = []
    found: list[Broken] = []
    for link in reversed(links):
        end = end_of(link, left)
        if now < end or _carrier(good, link, end) is not None:
            good.append(link)
        else:
            found.append(Broken(link, end))
    return found[::-1]


def first_carrier(links: Sequence[Link], link: Link) -> Link | None:
    """Return who carried a link on first, too late or not, if anybody did."""
    return next((each for each in links if carries(each, link)), None)


def _carrier(good: Sequence[Link], link: Link, end: dt.datetime) -> Link | None:
    """Return the first good one that carries a link on in time; ``good`` has the latest first."""
    for each in reversed(good):
        if carries(each, link) and each.stamped_at < end:
            return each
    return None


def path(links: Sequence[Link], first: Link, left: Left, now: dt.datetime) -> list[Link]:
    """Return the fewest timestamps that carry ``first`` on to one that holds now.

    Archive stamps are taken where there are any, since they hold under the newer hash. If nothing
    carries it on in time the path ends where it does.
    """
    made = [first]
    while True:
        at = made[-1]
        end = end_of(at, left)
        later = [each for each in links if carries(each, at) and each.stamped_at < end]
        archives = [each for each in later if each.kind is Kind.ARCHIVE]
        if archives:
            made.append(archives[-1])
        elif later and end <= now:
            made.append(later[-1])
        else:
            return made
