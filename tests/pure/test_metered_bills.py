"""The bill of a metered order is computed again from its uses, and whatever differs is named."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from catalog.audit_log.verdict import Fault, Findings
from catalog.kernel.ids import new_id
from catalog.products.model import MeteringUnit
from catalog.signing.canonical import canonical, sha256_hex
from market.orders import metered as orders
from market.orders.contract import read_document
from market.pricing.model import Billing
from market.proof_bundles import bill as bills
from market.usage import billing
from market.usage.check import check, check_statement
from market.usage.model import ChargedWindow, MeteredBill, SignedStatement
from settlement.charging.model import Charge
from settlement.ledger.accounts import escrow_of, refund_owed_to, residual_of
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.money import Fen
from tests.order_in_memory import OrderInMemory
from tests.pure.test_orders import make_order
from tests.pure.test_pricing import make_item
from tests.pure.test_usage_check import KEYS
from tests.vectors.regenerate_usage_statement import SIGNER, START, events, statement

PRICE = make_item(billing=Billing.AS_USED, free_quantity=1, unit_price_fen=700)
DIGESTS = [stored.record_sha256 for stored in events()]
USES = [stored.event for stored in events()]  # allowed, allowed, denied, allowed


def window(to_seq: int, quantity: int, cumulative: int, **changes: Any) -> ChargedWindow:
    told: dict[str, Any] = {"record_sha256": DIGESTS[min(to_seq, 4) - 1]} | changes
    return ChargedWindow(to_seq=to_seq, quantity=quantity, cumulative_fen=cumulative, **told)


GOOD = MeteredBill(
    price_item=PRICE,
    bought_before=0,
    windows=(window(1, 1, 0), window(3, 2, 700), window(4, 3, 1_400)),
    charged_fen=1_400,
)


def faults(**changes: Any) -> list[tuple[int, str]]:
    bill = msgspec.structs.replace(GOOD, **changes)
    return [(each.to_seq, each.reason) for each in billing.faults(bill, USES, DIGESTS)]


def test_a_bill_that_its_uses_come_to_has_no_fault() -> None:
    assert faults() == []
    assert faults(windows=(), charged_fen=0) == []
    by_volume = make_item(billing=Billing.AS_USED, unit=MeteringUnit.GIGABYTE)
    assert faults(price_item=by_volume, windows=(window(4, 1, 100),), charged_fen=100) == []


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"windows": (window(3, 2, 701),), "charged_fen": 701}, 3),
        ({"windows": (window(3, 3, 700),), "charged_fen": 700}, 3),
        ({"windows": (window(3, 2, 700, record_sha256="ab" * 32),), "charged_fen": 700}, 3),
        ({"windows": (window(5, 3, 1_400),)}, 5),  # no such use
        ({"windows": (window(3, 2, 700), window(3, 2, 700)), "charged_fen": 700}, 0),
        ({"windows": (window(4, 3, 1_400), window(3, 2, 700)), "charged_fen": 700}, 0),
        ({"charged_fen": 1_399}, 0),
        ({"bought_before": 1}, 1),
    ],
)
def test_whatever_a_window_says_that_its_uses_do_not_come_to_is_named(
    changes: dict[str, Any], place: int
) -> None:
    assert faults(**changes)[0][0] == place


def signed(bill: MeteredBill, **changes: Any) -> SignedStatement:
    told = msgspec.structs.replace(statement().statement, bill=bill)
    document = canonical(told)
    return msgspec.structs.replace(
        statement(),
        document=document,
        signature=SIGNER.seal(document),
        statement=told,
        sha256=sha256_hex(document),
        **changes,
    )


def test_a_statement_is_checked_with_its_bill() -> None:
    good = check(signed(GOOD), KEYS)
    wrong = check(signed(msgspec.structs.replace(GOOD, charged_fen=1_300)), KEYS)

    assert good.first_bad is None
    assert good.counts["windows charged"] == 3
    assert wrong.first_bad is not None
    assert (wrong.first_bad.kind, wrong.first_bad.fault) == ("bill", Fault.BILL_DIFFERS)


def test_one_access_that_is_changed_is_found() -> None:
    dearer = msgspec.structs.replace(USES[1], price_units=5)
    changed = signed(GOOD, events=(USES[0], dearer, *USES[2:]))
    found = Findings()

    check_statement(found, changed, KEYS)

    reasons = [bad.reason for bad in found.verdict().problems]
    assert any("its event was changed" in str(reason) for reason in reasons)
    assert any("window to use 3" in str(reason) for reason in reasons)


def test_a_bill_is_drawn_up_of_the_charges_and_of_a_metered_order_alone() -> None:
    order = msgspec.structs.replace(make_order(), price_item=PRICE)
    charges = [
        Charge(
            id=new_id(),
            order_id=order.id,
            after_seq=0,
            to_seq=3,
            calls_before=0,
            calls=2,
            bytes_before=0,
            bytes=2_048,
            quantity=2,
            before_fen=0,
            cumulative_fen=700,
            price_item="call",
            price_sha256="ab" * 32,
            record_sha256=DIGESTS[2],
            charged_at=START,
        )
    ]

    drawn = orders.bill_of(order, charges)
    empty = orders.bill_of(order, [])

    assert isinstance(drawn, MeteredBill)
    assert drawn == msgspec.structs.replace(GOOD, windows=(window(3, 2, 700),), charged_fen=700)
    assert isinstance(empty, MeteredBill)
    assert (empty.windows, empty.charged_fen) == ((), 0)
    assert orders.bill_of(make_order(), charges) is msgspec.UNSET


class Metered:
    """A metered order of ten thousand fen, and its journal as it is written."""

    def __init__(self) -> None:
        order = OrderInMemory()
        told = read_document(order.contract)
        item = msgspec.structs.replace(
            order.item, billing=Billing.AS_USED, unit_price_fen=1_000, quantity_max=None
        )
        price = msgspec.structs.replace(told.price, item=item, quantity=10, amount_fen=10_000)
        self.contract = msgspec.structs.replace(told, price=price)
        (paid,) = [entry for entry in order.journal if entry.kind is Kind.PAY_IN]
        source = paid.legs[0].account
        self.escrow = escrow_of(told.order_id)
        self._one = paid
        self.entries = [self.moved(Kind.PAY_IN, source, Leg(self.escrow, 10_000))]
        self.split, self.captured = told.frozen_split(), 0

    def moved(self, kind: Kind, source: Any, *legs: Leg) -> Entry:
        return msgspec.structs.replace(
            self._one, key=new_id(), kind=kind, legs=transfer(source, legs), reverses=None
        )

    def capture(self, amount: int) -> None:
        residual = residual_of(self.contract.order_id)
        step = self.split.increment(self.captured, Fen(self.captured + amount))
        waiting = [Leg(residual, step.waiting_fen)] if step.waiting_fen else []
        self.entries.append(self.moved(Kind.RELEASE, self.escrow, *step.charged, *waiting))
        if step.settled:
            self.entries.append(self.moved(Kind.RESIDUAL_SETTLED, residual, *step.settled))
        self.captured += amount

    def end(self, back: int) -> None:
        owed = refund_owed_to(self.contract.buyer.party_id)
        self.entries.append(self.moved(Kind.REFUND, self.escrow, Leg(owed, back)))
        last = self.split.final(Fen(self.captured)) if self.captured else ()
        if last:
            residual = residual_of(self.contract.order_id)
            self.entries.append(self.moved(Kind.RESIDUAL_SETTLED, residual, *last))

    def bill(self, units: int) -> bills.Bill:
        return bills.bill(self.contract, units_used=units, entries=self.entries)


def test_the_books_of_a_metered_order_are_computed_again_while_it_runs_and_at_its_end() -> None:
    order = Metered()
    assert order.bill(0).differences == ()
    for amount in (1, 999, 1_000, 1_001, 333):
        order.capture(amount)
        assert order.bill(4).differences == ()
    order.capture(666)
    order.end(6_000)

    told = order.bill(4)

    assert told.differences == ()
    assert (told.due_fen, told.released_fen, told.refunded_fen) == (4_000, 4_000, 6_000)


def test_more_charged_than_used_or_less_at_the_end_is_told() -> None:
    order = Metered()
    order.capture(3_001)
    assert [each.place for each in order.bill(3).differences] == ["journal release"]
    order.end(6_999)

    assert [(each.expected, each.found) for each in order.bill(4).differences] == [(4_000, 3_001)]


def test_a_metered_order_that_nobody_accepted_goes_back_as_a_whole() -> None:
    order = Metered()
    order.end(10_000)

    assert order.bill(3).differences == ()


def test_bytes_that_count_are_those_of_uses_that_count() -> None:
    assert bills.bytes_of(USES) == 3 * 1_024
    assert list(itertools.accumulate(map(billing.bytes_of, USES)))[-1] == 3_072
