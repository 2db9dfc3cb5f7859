"""Tables and statements of what fits a demand (撮合), of what was said of it, and of the looks for it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import PartyId
from market.demand_posts.model import DemandMatch, DemandPost, Judged, NotRelevant, Side, Verdict
from market.demand_posts.states import OPEN
from market.demand_posts.store.posts import post_of

DEMAND_LOOKS: Final = sa.Table(
    "demand_looks",
    METADATA,
    sa.Column("post_id", sa.Uuid, primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("position", sa.Text, nullable=False),
    sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
    schema="market",
)

DEMAND_MATCHES: Final = sa.Table(
    "demand_matches",
    METADATA,
    sa.Column("post_id", sa.Uuid, primary_key=True),
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid),
    sa.Column("product_name", sa.Text, nullable=False),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("reasons", JSONB, nullable=False),
    sa.Column("is_current", sa.Boolean, nullable=False),
    sa.Column("is_told", sa.Boolean, nullable=False),
    sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("buyer_verdict", sa.Text),
    sa.Column("buyer_reason", sa.Text),
    sa.Column("supplier_verdict", sa.Text),
    sa.Column("supplier_reason", sa.Text),
    schema="market",
)

DEMAND_MATCH_ANSWERS: Final = sa.Table(
    "demand_match_answers",
    METADATA,
    sa.Column("place", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("post_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("side", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
    schema="market",
)

_MATCH: Final = """
    SELECT m.post_id, m.product_id, m.product_name, m.supplier_party_id, m.score, m.reasons,
           m.is_current, m.found_at, m.buyer_verdict, m.buyer_reason, m.supplier_verdict,
           m.supplier_reason
      FROM market.demand_matches m"""


class Looked(msgspec.Struct, frozen=True):
    """A post into whose matches is looked, and up to where the catalogue was."""

    post: DemandPost
    position: str | None


class Kept(msgspec.Struct, frozen=True):
    """What is known of a match, for who looks whether it is new."""

    is_current: bool
    is_told: bool


async def lock_due(tx: Tx, post_id: uuid.UUID, *, before: dt.datetime) -> Looked | None:
    """Lock a post that is open and into which was not looked since; None if another does or did."""
    row = await tx.fetch_one(
        """
        SELECT p.id, p.state, p.buyer_party_id, p.asked, p.revision, p.version, p.created_at,
               p.updated_at, p.submitted_at, p.published_at, p.rejection, p.reason,
               CASE WHEN l.revision = p.revision THEN l.position END AS position
          FROM market.demand_posts p LEFT JOIN market.demand_looks l ON l.post_id = p.id
         WHERE p.id = $1 AND p.state = ANY($2::text[])
           AND (l.looked_at IS NULL OR l.looked_at <= $3 OR l.revision <> p.revision)
           FOR UPDATE OF p SKIP LOCKED""",
        post_id,
        [state.value for state in OPEN],
        before,
    )
    return None if row is None else Looked(post_of(row), row["position"])


async def list_due(tx: Tx, *, before: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return the open posts into which is to be looked, those first that nobody looked into."""
    rows = await tx.fetch(
        """
        SELECT p.id
          FROM market.demand_posts p LEFT JOIN market.demand_looks l ON l.post_id = p.id
         WHERE p.state = ANY($1::text[])
           AND (l.looked_at IS NULL OR l.looked_at <= $2 OR l.revision <> p.revision)
         ORDER BY l.looked_at NULLS FIRST, p.id LIMIT $3""",
        [state.value for state in OPEN],
        before,
        limit,
    )
    return [row["id"] for row in rows]


async def looked(tx: Tx, post: DemandPost, *, position: str, now: dt.datetime) -> None:
    """Note up to where the catalogue was looked at for what a post says now."""
    await tx.execute(
        """
        INSERT INTO market.demand_looks (post_id, revision, position, looked_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (post_id) DO UPDATE
           SET revision = excluded.revision, position = excluded.position,
               looked_at = excluded.looked_at""",
        post.id,
        post.revision,
        position,
        now,
    )


async def has_lost(tx: Tx, post_id: uuid.UUID) -> bool:
    """Tell whether a product that fitted is not in the public catalogue any more."""
    lost: bool = await tx.fetch_value(
        """
        SELECT EXISTS (
            SELECT FROM market.demand_matches m
             WHERE m.post_id = $1 AND m.is_current
               AND NOT EXISTS (SELECT FROM catalog.product_documents d
                                WHERE d.product_id = m.product_id))""",
        post_id,
    )
    return lost


async def list_facts(tx: Tx, product_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Row]:
    """Return of public products what a search does not tell: whose they are, and how they are offered."""
    rows = await tx.fetch(
        """
        SELECT d.product_id, d.industry_codes, p.supplier_party_id,
               p.description ->> 'data_nature' AS data_nature,
               EXISTS (SELECT FROM market.listings l
                        WHERE l.product_id = d.product_id AND l.state = 'listed') AS is_on_offer,
               ARRAY(SELECT DISTINCT m.mode
                       FROM market.pricing_filings f,
                            jsonb_array_elements_text(f.terms -> 'delivery_modes') AS m (mode)
                      WHERE f.product_id = d.product_id
                        AND f.state IN ('effective', 'under_inquiry')) AS filed_modes
          FROM catalog.product_documents d JOIN catalog.products p ON p.id = d.product_id
         WHERE d.product_id = ANY($1::uuid[])""",
        list(product_ids),
    )
    return {row["product_id"]: row for row in rows}


async def known_matches(tx: Tx, post_id: uuid.UUID) -> dict[uuid.UUID, Kept]:
    """Return the products that ever fitted a post."""
    rows = await tx.fetch(
        """
        SELECT product_id, is_current, is_told FROM market.demand_matches WHERE post_id = $1
         ORDER BY product_id LIMIT 10000""",
        post_id,
    )
    return {row["product_id"]: Kept(row["is_current"], row["is_told"]) for row in rows}


async def put_matches(
    tx: Tx, post: DemandPost, found: Sequence[Judged], *, is_told: bool, now: dt.datetime
) -> None:
    """Keep what fits now; what was said of it stays."""
    await tx.execute(
        """
        INSERT INTO market.demand_matches AS m (post_id, product_id, buyer_party_id, supplier_party_id,
               product_name, score, reasons, is_current, is_told, found_at)
        SELECT $1, f.product_id, $2, f.supplier_party_id, f.product_name, f.score, f.reasons::jsonb,
               true, $3 AND f.supplier_party_id IS NOT NULL, $4
          FROM unnest($5::uuid[], $6::uuid[], $7::text[], $8::int[], $9::text[])
               AS f (product_id, supplier_party_id, product_name, score, reasons)
        ON CONFLICT (post_id, product_id) DO UPDATE
           SET supplier_party_id = excluded.supplier_party_id, product_name = excluded.product_name,
               score = excluded.score, reasons = excluded.reasons, is_current = true,
               is_told = m.is_told OR excluded.is_told""",
        post.id,
        post.buyer_party_id,
        is_told,
        now,
        [each.candidate.product_id for each in found],
        [each.candidate.supplier_party_id for each in found],
        [each.candidate.name for each in found],
        [each.score for each in found],
        [msgspec.json.encode(each.reasons).decode() for each in found],
    )


async def end_matches(tx: Tx, post_id: uuid.UUID, gone: Sequence[uuid.UUID]) -> None:
    """Note that products do not fit any more."""
    await tx.execute(
        """
        UPDATE market.demand_matches SET is_current = false
         WHERE post_id = $1 AND product_id = ANY($2::uuid[])""",
        post_id,
        list(gone),
    )


async def list_matches(tx: Tx, post_id: uuid.UUID) -> list[DemandMatch]:
    """Return the products that fit a post now, and those of which somebody said something."""
    rows = await tx.fetch(
        _MATCH
        + """
         WHERE m.post_id = $1 AND (m.is_current OR m.buyer_verdict IS NOT NULL
                                   OR m.supplier_verdict IS NOT NULL)
         ORDER BY m.is_current DESC, m.score DESC, m.product_id LIMIT 200""",
        post_id,
    )
    return [msgspec.convert(dict(row), DemandMatch) for row in rows]


async def list_of_supplier(
    tx: Tx, *, party: PartyId, before: uuid.UUID | None, limit: int
) -> list[DemandMatch]:
    """Return the matches of a supplier's products with what is still asked for, the newest first."""
    rows = await tx.fetch(
        _MATCH
        + """
          JOIN market.demand_board b ON b.post_id = m.post_id AND b.is_shown AND b.is_open
         WHERE m.supplier_party_id = $1 AND m.is_told AND m.is_current
           AND ($2::uuid IS NULL OR m.post_id < $2)
         ORDER BY m.post_id DESC, m.score DESC, m.product_id LIMIT $3""",
        party,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), DemandMatch) for row in rows]


async def lock_match(
    tx: Tx, post_id: uuid.UUID, product_id: uuid.UUID
) -> tuple[DemandMatch, PartyId] | None:
    """Lock and return a match that the actor may see, and whose demand it is; or None."""
    row = await tx.fetch_one(
        """
        SELECT m.post_id, m.product_id, m.product_name, m.supplier_party_id, m.score, m.reasons,
               m.is_current, m.found_at, m.buyer_verdict, m.buyer_reason, m.supplier_verdict,
               m.supplier_reason, m.buyer_party_id
          FROM market.demand_matches m WHERE m.post_id = $1 AND m.product_id = $2 FOR UPDATE""",
        post_id,
        product_id,
    )
    return None if row is None else (msgspec.convert(dict(row), DemandMatch), row["buyer_party_id"])


async def answer(
    tx: Tx,
    match: DemandMatch,
    *,
    party: PartyId,
    side: Side,
    verdict: Verdict,
    reason: NotRelevant | None,
    now: dt.datetime,
) -> None:
    """Write what one side says of a match; what it said before stays among the answers."""
    told = None if reason is None else reason.value
    await tx.execute(
        """
        UPDATE market.demand_matches
           SET buyer_verdict = CASE WHEN $3 THEN $4 ELSE buyer_verdict END,
               buyer_reason = CASE WHEN $3 THEN $5 ELSE buyer_reason END,
               supplier_verdict = CASE WHEN $3 THEN supplier_verdict ELSE $4 END,
               supplier_reason = CASE WHEN $3 THEN supplier_reason ELSE $5 END
         WHERE post_id = $1 AND product_id = $2""",
        match.post_id,
        match.product_id,
        side is Side.BUYER,
        verdict.value,
        told,
    )
    assert match.score is not None, "what was just read from its row has one"
    await tx.insert(
        DEMAND_MATCH_ANSWERS,
        post_id=match.post_id,
        product_id=match.product_id,
        party_id=party,
        side=side.value,
        verdict=verdict.value,
        reason=told,
        score=match.score,
        answered_at=now,
    )
