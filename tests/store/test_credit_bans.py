"""A ban in SQL, as each access asks it, is the ban of the rule: held together on random records."""

from __future__ import annotations

import datetime as dt
import random
from typing import Final

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import PartyId, new_id
from market.credit import queries, sanctions, store
from market.credit.model import Act, CreditRecord, CreditRecordId, Sanction
from market.credit.states import State
from market.identity.model import Capacity
from tests.makers_identity import make_party

DAY: Final = dt.timedelta(days=1)
TODAY: Final = dt.date(2028, 2, 29)
OVER: Final = (State.PUNISHED, State.REPAIRED, State.EXPIRED)


def make_record(chance: random.Random, party: PartyId, at: dt.datetime) -> CreditRecord:
    state = chance.choice([*State, State.PUNISHED, State.PUNISHED, State.PUNISHED])
    sanction = Sanction(
        is_banned=chance.random() < 0.6, is_ranked_lower=chance.random() < 0.5, order_limit_fen=1
    )
    is_punished = state in OVER
    is_repaired, is_expired = state is State.REPAIRED, state is State.EXPIRED
    return CreditRecord(
        id=CreditRecordId(new_id()),
        party_id=party,
        party_name="",
        state=state,
        act=Act.DATA_LEAK,
        facts="泄露",
        basis="决定书",
        found_by=None,
        found_at=at,
        objection_ends_at=at,
        sanction=sanction if is_punished else None,
        punished_at=at if is_punished else None,
        effective_until=TODAY + chance.randint(-2, 2) * DAY if is_punished else None,
        repair_reason="已整改" if is_repaired else None,
        repaired_at=at if is_repaired else None,
        expired_at=at if is_expired else None,
    )


async def test_a_ban_is_the_same_in_sql_and_in_the_rule(db: Database, clock: ManualClock) -> None:
    chance = random.Random(20280229)
    condition = f"SELECT {queries.banned('$1', day='$2')}"
    told = []
    for _ in range(40):
        party = await make_party(db, Capacity.TRADER, now=clock.now())
        records = [make_record(chance, party.id, clock.now()) for _ in range(chance.randint(0, 3))]
        async with begin(db, system("test")) as tx:
            for record in records:
                await store.insert(tx, record)
            for day in (TODAY - DAY, TODAY, TODAY + DAY):
                by_rule = sanctions.standing(records, [], day).is_banned
                assert await tx.fetch_value(condition, party.id, day) is by_rule
                assert await queries.is_banned(tx, party_id=party.id, on=day) is by_rule
                told.append(by_rule)

    assert 10 < sum(told) < 110
