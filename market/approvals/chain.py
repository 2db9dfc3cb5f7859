"""Ask whether a chain can work, which of its steps an amount asks for, and who decides at one (审批链)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Final

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import AccountId
from market.approvals.model import Step
from market.identity.permissions import PERMISSIONS, Role

#: Who of an organisation wears what today: its open accounts.
Colleagues = Mapping[AccountId, frozenset[Role]]

#: Who may decide at all.
APPROVERS: Final = frozenset(role for role in Role if "approval:decide" in PERMISSIONS[role])


class ApprovalChainUnfit(Invalid):
    """A step names nobody, two, or somebody who decides nothing in this organisation."""

    code = "approval_chain_unfit"


class ApprovalChainOfBuyer(Refused):
    """Whoever buys does not lay down who has to agree to it."""

    code = "approval_chain_not_by_who_buys"


def check(steps: Iterable[Step], colleagues: Colleagues) -> None:
    """Return if each step names one role that decides, or one member who does.

    :raises ApprovalChainUnfit: if one does not; it says which.
    """
    for number, step in enumerate(steps, 1):
        if (step.role is None) == (step.account_id is None):
            raise ApprovalChainUnfit(step=number, why="one of role and member")
        if step.role is not None and step.role not in APPROVERS:
            raise ApprovalChainUnfit(step=number, why="the role decides nothing")
        if step.account_id is not None and not _decides(step.account_id, colleagues):
            raise ApprovalChainUnfit(step=number, why="the member decides nothing")


def applying(steps: Iterable[Step], amount_fen: int) -> tuple[Step, ...]:
    """Return the steps that an amount asks for, in their order."""
    return tuple(step for step in steps if amount_fen >= step.from_fen)


def approvers(step: Step, colleagues: Colleagues) -> frozenset[AccountId]:
    """Return who of an organisation decides at a step today."""
    if step.role is not None:
        return frozenset(account for account, worn in colleagues.items() if step.role in worn)
    assert step.account_id is not None, "a step names a role or a member"
    return frozenset({AccountId(step.account_id)} if _decides(step.account_id, colleagues) else ())


def _decides(account_id: uuid.UUID, colleagues: Colleagues) -> bool:
    return bool(colleagues.get(AccountId(account_id), frozenset()) & APPROVERS)
