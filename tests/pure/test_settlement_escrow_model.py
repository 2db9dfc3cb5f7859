"""A release and a refund are told from the entry that made them."""

from __future__ import annotations

import datetime as dt

from settlement.escrow.model import Escrow, capture_of, refund_of, release_of
from settlement.escrow.states import State
from settlement.ledger.accounts import refund_owed_to
from settlement.ledger.journal import Kind, Leg, transfer
from settlement.money import Fen
from tests.pure.test_settlement_ledger_journal import ESCROW, ORDER, A, B, entry

NOW = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)


def test_a_release_tells_who_was_credited() -> None:
    made = entry(*transfer(ESCROW, [Leg(A, 3), Leg(B, 4)]))

    release = release_of(made, is_replay=True)

    assert (release.order_id, release.amount_fen, release.is_replay) == (ORDER, 7, True)
    assert release.credits == (Leg(A, 3), Leg(B, 4))
    assert release.journal_key == made.key
    assert release.record_sha256 == made.digest().hex()


def test_a_refund_tells_whom_it_is_owed_to() -> None:
    made = entry(*transfer(ESCROW, [Leg(refund_owed_to(ORDER), 7)]), kind=Kind.REFUND)

    refund = refund_of(made, payer_party_id=ORDER, is_replay=False)

    assert (refund.payer_party_id, refund.amount_fen, refund.is_replay) == (ORDER, 7, False)
    assert refund.refunded_at == made.booked_at


def test_a_capture_tells_who_was_credited() -> None:
    made = entry(*transfer(ESCROW, [Leg(A, 3), Leg(B, 4)]))

    capture = capture_of(made, is_replay=False)

    assert (capture.order_id, capture.amount_fen, capture.is_replay) == (ORDER, 7, False)
    assert capture.credits == (Leg(A, 3), Leg(B, 4))
    assert (capture.journal_key, capture.record_sha256) == (made.key, made.digest().hex())


def test_what_is_left_is_what_neither_went_to_those_who_share_nor_back() -> None:
    held = Escrow(
        order_id=ORDER,
        payer_party_id=ORDER,
        payee_party_id=None,
        amount_fen=Fen(100),
        state=State.HELD,
        opened_at=NOW,
        funded_at=NOW,
        closed_at=None,
        funding_key=ORDER,
        closing_key=None,
        captured_fen=30,
        refunded_fen=25,
    )

    assert held.left_fen == 45
