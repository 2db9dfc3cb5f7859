"""The nouns of this room: a selection (公开比选), a bid (应选文件), a panel, a score sheet, a remark."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import NewType

import msgspec

from catalog.agency_selection.states import State
from catalog.draws.model import EarlierCheckpoint, ProvenEntry
from catalog.kernel.ids import AccountId, PartyId

SelectionId = NewType("SelectionId", uuid.UUID)
BidId = NewType("BidId", uuid.UUID)


class Criterion(msgspec.Struct, frozen=True, kw_only=True):
    """What a bid is scored by (评分项), and how much of the whole it is."""

    code: str
    name: str
    weight_bps: int
    # Its points are those of the last filed evaluation (HN-24), not the panel's.
    is_past_performance: bool = False


class Qualification(msgspec.Struct, frozen=True, kw_only=True):
    """What an agency must show to be chosen at all (资格条件)."""

    code: str
    name: str


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A bid in the ranking (评审排名). ``points`` are hundredths, of 100.00; no rank if unqualified."""

    bid_id: BidId
    agency_party_id: PartyId
    is_qualified: bool
    points: int
    rank: int | None


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """A public comparison from its announcement to its result (公开比选)."""

    id: SelectionId
    selection_number: str  # 比选文号
    title: str
    operator_party_id: PartyId
    rulebook: str
    state: State
    criteria: tuple[Criterion, ...]
    qualifications: tuple[Qualification, ...]
    panel_size: int
    seats: int  # how many agencies are to be chosen
    announced_at: dt.datetime
    announced_by: AccountId | None
    bids_until: dt.date  # the last day
    closes_at: dt.datetime  # the first instant that is too late
    follows: SelectionId | None = None  # the failed one that is announced again
    opened_at: dt.datetime | None = None
    evaluated_at: dt.datetime | None = None
    ranking: tuple[Ranked, ...] = ()
    winners: tuple[PartyId, ...] = ()
    awarded_at: dt.datetime | None = None
    failed_at: dt.datetime | None = None
    result: str | None = None  # what everybody is told of award or failure


class Bid(msgspec.Struct, frozen=True, kw_only=True):
    """That an agency handed a bid in (应选文件): who, when, and a digest. Nothing of its content."""

    id: BidId
    selection_id: SelectionId
    agency_party_id: PartyId
    sha256: str
    handed_in_at: dt.datetime
    handed_in_by: AccountId | None
    replaced_at: dt.datetime | None = None
    withdrawn_at: dt.datetime | None = None
    opened_at: dt.datetime | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The file that shows a qualification (资格证明)."""

    qualification: str
    file_id: uuid.UUID
    sha256: str


class BidDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What an agency offers. The nonce keeps its digest from being guessed."""

    format: str
    selection_id: str
    agency_party_id: str
    proposal: str  # 服务方案
    price_fen: int  # 每件报价
    evidence: tuple[Evidence, ...]
    related_party_ids: tuple[str, ...]  # 与其有控股、管理关系的主体
    nonce: str


class SealedBid(msgspec.Struct, frozen=True, kw_only=True):
    """A bid with the content that the viewer may see: its own, or all once they are opened."""

    bid: Bid
    document: BidDocument | None


class Expert(msgspec.Struct, frozen=True, kw_only=True):
    """One of the list of experts (评审专家名册), and for whom he works."""

    account_id: AccountId
    party_id: PartyId


class PanelCommitment(msgspec.Struct, frozen=True, kw_only=True):
    """What is fixed before chance speaks (承诺): from whom the panel is drawn, for which bids."""

    format: str
    selection_id: str
    experts: tuple[str, ...]
    panel_size: int
    bids: tuple[str, ...]  # the digests of the opened bids
    nonce: str


class PanelRecusal(msgspec.Struct, frozen=True, kw_only=True):
    """That an expert stood aside, and who was drawn instead (回避)."""

    expert: str
    replaced_by: str
    reason: str
    at: dt.datetime


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """Who scores the bids (评审小组), as drawn."""

    selection_id: SelectionId
    commitment: PanelCommitment
    commitment_sha256: str
    entry_id: uuid.UUID
    checkpoint_size: int | None = None
    seed: str | None = None
    experts: tuple[str, ...] = ()
    recusals: tuple[PanelRecusal, ...] = ()
    drawn_at: dt.datetime | None = None
    concluded_entry_id: uuid.UUID | None = None


class BidScore(msgspec.Struct, frozen=True, kw_only=True):
    """What an expert gives one bid: whether it qualifies, and 0 to 100 for every criterion."""

    bid_id: uuid.UUID
    is_qualified: bool
    points: dict[str, int]
    remarks: str = ""


class ScoreSheet(msgspec.Struct, frozen=True, kw_only=True):
    """All that one expert gives (评分表). Handed in once, never changed."""

    id: uuid.UUID
    selection_id: SelectionId
    expert: AccountId
    scores: tuple[BidScore, ...]
    handed_in_at: dt.datetime


class RemarkKind(enum.StrEnum):
    """What the bureau says to a selection (HN-23: 过程与结果受监督)."""

    COMMENT = "comment"  # 意见
    OBJECTION = "objection"  # 异议; nobody is contracted while one stands


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """A remark of the bureau, and how an objection was settled."""

    id: uuid.UUID
    selection_id: SelectionId
    kind: RemarkKind
    text: str
    authority_party_id: PartyId
    made_by: AccountId | None
    made_at: dt.datetime
    settled_at: dt.datetime | None = None
    settlement: str | None = None


class PublicRanked(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the published result."""

    agency_party_id: PartyId
    is_qualified: bool
    points: int
    rank: int | None
    is_winner: bool


class PublicSelection(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody sees of a selection (比选公告与结果公示)."""

    id: SelectionId
    selection_number: str
    title: str
    operator_party_id: PartyId
    state: State
    criteria: tuple[Criterion, ...]
    qualifications: tuple[Qualification, ...]
    panel_size: int
    seats: int
    announced_at: dt.datetime
    bids_until: dt.date
    closes_at: dt.datetime
    follows: SelectionId | None
    bid_count: int | None  # not told before the bids are opened
    opened_at: dt.datetime | None
    result: str | None
    ranking: tuple[PublicRanked, ...]
    awarded_at: dt.datetime | None
    failed_at: dt.datetime | None
    objection_stands: bool


class SelectionFile(msgspec.Struct, frozen=True, kw_only=True):
    """All of a selection for operator, bureau and panel: the panel, the sheets, the remarks."""

    selection: Selection
    panel: Panel | None
    sheets: tuple[ScoreSheet, ...]
    remarks: tuple[Remark, ...]


class PanelDrawRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A panel's draw as anybody computes it again (评审专家抽取记录)."""

    format: str
    commitment: PanelCommitment
    commitment_sha256: str
    committed: ProvenEntry  # its checkpoint is the first over it
    seed: str
    experts: tuple[str, ...]
    recusals: tuple[PanelRecusal, ...]
    concluded: ProvenEntry | None = None  # holds who stood aside; None until it is covered
    before: EarlierCheckpoint | None = None  # not yet over the commitment; None: there was none
