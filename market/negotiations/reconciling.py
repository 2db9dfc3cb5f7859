"""Compare both sides' copies: which message is missing, who sends it again, or that it has ended.

If the states differ and no message in between explains it, the negotiation ends (the protocol).
"""

from __future__ import annotations

import enum

import msgspec

from market.negotiations import states
from market.negotiations.model import Copy
from market.negotiations.moving import SENDERS, expected
from market.negotiations.states import FIRST, Event, State, is_over


class Verdict(enum.StrEnum):
    """What the two states say together (对账结果)."""

    IN_STEP = "in_step"  # 一致
    SEND_AGAIN = "send_again"  # 对方缺本方消息，重发
    ARRIVED = "arrived"  # 对方已收到，仅缺回执
    AWAITED = "awaited"  # 本方缺对方消息，或对方缺本方回执，待其重发
    TELL_THE_END = "tell_the_end"  # 本方已终止，对方尚不知
    ENDED = "ended"  # 对方已终止
    CONTRADICTION = "contradiction"  # 状态矛盾，须终止


class Finding(msgspec.Struct, frozen=True):
    """What was found, and which message is missing on one side."""

    verdict: Verdict
    missing: Event | None = None


def reconcile(copy: Copy, theirs: State | None) -> Finding:
    """Return what follows from where the other side stands; ``theirs`` None: it knows of nothing."""
    first = copy.pending[0].event if copy.pending else None
    if theirs is None:
        if first is not None and copy.other_pid is None:
            return Finding(Verdict.SEND_AGAIN, first)
        # An operator may remove what has ended.
        over = is_over(copy.state)
        return Finding(Verdict.IN_STEP if over else Verdict.CONTRADICTION)
    if State.TERMINATED in (copy.state, theirs) and copy.state is not theirs:
        return _of_an_end(copy, theirs)
    if first is not None:
        # A request and an offer lead back to where one was before, so that the same state may be
        # older than what was said; and whoever knows of an end need not know why. Sent again it is
        # answered again, which settles it.
        leads_back = first in FIRST and copy.other_pid is not None
        is_told_apart = not leads_back and first is not Event.TERMINATE
        if theirs is expected(copy) and is_told_apart:
            return Finding(Verdict.ARRIVED, first)
        if theirs in (copy.state, expected(copy)):
            return Finding(Verdict.SEND_AGAIN, first)
    elif theirs is copy.state:
        return Finding(Verdict.IN_STEP)
    ahead = _said_between(expected(copy), theirs)
    if ahead is not None and copy.role.other in SENDERS[ahead]:
        return Finding(Verdict.AWAITED, ahead)
    behind = _said_between(theirs, copy.state)
    if behind is not None:
        # Either it lacks what was said here, or the answer to what it said itself.
        is_own = copy.role in SENDERS[behind]
        return Finding(Verdict.SEND_AGAIN if is_own else Verdict.AWAITED, behind)
    return Finding(Verdict.CONTRADICTION)


def _of_an_end(copy: Copy, theirs: State) -> Finding:
    if State.FINALIZED in (copy.state, theirs):
        return Finding(Verdict.CONTRADICTION)
    if copy.state is State.TERMINATED:
        return Finding(Verdict.TELL_THE_END, Event.TERMINATE)
    return Finding(Verdict.ENDED)


def _said_between(before: State, after: State) -> Event | None:
    """Return the message that leads from one state to the other, if one does."""
    for (state, event), to in states.TRANSITIONS.items():
        if state is before and to is after and event is not Event.TERMINATE:
            return event
    return None
