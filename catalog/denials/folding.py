"""Say which refusals are the same (同类合并), so that asking again and again fills no log.

The same are those of one kind and one actor, with the same facts, within one minute. Whoever is
not known is told apart by the network it asks from, and by that only as long as there are few.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from collections.abc import Iterable
from typing import Final

import msgspec

from catalog.audit_log.model import Subject
from catalog.denials.model import Asked, Denial, Folded
from catalog.signing.canonical import canonical

WINDOW: Final = dt.timedelta(minutes=1)  # [P] an entry is seldom more than a minute late
ASKED_MAX: Final = 20  # [P] enough to see what somebody is after; an entry stays small
NETWORKS_MAX: Final = 1_000  # [P] per minute and process; more is one attack, however many they are
MANY: Final = "many"
_PREFIX_OF_A_SITE: Final = 64  # an IPv6 network of one subscriber (RFC 6177)


def minute_of(at: dt.datetime) -> dt.datetime:
    """Return the beginning of the minute in which an instant lies."""
    return at.astimezone(dt.UTC).replace(second=0, microsecond=0)


def network_of(address: str) -> str:
    """Return the network by which who asks is told apart: the address, or its IPv6 /64."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(ipaddress.ip_network((found, _PREFIX_OF_A_SITE), strict=False))


def told_apart(denial: Denial, seen: set[str]) -> Denial:
    """Return the refusal under a network of its own while those of this minute are few.

    ``seen`` are those of the minute; a new one is put into it.
    """
    network = denial.facts.get("network")
    if network is None or network in seen:
        return denial
    if len(seen) >= NETWORKS_MAX:
        return msgspec.structs.replace(denial, facts=denial.facts | {"network": MANY})
    seen.add(network)
    return denial


def key_of(folded: Folded) -> bytes:
    """Return what refusals that are the same have in common, as 32 bytes."""
    actor = folded.actor
    said = (
        folded.minute.isoformat(),
        folded.event.value,
        actor.principal,
        actor.party_id,
        folded.facts,
        folded.rules,
    )
    return hashlib.sha256(canonical(said)).digest()


def key_of_denial(denial: Denial) -> bytes:
    """Return the same for one refusal."""
    return key_of(_alone(denial))


def folded(denials: Iterable[Denial]) -> list[tuple[bytes, Folded]]:
    """Return the refusals, the same ones together, in the order of their keys."""
    found: dict[bytes, Folded] = {}
    for denial in denials:
        key, one = key_of_denial(denial), _alone(denial)
        found[key] = merged(found[key], one) if key in found else one
    return sorted(found.items(), key=lambda item: item[0])


def merged(one: Folded, other: Folded) -> Folded:
    """Return two counts of the same refusal as one."""
    asked: dict[bytes, Asked] = {canonical(each.what): each for each in one.asked}
    more = one.asked_more + other.asked_more
    for each in other.asked:
        key = canonical(each.what)
        if key in asked:
            asked[key] = Asked(each.what, asked[key].times + each.times)
        elif len(asked) < ASKED_MAX:
            asked[key] = each
        else:
            more += each.times
    subjects = list(dict.fromkeys((*one.subjects, *other.subjects)))
    return msgspec.structs.replace(
        one,
        times=one.times + other.times,
        first_request_id=one.first_request_id or other.first_request_id,
        last_request_id=other.last_request_id,
        asked=tuple(asked.values()),
        asked_more=more,
        subjects=tuple(subjects[:ASKED_MAX]),
        subjects_more=one.subjects_more or other.subjects_more or len(subjects) > ASKED_MAX,
    )


def counted_from_here(logged: Folded) -> Folded:
    """Return what is still to be counted after these refusals got their entry: none so far."""
    return msgspec.structs.replace(
        logged,
        times=0,
        first_request_id="",
        last_request_id="",
        asked=(),
        asked_more=0,
        subjects=(),
        subjects_more=False,
    )


def facts_of(folded: Folded, *, is_first: bool) -> dict[str, object]:
    """Return what the entry says in its payload. ``times`` is exact; ids beyond twenty are not kept."""
    return folded.facts | {
        "times": folded.times,
        "is_first": is_first,
        "minute": folded.minute,
        "first_request_id": folded.first_request_id,
        "last_request_id": folded.last_request_id,
        "asked": folded.asked,
        "asked_more": folded.asked_more,
        "subjects_more": folded.subjects_more,
    }


def _alone(denial: Denial) -> Folded:
    subjects: tuple[Subject, ...] = () if denial.subject is None else (denial.subject,)
    return Folded(
        event=denial.event,
        actor=denial.actor,
        facts=denial.facts,
        minute=minute_of(denial.at),
        times=1,
        first_request_id=denial.request_id,
        last_request_id=denial.request_id,
        asked=() if denial.asked is None else (Asked(denial.asked, 1),),
        subjects=subjects,
        rules=denial.rules,
    )
