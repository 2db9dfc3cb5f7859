"""What a party gives back after the release comes from three places, and together is all of it."""

from __future__ import annotations

import datetime as dt
import uuid

from settlement.money import Fen
from settlement.returns.model import GivenBack, Return


def test_a_refund_says_where_each_fen_came_from() -> None:
    part = GivenBack(
        account="payable/x",
        amount_fen=10,
        from_owed_fen=5,
        from_retention_fen=3,
        from_platform_fen=2,
    )
    made = Return(
        order_id=uuid.UUID(int=1),
        key=uuid.UUID(int=2),
        amount_fen=Fen(10),
        returned_at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
        parts=(part,),
    )

    assert not made.is_replay
    assert sum(each.amount_fen for each in made.parts) == made.amount_fen
    assert part.from_owed_fen + part.from_retention_fen + part.from_platform_fen == part.amount_fen
