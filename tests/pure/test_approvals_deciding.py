"""An organisation's own approval: who decides, who is skipped and why, when it is over, whose it is."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any

import pytest
from msgspec.structs import replace

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import AccountId, PartyId
from market.approvals import chain, deciding
from market.approvals.model import (
    About,
    Approval,
    ApprovalId,
    Outcome,
    SkipReason,
    Step,
    Verdict,
    Wanted,
)
from market.approvals.states import Event, State, advance, allows
from market.identity.permissions import Role

NOW = dt.datetime(2026, 12, 31, 15, 59, 59, tzinfo=dt.UTC)
BUYER, HEAD, FINANCE, LAWYER = (AccountId(uuid.UUID(int=n)) for n in (1, 2, 3, 4))
COLLEAGUES = {
    BUYER: frozenset({Role.BUYER}),
    HEAD: frozenset({Role.BUYER_APPROVER}),
    FINANCE: frozenset({Role.BUYER_APPROVER}),
    LAWYER: frozenset({Role.BUYER}),
}
WANTED = Wanted(
    about=About.NEGOTIATION,
    subject_id=uuid.UUID(int=7),
    terms_sha256="ab" * 32,
    product_id=uuid.UUID(int=8),
    product_name="港口作业气象风险指数",
    amount_fen=37_035,
)
BY_ROLE = Step(name="部门负责人", role=Role.BUYER_APPROVER, within_hours=24)
BY_LAWYER = Step(name="法务", account_id=LAWYER)


def begun(*steps: Step, by: AccountId = BUYER, colleagues: Any = COLLEAGUES) -> Approval:
    return deciding.begin(
        WANTED,
        steps,
        approval_id=ApprovalId(uuid.UUID(int=9)),
        party=PartyId(uuid.UUID(int=10)),
        by=by,
        colleagues=colleagues,
        now=NOW,
    )


def decided(
    approval: Approval,
    by: AccountId,
    verdict: Verdict = Verdict.APPROVE,
    *,
    reason: str = "出差",
    may_skip: bool = True,
    now: dt.datetime = NOW,
    colleagues: Any = COLLEAGUES,
) -> Approval:
    return deciding.decide(
        approval,
        verdict,
        by=by,
        may_skip=may_skip,
        reason=reason,
        colleagues=colleagues,
        now=now,
    )


def refused(act: Any, *args: Any, **told: Any) -> str:
    with pytest.raises(DomainError) as refusal:
        act(*args, **told)
    return refusal.value.code


# ── the chain ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "step",
    [
        Step(name="没有人"),
        Step(name="两种人", role=Role.BUYER, account_id=LAWYER),
        Step(name="不审批的角色", role=Role.SUPPLIER),
        Step(name="别家的人", account_id=uuid.UUID(int=99)),
    ],
    ids=lambda step: step.name,
)
def test_a_step_names_one_role_or_one_member_who_decides(step: Step) -> None:
    assert refused(chain.check, [BY_ROLE, step], COLLEAGUES) == "approval_chain_unfit"


def test_a_member_whose_roles_decide_nothing_is_no_approver() -> None:
    colleagues = {**COLLEAGUES, LAWYER: frozenset({Role.SUPPLIER})}

    chain.check([BY_ROLE, BY_LAWYER], COLLEAGUES)
    assert refused(chain.check, [BY_LAWYER], colleagues) == "approval_chain_unfit"
    assert chain.approvers(BY_LAWYER, colleagues) == frozenset()


@pytest.mark.parametrize(("amount", "asked"), [(0, 1), (99_999, 1), (100_000, 2), (10**15, 2)])
def test_an_amount_asks_for_the_steps_that_begin_at_it_or_below(amount: int, asked: int) -> None:
    steps = (BY_ROLE, Step(name="总经理", role=Role.BUYER_APPROVER, from_fen=100_000))

    assert len(chain.applying(steps, amount)) == asked


# ── who is asked, and who is not ────────────────────────────────────────────────────────────


def test_steps_open_one_after_the_other_each_with_its_own_time() -> None:
    first = begun(BY_ROLE, BY_LAWYER)
    second = decided(first, HEAD, now=NOW + dt.timedelta(hours=1))
    third = decided(second, LAWYER, now=NOW + dt.timedelta(hours=2))

    assert (first.state, first.due_at) == (State.PENDING, NOW + dt.timedelta(hours=24))
    assert (second.state, second.due_at) == (State.PENDING, NOW + dt.timedelta(hours=73))
    assert (third.state, third.due_at, third.open_step) == (State.APPROVED, None, None)
    assert [(taken.outcome, taken.by) for taken in third.steps] == [
        (Outcome.APPROVED, HEAD),
        (Outcome.APPROVED, LAWYER),
    ]


@pytest.mark.parametrize(
    ("by", "colleagues", "because"),
    [
        (LAWYER, COLLEAGUES, SkipReason.APPROVER_IS_REQUESTER),
        (
            BUYER,
            {who: worn for who, worn in COLLEAGUES.items() if who != LAWYER},
            SkipReason.APPROVER_ABSENT,
        ),
    ],
)
def test_a_step_is_skipped_where_its_approver_asks_himself_or_is_gone(
    by: AccountId, colleagues: Any, because: SkipReason
) -> None:
    asked = begun(BY_LAWYER, BY_ROLE, by=by, colleagues=colleagues)

    first, second = asked.steps
    assert (first.outcome, first.skipped_because, first.by) == (Outcome.SKIPPED, because, None)
    assert asked.open_step == second
    assert decided(asked, HEAD, colleagues=colleagues).state is State.APPROVED


def test_whoever_approved_before_is_not_asked_again_and_another_of_the_role_is() -> None:
    of_head = Step(name="负责人", account_id=HEAD)
    after = decided(begun(of_head, of_head), HEAD)
    by_role = decided(begun(of_head, BY_ROLE), HEAD)

    assert after.state is State.APPROVED
    assert after.steps[1].skipped_because is SkipReason.APPROVER_DECIDED_BEFORE
    assert by_role.state is State.PENDING
    assert refused(decided, by_role, HEAD) == "approval_not_yours_to_decide"
    assert decided(by_role, FINANCE).state is State.APPROVED


def test_what_nobody_could_approve_is_not_approved() -> None:
    alone = {BUYER: frozenset({Role.BUYER, Role.BUYER_APPROVER})}

    assert refused(begun, BY_ROLE, BY_LAWYER, colleagues=alone) == "approval_without_approver"


def test_a_role_is_skipped_where_only_the_requester_wears_it() -> None:
    colleagues = {HEAD: frozenset({Role.BUYER_APPROVER}), LAWYER: frozenset({Role.BUYER})}
    asked = begun(BY_ROLE, BY_LAWYER, by=HEAD, colleagues=colleagues)

    assert asked.steps[0].skipped_because is SkipReason.APPROVER_IS_REQUESTER
    assert asked.open_step == asked.steps[1]


# ── what is decided ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("by", [BUYER, LAWYER, AccountId(uuid.UUID(int=99))])
def test_nobody_decides_what_he_asked_for_or_what_is_not_his_step(
    by: AccountId, verdict: Verdict
) -> None:
    asked = begun(BY_ROLE)

    assert refused(decided, asked, by, verdict, may_skip=False) == "approval_not_yours_to_decide"


def test_a_rejection_ends_it_with_its_reason() -> None:
    ended = decided(begun(BY_ROLE, BY_LAWYER), HEAD, Verdict.REJECT, reason=" 预算不足 ")

    assert (ended.state, ended.due_at) == (State.REJECTED, None)
    assert (ended.steps[0].outcome, ended.steps[0].reason) == (Outcome.REJECTED, "预算不足")
    assert ended.steps[1].opened_at is None


@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.SKIP])
def test_whoever_rejects_or_skips_says_why(verdict: Verdict) -> None:
    step = BY_LAWYER if verdict is Verdict.SKIP else BY_ROLE

    assert refused(decided, begun(step), HEAD, verdict, reason=" ") == "approval_reason_missing"


def test_another_skips_for_who_is_away_but_not_for_himself_nor_the_last_that_would_approve() -> (
    None
):
    asked = begun(BY_LAWYER, BY_ROLE)
    skipped = decided(asked, HEAD, Verdict.SKIP)

    assert skipped.steps[0].skipped_because is SkipReason.APPROVER_ABSENT
    assert (skipped.steps[0].by, skipped.steps[0].reason) == (HEAD, "出差")
    assert refused(decided, asked, LAWYER, Verdict.SKIP) == "approval_not_yours_to_decide"
    assert refused(decided, asked, HEAD, Verdict.SKIP, may_skip=False) == (
        "approval_not_yours_to_decide"
    )
    assert refused(decided, begun(BY_LAWYER), HEAD, Verdict.SKIP) == "approval_without_approver"
    assert decided(skipped, HEAD).state is State.APPROVED


def test_a_step_is_over_to_the_second() -> None:
    asked = begun(BY_ROLE)
    due = NOW + dt.timedelta(hours=24)

    assert decided(asked, HEAD, now=due - dt.timedelta(microseconds=1)).state is State.APPROVED
    for verdict in Verdict:
        assert refused(decided, asked, HEAD, verdict, now=due) == "approval_step_over"
    assert not deciding.is_over(asked, due - dt.timedelta(microseconds=1))
    assert deciding.is_over(asked, due)
    expired = deciding.expire(asked, due)
    assert (expired.state, expired.steps[0].outcome) == (State.EXPIRED, Outcome.EXPIRED)
    assert not deciding.is_over(expired, due)


def test_nothing_is_offered_to_decide_where_no_step_is_open_or_its_time_is_over() -> None:
    def offered(approval: Approval, by: AccountId, now: dt.datetime = NOW) -> list[Verdict]:
        return deciding.open_verdicts(
            approval, by=by, may_skip=True, colleagues=COLLEAGUES, now=now
        )

    asked = begun(BY_ROLE)

    assert offered(asked, HEAD) == [Verdict.APPROVE, Verdict.REJECT]
    assert offered(asked, HEAD, NOW + dt.timedelta(hours=24)) == []
    assert offered(decided(asked, HEAD), FINANCE) == []
    assert offered(asked, BUYER) == []


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_what_can_happen_to_an_approval_is_what_advances_it(state: State, event: Event) -> None:
    if allows(state, event):
        assert advance(state, event) in State
    else:
        with pytest.raises(DomainError):
            advance(state, event)


def test_it_is_taken_back_by_who_asked_or_approved_until_it_is_used() -> None:
    asked = begun(BY_ROLE)
    approved = decided(asked, HEAD)
    used = deciding.use(approved)

    for by in (BUYER, HEAD):
        assert deciding.withdraw(approved, by=by).state is State.WITHDRAWN
    assert deciding.withdraw(asked, by=BUYER).state is State.WITHDRAWN
    assert refused(deciding.withdraw, approved, by=FINANCE) == "approval_not_yours_to_decide"
    assert refused(deciding.withdraw, used, by=BUYER) == "approval_event_not_allowed"


@pytest.mark.parametrize(
    ("state", "act"), list(itertools.product(State, ("decide", "expire", "withdraw", "use")))
)
def test_only_a_pending_approval_is_decided_and_only_an_approved_one_used(
    state: State, act: str
) -> None:
    approval = begun(BY_ROLE)
    if state is not State.PENDING:
        approval = replace(decided(approval, HEAD), state=state)
    acts = {
        "decide": lambda: decided(approval, FINANCE),
        "expire": lambda: deciding.expire(approval, NOW),
        "withdraw": lambda: deciding.withdraw(approval, by=BUYER),
        "use": lambda: deciding.use(approval),
    }
    allowed = {
        (State.PENDING, "decide"),
        (State.PENDING, "expire"),
        (State.PENDING, "withdraw"),
        (State.APPROVED, "withdraw"),
        (State.APPROVED, "use"),
    }

    if (state, act) in allowed:
        assert acts[act]().state is not state
    else:
        assert refused(acts[act]) == "approval_event_not_allowed"
