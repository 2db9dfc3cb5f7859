"""Draw up statements of accounts with the party's name on them, and sign them (对账单)."""

from __future__ import annotations

import uuid

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.signing.canonical import sha256_hex
from catalog.signing.signer import Signer
from market.identity import queries as identity
from settlement.periods import months
from settlement.statements import queries as statements
from settlement.statements.model import Side, SignedAccountStatement, Statement


async def draw_up(
    tx: Tx, *, viewer: Actor, side: Side, period: str, book: str, party_id: uuid.UUID | None
) -> Statement:
    """Return the statement of a party, of one's own if none is named, or of a whole book.

    :raises MonthUnknown: if ``period`` is no month, quarter or year.
    :raises NotPermitted: if the viewer reads no statements.
    :raises StatementMissing: if it is somebody else's, or there is no such party.
    :raises PeriodNotClosed: if its months are not all closed.
    """
    span = months.span(period)
    whose = None if side is Side.REGULATOR else party_id or viewer.party
    statements.check_reader(viewer, side, whose)
    name = "" if whose is None else (await identity.get_party(tx, whose)).name
    return await statements.draw_up(
        tx, viewer=viewer, side=side, book=book, span=span, party_id=whose, party_name=name
    )


async def issue(
    tx: Tx,
    *,
    viewer: Actor,
    side: Side,
    period: str,
    book: str,
    party_id: uuid.UUID | None,
    signer: Signer,
) -> SignedAccountStatement:
    """Return a statement, signed: of the same months it is always the same bytes.

    :raises MonthUnknown: and what else ``draw_up`` raises.
    """
    statement = await draw_up(
        tx, viewer=viewer, side=side, period=period, book=book, party_id=party_id
    )
    document = statements.document(statement)
    return SignedAccountStatement(
        type=statement.format,
        document=document,
        sha256=sha256_hex(document),
        signature=signer.seal(document),
        statement=statement,
    )
