"""Open the bids, draw the panel, score and rank (开启、抽取评审专家、评分、排序), HN-23."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Iterable, Mapping

import msgspec

from catalog.agency_selection import bidding, panel, ranking, scoring, store
from catalog.agency_selection.model import (
    Bid,
    BidScore,
    Expert,
    Panel,
    PanelCommitment,
    PanelRecusal,
    ScoreSheet,
    Selection,
)
from catalog.agency_selection.operations import casework
from catalog.agency_selection.states import Event as Happening
from catalog.agency_selection.states import advance
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.draws import queries as draws
from catalog.files import operations as files
from catalog.files.model import FileId
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.ids import PartyId, new_id
from catalog.notifications.topics import Topic


async def open_bids(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    selection_id: uuid.UUID,
    experts: Iterable[Expert],
) -> Selection:
    """Open all bids together after the window; commit to the list from which the panel is drawn.

    ``experts`` are all of the list (评审专家名册). Who works for operator, bureau, a bidder, or a party
    that a bidder named as related is left out. With fewer than two bids there is no panel, only failure.

    :raises NotPermitted: if the actor may not run selections.
    :raises Missing: if there is no such selection of the actor's operator.
    :raises AgencySelectionEventNotAllowed: if they are opened.
    :raises BidWindowOpen: if the window still runs.
    :raises TooFewExperts: if no panel can be drawn.
    """
    actor.require("agency_selection:run")
    selection = await casework.lock_own(tx, actor, selection_id)
    state = advance(selection.state, Happening.OPEN_BIDS)
    bidding.check_over(selection, now)
    authority = await casework.authority_of(tx, actor.party, now)
    opened = msgspec.structs.replace(selection, state=state, opened_at=now)
    await store.update(tx, opened)
    await store.open_bids(tx, selection.id, at=now)
    await files.unseal(tx, case_id=selection.id, now=now)
    bids = await casework.standing_bids(tx, selection)
    book = await casework.rulebook_of(tx, selection)
    commitment = None
    if len(bids) >= book.minimum_agencies:
        bound = {actor.party, authority, *await _bidders_and_related(tx, selection, bids)}
        commitment = _commit(selection, panel.directory(experts, bound), bids)
    digest = None if commitment is None else panel.commitment_sha256(commitment)
    entry_id = await casework.remember(
        tx,
        Event.AGENCY_BIDS_OPENED,
        opened,
        actor=actor,
        now=now,
        before=selection,
        facts={"bids": [bid.id for bid in bids], "commitment": commitment},
        digests=[] if digest is None else [Digest(panel.COMMITTED, str(selection.id), digest)],
    )
    if commitment is not None and digest is not None:
        await store.insert_panel(
            tx,
            Panel(
                selection_id=selection.id,
                commitment=commitment,
                commitment_sha256=digest,
                entry_id=entry_id,
            ),
        )
    await casework.tell(
        tx,
        selection,
        Topic.AGENCY_BIDS_OPENED,
        to=[authority, *(bid.agency_party_id for bid in bids)],
        now=now,
        bids=str(len(bids)),
    )
    return opened


async def draw_panel(
    tx: Tx, *, actor: Actor, now: dt.datetime, selection_id: uuid.UUID, experts: Iterable[Expert]
) -> Selection:
    """Draw the panel by the first checkpoint over the commitment; from now on it reads the bids.

    :raises NotPermitted: if the actor may not run selections.
    :raises Missing: if there is no such selection of the actor's operator, or it has no panel.
    :raises AgencySelectionEventNotAllowed: if the bids are not opened, or it was drawn.
    :raises DrawNotReady: if no checkpoint covers the commitment yet.
    """
    actor.require("agency_selection:run")
    selection = await casework.lock_own(tx, actor, selection_id)
    state = advance(selection.state, Happening.DRAW_PANEL)
    committed = await casework.panel_of(tx, selection)
    said = await draws.chance(
        tx, entry_id=committed.entry_id, commitment_sha256=committed.commitment_sha256
    )
    drawn = msgspec.structs.replace(
        committed,
        checkpoint_size=said.checkpoint_size,
        seed=said.seed.hex(),
        experts=panel.draw_experts(said.seed, committed.commitment),
        drawn_at=now,
    )
    await store.update_panel(tx, drawn)
    evaluated = msgspec.structs.replace(selection, state=state)
    await store.update(tx, evaluated)
    await _seat(tx, selection, _parties(experts, drawn.experts), now=now)
    await casework.remember(
        tx,
        Event.AGENCY_PANEL_DRAWN,
        evaluated,
        actor=actor,
        now=now,
        before=selection,
        facts={
            "checkpoint_size": drawn.checkpoint_size,
            "seed": drawn.seed,
            "experts": drawn.experts,
        },
    )
    return evaluated


async def recuse(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    selection_id: uuid.UUID,
    reason: str,
    experts: Iterable[Expert],
) -> Selection:
    """Stand aside as an expert (回避); the seat is drawn again by the same seed.

    :raises NotPermitted: if the actor is no expert.
    :raises Missing: if there is no such selection, or the actor does not know of its panel.
    :raises AgencySelectionEventNotAllowed: if it is not being evaluated.
    :raises NotOnThePanel: if the actor was not drawn.
    :raises SheetHandedIn: if the actor has scored.
    :raises RecusalReasonMissing: if no reason is given.
    :raises NoExpertLeft: if the list is used up.
    """
    actor.require("agency_selection:score")
    selection = await casework.lock(tx, selection_id)
    advance(selection.state, Happening.RECUSE)
    seated = await casework.panel_of(tx, selection)
    panel.check_member(seated, actor.account_id)
    if any(each.expert == actor.account_id for each in await store.list_sheets(tx, selection.id)):
        raise scoring.SheetHandedIn
    aside = str(actor.account_id)
    instead = panel.replacement(seated, reason)
    recused = msgspec.structs.replace(
        seated,
        experts=tuple(instead if each == aside else each for each in seated.experts),
        recusals=(
            *seated.recusals,
            PanelRecusal(expert=aside, replaced_by=instead, reason=reason, at=now),
        ),
    )
    async with beyond_own_rows(tx):  # whoever stands aside sees the panel no more
        await store.update_panel(tx, recused)
        await files.end_reading(tx, party_id=actor.party, case_id=selection.id, now=now)
        await _seat(tx, selection, _parties(experts, recused.experts), now=now)
    await casework.remember(
        tx,
        Event.AGENCY_PANEL_RECUSED,
        selection,
        actor=actor,
        now=now,
        facts={"expert": aside, "replaced_by": instead},
        reason=reason,
    )
    return selection


async def hand_in_sheet(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    selection_id: uuid.UUID,
    scores: tuple[BidScore, ...],
) -> ScoreSheet:
    """Score all bids, once, as an expert of the panel (评分).

    :raises NotPermitted: if the actor is no expert.
    :raises Missing: if there is no such selection, or the actor does not know of its panel.
    :raises AgencySelectionEventNotAllowed: if it is not being evaluated.
    :raises NotOnThePanel: if the actor was not drawn, or stood aside.
    :raises ScoreMissing: if a bid or a criterion is not scored as it must be.
    :raises SheetHandedIn: if the actor has scored.
    """
    actor.require("agency_selection:score")
    selection = await casework.lock(tx, selection_id)
    advance(selection.state, Happening.SCORE)
    panel.check_member(await casework.panel_of(tx, selection), actor.account_id)
    bids = await casework.standing_bids(tx, selection)
    scoring.check_sheet(scores, bids, selection.criteria)
    assert actor.account_id is not None, "an expert of the panel has an account"
    sheet = ScoreSheet(
        id=new_id(),
        selection_id=selection.id,
        expert=actor.account_id,
        scores=scores,
        handed_in_at=now,
    )
    if not await store.insert_sheet(tx, sheet):
        raise scoring.SheetHandedIn
    await casework.remember(
        tx,
        Event.AGENCY_BIDS_SCORED,
        selection,
        actor=actor,
        now=now,
        facts={"scores": scores},
    )
    return sheet


async def evaluate(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    selection_id: uuid.UUID,
    past: Mapping[PartyId, int],
) -> Selection:
    """Rank the bids once every expert has scored (汇总排序); who stood aside is sealed.

    ``past`` are the points of the last filed evaluations (HN-24), by agency; they are kept in the log.

    :raises NotPermitted: if the actor may not run selections.
    :raises Missing: if there is no such selection of the actor's operator.
    :raises AgencySelectionEventNotAllowed: if it is not being evaluated.
    :raises SheetsMissing: if an expert has not scored.
    """
    actor.require("agency_selection:run")
    selection = await casework.lock_own(tx, actor, selection_id)
    state = advance(selection.state, Happening.EVALUATE)
    seated = await casework.panel_of(tx, selection)
    sheets = await store.list_sheets(tx, selection.id)
    scoring.check_all_in(seated.experts, sheets)
    ranked = ranking.rank(
        await casework.standing_bids(tx, selection), sheets, selection.criteria, past
    )
    evaluated = msgspec.structs.replace(selection, state=state, evaluated_at=now, ranking=ranked)
    await store.update(tx, evaluated)
    entry_id = await casework.remember(
        tx,
        Event.AGENCY_BIDS_RANKED,
        evaluated,
        actor=actor,
        now=now,
        before=selection,
        facts={"ranking": ranked, "past": {str(agency): given for agency, given in past.items()}},
        digests=[Digest(panel.RECUSALS, str(selection.id), panel.recusals_sha256(seated.recusals))],
    )
    await store.update_panel(tx, msgspec.structs.replace(seated, concluded_entry_id=entry_id))
    return evaluated


def _commit(selection: Selection, experts: tuple[str, ...], bids: Iterable[Bid]) -> PanelCommitment:
    panel.check_size(experts, selection.panel_size)
    return PanelCommitment(
        format=panel.FORMAT,
        selection_id=str(selection.id),
        experts=experts,
        panel_size=selection.panel_size,
        bids=tuple(sorted(bid.sha256 for bid in bids)),
        nonce=secrets.token_hex(32),
    )


async def _bidders_and_related(tx: Tx, selection: Selection, bids: Iterable[Bid]) -> set[PartyId]:
    documents = await store.read_documents(tx, selection.id)
    return {bid.agency_party_id for bid in bids} | {
        PartyId(uuid.UUID(each)) for bid in bids for each in documents[bid.id].related_party_ids
    }


def _parties(experts: Iterable[Expert], seated: tuple[str, ...]) -> set[PartyId]:
    return {each.party_id for each in experts if str(each.account_id) in seated}


async def _seat(tx: Tx, selection: Selection, parties: set[PartyId], *, now: dt.datetime) -> None:
    """Let the parties of the panel's experts read the files of the bids, and tell them."""
    documents = await store.read_documents(tx, selection.id)
    bids = await casework.standing_bids(tx, selection)
    file_ids = [FileId(shown.file_id) for bid in bids for shown in documents[bid.id].evidence]
    for party in sorted(parties):
        await files.let_read(tx, file_ids=file_ids, party_id=party, case_id=selection.id, now=now)
    await casework.tell(tx, selection, Topic.AGENCY_PANEL_SEATED, to=parties, now=now)
