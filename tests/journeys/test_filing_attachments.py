"""What prices rest on is handed in as files: its digest is fixed by filing, and the supervisor reads it."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import make_member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade

TEXT = "成本测算表"


@pytest.fixture
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    return await make_trade(api, db, clock, is_listed=False)


def basis(*files: str, **changes: Any) -> dict[str, Any]:
    return {
        "method": "cost",
        "document_sha256s": [hashlib.sha256(TEXT.encode()).hexdigest()],
        "attachments": list(files),
    } | changes


async def test_the_supervisor_reads_what_is_attached_and_nobody_else_does(trade: Trade) -> None:
    file = await trade.upload(trade.supplier, TEXT)
    path = f"/api/v1/files/{file}/content"
    assert (await trade.by(trade.regulator).get(path)).status_code == 404

    filed = must(await trade.file(basis=basis(file)))

    assert filed["terms"]["basis"]["attachments"] == [file]
    read = await trade.by(trade.regulator).get(path)
    assert (read.status_code, read.content.decode()) == (200, TEXT)
    for other in (trade.stranger, trade.acceptor):
        assert (await trade.by(other).get(path)).status_code == 404
    assert await trade.by(trade.regulator).find_in_log(action="material:read")
    must(await trade.record(filed["id"]))


async def test_a_file_of_others_or_whose_digest_is_not_filed_is_not_attached(trade: Trade) -> None:
    mine, other = await trade.upload(trade.supplier, TEXT), await trade.upload(trade.supplier, "x")
    rival = await make_member(trade.db, Role.SUPPLIER, now=trade.clock.now())
    theirs = await trade.upload(rival, TEXT)

    undeclared = await trade.file(basis=basis(mine, other))

    assert (undeclared.status_code, code(undeclared)) == (422, "filing_attachment_undeclared")
    assert [each["pointer"] for each in undeclared.json()["errors"]] == ["/basis/attachments/1"]
    for unknown in (theirs, str(uuid.uuid4())):
        assert code(await trade.file(basis=basis(unknown))) == "not_found"
