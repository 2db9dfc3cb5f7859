"""Say whose turn it is in a negotiation, what one may say now, and until when (轮到谁)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from typing import Final

from catalog.kernel.errors import DomainError
from market.http.wording import all_wordings, words
from market.negotiations import moving, silence
from market.negotiations.model import Copy, Negotiation
from market.negotiations.states import Event, State, is_over
from market.portal.wording import Speaker, names_of

#: By which address each message is said.
STEPS: Final[Mapping[str, Event]] = {
    "requests": Event.REQUEST,
    "offers": Event.OFFER,
    "acceptances": Event.ACCEPT,
    "agreements": Event.AGREE,
    "verifications": Event.VERIFY,
    "finalizations": Event.FINALIZE,
    "terminations": Event.TERMINATE,
}
#: Where an offer is still open that runs out by itself.
_HANGING: Final = frozenset({State.REQUESTED, State.OFFERED, State.ACCEPTED})


class Turn(enum.StrEnum):
    """Who is to act."""

    MINE = "mine"
    THEIRS = "theirs"
    UNDERWAY = "underway"  # what was said has no answer yet
    OVER = "over"


def moves(copy: Copy) -> list[Event]:
    """Return what this side may say now."""
    return [event for event in Event if _may(copy, event)]


def turn_of(copy: Copy) -> Turn:
    """Return whose turn it is, as this side knows."""
    if is_over(copy.state):
        return Turn.OVER
    if copy.pending:
        return Turn.UNDERWAY
    return Turn.MINE if set(moves(copy)) - {Event.TERMINATE} else Turn.THEIRS


def ends_unless_answered(found: Negotiation) -> dt.datetime | None:
    """Return when it is over if nobody says anything: the offer runs out, or silence ends it."""
    copy = found.copy
    if is_over(copy.state):
        return None
    silent = found.updated_at + silence.LONGEST
    return min(copy.offer.valid_until, silent) if copy.state in _HANGING else silent


def why(code: str, speaker: Speaker) -> str:
    """Return why it ended or was refused; a code of the other side's own stands for itself."""
    if code in names_of("end_reason"):
        return speaker.label("end_reason", code)
    if code in all_wordings():
        said = words(code, {})
        return said.en if speaker.language == "en" else said.zh
    return code


def _may(copy: Copy, event: Event) -> bool:
    if any(sent.event is Event.FINALIZE for sent in copy.pending):
        return False  # it may have been taken
    try:
        moving.check_turn(copy, event)
    except DomainError:
        return False
    return True
