"""Play a bank (沙箱渠道): the built-in channel that moves no real money.

It answers like a real one: a reference for each payment, a signed callback when the buyer has paid,
an answer when it is asked. It misbehaves when told to. It is wired only when the settings ask for
it, and a production server does not.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import pathlib
import secrets
from typing import Final

import msgspec

from catalog.kernel.local_time import local_date
from market.channels.mischief import Mischief
from market.channels.sandbox_bank import Bank, Booked
from market.settings import Settings
from settlement.money import CURRENCY, Fen
from settlement.payments.callback import WINDOW_SECONDS, sign
from settlement.payments.channel import (
    OF_CHARGEBACKS,
    ChannelEvent,
    ChannelSilent,
    EventKind,
    Instruction,
    PaymentRequest,
    RefundRequest,
    SignedCallback,
    Standing,
    Told,
)
from settlement.payments.operations import LIFETIME, SANDBOX
from settlement.reconciliation.statement_file import Line, Move, Outcome, write

KEY_NAME: Final = "sandbox-channel.key"
BOOK_NAME: Final = "sandbox-bank.jsonl"
KEY_LENGTH: Final = 32
#: What is not decided moves nothing at the bank, and stands in no statement.
_UNDECIDED: Final = frozenset({EventKind.CHARGED_BACK, EventKind.CHARGEBACK_WON})
_STANDINGS: Final = {EventKind.SUCCEEDED: Standing.PAID, EventKind.FAILED: Standing.FAILED}


class SandboxChannel:
    """A channel that collects nothing and confirms what it is told to."""

    name: Final = SANDBOX
    lifetime: Final = LIFETIME

    def __init__(self, settings: Settings) -> None:
        # No real money is behind the key. It is secret nevertheless, so that the public callback
        # route believes nobody but this installation's own sandbox.
        self.secret: Final = _key(settings.keys_dir / KEY_NAME)
        self._bank = Bank(settings.data_dir / BOOK_NAME)

    async def prepare(self, request: PaymentRequest) -> Instruction:
        """Return how the buyer "pays": by asking the sandbox to confirm."""
        return Instruction(
            channel_reference=f"sandbox-{request.reference}",
            pay_at=f"/api/v1/sandbox-channel/payments/{request.reference}/confirmations",
        )

    async def ask(self, reference: str) -> Told:
        """Return what the bank's book says of a payment.

        :raises ChannelSilent: if it was told to be silent about it, and nothing was paid since.
        """
        booked = [
            each
            for each in self._bank.booked(reference)
            if each.event is None or each.event.kind not in OF_CHARGEBACKS
        ]
        if not booked:
            return Told(standing=Standing.WAITING)
        event = booked[-1].event
        if event is None:
            raise ChannelSilent(channel=self.name)
        return Told(standing=_STANDINGS[event.kind], event=event)

    async def refund(self, request: RefundRequest) -> Told:
        """Send money back, as much as the transaction brought and once for a reference."""
        paid = self._bank.transaction(request.paid_transaction_id)
        back = self._bank.sent_back(request.paid_transaction_id, but=request.reference)
        is_covered = paid is not None and back + request.amount_fen <= paid.amount_fen
        kind = EventKind.SUCCEEDED if is_covered else EventKind.FAILED
        event = ChannelEvent(
            event_id=f"{request.reference}-{kind}",
            kind=kind,
            reference=request.reference,
            amount_fen=request.amount_fen,
            currency=CURRENCY,
            channel_transaction_id=f"T{request.reference}",
            happened_at=request.asked_at,
        )
        kept = self._bank.book(Booked(request.reference, event, request.paid_transaction_id)).event
        assert kept is not None, "an event is booked as one"
        return Told(standing=_STANDINGS[kept.kind], event=kept)

    def confirm(
        self,
        request: PaymentRequest,
        *,
        now: dt.datetime,
        kind: EventKind = EventKind.SUCCEEDED,
        amount_fen: int | None = None,
    ) -> SignedCallback:
        """Return the callback by which the bank tells that the buyer has paid.

        Confirmed again, it is the same event with a new nonce, as banks do. ``amount_fen`` lets a
        test be a bank that got it wrong.
        """
        return self._signed(self._booked(request, now, kind, amount_fen), now)

    def misbehave(
        self, request: PaymentRequest, mischief: Mischief, *, now: dt.datetime
    ) -> tuple[SignedCallback, ...]:
        """Return what the bank sends of a payment that was made, when this goes wrong on the way."""
        if mischief is Mischief.SILENT:
            self._bank.book(Booked(request.reference))
            return ()
        paid = self._booked(request, now, EventKind.SUCCEEDED, None)
        told = self._signed(paid, now)
        also = msgspec.structs.replace(paid, event_id=f"{paid.event_id}-again")
        failed = msgspec.structs.replace(
            paid, event_id=f"{paid.event_id}-before", kind=EventKind.FAILED
        )
        too_much = msgspec.structs.replace(
            also,
            amount_fen=paid.amount_fen + 1,
            channel_transaction_id=f"{paid.channel_transaction_id}-again",
        )
        long_ago = now - dt.timedelta(seconds=2 * WINDOW_SECONDS)
        return {
            Mischief.LATE: (self._signed(paid, long_ago),),
            Mischief.LOST: (),
            Mischief.DOUBLED: (told, self._signed(paid, now), self._signed(also, now)),
            Mischief.REORDERED: (told, self._signed(failed, now)),
            Mischief.WRONG_AMOUNT: (self._signed(too_much, now),),
            Mischief.WRONG_SIGNATURE: (msgspec.structs.replace(told, signature="0" * 64),),
            Mischief.REPLAYED_NONCE: (told, self._signed(also, now, nonce=told.nonce)),
        }[mischief]

    def statement(self, stated_on: dt.date) -> bytes:
        """Return what the bank states of a day (对账单)."""
        events = [each.event for each in self._bank.all_booked() if each.event is not None]
        return write(
            self.name,
            stated_on,
            [
                Line(
                    number=number,
                    transaction_id=event.channel_transaction_id,
                    move=_move(event),
                    reference=event.reference,
                    outcome=_outcome(event),
                    amount_fen=Fen(event.amount_fen),
                    fee_fen=0,
                    happened_at=event.happened_at,
                    remark="",
                )
                for number, event in enumerate(events, start=2)
                if local_date(event.happened_at) == stated_on and event.kind not in _UNDECIDED
            ],
        )

    def _booked(
        self, request: PaymentRequest, now: dt.datetime, kind: EventKind, amount_fen: int | None
    ) -> ChannelEvent:
        amount = request.amount_fen if amount_fen is None else amount_fen
        event = ChannelEvent(
            event_id=f"{request.reference}-{kind}-{amount}",
            kind=kind,
            reference=request.reference,
            amount_fen=amount,
            currency=request.currency,
            channel_transaction_id=f"{_prefix(kind)}{request.reference}-{amount}",
            happened_at=now,
        )
        # The bank's own instant of the transaction is the same in each delivery.
        kept = self._bank.book(Booked(request.reference, event)).event
        assert kept is not None, "an event is booked as one"
        return kept

    def _signed(
        self, event: ChannelEvent, at: dt.datetime, *, nonce: str | None = None
    ) -> SignedCallback:
        return sign(
            self.secret,
            channel=self.name,
            sent_at_seconds=int(at.timestamp()),
            nonce=nonce or secrets.token_hex(16),
            body=msgspec.json.encode(event),
        )


def _prefix(kind: EventKind) -> str:
    return "C" if kind in OF_CHARGEBACKS else "T"  # the number of a case, or of a transaction


def _move(event: ChannelEvent) -> Move:
    if event.kind is EventKind.CHARGEBACK_LOST:
        return Move.CHARGEBACK
    return Move.REFUND if event.reference.startswith("R") else Move.PAY_IN


def _outcome(event: ChannelEvent) -> Outcome:
    return Outcome.FAILED if event.kind is EventKind.FAILED else Outcome.SUCCEEDED


def _key(path: pathlib.Path) -> bytes:
    """Return the key at ``path``, made by whichever worker comes first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        fresh.touch(mode=0o600)
        fresh.write_bytes(secrets.token_bytes(KEY_LENGTH))
        # A link appears whole or not at all, and does not replace what another worker made.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_bytes()
