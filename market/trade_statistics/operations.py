"""Draw up statistics with the supplier's name on them, and sign them (交易统计)."""

from __future__ import annotations

import uuid

from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.signer import Signer
from market.identity import queries as identity
from market.trade_statistics import queries
from market.trade_statistics.model import SignedStatistics, Statistics
from settlement.periods import months


async def draw_up(
    tx: Tx, *, viewer: Actor, period: str, book: str, supplier_party_id: uuid.UUID | None
) -> Statistics:
    """Return the statistics of a book, or of a supplier's own orders in it (交易统计).

    Who is of no house and names nobody gets those of its own party.

    :raises MonthUnknown: if ``period`` is no month, quarter or year.
    :raises NotPermitted: if the viewer reads none.
    :raises StatisticsMissing: if they are somebody else's.
    :raises PeriodNotClosed: if its months are not all closed.
    """
    span = months.span(period)
    whose = supplier_party_id
    if whose is None and viewer.clearance is Clearance.PARTY:
        whose = viewer.party
    queries.check_reader(viewer, whose)
    name = "" if whose is None else (await identity.get_party(tx, whose)).name
    return await queries.get_statistics(
        tx, viewer=viewer, book=book, span=span, supplier_party_id=whose, supplier_name=name
    )


async def issue(
    tx: Tx,
    *,
    viewer: Actor,
    period: str,
    book: str,
    supplier_party_id: uuid.UUID | None,
    signer: Signer,
) -> SignedStatistics:
    """Return statistics, signed: of the same months they are always the same bytes.

    :raises MonthUnknown: and what else ``draw_up`` raises.
    """
    told = await draw_up(
        tx, viewer=viewer, period=period, book=book, supplier_party_id=supplier_party_id
    )
    document = canonical(told)
    return SignedStatistics(
        type=told.format,
        document=document,
        sha256=sha256_hex(document),
        signature=signer.seal(document),
        statistics=told,
    )
