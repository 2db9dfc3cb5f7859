"""Tables and statements of the quote requests, invitations and quotes."""

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
from market.demand_posts.model import DemandPostId
from market.quotes.model import Invitation, Quote, QuoteRequest, Settled

QUOTE_REQUESTS: Final = sa.Table(
    "quote_requests",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("post_id", sa.Uuid, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("is_by_operator", sa.Boolean, nullable=False),
    sa.Column("quotes_until", sa.DateTime(timezone=True), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("opened_at", sa.DateTime(timezone=True)),
    sa.Column("decided_at", sa.DateTime(timezone=True)),
    sa.Column("accepted_quote_id", sa.Uuid),
    sa.Column("negotiation_id", sa.Uuid),
    sa.Column("special_price_id", sa.Uuid),
    sa.Column("reason", sa.Text),
    schema="market",
)

QUOTE_INVITATIONS: Final = sa.Table(
    "quote_invitations",
    METADATA,
    sa.Column("request_id", sa.Uuid, primary_key=True),
    sa.Column("supplier_party_id", sa.Uuid, primary_key=True),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("post_id", sa.Uuid, nullable=False),
    sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
    schema="market",
)

QUOTES: Final = sa.Table(
    "quotes",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("request_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("product_name", sa.Text, nullable=False),
    sa.Column("filing_id", sa.Uuid, nullable=False),
    sa.Column("filing_number", sa.Text, nullable=False),
    sa.Column("terms", JSONB, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("filed_fen", sa.BigInteger),
    sa.Column("special_price_reason", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("replaced_at", sa.DateTime(timezone=True)),
    sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
    sa.Column("opened_at", sa.DateTime(timezone=True)),
    schema="market",
)

_REQUEST: Final = """
    SELECT id, state, post_id, title, buyer_party_id, is_by_operator, quotes_until, message, version,
           created_at, updated_at, opened_at, decided_at, accepted_quote_id, negotiation_id,
           special_price_id, reason
      FROM market.quote_requests"""
_QUOTE: Final = """
    SELECT id, request_id, supplier_party_id, account_id, product_id, product_name, filing_id,
           filing_number, terms, amount_fen, filed_fen, special_price_reason, note, submitted_at,
           replaced_at, withdrawn_at, opened_at
      FROM market.quotes"""


# ── requests ────────────────────────────────────────────────────────────────────────────────


async def insert(tx: Tx, request: QuoteRequest, invited: Sequence[PartyId]) -> None:
    """Add a request and who is invited."""
    values = {**msgspec.structs.asdict(request), "state": request.state.value}
    await tx.insert(QUOTE_REQUESTS, **values)
    await tx.insert_many(
        QUOTE_INVITATIONS,
        [
            {
                "request_id": request.id,
                "supplier_party_id": supplier,
                "buyer_party_id": request.buyer_party_id,
                "post_id": request.post_id,
                "invited_at": request.created_at,
            }
            for supplier in invited
        ],
    )


async def update(tx: Tx, request: QuoteRequest) -> None:
    """Write back how far a request is that the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.quote_requests
           SET state = $2, version = $3, updated_at = $4, opened_at = $5, decided_at = $6,
               accepted_quote_id = $7, negotiation_id = $8, special_price_id = $9, reason = $10
         WHERE id = $1""",
        request.id,
        request.state.value,
        request.version,
        request.updated_at,
        request.opened_at,
        request.decided_at,
        request.accepted_quote_id,
        request.negotiation_id,
        request.special_price_id,
        request.reason,
    )
    assert touched == 1, "a locked request can not vanish"


async def has_running(tx: Tx, post_id: uuid.UUID) -> bool:
    """Tell whether quotes are asked for a demand just now, or wait to be compared."""
    found: bool = await tx.fetch_value(
        """
        SELECT EXISTS (SELECT FROM market.quote_requests
                        WHERE post_id = $1 AND state IN ('open', 'opened'))""",
        post_id,
    )
    return found


async def lock(tx: Tx, request_id: uuid.UUID) -> QuoteRequest | None:
    """Lock and return a request that the actor may see, or None."""
    row = await tx.fetch_one(_REQUEST + " WHERE id = $1 FOR UPDATE", request_id)
    return None if row is None else _request(row)


async def find(tx: Tx, request_id: uuid.UUID) -> QuoteRequest | None:
    """Return a request that the actor may see, or None."""
    row = await tx.fetch_one(_REQUEST + " WHERE id = $1", request_id)
    return None if row is None else _request(row)


async def list_page(
    tx: Tx,
    *,
    party: PartyId | None,
    post_id: uuid.UUID | None,
    state: str | None,
    before: uuid.UUID | None,
    limit: int,
) -> list[QuoteRequest]:
    """Return requests of one party, or to it, or all that the actor may see; the newest first."""
    rows = await tx.fetch(
        _REQUEST
        + """
         WHERE ($1::uuid IS NULL OR buyer_party_id = $1
                OR EXISTS (SELECT FROM market.quote_invitations i
                            WHERE i.request_id = quote_requests.id AND i.supplier_party_id = $1))
           AND ($2::uuid IS NULL OR post_id = $2) AND ($3::text IS NULL OR state = $3)
           AND ($4::uuid IS NULL OR id < $4)
         ORDER BY id DESC LIMIT $5""",
        party,
        post_id,
        state,
        before,
        limit,
    )
    return [_request(row) for row in rows]


async def list_invited(tx: Tx, request_id: uuid.UUID) -> list[Invitation]:
    """Return who was invited, as far as the actor may see it."""
    rows = await tx.fetch(
        """
        SELECT supplier_party_id, invited_at FROM market.quote_invitations
         WHERE request_id = $1 ORDER BY supplier_party_id LIMIT 1000""",
        request_id,
    )
    return [msgspec.convert(dict(row), Invitation) for row in rows]


async def list_due(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return the requests whose deadline is over, the longest first."""
    rows = await tx.fetch(
        """
        SELECT id FROM market.quote_requests
         WHERE state = 'open' AND quotes_until <= $1 ORDER BY quotes_until, id LIMIT $2""",
        now,
        limit,
    )
    return [row["id"] for row in rows]


async def list_pointless(tx: Tx, *, limit: int) -> list[uuid.UUID]:
    """Return the requests that run although their demand is over, or being read again."""
    rows = await tx.fetch(
        """
        SELECT r.id FROM market.quote_requests r JOIN market.demand_posts p ON p.id = r.post_id
         WHERE r.state IN ('open', 'opened') AND p.state NOT IN ('published', 'negotiating')
         ORDER BY r.id LIMIT $1""",
        limit,
    )
    return [row["id"] for row in rows]


async def list_settled(tx: Tx, *, today: dt.date, limit: int) -> list[Settled]:
    """Return the demands that are negotiated by what is over: an agreement was reached, or none is."""
    rows = await tx.fetch(
        """
        SELECT r.post_id,
               (n.state = 'finalized' OR s.state = 'used') IS TRUE AS is_met
          FROM market.quote_requests r
          JOIN market.demand_posts p ON p.id = r.post_id AND p.state = 'negotiating'
          LEFT JOIN market.negotiations n ON n.id = r.negotiation_id
          LEFT JOIN market.special_prices s ON s.id = r.special_price_id
         WHERE r.state = 'accepted'
           AND r.decided_at = (SELECT max(l.decided_at) FROM market.quote_requests l
                                WHERE l.post_id = r.post_id AND l.state = 'accepted')
           AND (n.state IN ('finalized', 'terminated') OR s.state IN ('used', 'withdrawn')
                OR (s.state = 'offered' AND s.valid_until < $1))
         ORDER BY r.id LIMIT $2""",
        today,
        limit,
    )
    return [Settled(DemandPostId(row["post_id"]), row["is_met"]) for row in rows]


def _request(row: Row) -> QuoteRequest:
    return msgspec.convert(dict(row), QuoteRequest)


# ── quotes ──────────────────────────────────────────────────────────────────────────────────


async def add(tx: Tx, quote: Quote, *, buyer: PartyId) -> None:
    """Add a quote, sealed."""
    values = {
        **msgspec.structs.asdict(quote),
        "terms": msgspec.to_builtins(quote.terms),
        "buyer_party_id": buyer,
    }
    await tx.insert(QUOTES, **values)


async def find_standing(tx: Tx, request_id: uuid.UUID, supplier: PartyId) -> Quote | None:
    """Return the standing quote of a supplier, or None."""
    row = await tx.fetch_one(
        _QUOTE
        + """
         WHERE request_id = $1 AND supplier_party_id = $2
           AND replaced_at IS NULL AND withdrawn_at IS NULL""",
        request_id,
        supplier,
    )
    return None if row is None else _quote(row)


async def find_quote(tx: Tx, quote_id: uuid.UUID) -> Quote | None:
    """Return a quote that the actor may see, or None."""
    row = await tx.fetch_one(f"{_QUOTE} WHERE id = $1", quote_id)
    return None if row is None else _quote(row)


async def take_back(tx: Tx, quote_id: uuid.UUID, *, is_replaced: bool, now: dt.datetime) -> None:
    """Note that a quote was replaced by another one, or taken back."""
    await tx.execute(
        """
        UPDATE market.quotes
           SET replaced_at = CASE WHEN $2 THEN $3::timestamptz END,
               withdrawn_at = CASE WHEN $2 THEN NULL ELSE $3::timestamptz END
         WHERE id = $1""",
        quote_id,
        is_replaced,
        now,
    )


async def open_all(tx: Tx, request_id: uuid.UUID, *, now: dt.datetime) -> list[Quote]:
    """Open all standing quotes of a request and return them, the lowest first."""
    await tx.execute(
        """
        UPDATE market.quotes SET opened_at = $2
         WHERE request_id = $1 AND replaced_at IS NULL AND withdrawn_at IS NULL""",
        request_id,
        now,
    )
    return [each for each in await list_quotes(tx, request_id) if each.is_standing]


async def list_quotes(tx: Tx, request_id: uuid.UUID) -> list[Quote]:
    """Return the quotes that the actor may see, the lowest first."""
    rows = await tx.fetch(
        f"{_QUOTE} WHERE request_id = $1 ORDER BY amount_fen, id LIMIT 1000", request_id
    )
    return [_quote(row) for row in rows]


def _quote(row: Row) -> Quote:
    return msgspec.convert(dict(row), Quote)
