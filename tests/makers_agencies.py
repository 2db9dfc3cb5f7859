"""Hold a real public comparison, step by step through the operations, on days of one's choice."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from catalog.agency_selection import store
from catalog.agency_selection.model import (
    Bid,
    BidScore,
    Criterion,
    Expert,
    Qualification,
    Selection,
)
from catalog.agency_selection.operations import announcing, bidding, evaluation, result
from catalog.files import operations as files
from catalog.files.model import Arrived
from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.timers import queries as timers
from tests.makers_products import make_actor

CRITERIA = (
    Criterion(code="competence", name="专业能力", weight_bps=6_000),
    Criterion(code="price", name="报价", weight_bps=4_000),
)
QUALIFICATIONS = (
    Qualification(code="licence", name="营业执照"),
    Qualification(code="staff", name="合规评估人员资格"),
)
WINDOW = dt.timedelta(days=10)


def make_experts(count: int = 5) -> list[Expert]:
    return [
        Expert(account_id=AccountId(new_id()), party_id=PartyId(new_id())) for _ in range(count)
    ]


def make_bidder(party_id: PartyId | None = None) -> Actor:
    """Return an agency as it bids."""
    return make_actor("agency_bid:hand_in", "file:upload", party_id=party_id)


def expert_actor(account_id: str) -> Actor:
    """Return an expert of the panel as he acts."""
    made = make_actor("agency_selection:score")
    return msgspec.structs.replace(made, account_id=AccountId(uuid.UUID(account_id)))


async def announce(tx: Tx, actor: Actor, now: dt.datetime, **changes: Any) -> Selection:
    values: dict[str, Any] = {
        "selection_number": "比选〔2026〕1号",
        "title": "第三方确权登记服务机构公开比选",
        "criteria": CRITERIA,
        "qualifications": QUALIFICATIONS,
        "bids_until": local_date(now + WINDOW),
        "panel_size": 3,
        "seats": 2,
    }
    return await announcing.announce(
        tx, actor=actor, now=now, calendar=await timers.get_calendar(tx), **(values | changes)
    )


async def upload_sealed(tx: Tx, actor: Actor, now: dt.datetime, sealed_for: Any) -> Any:
    """Return the id of a file that is sealed for a selection; its bytes are nowhere."""
    sha256 = hashlib.sha256(new_id().bytes).hexdigest()
    file = await files.record(
        tx,
        actor=actor,
        now=now,
        arrived=Arrived(sha256, 1),
        file_name="资格证明.pdf",
        media_type="application/pdf",
        sealed_for=sealed_for,
    )
    return file.id


async def bid(tx: Tx, actor: Actor, now: dt.datetime, selection: Selection, **changes: Any) -> Bid:
    evidence = {
        each.code: await upload_sealed(tx, actor, now, selection.id)
        for each in selection.qualifications
    }
    values: dict[str, Any] = {
        "proposal": "每件五个工作日内出具意见",
        "price_fen": 500_00,
        "evidence": evidence,
        "related": (),
    }
    return await bidding.hand_in(
        tx, actor=actor, now=now, selection_id=selection.id, **(values | changes)
    )


def scores(bids: Sequence[Bid], *, first: int = 90, step: int = 10) -> tuple[BidScore, ...]:
    """Return what an expert gives: the earlier bid the more points."""
    return tuple(
        BidScore(
            bid_id=each.id,
            is_qualified=True,
            points=dict.fromkeys((c.code for c in CRITERIA), max(first - step * n, 0)),
        )
        for n, each in enumerate(bids)
    )


async def hold_selection(
    db: Database,
    *,
    operator: Actor,
    agencies: Sequence[Actor],
    now: dt.datetime,
    sign: Callable[[], Awaitable[Any]],
    **changes: Any,
) -> Selection:
    """Return an awarded selection that these agencies won, in this order.

    ``sign`` gives the entries of the log their places and signs a checkpoint.
    """
    experts = make_experts()
    async with begin(db, operator) as tx:
        selection = await announce(tx, operator, now, seats=len(agencies), **changes)
    for agency in agencies:
        async with begin(db, agency) as tx:
            await bid(tx, agency, now, selection)
    then = selection.closes_at
    async with begin(db, operator) as tx:
        await evaluation.open_bids(
            tx, actor=operator, now=then, selection_id=selection.id, experts=experts
        )
        bids = await store.list_bids(tx, selection.id)
    await sign()
    async with begin(db, operator) as tx:
        await evaluation.draw_panel(
            tx, actor=operator, now=then, selection_id=selection.id, experts=experts
        )
        panel = await store.find_panel(tx, selection.id)
    assert panel is not None
    for expert in panel.experts:
        actor = expert_actor(expert)
        async with begin(db, actor) as tx:
            await evaluation.hand_in_sheet(
                tx, actor=actor, now=then, selection_id=selection.id, scores=scores(bids)
            )
    async with begin(db, operator) as tx:
        await evaluation.evaluate(tx, actor=operator, now=then, selection_id=selection.id, past={})
        return await result.award(
            tx,
            actor=operator,
            now=then,
            calendar=await timers.get_calendar(tx),
            selection_id=selection.id,
            result="入选机构已按评审排名确定",
        )
