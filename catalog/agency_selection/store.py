"""Tables and statements of the public comparisons (公开比选)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.agency_selection.model import (
    Bid,
    BidDocument,
    BidId,
    Panel,
    Remark,
    ScoreSheet,
    Selection,
)
from catalog.kernel.db import METADATA, Tx, select_all
from catalog.kernel.ids import PartyId

_INSTANT: Final = sa.DateTime(timezone=True)

SELECTIONS: Final = sa.Table(
    "agency_selections",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("selection_number", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("operator_party_id", sa.Uuid, nullable=False),
    sa.Column("rulebook", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("criteria", postgresql.JSONB, nullable=False),
    sa.Column("qualifications", postgresql.JSONB, nullable=False),
    sa.Column("panel_size", sa.Integer, nullable=False),
    sa.Column("seats", sa.Integer, nullable=False),
    sa.Column("announced_at", _INSTANT, nullable=False),
    sa.Column("announced_by", sa.Uuid),
    sa.Column("bids_until", sa.Date, nullable=False),
    sa.Column("closes_at", _INSTANT, nullable=False),
    sa.Column("follows", sa.Uuid),
    sa.Column("opened_at", _INSTANT),
    sa.Column("evaluated_at", _INSTANT),
    sa.Column("ranking", postgresql.JSONB, nullable=False),
    sa.Column("winners", postgresql.JSONB, nullable=False),
    sa.Column("awarded_at", _INSTANT),
    sa.Column("failed_at", _INSTANT),
    sa.Column("result", sa.Text),
    schema="catalog",
)

BIDS: Final = sa.Table(
    "agency_bids",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("selection_id", sa.Uuid, nullable=False),
    sa.Column("agency_party_id", sa.Uuid, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("handed_in_at", _INSTANT, nullable=False),
    sa.Column("handed_in_by", sa.Uuid),
    sa.Column("replaced_at", _INSTANT),
    sa.Column("withdrawn_at", _INSTANT),
    sa.Column("opened_at", _INSTANT),
    schema="catalog",
)

BID_CONTENTS: Final = sa.Table(
    "agency_bid_contents",
    METADATA,
    sa.Column("bid_id", sa.Uuid, primary_key=True),
    sa.Column("selection_id", sa.Uuid, nullable=False),
    sa.Column("agency_party_id", sa.Uuid, nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    schema="catalog",
)

PANELS: Final = sa.Table(
    "agency_panels",
    METADATA,
    sa.Column("selection_id", sa.Uuid, primary_key=True),
    sa.Column("commitment", postgresql.JSONB, nullable=False),
    sa.Column("commitment_sha256", sa.Text, nullable=False),
    sa.Column("entry_id", sa.Uuid, nullable=False),
    sa.Column("checkpoint_size", sa.BigInteger),
    sa.Column("seed", sa.Text),
    sa.Column("experts", postgresql.JSONB, nullable=False),
    sa.Column("recusals", postgresql.JSONB, nullable=False),
    sa.Column("drawn_at", _INSTANT),
    sa.Column("concluded_entry_id", sa.Uuid),
    schema="catalog",
)

SHEETS: Final = sa.Table(
    "agency_score_sheets",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("selection_id", sa.Uuid, nullable=False),
    sa.Column("expert", sa.Uuid, nullable=False),
    sa.Column("scores", postgresql.JSONB, nullable=False),
    sa.Column("handed_in_at", _INSTANT, nullable=False),
    schema="catalog",
)

REMARKS: Final = sa.Table(
    "agency_selection_remarks",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("selection_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("authority_party_id", sa.Uuid, nullable=False),
    sa.Column("made_by", sa.Uuid),
    sa.Column("made_at", _INSTANT, nullable=False),
    sa.Column("settled_at", _INSTANT),
    sa.Column("settlement", sa.Text),
    schema="catalog",
)

_SELECT: Final = select_all(SELECTIONS)
_SELECT_BIDS: Final = select_all(BIDS)
_SELECT_PANELS: Final = select_all(PANELS)
_SELECT_SHEETS: Final = select_all(SHEETS)
_SELECT_REMARKS: Final = select_all(REMARKS)


# ── selections ──────────────────────────────────────────────────────────────────────────────


async def insert(tx: Tx, selection: Selection) -> None:
    """Insert a selection."""
    await tx.insert(SELECTIONS, **_values(selection))


async def update(tx: Tx, selection: Selection) -> None:
    """Write back what may change of a selection, which the caller holds locked."""
    values = _values(selection)
    touched = await tx.execute(
        """
        UPDATE catalog.agency_selections
           SET state = $2, opened_at = $3, evaluated_at = $4, ranking = $5, winners = $6,
               awarded_at = $7, failed_at = $8, result = $9
         WHERE id = $1""",
        selection.id,
        values["state"],
        selection.opened_at,
        selection.evaluated_at,
        values["ranking"],
        values["winners"],
        selection.awarded_at,
        selection.failed_at,
        selection.result,
    )
    assert touched == 1, "a locked selection can not vanish"


async def lock(tx: Tx, selection_id: uuid.UUID) -> Selection | None:
    """Lock and return a selection, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1 FOR UPDATE", selection_id)
    return None if row is None else msgspec.convert(dict(row), Selection)


async def find(tx: Tx, selection_id: uuid.UUID) -> Selection | None:
    """Return a selection, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1", selection_id)
    return None if row is None else msgspec.convert(dict(row), Selection)


async def lock_operator(tx: Tx, operator_party_id: PartyId) -> None:
    """Let nobody else announce for this operator until the transaction ends."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('agency_selection:' || $1::text, 0))",
        str(operator_party_id),
    )


async def list_of_operator(tx: Tx, operator_party_id: PartyId) -> list[Selection]:
    """Return all selections of an operator, the newest first."""
    rows = await tx.fetch(
        f"{_SELECT} WHERE operator_party_id = $1 ORDER BY id DESC", operator_party_id
    )
    return [msgspec.convert(dict(row), Selection) for row in rows]


async def list_page(tx: Tx, *, before: uuid.UUID | None, limit: int) -> list[Selection]:
    """Return selections, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"{_SELECT} WHERE ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2", before, limit
    )
    return [msgspec.convert(dict(row), Selection) for row in rows]


async def find_last_award(tx: Tx) -> dt.datetime | None:
    """Return when a selection was awarded last, or None."""
    found: dt.datetime | None = await tx.fetch_value(
        "SELECT max(awarded_at) FROM catalog.agency_selections"
    )
    return found


# ── bids ────────────────────────────────────────────────────────────────────────────────────


async def insert_bid(tx: Tx, bid: Bid, document: bytes) -> None:
    """Insert a bid and, behind a wall of its own, what it says."""
    await tx.insert(BIDS, **msgspec.structs.asdict(bid))
    await tx.insert(
        BID_CONTENTS,
        bid_id=bid.id,
        selection_id=bid.selection_id,
        agency_party_id=bid.agency_party_id,
        document=document,
    )


async def end_bid(
    tx: Tx, bid_id: BidId, *, replaced_at: dt.datetime | None, withdrawn_at: dt.datetime | None
) -> None:
    """Write that a bid was replaced or withdrawn."""
    await tx.execute(
        "UPDATE catalog.agency_bids SET replaced_at = $2, withdrawn_at = $3 WHERE id = $1",
        bid_id,
        replaced_at,
        withdrawn_at,
    )


async def open_bids(tx: Tx, selection_id: uuid.UUID, *, at: dt.datetime) -> None:
    """Open every bid that stands; the selection's own opening comes first."""
    await tx.execute(
        """
        UPDATE catalog.agency_bids SET opened_at = $2
         WHERE selection_id = $1 AND replaced_at IS NULL AND withdrawn_at IS NULL""",
        selection_id,
        at,
    )


async def list_bids(tx: Tx, selection_id: uuid.UUID) -> list[Bid]:
    """Return the bids that the actor may know of, in the order in which they came."""
    rows = await tx.fetch(f"{_SELECT_BIDS} WHERE selection_id = $1 ORDER BY id", selection_id)
    return [msgspec.convert(dict(row), Bid) for row in rows]


async def read_documents(tx: Tx, selection_id: uuid.UUID) -> dict[BidId, BidDocument]:
    """Return what the bids say, as far as the actor may see it."""
    rows = await tx.fetch(
        "SELECT bid_id, document FROM catalog.agency_bid_contents WHERE selection_id = $1",
        selection_id,
    )
    return {
        BidId(row["bid_id"]): msgspec.json.decode(row["document"], type=BidDocument) for row in rows
    }


# ── panel and sheets ────────────────────────────────────────────────────────────────────────


async def insert_panel(tx: Tx, panel: Panel) -> None:
    """Insert a panel that is yet to be drawn."""
    await tx.insert(PANELS, **_values(panel))


async def update_panel(tx: Tx, panel: Panel) -> None:
    """Write back what may change of a panel, whose selection the caller holds locked."""
    values = _values(panel)
    await tx.execute(
        """
        UPDATE catalog.agency_panels
           SET checkpoint_size = $2, seed = $3, experts = $4, recusals = $5, drawn_at = $6,
               concluded_entry_id = $7
         WHERE selection_id = $1""",
        panel.selection_id,
        panel.checkpoint_size,
        panel.seed,
        values["experts"],
        values["recusals"],
        panel.drawn_at,
        panel.concluded_entry_id,
    )


async def find_panel(tx: Tx, selection_id: uuid.UUID) -> Panel | None:
    """Return the panel of a selection, or None."""
    row = await tx.fetch_one(f"{_SELECT_PANELS} WHERE selection_id = $1", selection_id)
    return None if row is None else msgspec.convert(dict(row), Panel)


async def insert_sheet(tx: Tx, sheet: ScoreSheet) -> bool:
    """Insert a score sheet; tell False if the expert's is there."""
    known = await tx.fetch_value(
        "SELECT 1 FROM catalog.agency_score_sheets WHERE selection_id = $1 AND expert = $2",
        sheet.selection_id,
        sheet.expert,
    )
    if known is not None:
        return False
    await tx.insert(SHEETS, **_values(sheet))
    return True


async def list_sheets(tx: Tx, selection_id: uuid.UUID) -> list[ScoreSheet]:
    """Return the score sheets that the actor may see, in the order in which they came."""
    rows = await tx.fetch(f"{_SELECT_SHEETS} WHERE selection_id = $1 ORDER BY id", selection_id)
    return [msgspec.convert(dict(row), ScoreSheet) for row in rows]


# ── remarks ─────────────────────────────────────────────────────────────────────────────────


async def insert_remark(tx: Tx, remark: Remark) -> None:
    """Insert a remark of the bureau."""
    await tx.insert(REMARKS, **_values(remark))


async def lock_remark(tx: Tx, remark_id: uuid.UUID) -> Remark | None:
    """Lock and return a remark, or None."""
    row = await tx.fetch_one(f"{_SELECT_REMARKS} WHERE id = $1 FOR UPDATE", remark_id)
    return None if row is None else msgspec.convert(dict(row), Remark)


async def settle_remark(tx: Tx, remark: Remark) -> None:
    """Write how an objection was settled."""
    await tx.execute(
        "UPDATE catalog.agency_selection_remarks SET settled_at = $2, settlement = $3 WHERE id = $1",
        remark.id,
        remark.settled_at,
        remark.settlement,
    )


async def list_remarks(tx: Tx, selection_id: uuid.UUID) -> list[Remark]:
    """Return the remarks to a selection in the order in which they were made."""
    rows = await tx.fetch(f"{_SELECT_REMARKS} WHERE selection_id = $1 ORDER BY id", selection_id)
    return [msgspec.convert(dict(row), Remark) for row in rows]


def _values(record: msgspec.Struct) -> dict[str, Any]:
    return {name: _plain(value) for name, value in msgspec.structs.asdict(record).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | msgspec.Struct):
        return msgspec.to_builtins(value)
    return getattr(value, "value", value)
