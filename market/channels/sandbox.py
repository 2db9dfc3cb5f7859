"""Play a bank (沙箱渠道): the built-in channel that moves no real money.

It answers like a real one: a reference for each payment, and a signed callback when the buyer has
paid. It is wired only when the settings ask for it, and a production server does not.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import pathlib
import secrets
from typing import Final

import msgspec

from market.settings import Settings
from settlement.payments.callback import sign
from settlement.payments.channel import (
    ChannelEvent,
    EventKind,
    Instruction,
    PaymentRequest,
    SignedCallback,
)
from settlement.payments.operations import SANDBOX

KEY_NAME: Final = "sandbox-channel.key"
KEY_LENGTH: Final = 32


class SandboxChannel:
    """A channel that collects nothing and confirms what it is told to."""

    name: Final = SANDBOX

    def __init__(self, settings: Settings) -> None:
        # No real money is behind the key. It is secret nevertheless, so that the public callback
        # route believes nobody but this installation's own sandbox.
        self.secret: Final = _key(settings.keys_dir / KEY_NAME)

    async def prepare(self, request: PaymentRequest) -> Instruction:
        """Return how the buyer "pays": by asking the sandbox to confirm."""
        return Instruction(
            channel_reference=f"sandbox-{request.reference}",
            pay_at=f"/api/v1/sandbox-channel/payments/{request.reference}/confirmations",
        )

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
        amount = request.amount_fen if amount_fen is None else amount_fen
        event = ChannelEvent(
            event_id=f"{request.reference}-{kind}-{amount}",
            kind=kind,
            reference=request.reference,
            amount_fen=amount,
            currency=request.currency,
            channel_transaction_id=f"T{request.reference}-{amount}",
            # The bank's own instant of the transaction must be the same in each delivery.
            happened_at=request.expires_at,
        )
        return sign(
            self.secret,
            channel=self.name,
            sent_at_seconds=int(now.timestamp()),
            nonce=secrets.token_hex(16),
            body=msgspec.json.encode(event),
        )


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
