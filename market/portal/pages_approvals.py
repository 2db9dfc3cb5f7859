"""Let a buyer's organisation approve on pages what it would bind itself to, and lay its chain down (内部审批).

Nobody else sees anything of it: neither the other side nor the operator.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel.errors import Missing
from catalog.kernel.ids import AccountId
from catalog.kernel.local_time import local_date
from market.approvals import chain, deciding, operations, queries
from market.approvals.model import About, Approval, Chain, Reason, Verdict
from market.approvals.states import Event, State, allows
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.portal import approval_chain_form
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker, one_of

PATH: Final = "/approvals"
_ONE: Final = "/approvals/{approval_id:uuid}"
CHAIN: Final = "/approval-chain"
_PAGE_SIZE: Final = 20
_LOOKED_AT: Final = 100
#: Where the thing stands that is to be approved.
PLACES: Final[Mapping[About, str]] = {About.NEGOTIATION: "/negotiations", About.ORDER: "/orders"}


class _Decision(msgspec.Struct, frozen=True):
    """What is decided at the open step."""

    verdict: Verdict
    reason: Reason = ""


class Listed(msgspec.Struct, frozen=True):
    """One line of the list, and whether it waits for the reader."""

    approval: Approval
    is_mine: bool


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for the reader, and a page of all."""

    mine: list[Approval]
    items: list[Listed]
    names: Mapping[AccountId, str]
    next_cursor: str | None
    now: dt.datetime


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """An approval, and what the reader may do with it now."""

    approval: Approval
    names: Mapping[AccountId, str]
    verdicts: list[Verdict]
    may_withdraw: bool
    is_over: bool  # the time of its open step, noted or not
    now: dt.datetime


class ChainSheet(msgspec.Struct, frozen=True, kw_only=True):
    """The chain of the reader's organisation, and who may stand in it."""

    chain: Chain | None
    names: Mapping[AccountId, str]
    deciders: list[AccountId]  # members who decide today


@get(PATH, include_in_schema=False)
async def list_approvals(
    request: AnyRequest,
    *,
    status: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show what waits for the reader first, then all approvals of its organisation."""
    wanted = one_of(State, status)

    async def look(c: Command) -> Board:
        found = await queries.list_page(
            c.tx, viewer=c.actor, state=wanted, limit=_PAGE_SIZE, cursor=cursor or None
        )
        waiting = await queries.list_page(
            c.tx, viewer=c.actor, state=State.PENDING, limit=_LOOKED_AT
        )
        verdicts = await _Who.of(c)
        return Board(
            mine=[each for each in waiting.items if verdicts.on(each)],
            items=[Listed(each, is_mine=bool(verdicts.on(each))) for each in found.items],
            names=await identity.list_names_of_colleagues(c.tx, viewer=c.actor),
            next_cursor=found.next_cursor,
            now=c.now,
        )

    return page(
        request,
        "approvals.html",
        cache=NOT_KEPT,
        board=await read(request, look),
        states=list(State),
        wanted=wanted,
        link=linker(PATH, {"status": None if wanted is None else wanted.value}),
        is_continued=bool(cursor),
    )


@get(_ONE, include_in_schema=False)
async def show_approval(request: AnyRequest, approval_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show an approval step by step, and the forms of whoever decides now.

    :raises Missing: if it is unknown, or another party's.
    """
    return await _again(request, approval_id, BLANK)


@post(_ONE + "/decisions", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def decide(request: AnyRequest, approval_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Approve, reject or skip the open step (审批); who rejects or skips says why."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        said = filled_in(_Decision, fields)
        await operations.decide(
            c.tx,
            actor=c.actor,
            now=c.now,
            approval_id=approval_id,
            verdict=said.verdict,
            reason=said.reason,
        )

    return await _step(request, approval_id, act)


@post(_ONE + "/withdrawals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def withdraw(request: AnyRequest, approval_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take back what one asked for or approved, as long as nothing was said by it (撤回)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await operations.withdraw(c.tx, actor=c.actor, now=c.now, approval_id=approval_id)

    return await _step(request, approval_id, act)


@get(CHAIN, include_in_schema=False)
async def show_chain(request: AnyRequest) -> Response[bytes]:
    """Show the chain of one's own organisation, and the form of whoever lays it down."""
    return await _chain_again(request, BLANK)


@post(CHAIN, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def define_chain(request: AnyRequest) -> Response[bytes]:
    """Lay the chain down as the form has it; a step without a name is left out (设定审批链)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        steps = approval_chain_form.read_steps(fields)
        await operations.define_chain(c.tx, actor=c.actor, now=c.now, steps=steps)

    async def again(form: Shown) -> Response[bytes]:
        return await _chain_again(request, form)

    return await run_step(request, act, place=CHAIN, again=again)


class _Who(msgspec.Struct, frozen=True, kw_only=True):
    """The reader, as far as approvals ask for it."""

    account: AccountId
    colleagues: chain.Colleagues
    may_decide: bool
    may_skip: bool
    now: dt.datetime

    @classmethod
    async def of(cls, c: Command) -> _Who:
        """Return who reads."""
        return cls(
            account=identity.account_of(c.actor),
            colleagues=await identity.roles_of_colleagues(
                c.tx, viewer=c.actor, on=local_date(c.now)
            ),
            may_decide=c.actor.may("approval:decide"),
            may_skip=c.actor.may("approval_chain:define"),
            now=c.now,
        )

    def on(self, approval: Approval) -> list[Verdict]:
        """Return what this reader may decide at the open step."""
        if not self.may_decide:
            return []
        return deciding.open_verdicts(
            approval,
            by=self.account,
            may_skip=self.may_skip,
            colleagues=self.colleagues,
            now=self.now,
        )


async def _look(c: Command, approval_id: uuid.UUID) -> Sheet:
    found = await queries.get(c.tx, viewer=c.actor, approval_id=approval_id)
    who = await _Who.of(c)
    has_part = who.account == found.requested_by or who.account in deciding.decided(found)
    return Sheet(
        approval=found,
        names=await identity.list_names_of_colleagues(c.tx, viewer=c.actor),
        verdicts=who.on(found),
        may_withdraw=who.may_decide and has_part and allows(found.state, Event.WITHDRAW),
        is_over=deciding.is_over(found, c.now),
        now=c.now,
    )


async def _step(request: AnyRequest, approval_id: uuid.UUID, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return await _again(request, approval_id, form)

    return await run_step(request, act, place=f"{PATH}/{approval_id}", again=again)


async def _again(request: AnyRequest, approval_id: uuid.UUID, form: Shown) -> Response[bytes]:
    sheet = await read(request, lambda c: _look(c, approval_id))
    wanted = sheet.approval.wanted
    return page(
        request,
        "approval.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"{PATH}/{approval_id}",
        sheet=sheet,
        approval=sheet.approval,
        subject=f"{PLACES[wanted.about]}/{wanted.subject_id}",
        form=form,
        blank=BLANK,
        asked=form["verdict"],
    )


async def _chain_again(request: AnyRequest, form: Shown) -> Response[bytes]:
    async def look(c: Command) -> ChainSheet:
        worn = await identity.roles_of_colleagues(c.tx, viewer=c.actor, on=local_date(c.now))
        try:
            laid_down = await queries.get_chain(c.tx, viewer=c.actor)
        except Missing:
            laid_down = None
        return ChainSheet(
            chain=laid_down,
            names=await identity.list_names_of_colleagues(c.tx, viewer=c.actor),
            deciders=[account for account, roles in worn.items() if roles & chain.APPROVERS],
        )

    sheet = await read(request, look)
    steps = () if sheet.chain is None else sheet.chain.steps
    return page(
        request,
        "approval_chain.html",
        status=form.status,
        cache=NOT_KEPT,
        at=CHAIN,
        sheet=sheet,
        steps=steps,
        roles=sorted(chain.APPROVERS),
        rows=approval_chain_form.ROWS,
        typed=form if form.refused else Shown(approval_chain_form.typed(steps)),
        form=form,
    )
