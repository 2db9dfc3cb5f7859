"""Two sides move their copies: whose turn it is, what crosses, what is doubled, late or never arrives.

The complaints of others that these tests answer: EDC #1487 (sent again for ever), #3777 (messages
taken twice), #5018 (messages after the end were taken), tractusx-edc #1145 (one side had ended it, the other went on).
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
import uuid
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from msgspec.structs import replace

from catalog.kernel.errors import DomainError, Missing
from market.contracts.model import AgreementOver
from market.contracts.policy import PolicyConstraint, PolicyRule, agreement_of
from market.negotiations import moving, retrying, silence
from market.negotiations.model import Copy, Message, Reply, Role
from market.negotiations.moving import ended
from market.negotiations.reconciling import Verdict, reconcile
from market.negotiations.states import FIRST, TRANSITIONS, Event, State, allows, is_over
from tests.negotiating import (
    BEGINNING,
    SIGNATURE,
    Game,
    make_message,
    make_offer,
    take_any,
    take_even,
)

NOW = BEGINNING
LATER = NOW + dt.timedelta(days=1)
C, P = Role.CONSUMER, Role.PROVIDER


def copy_of(role: Role = P, state: State = State.REQUESTED, **changes: Any) -> Copy:
    agreement = None
    if state in (State.AGREED, State.VERIFIED, State.FINALIZED):
        agreement = agreed()
    made = Copy(
        role=role,
        own_pid="urn:c" if role is C else "urn:p",
        other_pid="urn:p" if role is C else "urn:c",
        state=state,
        offer=make_offer(),
        offered_by=P if state in (State.OFFERED, State.ACCEPTED) else C,
        agreement=agreement,
    )
    return replace(made, **changes)


def agreed(number: int = 1) -> Any:
    return agreement_of(
        make_offer(number), agreement_id=uuid.UUID(int=9), assigner="p", assignee="c", now=NOW
    )


def told(event: Event, sender: Role, **changes: Any) -> Message:
    given = {"agreement": agreed(), "document": b"words"} if event is Event.AGREE else {}
    return make_message(event, sender, 7, **(given | changes))


def refusal(call: Any, *args: Any, **kwargs: Any) -> DomainError:
    with pytest.raises(DomainError) as refused:
        call(*args, **kwargs)
    return refused.value


def acknowledged(copy: Copy) -> Copy:
    return moving.hear(copy, copy.pending[0].id, Reply(pid=copy.other_pid, state=None))


# ── who may say what, when ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("role", "state", "event"), list(itertools.product(Role, State, Event)), ids=str
)
def test_a_side_says_what_is_its_own_to_say_when_it_is_time_and_nothing_else(
    role: Role, state: State, event: Event
) -> None:
    before = copy_of(role, state)
    mine = role in moving.SENDERS[event]

    if not mine:
        assert (
            refusal(moving.send, before, told(event, role), now=NOW).code
            == "negotiation_out_of_turn"
        )
    elif not allows(state, event):
        found = refusal(moving.send, before, told(event, role), now=NOW)
        assert (found.code, found.facts) == (
            "negotiation_event_not_allowed",
            {"state": state.value, "event": event.value},
        )
    else:
        after = moving.send(before, told(event, role), now=NOW)
        counts_at_once = event is Event.TERMINATE
        assert after.state is (State.TERMINATED if counts_at_once else state)
        assert [sent.event for sent in after.pending] == [event]
        assert acknowledged(after).state is TRANSITIONS[state, event]


@pytest.mark.parametrize(
    ("role", "state", "event"), list(itertools.product(Role, State, Event)), ids=str
)
def test_a_side_takes_what_is_the_others_to_say_when_it_is_time_and_answers_all_else_with_an_error(
    role: Role, state: State, event: Event
) -> None:
    before = copy_of(role, state)
    theirs = role.other in moving.SENDERS[event]

    after, reply = moving.answer(before, told(event, role.other), now=NOW, check=take_any)

    if theirs and allows(state, event):
        assert reply == Reply(pid=before.own_pid, state=TRANSITIONS[state, event])
        assert after.state is TRANSITIONS[state, event]
    else:
        assert after is before
        assert reply.state is state
        assert reply.code == (
            "negotiation_event_not_allowed" if theirs else "negotiation_out_of_turn"
        )


def test_nobody_speaks_for_the_other_side() -> None:
    forged = told(Event.OFFER, P)

    found = refusal(moving.receive, copy_of(P), forged, now=NOW, check=take_any)

    assert found.code == "negotiation_out_of_turn"


def test_until_an_answer_comes_nothing_but_an_ending_is_said() -> None:
    waiting = moving.send(copy_of(P), told(Event.OFFER, P), now=NOW)

    found = refusal(moving.send, waiting, told(Event.AGREE, P), now=NOW)
    over = moving.send(waiting, make_message(Event.TERMINATE, P, 8, code="mine"), now=NOW)

    assert isinstance(found, moving.NegotiationMessagePending)
    assert found.facts == {"event": "offer"}
    assert (over.state, over.code) == (State.TERMINATED, "mine")
    assert [sent.event for sent in over.pending] == [Event.TERMINATE]


# ── the first message ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("role", "event"), list(itertools.product(Role, Event)), ids=str)
def test_a_negotiation_begins_with_a_request_of_the_consumer_or_an_offer_of_the_provider(
    role: Role, event: Event
) -> None:
    first = told(event, role)
    may_begin = event in FIRST and role in moving.SENDERS[event]

    if not may_begin:
        assert isinstance(
            refusal(moving.begin, role, "urn:x", first, now=NOW), moving.NegotiationOutOfTurn
        )
        return
    begun = moving.begin(role, "urn:x", first, now=NOW)
    taken = moving.take_first(role.other, "urn:y", first, now=NOW)
    assert (begun.state, begun.other_pid, begun.pending) == (FIRST[event], None, (first,))
    assert (taken.state, taken.other_pid) == (FIRST[event], "urn:c" if role is C else "urn:p")
    assert taken.offered_by is role


def test_a_first_message_that_begins_nothing_is_answered_as_if_nothing_were_there() -> None:
    for message, role in (
        (told(Event.ACCEPT, C), P),
        (told(Event.REQUEST, C, consumer_pid=None), P),
        (told(Event.REQUEST, C), C),
    ):
        found = refusal(moving.take_first, role, "urn:y", message, now=NOW)
        assert isinstance(found, Missing)
    wrong = told(Event.OFFER, C)
    assert isinstance(
        refusal(moving.take_first, P, "urn:y", wrong, now=NOW),
        moving.NegotiationOutOfTurn,
    )


def test_a_first_message_that_is_refused_ends_it_where_it_was_said() -> None:
    begun = moving.begin(C, "urn:c", told(Event.REQUEST, C), now=NOW)

    after = moving.hear(begun, "urn:m:7", Reply(pid=None, state=None, code="offer_price_not_filed"))

    assert (after.state, after.code, after.pending) == (
        State.TERMINATED,
        "offer_price_not_filed",
        (),
    )


def test_an_ending_before_the_first_answer_follows_the_first_message() -> None:
    begun = moving.begin(C, "urn:c", told(Event.REQUEST, C, provider_pid=None), now=NOW)
    over = moving.send(begun, make_message(Event.TERMINATE, C, 8, provider_pid=None), now=NOW)

    known = moving.hear(over, "urn:m:7", Reply(pid="urn:p", state=State.REQUESTED))

    assert [sent.event for sent in over.pending] == [Event.REQUEST, Event.TERMINATE]
    assert [sent.event for sent in known.pending] == [Event.TERMINATE]
    assert known.state is State.TERMINATED
    assert moving.addressed(known, known.pending[0]).provider_pid == "urn:p"


# ── answers that are lost, late or about something older ────────────────────────────────────────


def test_whoever_is_answered_was_heard_although_no_acknowledgement_came() -> None:
    waiting = moving.send(copy_of(P), told(Event.OFFER, P), now=NOW)

    after = moving.receive(waiting, told(Event.ACCEPT, C), now=NOW, check=take_any)

    assert after.state is State.ACCEPTED
    assert after.pending == ()
    assert after.offer == told(Event.OFFER, P).offer


def test_the_first_answer_may_be_the_other_sides_next_message() -> None:
    begun = moving.begin(C, "urn:c", told(Event.REQUEST, C, provider_pid=None), now=NOW)

    after = moving.receive(begun, make_message(Event.OFFER, P, 8), now=NOW, check=take_any)

    assert (after.state, after.other_pid, after.pending) == (State.OFFERED, "urn:p", ())


def test_an_answer_to_an_older_message_changes_nothing() -> None:
    waiting = moving.send(copy_of(P), told(Event.OFFER, P), now=NOW)

    assert moving.hear(waiting, "urn:m:6", Reply(pid="urn:c", state=None, code="x")) is waiting
    assert moving.hear(copy_of(P), "urn:m:7", Reply(pid="urn:c", state=None)) == copy_of(P)


def test_a_refused_message_leaves_both_where_they_were_and_tells_why() -> None:
    waiting = moving.send(copy_of(P), told(Event.OFFER, P), now=NOW)
    reply = Reply(pid="urn:c", state=State.REQUESTED, code="constraint_unknown")

    after = moving.hear(waiting, "urn:m:7", reply)

    assert (after.state, after.pending, after.code) == (State.REQUESTED, (), "constraint_unknown")
    assert after.offer == make_offer()


def test_an_error_from_where_it_has_ended_ends_it_here_and_one_to_an_ending_is_left_alone() -> None:
    waiting = moving.send(copy_of(P), told(Event.OFFER, P), now=NOW)
    over = moving.send(copy_of(P), told(Event.TERMINATE, P), now=NOW)
    reply = Reply(pid="urn:c", state=State.TERMINATED, code="negotiation_event_not_allowed")

    assert moving.hear(waiting, "urn:m:7", reply).state is State.TERMINATED
    assert moving.hear(over, "urn:m:7", reply) == replace(over, pending=())


# ── the last word ───────────────────────────────────────────────────────────────────────────────


def test_what_may_be_finalized_is_not_ended_by_whoever_finalizes_it() -> None:
    waiting = moving.send(copy_of(P, State.VERIFIED), told(Event.FINALIZE, P), now=NOW)

    found = refusal(moving.send, waiting, make_message(Event.TERMINATE, P, 8), now=NOW)

    assert isinstance(found, moving.FinalizationPending)


def test_whoever_ended_it_takes_no_finalization_and_so_both_have_ended() -> None:
    finalizing = moving.send(copy_of(P, State.VERIFIED), told(Event.FINALIZE, P), now=NOW)
    over = moving.send(copy_of(C, State.VERIFIED), make_message(Event.TERMINATE, C, 8), now=NOW)

    after, reply = moving.answer(over, finalizing.pending[0], now=NOW, check=take_any)
    crossed = moving.receive(finalizing, over.pending[0], now=NOW, check=take_any)

    assert (after, reply.code) == (over, "negotiation_event_not_allowed")
    assert moving.hear(finalizing, "urn:m:7", reply).state is State.TERMINATED
    assert (crossed.state, crossed.pending) == (State.TERMINATED, ())


# ── what a message holds ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (told(Event.OFFER, P, offer=None), "negotiation_message_incomplete"),
        (told(Event.OFFER, P, offer=make_offer(2, target="urn:x")), "offer_target_differs"),
        (told(Event.OFFER, P, offer=make_offer(2, until=NOW)), "offer_expired"),
        (told(Event.OFFER, P, offer=make_offer(3)), "offer_refused_here"),
        (told(Event.AGREE, P, agreement=None), "negotiation_message_incomplete"),
        (told(Event.AGREE, P, document=None), "negotiation_message_incomplete"),
        (told(Event.AGREE, P, agreement=agreed(2)), "agreement_differs_from_offer"),
        (told(Event.AGREE, P, provider_pid="urn:else"), "not_found"),
        (told(Event.AGREE, P, provider_pid=None), "not_found"),
        (told(Event.AGREE, P, consumer_pid="urn:else"), "not_found"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_message_that_does_not_hold_what_it_should_changes_nothing(
    message: Message, code: str
) -> None:
    before = copy_of(C, State.REQUESTED)

    after, reply = moving.answer(before, message, now=NOW, check=take_even)

    assert (after, reply.code) == (before, code)


def test_an_offer_is_accepted_until_its_last_instant_and_not_at_its_end() -> None:
    offered = copy_of(C, State.OFFERED)
    accepted = copy_of(P, State.ACCEPTED)
    just = LATER - dt.timedelta(microseconds=1)

    assert moving.send(offered, told(Event.ACCEPT, C), now=just).pending
    assert moving.send(accepted, told(Event.AGREE, P), now=just).pending
    for late in (
        refusal(moving.send, offered, told(Event.ACCEPT, C), now=LATER),
        refusal(moving.send, accepted, told(Event.AGREE, P), now=LATER),
        refusal(moving.begin, C, "urn:c", told(Event.REQUEST, C), now=LATER),
        refusal(moving.take_first, P, "urn:p", told(Event.REQUEST, C), now=LATER),
    ):
        assert isinstance(late, moving.OfferExpired)
        assert late.facts == {"valid_until": LATER.isoformat()}


def test_an_expired_offer_can_still_be_answered_with_another_or_with_an_ending() -> None:
    offered = copy_of(C, State.OFFERED)
    fresh = told(Event.REQUEST, C, offer=make_offer(4, until=LATER + dt.timedelta(days=1)))

    assert moving.send(offered, fresh, now=LATER).pending == (fresh,)
    assert moving.send(offered, told(Event.TERMINATE, C), now=LATER).state is State.TERMINATED


def test_the_first_message_without_an_offer_is_refused() -> None:
    empty = told(Event.REQUEST, C, offer=None)

    assert isinstance(refusal(moving.begin, C, "urn:c", empty, now=NOW), moving.OfferMissing)
    assert isinstance(refusal(moving.take_first, P, "urn:p", empty, now=NOW), moving.OfferMissing)


def test_an_agreement_is_verified_and_finalized_by_signatures_and_not_without() -> None:
    for role, state, event in (
        (C, State.AGREED, Event.VERIFY),
        (P, State.VERIFIED, Event.FINALIZE),
    ):
        bare = told(event, role, signature=None)
        found = refusal(moving.send, copy_of(role, state), bare, now=NOW)
        taken = moving.receive(
            copy_of(role.other, state), told(event, role), now=NOW, check=take_any
        )
        assert (found.code, found.facts) == (
            "negotiation_message_incomplete",
            {"missing": "signature"},
        )
        assert SIGNATURE in (taken.consumer_signature, taken.provider_signature)


# ── comparing ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("copy", "theirs", "verdict", "missing"),
    [
        (copy_of(P), State.REQUESTED, Verdict.IN_STEP, None),
        (copy_of(P), State.TERMINATED, Verdict.ENDED, None),
        (copy_of(P, State.TERMINATED), State.TERMINATED, Verdict.IN_STEP, None),
        (copy_of(P, State.TERMINATED), State.AGREED, Verdict.TELL_THE_END, Event.TERMINATE),
        (copy_of(P, State.TERMINATED), State.FINALIZED, Verdict.CONTRADICTION, None),
        (copy_of(P, State.FINALIZED), State.TERMINATED, Verdict.CONTRADICTION, None),
        (copy_of(P, State.FINALIZED), State.VERIFIED, Verdict.SEND_AGAIN, Event.FINALIZE),
        (copy_of(C, State.FINALIZED), State.VERIFIED, Verdict.AWAITED, Event.FINALIZE),
        (copy_of(C), State.OFFERED, Verdict.AWAITED, Event.OFFER),
        (copy_of(P), State.OFFERED, Verdict.AWAITED, Event.REQUEST),
        (copy_of(C), State.FINALIZED, Verdict.CONTRADICTION, None),
        (copy_of(C), None, Verdict.CONTRADICTION, None),
        (copy_of(C, State.TERMINATED), None, Verdict.IN_STEP, None),
    ],
)
def test_two_states_say_which_message_is_missing_and_where(
    copy: Copy, theirs: State | None, verdict: Verdict, missing: Event | None
) -> None:
    found = reconcile(copy, theirs)

    assert (found.verdict, found.missing) == (verdict, missing)


def test_what_is_pending_is_sent_again_or_has_arrived_already() -> None:
    waiting = moving.send(copy_of(P), told(Event.OFFER, P), now=NOW)
    begun = moving.begin(C, "urn:c", told(Event.REQUEST, C), now=NOW)
    agreeing = moving.send(copy_of(P), told(Event.AGREE, P), now=NOW)

    assert reconcile(waiting, State.REQUESTED).verdict is Verdict.SEND_AGAIN
    assert reconcile(waiting, State.OFFERED).verdict is Verdict.SEND_AGAIN  # perhaps an older one
    assert reconcile(agreeing, State.AGREED).verdict is Verdict.ARRIVED
    assert reconcile(waiting, State.ACCEPTED).verdict is Verdict.AWAITED
    assert reconcile(waiting, State.FINALIZED).verdict is Verdict.CONTRADICTION
    assert reconcile(begun, None).verdict is Verdict.SEND_AGAIN
    assert reconcile(begun, State.REQUESTED).verdict is Verdict.ARRIVED
    assert reconcile(replace(waiting, other_pid="urn:c"), None).verdict is Verdict.CONTRADICTION


def test_an_ending_that_crosses_another_message_keeps_its_reason() -> None:
    offering = moving.send(copy_of(P), told(Event.OFFER, P), now=NOW)
    why = make_message(Event.TERMINATE, C, 8, code="budget", reason="预算取消")
    over = moving.send(copy_of(C), why, now=NOW)

    # The offer was refused over there, because it had ended; then its reason arrives, and once more.
    _, refused = moving.answer(over, offering.pending[0], now=NOW, check=take_any)
    known = moving.hear(offering, "urn:m:7", refused)
    told_why = moving.receive(known, why, now=NOW, check=take_any)
    again = refusal(moving.receive, told_why, replace(why, id="urn:m:9"), now=NOW, check=take_any)

    assert (known.state, known.code, known.reason) == (
        State.TERMINATED,
        "ended_by_the_other_side",
        None,
    )
    assert (told_why.code, told_why.reason) == ("budget", "预算取消")
    assert again.code == "negotiation_event_not_allowed"


def test_that_both_have_ended_does_not_show_that_the_reason_has_come() -> None:
    over = moving.send(copy_of(C), make_message(Event.TERMINATE, C, 8), now=NOW)

    assert reconcile(over, State.TERMINATED).verdict is Verdict.SEND_AGAIN


def test_a_message_is_addressed_by_the_name_that_its_sender_may_not_know_yet() -> None:
    first = make_message(Event.REQUEST, C, 7, provider_pid=None)

    assert moving.addressed_to(copy_of(P), first).provider_pid == "urn:p"
    assert moving.addressed_to(
        copy_of(C), told(Event.OFFER, P, consumer_pid=None)
    ).consumer_pid == ("urn:c")


def test_where_the_other_side_has_ended_it_has_ended_here() -> None:
    waiting = moving.send(copy_of(P), told(Event.OFFER, P), now=NOW)

    after = ended(waiting)

    assert (after.state, after.pending, after.code) == (
        State.TERMINATED,
        (),
        "ended_by_the_other_side",
    )


# ── patience ────────────────────────────────────────────────────────────────────────────────────


def test_a_message_is_sent_again_later_each_time_and_left_in_the_end_but_for_the_last_word() -> (
    None
):
    waits = [retrying.next_attempt_at(n, NOW) - NOW for n in (1, 2, 3, 11, 12, 400)]

    assert [wait.total_seconds() for wait in waits] == [2, 4, 8, 2048, 3600, 3600]
    assert not retrying.is_given_up(Event.OFFER, 11)
    assert retrying.is_given_up(Event.OFFER, 12)
    assert not retrying.is_given_up(Event.FINALIZE, 1_000)


def test_a_negotiation_ends_when_nobody_has_said_anything_for_a_month() -> None:
    month = NOW + dt.timedelta(days=30)
    second = dt.timedelta(seconds=1)
    finalizing = moving.send(copy_of(P, State.VERIFIED), told(Event.FINALIZE, P), now=NOW)

    assert not silence.is_too_long(copy_of(C), moved_at=NOW, now=month - second)
    assert silence.is_too_long(copy_of(C), moved_at=NOW, now=month)
    assert not silence.is_too_long(finalizing, moved_at=NOW, now=month)
    assert not silence.is_too_long(copy_of(C, State.FINALIZED), moved_at=NOW, now=month)


# ── both agree, or both have ended ──────────────────────────────────────────────────────────────


@hypothesis.settings(deadline=None, max_examples=200)
@hypothesis.given(st.lists(st.integers(0, 2**16), min_size=1, max_size=400))
def test_two_instances_agree_or_have_both_ended_whatever_the_channel_does(
    choices: list[int],
) -> None:
    left = iter(choices)

    Game(lambda below: next(left, 0) % below).run(steps=len(choices) // 3)


def test_games_lose_double_and_refuse_and_some_of_them_reach_the_end() -> None:
    ends, seen = set(), set()
    lost = doubled = refused = 0
    for seed in range(300):
        rng = random.Random(seed)
        game = Game(rng.randrange)
        game.run(steps=60)
        ends |= {copy.state for copy in game.copies()}
        seen |= game.played.compared
        lost += game.played.lost
        doubled += game.played.doubled
        refused += game.played.refused

    assert {State.FINALIZED, State.TERMINATED, State.OFFERED, State.REQUESTED} <= ends
    assert {Verdict.IN_STEP, Verdict.SEND_AGAIN, Verdict.ARRIVED, Verdict.AWAITED} <= seen
    assert {Verdict.TELL_THE_END, Verdict.ENDED} <= seen
    assert min(lost, doubled, refused) > 100


def test_over_is_where_nothing_leads_on() -> None:
    assert {state for state in State if is_over(state)} == {State.FINALIZED, State.TERMINATED}


@pytest.mark.parametrize("event", [Event.VERIFY, Event.FINALIZE])
@pytest.mark.parametrize(("after", "is_over"), [(-1, False), (0, True), (1, True)])
def test_what_was_agreed_until_an_instant_is_not_signed_from_it_on(
    event: Event, after: int, *, is_over: bool
) -> None:
    end = BEGINNING + dt.timedelta(days=8)
    until = PolicyConstraint("dateTime", "lt", end.isoformat())
    offer = make_offer(permission=(PolicyRule("use", (until,)),))
    agreement = agreement_of(
        offer, agreement_id=uuid.UUID(int=3), assigner="p", assignee="c", now=BEGINNING
    )
    sender, state = (C, State.AGREED) if event is Event.VERIFY else (P, State.VERIFIED)
    at = end + dt.timedelta(seconds=after)
    own = copy_of(sender, state, offer=offer, agreement=agreement)
    other = copy_of(sender.other, state, offer=offer, agreement=agreement)
    message = told(event, sender)

    def say_and_hear() -> tuple[Copy, Copy]:
        return (
            moving.send(own, message, now=at),
            moving.receive(other, message, now=at, check=take_any),
        )

    if not is_over:
        assert say_and_hear() != (own, other)
        return
    for act in (
        lambda: moving.send(own, message, now=at),
        lambda: moving.receive(other, message, now=at, check=take_any),
    ):
        with pytest.raises(AgreementOver):
            act()
