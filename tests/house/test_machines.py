"""Every life is a table: each state with each event goes where the table says, or is refused."""

from __future__ import annotations

import itertools
from types import ModuleType
from typing import Any, Final

import pytest

from catalog.kernel.errors import Refused
from tests.house import walk

MACHINES: Final = tuple(
    module
    for module in walk.modules()
    if hasattr(module, "TRANSITIONS") and hasattr(module, "State")
)
PAIRS: Final = [
    pytest.param(machine, state, event, id=f"{machine.__name__}-{state}-{event}")
    for machine in MACHINES
    for state, event in itertools.product(machine.State, machine.Event)
]

# Where each life ends, written down a second time on purpose.
ENDS: Final = {
    "catalog.agencies": "suspended",
    "catalog.agency_evaluation": "acknowledged",
    "catalog.agency_selection": "awarded failed",
    "catalog.certificates": "superseded transferred deregistered revoked",
    "catalog.terms": "granted refused withdrawn",
    "catalog.changes": ("not_accepted refused review_failed_technical issued withdrawn closed"),
    "catalog.fees": "free waived dropped refunded",
    "catalog.harvesting": "finished failed",
    "catalog.instruments": "rejected applied",
    "catalog.recognition": "rejected withdrawn",
    "catalog.key_destructions": "confirmed refused withdrawn",
    "catalog.notices": "closed",
    "catalog.notifications": "delivered undeliverable",
    "catalog.objections": "rejected closed",
    "catalog.product_batches": "finished failed cancelled",
    "catalog.products": "withdrawn",
    "catalog.quality_issues": "closed",
    "catalog.reclassifications": "confirmed refused withdrawn",
    "catalog.registration": (
        "not_accepted refused review_failed_technical issued withdrawn lapsed unfiled terminated"
    ),
    "catalog.thesaurus": "declined removed",
    "catalog.timers": "met cancelled",
    "settlement.charging": "",  # a bank may take back what it was settled with
    "settlement.escrow": "",  # one that is paid as it is used opens again when more is paid in
    "settlement.chargebacks": "won lost",
    "settlement.deposits": "returned forfeited lost",
    "settlement.holds": "captured released expired",
    "settlement.invoices": "refused withdrawn voided reddened",
    "settlement.fees": "ended rejected withdrawn",
    "settlement.payments": "succeeded expired",
    "settlement.periods": "closed",
    "settlement.reconciliation": "resolved",
    "settlement.write_offs": "written_off rejected withdrawn",
    "settlement.adjustments": "posted rejected withdrawn",
    "settlement.beneficiaries": "rejected withdrawn",
    "settlement.refunds": "settled",
    "settlement.retentions": "released",
    "settlement.payouts": "paid returned not_sent cancelled",
    "market.access": "expired revoked",
    "market.approvals": "rejected expired withdrawn used",
    "market.cut_offs": "lifted",
    "market.consents": "withdrawn expired",
    "market.anonymisations": "refused withdrawn",
    "market.identity": "",  # a party that was suspended can be verified again
    "market.listings": "delisted",
    "market.incidents": "closed dismissed",
    "market.contracts": "terminated succeeded",
    "market.negotiations": "finalized terminated",
    "market.orders": "rejected completed cancelled terminated",
    "market.pricing": "superseded expired withdrawn",
    "market.special_prices": "used withdrawn",
    "market.auctions": "contracted failed cancelled voided",
    "market.award_objections": "upheld dismissed withdrawn superseded",
    "market.allowed_revenue": "closed",
    "market.revenue_agreements": "declined withdrawn ended",
    "market.spot_checks": "closed",
    "market.supervision": "acknowledged regenerated",
    "market.zones": "closed",
    "market.webhooks": "",  # what was delivered or given up can be replayed
    "market.open_data": "refused closed",
    "market.open_plans": "opened",
    "market.data_demands": "joined answered",
    "market.demand_posts": "met withdrawn expired rejected",
    "market.quotes": "lapsed accepted declined withdrawn",
    "market.complaints": "closed",
    "market.affiliations": "released refused",
    "market.credit": "overturned repaired expired",
    "market.collections": "withdrawn",
}
# What may still be noted where a life has ended. Nothing moves by it.
NOTED_AFTER_THE_END: Final = {
    "catalog.changes": {
        ("not_accepted", "notify_decision"),
        ("refused", "notify_decision"),
        ("review_failed_technical", "notify_decision"),
    },
    "catalog.registration": {
        # A decision may be told after the case was closed by it.
        ("not_accepted", "notify_decision"),
        ("refused", "notify_decision"),
        ("review_failed_technical", "notify_decision"),
    },
}


def _room(machine: ModuleType) -> str:
    return machine.__name__.rpartition(".")[0]


def _leads_on(machine: ModuleType) -> set[Any]:
    return {state for (state, _), to in machine.TRANSITIONS.items() if to is not state}


def _refusals(machine: ModuleType) -> list[type]:
    return [
        thing
        for thing in vars(machine).values()
        if isinstance(thing, type)
        and issubclass(thing, Refused)
        and thing.__module__ == machine.__name__
    ]


def test_every_table_of_moves_is_found_here() -> None:
    tables = {module.__name__ for module in walk.modules() if hasattr(module, "TRANSITIONS")}

    assert tables == {machine.__name__ for machine in MACHINES}
    assert {_room(machine) for machine in MACHINES} == set(ENDS)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.__name__)
def test_a_table_holds_its_own_states_and_events_and_has_one_refusal(machine: ModuleType) -> None:
    for (state, event), to in machine.TRANSITIONS.items():
        assert (type(state), type(event), type(to)) == (machine.State, machine.Event, machine.State)
    (refusal,) = _refusals(machine)
    assert refusal.code.endswith("_event_not_allowed")


@pytest.mark.parametrize(("machine", "state", "event"), PAIRS)
def test_every_event_moves_every_state_as_the_table_says_or_is_refused_by_name(
    machine: ModuleType, state: Any, event: Any
) -> None:
    expected = machine.TRANSITIONS.get((state, event))

    if expected is not None:
        assert machine.advance(state, event) is expected
        return
    with pytest.raises(Refused) as refused:
        machine.advance(state, event)
    assert [type(refused.value)] == _refusals(machine)
    assert refused.value.facts == {"state": state.value, "event": event.value}


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.__name__)
def test_every_event_happens_somewhere(machine: ModuleType) -> None:
    assert {event for _, event in machine.TRANSITIONS} == set(machine.Event)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.__name__)
def test_every_state_is_reached_from_the_first(machine: ModuleType) -> None:
    reached = {next(iter(machine.State))}
    while more := {to for (at, _), to in machine.TRANSITIONS.items() if at in reached} - reached:
        reached |= more

    assert reached == set(machine.State)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.__name__)
def test_a_life_ends_where_it_is_said_to_end_and_nothing_leads_on_from_there(
    machine: ModuleType,
) -> None:
    ends = set(machine.State) - _leads_on(machine)

    assert {state.value for state in ends} == set(ENDS[_room(machine)].split())
    noted = {(at.value, event.value) for at, event in machine.TRANSITIONS if at in ends}
    assert noted == NOTED_AFTER_THE_END.get(_room(machine), set())


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.__name__)
def test_from_every_state_an_end_can_be_reached(machine: ModuleType) -> None:
    ending = set(machine.State) - _leads_on(machine)
    if not ending:
        return
    while more := {at for (at, _), to in machine.TRANSITIONS.items() if to in ending} - ending:
        ending |= more

    assert ending == set(machine.State)
