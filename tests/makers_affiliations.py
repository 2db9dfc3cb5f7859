"""State ties of parties through HTTP."""

from __future__ import annotations

from typing import Any

import httpx

from market.identity.model import Party
from tests.makers_identity import Member, make_uscc
from tests.makers_registration import must
from tests.makers_trade import Trade

TIES = "/api/v1/affiliations"
DEALINGS = "/api/v1/related-dealings"
#: Two persons, by id numbers that are well formed and nobody's.
PERSON = {"name": "张三", "identity_number": "11010519491231002X"}
OTHER_PERSON = {"name": "李四", "identity_number": "440524188001010014"}
#: A firm that is no party here.
OUTSIDER = {"name": "港航集团有限公司", "uscc": make_uscc(9_999_901)}


def firm(party: Party) -> dict[str, Any]:
    """Return a party as an end of a tie."""
    return {"name": party.name, "uscc": party.uscc}


def tie(holder: dict[str, Any], held: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a holding of six tenths."""
    return {
        "kind": "shareholding",
        "holder": holder,
        "held": held,
        "share_bps": 6_000,
        "valid_from": "2020-01-01",
        "basis": "公司章程",
    } | changes


async def state(trade: Trade, who: Member, body: dict[str, Any]) -> httpx.Response:
    """State a tie."""
    return await trade.by(who).post(TIES, body)


async def under_one_roof(trade: Trade, who: Member) -> None:
    """Have a party and the supplier held by one outsider, each half stated by another."""
    must(await state(trade, who, tie(OUTSIDER, firm(who.party))))
    must(await state(trade, trade.adjudicator, tie(OUTSIDER, firm(trade.supplier.party))))


async def dealings(trade: Trade, **query: Any) -> list[dict[str, Any]]:
    """Return what related parties deal in, as the authority sees it."""
    return list(must(await trade.by(trade.regulator).get(DEALINGS, **query))["items"])
