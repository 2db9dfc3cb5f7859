"""Write the file that a bank pays by, and read the one in which it says what came of it (银行文件)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid
from settlement.refunds import bank_lines
from settlement.refunds.bank_lines import LinesMalformed
from settlement.refunds.bank_lines import Outcome as Outcome  # noqa: PLC0414 - what a line says
from settlement.refunds.bank_lines import Told as Told  # noqa: PLC0414 - a line, as it was told

ORDER_HEAD: Final = "#shushi-payout-order/1"
OUTCOME_HEAD: Final = "#shushi-payout-outcome/1"


class OutcomeFileMalformed(Invalid):
    """A line of the file is not as it should be. Nothing of the file was taken."""

    code = "payout_outcomes_malformed"


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """What a bank is told to pay."""

    reference: str
    holder_name: str
    account: str
    bank_name: str
    bank_code: str
    amount_fen: int


def write_orders(batch_id: uuid.UUID, instructions: Iterable[Instruction]) -> bytes:
    """Return the file for the bank; the same lines give the same bytes."""
    told = list(instructions)
    rows = [msgspec.structs.astuple(each) for each in told]
    return bank_lines.write(ORDER_HEAD, batch_id, rows, sum(each.amount_fen for each in told))


def read_outcomes(content: bytes, batch_id: uuid.UUID) -> tuple[Told, ...]:
    """Return what a bank says of a batch.

    :raises OutcomeFileMalformed: if the file is of another batch, was cut or changed, or a line is
        not as it should be or names a payout again.
    """
    try:
        return bank_lines.read_outcomes(content, OUTCOME_HEAD, batch_id)
    except LinesMalformed as wrong:
        raise OutcomeFileMalformed(line=wrong.line, reason=wrong.reason) from wrong
