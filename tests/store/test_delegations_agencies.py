"""Delegations and contracts in the database: days, numbers, races."""

from __future__ import annotations

import asyncio
import datetime as dt
import pathlib
from typing import Any

import pytest

from catalog.agencies import queries as agency_queries
from catalog.agencies.activity import AgencyContractInactive, ContractedFromThisAward
from catalog.agencies.conduct import MisconductFactsMissing
from catalog.agencies.model import AgencyContract, Measure, Misconduct
from catalog.agencies.operations import contracts as agencies
from catalog.agencies.operations import misconduct
from catalog.agencies.states import AgencyContractEventNotAllowed, State
from catalog.agency_selection.model import Selection
from catalog.delegations import operations as delegations
from catalog.delegations import queries as delegation_queries
from catalog.delegations.model import Delegation
from catalog.delegations.validity import (
    DelegationEnded,
    DelegationOverlaps,
    OperatorNotDelegated,
)
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.errors import Missing
from catalog.kernel.ids import new_id
from catalog.kernel.paging import CursorUnreadable
from catalog.kernel.workdays import Calendar
from catalog.timers import queries as timers
from catalog.timers.model import DueFilter
from tests.log_of_tests import TestLog
from tests.makers_agencies import hold_selection, make_bidder
from tests.makers_products import make_actor

BUREAU = make_actor(
    "operator:delegate", "delegation:read", "agency_contract:read", "timer:read",
    "agency_misconduct:record",
    clearance=Clearance.REGULATOR,
)  # fmt: skip
OPERATOR = make_actor(
    "agency_contract:sign", "agency_contract:read", "agency_selection:run",
    "agency_misconduct:record",
    clearance=Clearance.STAFF,
)  # fmt: skip
AGENCIES = tuple(make_bidder() for _ in range(3))
TODAY = dt.date(2026, 3, 2)


async def delegate(tx: Tx, now: dt.datetime, number: str = "授权1", **changes: Any) -> Delegation:
    values: dict[str, Any] = {
        "operator_party_id": OPERATOR.party,
        "document_number": number,
        "scope": "确权登记全流程",
        "valid_from": TODAY,
        "valid_to": None,
    }
    return await delegations.delegate(tx, actor=BUREAU, now=now, **(values | changes))


@pytest.fixture
async def selection(
    db: Database, now: dt.datetime, almighty: Actor, tmp_path: pathlib.Path
) -> Selection:
    """A delegated operator, and the selection that three agencies won."""
    log = TestLog(db, almighty, tmp_path)
    async with begin(db, BUREAU) as tx:
        await delegate(tx, now, valid_from=dt.date(2026, 1, 1))
    return await hold_selection(
        db,
        operator=OPERATOR,
        agencies=AGENCIES,
        now=now - dt.timedelta(days=30),
        sign=lambda: log.run(now),
    )


async def contract(
    tx: Tx,
    now: dt.datetime,
    calendar: Calendar,
    won: Selection,
    number: str = "合同1",
    **changes: Any,
) -> AgencyContract:
    values: dict[str, Any] = {
        "agency_party_id": AGENCIES[0].party,
        "selection_id": won.id,
        "contract_number": number,
        "starts_on": TODAY,
    }
    return await agencies.contract(
        tx, actor=OPERATOR, now=now, calendar=calendar, **(values | changes)
    )


async def test_an_operator_acts_only_while_it_is_delegated(tx: Tx, now: dt.datetime) -> None:
    with pytest.raises(OperatorNotDelegated):
        await delegations.require(tx, operator_party_id=OPERATOR.party, now=now)

    made = await delegate(tx, now)
    assert await delegations.require(tx, operator_party_id=OPERATOR.party, now=now) == made
    assert await delegation_queries.find_in_force(tx, on=TODAY) == [made]
    assert (
        await delegation_queries.get_in_force(tx, operator_party_id=OPERATOR.party, on=TODAY)
        == made
    )

    ended = await delegations.end(
        tx, actor=BUREAU, now=now, delegation_id=made.id, reason="运营者更换"
    )
    assert ended.ended_on == TODAY
    with pytest.raises(OperatorNotDelegated):
        await delegations.require(tx, operator_party_id=OPERATOR.party, now=now)
    with pytest.raises(DelegationEnded):
        await delegations.end(tx, actor=BUREAU, now=now, delegation_id=made.id, reason="再次")
    assert (await delegate(tx, now, "授权2")).valid_from == TODAY


async def test_a_document_number_and_a_day_are_used_once(tx: Tx, now: dt.datetime) -> None:
    await delegate(tx, now, valid_to=dt.date(2026, 12, 31))

    with pytest.raises(DelegationOverlaps):
        await delegate(tx, now, "授权2", valid_from=dt.date(2026, 12, 31))
    with pytest.raises(delegations.DelegationDocumentUsed):
        await delegate(tx, now, valid_from=dt.date(2027, 1, 1))


async def test_another_authority_does_not_end_a_delegation(tx: Tx, now: dt.datetime) -> None:
    made = await delegate(tx, now)
    stranger = make_actor("operator:delegate", clearance=Clearance.REGULATOR)

    for actor, delegation_id in ((stranger, made.id), (BUREAU, new_id())):
        with pytest.raises(Missing):
            await delegations.end(tx, actor=actor, now=now, delegation_id=delegation_id, reason="x")


async def test_two_delegations_at_once_leave_one(db: Database, now: dt.datetime) -> None:
    async def attempt(number: int) -> bool:
        try:
            async with begin(db, BUREAU) as tx:
                await delegate(tx, now, f"授权{number}")
        except DelegationOverlaps:
            return False
        return True

    assert sum(await asyncio.gather(*(attempt(n) for n in range(10)))) == 1


async def test_an_agency_is_contracted_for_two_years_and_its_end_is_watched(
    tx: Tx, now: dt.datetime, calendar: Calendar, selection: Selection
) -> None:
    signed = await contract(tx, now, calendar, selection)

    assert (signed.state, signed.ends_on) == (State.ACTIVE, dt.date(2028, 3, 2))
    assert (
        await agency_queries.get_active(tx, agency_party_id=signed.agency_party_id, on=TODAY)
        == signed
    )
    assert await agency_queries.list_active(tx, on=TODAY) == [signed]
    due = await timers.list_due(
        tx, viewer=BUREAU, wanted=DueFilter(kind="agency_contract"), limit=10, cursor=None
    )
    assert [timer.due_on for timer in due.items] == [signed.ends_on]


async def test_nobody_is_contracted_without_a_delegation(
    tx: Tx, now: dt.datetime, calendar: Calendar, selection: Selection
) -> None:
    await tx.execute("UPDATE catalog.delegations SET ended_on = $1, end_reason = 'x'", TODAY)
    with pytest.raises(OperatorNotDelegated):
        await contract(tx, now, calendar, selection)


async def test_contract_numbers_and_days_are_used_once(
    tx: Tx, now: dt.datetime, calendar: Calendar, selection: Selection
) -> None:
    signed = await contract(tx, now, calendar, selection)

    with pytest.raises(ContractedFromThisAward):
        await contract(tx, now, calendar, selection, "合同2", starts_on=dt.date(2029, 1, 1))
    with pytest.raises(agencies.AgencyContractNumberUsed):
        await contract(tx, now, calendar, selection, agency_party_id=AGENCIES[1].party)
    assert signed.contract_number == "合同1"


async def test_misconduct_suspends_once_and_no_case_is_given(
    tx: Tx, now: dt.datetime, calendar: Calendar, selection: Selection
) -> None:
    signed = await contract(tx, now, calendar, selection)

    async def record(actor: Actor, measure: Measure, facts: str = "泄露登记信息") -> AgencyContract:
        return await misconduct.record(
            tx,
            actor=actor,
            now=now,
            contract_id=signed.id,
            misconduct=Misconduct.INFORMATION_LEAK,
            facts=facts,
            measure=measure,
        )

    flagged = await record(BUREAU, Measure.FLAG)
    suspended = await record(OPERATOR, Measure.SUSPEND)

    assert (flagged.state, suspended.state) == (State.ACTIVE, State.SUSPENDED)
    with pytest.raises(AgencyContractInactive):
        await agency_queries.get_active(tx, agency_party_id=signed.agency_party_id, on=TODAY)
    for measure in Measure:
        with pytest.raises(AgencyContractEventNotAllowed):
            await record(OPERATOR, measure)
    with pytest.raises(MisconductFactsMissing):
        await record(BUREAU, Measure.FLAG, " ")
    stranger = make_actor("agency_misconduct:record", clearance=Clearance.STAFF)
    with pytest.raises(Missing):
        await record(stranger, Measure.FLAG)
    kept = await agency_queries.list_misconducts(tx, viewer=BUREAU, contract_id=signed.id)
    assert [each.measure for each in kept] == [Measure.FLAG, Measure.SUSPEND]


async def test_an_agency_sees_its_own_contracts_only(
    db: Database, now: dt.datetime, calendar: Calendar, selection: Selection
) -> None:
    async with begin(db, OPERATOR) as tx:
        signed = await contract(tx, now, calendar, selection)
        await contract(tx, now, calendar, selection, "合同2", agency_party_id=AGENCIES[1].party)

    async with begin(db, make_actor(party_id=signed.agency_party_id)) as tx:
        assert await tx.fetch_value("SELECT count(*) FROM catalog.agency_contracts") == 1


async def test_lists_are_walked_by_their_own_cursors(
    tx: Tx, now: dt.datetime, calendar: Calendar, selection: Selection
) -> None:
    await tx.execute("UPDATE catalog.delegations SET valid_to = '2026-03-31'")
    await delegate(tx, now, "授权2", valid_from=dt.date(2026, 4, 1))
    for number, agency in (("合同1", AGENCIES[0]), ("合同2", AGENCIES[1])):
        await contract(tx, now, calendar, selection, number, agency_party_id=agency.party)

    for queries, viewer, attribute in (
        (delegation_queries, BUREAU, "document_number"),
        (agency_queries, OPERATOR, "contract_number"),
    ):
        first = await queries.list_page(tx, viewer=viewer, limit=1)
        second = await queries.list_page(tx, viewer=viewer, limit=1, cursor=first.next_cursor)
        found = [getattr(page.items[0], attribute) for page in (first, second)]
        assert found[0].endswith("2")
        assert found[1].endswith("1")
        assert second.next_cursor is None
        with pytest.raises(CursorUnreadable):
            await queries.list_page(tx, viewer=viewer, limit=1, cursor="abc")
