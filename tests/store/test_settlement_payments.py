"""What a channel tells counts once: doubled, reordered, wrong, late, or replayed."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.ids import PartyId, new_id
from settlement.escrow.operations import casework as escrow
from settlement.escrow.operations import funding
from settlement.escrow.operations.funding import OtherTerms
from settlement.escrow.queries import EscrowMissing, find_escrow, get_escrow
from settlement.escrow.states import State as EscrowState
from settlement.ledger.queries import checking, order_money
from settlement.payments import asking, queries
from settlement.payments import operations as payments
from settlement.payments.callback import Break, Effect, EventReused, NonceReused
from settlement.payments.channel import ChannelEvent, EventKind, Standing
from settlement.payments.model import Payment, Recorded
from settlement.payments.operations import OutcomeUnknown
from settlement.payments.states import State
from tests.store.money import NOON

PRICE = 128_800


async def _start(
    tx: Tx, actor: Actor, order_id: uuid.UUID, payer: uuid.UUID, **other: Any
) -> Payment:
    return await payments.start(
        tx,
        actor=actor,
        order_id=order_id,
        payer_party_id=payer,
        **{"now": NOON, "amount_fen": PRICE, **other},
    )


def _told(payment: Payment, **other: Any) -> ChannelEvent:
    event = ChannelEvent(
        event_id=f"E-{payment.reference}",
        kind=EventKind.SUCCEEDED,
        reference=payment.reference,
        amount_fen=payment.amount_fen,
        currency="CNY",
        channel_transaction_id=f"T-{payment.reference}",
        happened_at=NOON,
    )
    return msgspec.structs.replace(event, **other)


async def _tell(tx: Tx, event: ChannelEvent, nonce: str | None = None) -> Recorded:
    return await payments.record_callback(
        tx, now=NOON, channel="sandbox", event=event, nonce=nonce or uuid.uuid4().hex
    )


async def test_a_payment_goes_from_start_to_escrow(tx: Tx, almighty: Actor) -> None:
    order_id, payer = new_id(), new_id()

    started = await _start(tx, almighty, order_id, payer)
    submitted = await payments.submit(tx, payment=started, channel_reference="bank-1")
    recorded = await _tell(tx, _told(started))

    assert (started.state, submitted.state) == (State.CREATED, State.PENDING)
    assert (await payments.submit(tx, payment=started, channel_reference="b")).state is (
        State.SUCCEEDED
    )
    assert recorded.is_new
    assert recorded.payment is not None
    assert recorded.payment.order_id == order_id
    assert recorded.payment.channel_reference == "bank-1"
    held = await get_escrow(tx, order_id)
    assert held.state is EscrowState.HELD
    assert held.funding_key == recorded.payment.journal_key
    assert (await order_money.get_order_ledger(tx, order_id)).paid_fen == PRICE
    assert [p.state for p in await queries.list_payments(tx, order_id)] == [State.SUCCEEDED]


async def test_fifty_starts_at_once_start_one_payment(db: Database, almighty: Actor) -> None:
    order_id, payer = new_id(), new_id()

    async def once() -> Payment:
        return await run(db, almighty, lambda tx: _start(tx, almighty, order_id, payer))

    started = await asyncio.gather(*(once() for _ in range(50)))

    assert len({payment.id for payment in started}) == 1


async def test_fifty_deliveries_at_once_bring_the_money_in_once(
    db: Database, almighty: Actor
) -> None:
    async with begin(db, almighty) as tx:
        payment = await _start(tx, almighty, new_id(), new_id())

    async def once() -> Recorded:
        return await run(db, almighty, lambda tx: _tell(tx, _told(payment)), must_remember=False)

    recorded = await asyncio.gather(*(once() for _ in range(50)))

    assert [r.is_new for r in recorded].count(True) == 1
    assert [r.is_replay for r in recorded].count(True) == 49
    assert {r.effect for r in recorded} == {Effect.APPLIED}
    async with begin(db, almighty, snapshot=True) as tx:
        assert (await order_money.get_order_ledger(tx, payment.order_id)).paid_fen == PRICE
        assert await checking.find_breaches(tx) == []


async def test_one_transaction_under_many_event_ids_counts_once(
    db: Database, almighty: Actor
) -> None:
    async with begin(db, almighty) as tx:
        payment = await _start(tx, almighty, new_id(), new_id())

    async def once(number: int) -> Recorded:
        event = _told(payment, event_id=f"E{number}")
        return await run(db, almighty, lambda tx: _tell(tx, event), must_remember=False)

    recorded = await asyncio.gather(*(once(number) for number in range(16)))

    assert [r.effect for r in recorded].count(Effect.APPLIED) == 1
    assert [r.effect for r in recorded].count(Effect.IGNORED) == 15


async def test_a_failure_that_arrives_after_the_success_is_old_news(
    tx: Tx, almighty: Actor
) -> None:
    payment = await _start(tx, almighty, new_id(), new_id())
    await _tell(tx, _told(payment))

    late = await _tell(tx, _told(payment, event_id="E-2", kind=EventKind.FAILED))

    assert (late.effect, late.is_new) == (Effect.IGNORED, False)
    assert late.payment is not None
    assert late.payment.state is State.SUCCEEDED


async def test_a_success_that_arrives_after_the_failure_is_booked(tx: Tx, almighty: Actor) -> None:
    payment = await _start(tx, almighty, new_id(), new_id())
    failed = await _tell(tx, _told(payment, event_id="E-2", kind=EventKind.FAILED))
    # The buyer has meanwhile started again.
    second = await _start(tx, almighty, payment.order_id, payment.payer_party_id)

    recorded = await _tell(tx, _told(payment))

    assert failed.payment is not None
    assert failed.payment.state is State.FAILED
    assert second.id != payment.id
    assert recorded.is_new
    states = [p.state for p in await queries.list_payments(tx, payment.order_id)]
    assert states == [State.SUCCEEDED, State.EXPIRED]

    twice = await _tell(tx, _told(second))
    assert (twice.effect, twice.found) == (Effect.BREAK, Break.PAID_TWICE)
    assert (await order_money.get_order_ledger(tx, payment.order_id)).paid_fen == PRICE


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"amount_fen": PRICE - 1}, Break.AMOUNT_DIFFERS),
        ({"amount_fen": PRICE + 1}, Break.AMOUNT_DIFFERS),
        ({"currency": "USD"}, Break.CURRENCY_DIFFERS),
        ({"reference": "P-unknown"}, Break.REFERENCE_UNKNOWN),
    ],
)
async def test_what_does_not_fit_is_kept_as_a_break_and_moves_nothing(
    tx: Tx, almighty: Actor, change: dict[str, Any], found: Break
) -> None:
    payment = await _start(tx, almighty, new_id(), new_id())

    recorded = await _tell(tx, _told(payment, **change))
    again = await _tell(tx, _told(payment, **change))

    assert (recorded.effect, recorded.found) == (Effect.BREAK, found)
    assert (again.effect, again.is_replay) == (Effect.BREAK, True)
    assert again.found is found
    kept = await queries.list_breaks(tx)
    assert [(b.kind, b.told_fen) for b in kept.items] == [
        (found, _told(payment, **change).amount_fen)
    ]
    assert (await order_money.get_order_ledger(tx, payment.order_id)).paid_fen == 0
    # The right amount is still taken afterwards.
    assert (await _tell(tx, _told(payment, event_id="E-right", channel_transaction_id="T2"))).is_new


async def test_a_payment_that_ran_out_makes_room_and_its_money_is_a_break(
    tx: Tx, almighty: Actor
) -> None:
    first = await _start(tx, almighty, new_id(), new_id())
    later = NOON + payments.LIFETIME

    second = await _start(tx, almighty, first.order_id, first.payer_party_id, now=later)
    recorded = await _tell(tx, _told(first))

    assert second.id != first.id
    assert recorded.found is Break.PAID_LATE


async def test_a_silent_channel_leaves_the_outcome_unknown_until_it_speaks(
    tx: Tx, almighty: Actor
) -> None:
    payment = await _start(tx, almighty, new_id(), new_id())
    later = NOON + asking.FIRST
    assert await queries.list_unheard(tx, now=NOON, limit=9) == []
    assert [p.id for p in await queries.list_unheard(tx, now=later, limit=9)] == [payment.id]

    doubted = await payments.note_answer(tx, now=later, payment_id=payment.id, standing=None)
    again = await payments.note_answer(tx, now=later, payment_id=payment.id, standing=None)

    assert (doubted.state, doubted.asked, again.state) == (State.UNKNOWN, 1, State.UNKNOWN)
    assert again.ask_at is not None
    assert again.ask_at > later + asking.FIRST
    assert await queries.list_unheard(tx, now=later, limit=9) == []
    # Through another channel, or when its time is past, the buyer waits until it is known.
    for other in ({"channel": "elsewhere"}, {"now": NOON + payments.LIFETIME}):
        with pytest.raises(OutcomeUnknown):
            await _start(tx, almighty, payment.order_id, payment.payer_party_id, **other)

    waits = await payments.note_answer(
        tx, now=later, payment_id=payment.id, standing=Standing.WAITING
    )
    assert waits.state is State.PENDING
    recorded = await _tell(tx, _told(payment))
    assert recorded.is_new
    late = await payments.note_answer(tx, now=later, payment_id=payment.id, standing=None)
    assert late.state is State.SUCCEEDED


async def test_what_its_channel_waits_for_ends_when_its_time_is_past(
    tx: Tx, almighty: Actor
) -> None:
    payment = await _start(tx, almighty, new_id(), new_id(), lifetime=dt.timedelta(days=5))
    over = NOON + dt.timedelta(days=5)

    ended = await payments.note_answer(
        tx, now=over, payment_id=payment.id, standing=Standing.WAITING
    )

    assert payment.expires_at == over
    assert ended.state is State.EXPIRED
    assert (await _start(tx, almighty, payment.order_id, payment.payer_party_id)).id != payment.id


async def test_another_channel_takes_the_place_of_an_open_payment(tx: Tx, almighty: Actor) -> None:
    first = await _start(tx, almighty, new_id(), new_id())

    second = await _start(tx, almighty, first.order_id, first.payer_party_id, channel="bank")

    assert second.channel == "bank"
    assert [p.state for p in await queries.list_payments(tx, first.order_id)] == [
        State.EXPIRED,
        State.CREATED,
    ]


async def test_a_nonce_is_used_for_one_event(tx: Tx, almighty: Actor) -> None:
    payment = await _start(tx, almighty, new_id(), new_id())
    await _tell(tx, _told(payment), nonce="n-1")

    same = await _tell(tx, _told(payment), nonce="n-1")
    with pytest.raises(NonceReused):
        await _tell(tx, _told(payment, event_id="E-2"), nonce="n-1")

    assert same.is_replay


async def test_an_event_id_is_used_for_one_thing(tx: Tx, almighty: Actor) -> None:
    payment = await _start(tx, almighty, new_id(), new_id())
    await _tell(tx, _told(payment))

    with pytest.raises(EventReused):
        await _tell(tx, _told(payment, amount_fen=1))


async def test_a_paid_order_is_not_paid_again(tx: Tx, almighty: Actor) -> None:
    payment = await _start(tx, almighty, new_id(), new_id())
    await _tell(tx, _told(payment))

    with pytest.raises(payments.AlreadyPaid) as refused:
        await _start(tx, almighty, payment.order_id, payment.payer_party_id)
    assert refused.value.code == "order_already_paid"


async def test_an_order_has_one_price_and_one_payer(tx: Tx, almighty: Actor) -> None:
    payment = await _start(tx, almighty, new_id(), new_id())

    with pytest.raises(OtherTerms):
        await _start(tx, almighty, payment.order_id, payment.payer_party_id, amount_fen=1)
    with pytest.raises(queries.PaymentMissing):
        await queries.get_by_reference(tx, "sandbox", payment.reference, payer_party_id=new_id())
    found = await queries.get_by_reference(
        tx, "sandbox", payment.reference, payer_party_id=payment.payer_party_id
    )
    assert found == payment


async def test_the_second_wall_shows_the_money_of_an_order_to_its_two_sides_only(
    db: Database, almighty: Actor
) -> None:
    def buyer(party_id: PartyId) -> Actor:
        return msgspec.structs.replace(
            almighty,
            party_id=party_id,
            clearance=Clearance.PARTY,
            permissions=frozenset({"order:pay"}),
        )

    payer, supplier, stranger = (buyer(PartyId(new_id())) for _ in range(3))
    async with begin(db, payer) as tx:
        payment = await _start(tx, payer, new_id(), payer.party, payee_party_id=supplier.party)
        assert await queries.list_payments(tx, payment.order_id) == [payment]

    async with begin(db, supplier) as tx:
        assert await queries.list_payments(tx, payment.order_id) == [payment]
        await funding.expire(tx, actor=supplier, now=NOON, order_id=payment.order_id)
        found = await find_escrow(tx, payment.order_id)
        assert found is not None
        assert found.state is EscrowState.EXPIRED
    async with begin(db, stranger) as tx:
        assert await queries.list_payments(tx, payment.order_id) == []
        assert await find_escrow(tx, payment.order_id) is None
        assert await tx.execute("UPDATE settlement.payments SET state = 'expired'") == 0
        with pytest.raises(EscrowMissing):
            await escrow.lock(tx, payment.order_id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with begin(db, stranger) as tx:
            await _start(tx, stranger, new_id(), payer.party)


async def test_breaks_are_listed_page_by_page(tx: Tx, almighty: Actor) -> None:
    payment = await _start(tx, almighty, new_id(), new_id())
    for number in range(5):
        await _tell(
            tx,
            _told(
                payment,
                event_id=f"E{number}",
                amount_fen=number + 1,
                channel_transaction_id=f"T{number}",
            ),
        )

    first = await queries.list_breaks(tx, limit=3)
    rest = await queries.list_breaks(tx, limit=3, cursor=first.next_cursor)

    assert [b.told_fen for b in first.items + rest.items] == [1, 2, 3, 4, 5]
    assert rest.next_cursor is None


def test_the_lifetime_of_a_payment_is_bounded() -> None:
    assert dt.timedelta(0) < payments.LIFETIME <= dt.timedelta(days=1)
