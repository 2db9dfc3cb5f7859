"""Let buyers pay by bank transfer (转账): they write our reference, the bank's daily file tells.

The bank never calls. Its file is loaded with the statements (对账单), and what came under a
reference of ours is heard from there (``market/jobs/hear_statements.py``).
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Final

import msgspec

from settlement.payments.channel import (
    Instruction,
    PaymentRequest,
    RefundRequest,
    Standing,
    Told,
)
from settlement.payments.remittance import code_of

NAME: Final = "bank_transfer"
# [P] A transfer between banks takes until the next working day, and a weekend lies between.
LIFETIME: Final = dt.timedelta(days=5)


class Payee(msgspec.Struct, frozen=True, kw_only=True):
    """To whom is transferred: the account at the institution that keeps the money (存管账户)."""

    name: str
    account: str
    bank: str


class BankTransferChannel:
    """A channel that tells by the bank's file alone."""

    name: Final = NAME
    lifetime: Final = LIFETIME

    def __init__(self, payee: Payee) -> None:
        self._payee = payee
        # Nobody has it, so the public callback route believes nobody who says to be this bank.
        self.secret: Final = secrets.token_bytes(32)

    async def prepare(self, request: PaymentRequest) -> Instruction:
        """Return to which account the buyer transfers, with which reference (附言)."""
        code, to = code_of(request.reference), self._payee
        return Instruction(
            channel_reference=code,
            pay_at=f"{to.name} · {to.bank} · {to.account} · 附言 {code}",
        )

    async def ask(self, reference: str) -> Told:  # noqa: ARG002 - the port's parameter
        """Return that nothing is known: the bank tells once a day, in its file."""
        return Told(standing=Standing.WAITING)

    async def refund(self, request: RefundRequest) -> Told:  # noqa: ARG002 - the port's parameter
        """Return that it waits: finance transfers it back, and the bank's file tells."""
        return Told(standing=Standing.WAITING)
