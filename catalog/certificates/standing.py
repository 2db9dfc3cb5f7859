"""Say whether a certificate counted at an instant, and why (某一时点的效力), from what became of it.

The history of a certificate is never changed, so what is told of a past instant is told the same
for ever. Of an instant still to come nothing is told.
"""

from __future__ import annotations

import datetime as dt
import enum
import itertools
from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.certificates import expiry
from catalog.certificates.model import Certificate, Change
from catalog.certificates.number import CertificateNumber
from catalog.certificates.states import State
from catalog.kernel.errors import Invalid
from catalog.kernel.local_time import local_date


class InstantUnreadable(Invalid):
    """The text names no instant with its offset (RFC 3339)."""

    code = "instant_unreadable"


class InstantStillToCome(Invalid):
    """Whether a certificate will count then is not known."""

    code = "instant_still_to_come"


class Ground(enum.StrEnum):
    """Why a certificate counts, or does not."""

    NOT_YET_ISSUED = "not_yet_issued"
    ACTIVE = "active"
    FROZEN = "frozen"
    SUPERSEDED = "superseded"
    TRANSFERRED = "transferred"
    DEREGISTERED = "deregistered"
    REVOKED = "revoked"
    LAPSED = "lapsed"
    TERM_OVER = "term_over"
    PRODUCT_VALIDITY_OVER = "product_validity_over"
    KEY_DISTRUSTED = "key_distrusted"


_WORDS: Final[dict[Ground, tuple[str, str]]] = {
    Ground.NOT_YET_ISSUED: ("该时点凭证尚未签发。", "It was not issued yet at that instant."),
    Ground.ACTIVE: ("登记有效。", "The registration is in force."),
    Ground.FROZEN: (
        "因权属争议冻结，争议解决之前凭证不作凭据。",
        "It is frozen: it does not count while the dispute lasts.",
    ),
    Ground.SUPERSEDED: (
        "登记内容已变更，由换发的凭证取代。",
        "It was superseded: another certificate took its place.",
    ),
    Ground.TRANSFERRED: (
        "登记的权利已转移给新的权利主体。",
        "The right was transferred to a new holder.",
    ),
    Ground.DEREGISTERED: ("登记已注销。", "The registration was ended (deregistered)."),
    Ground.REVOKED: ("凭证已被撤销。", "The certificate was revoked."),
    Ground.LAPSED: ("有效期届满且未续期。", "Its term is over and it was not renewed."),
    Ground.TERM_OVER: ("凭证载明的有效期已届满。", "The term that it states is over."),
    Ground.PRODUCT_VALIDITY_OVER: (
        "数据产品时效已届满：凭证仍在登记簿中，但不能凭它出售产品。",
        "The product's validity is over: the certificate stands, but nothing is sold on it.",
    ),
    Ground.KEY_DISTRUSTED: (
        "签发密钥自审计日志某一条目起不可信，本凭证在其后登记：不作凭据。",
        "Its signing key is distrusted from an entry of the log on, and it was entered after that.",
    ),
}


class Because(msgspec.Struct, frozen=True):
    """A ground, in words."""

    ground: Ground
    zh: str
    en: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a certificate counted at an instant (效力)."""

    number: CertificateNumber
    record_sha256: str  # of the signed document: compare it with the paper in hand
    at: dt.datetime
    counts: bool
    state: State | None  # None: it was not issued yet
    since: dt.datetime | None
    until: dt.datetime | None  # when the next thing became of it; None: it is so now
    because: tuple[Because, ...]
    superseded_by: str | None = None


def instant_of(text: str | None, *, now: dt.datetime) -> dt.datetime:
    """Return the instant that is asked for, now if none is.

    :raises InstantUnreadable: if the text names none with its offset.
    :raises InstantStillToCome: if it is later than now.
    """
    if not text:
        return now
    try:
        # A plus sign that was not escaped arrives as a blank.
        at = dt.datetime.fromisoformat(text.strip().replace(" ", "+"))
        zoned = None if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise InstantUnreadable(given=text[:60]) from error
    if zoned is None:
        raise InstantUnreadable(given=text[:60])
    if zoned > now:
        raise InstantStillToCome(at=zoned.isoformat())
    return zoned


def standing_at(
    certificate: Certificate,
    history: Sequence[Change],
    at: dt.datetime,
    *,
    successor: str | None = None,
    is_distrusted: bool = False,
) -> Standing:
    """Return whether the certificate counted at ``at``, given all that became of it, oldest first.

    One that ``is_distrusted`` was signed when its key was not to be trusted, and never counted.
    """
    before = [change for change in history if change.at <= at]
    state = before[-1].state if before else None
    grounds = _grounds(certificate, state, at)
    if is_distrusted:
        grounds = (Ground.KEY_DISTRUSTED, *grounds)
    # An event that leaves the state as it is does not begin it anew.
    run = list(itertools.takewhile(lambda change: change.state is state, reversed(before)))
    later = (change.at for change in history if change.at > at and change.state is not state)
    return Standing(
        number=certificate.number,
        record_sha256=certificate.record_sha256,
        at=at,
        counts=state is State.ACTIVE and not {Ground.TERM_OVER, Ground.KEY_DISTRUSTED} & {*grounds},
        state=state,
        since=run[-1].at if run else None,
        until=next(later, None),
        because=tuple(Because(ground, *_WORDS[ground]) for ground in grounds),
        superseded_by=successor if state in (State.SUPERSEDED, State.TRANSFERRED) else None,
    )


def _grounds(certificate: Certificate, state: State | None, at: dt.datetime) -> tuple[Ground, ...]:
    if state is None:
        return (Ground.NOT_YET_ISSUED,)
    if state is not State.ACTIVE:
        return (Ground(state.value),)
    today = local_date(at)
    if expiry.is_over(certificate.valid_through, today):
        return (Ground.TERM_OVER,)
    if expiry.is_over(certificate.product_valid_to, today):
        return (Ground.ACTIVE, Ground.PRODUCT_VALIDITY_OVER)
    return (Ground.ACTIVE,)
