"""Write the file by which a bank sends transfers back, and read its answer (退款文件、回执)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from catalog.kernel.errors import Invalid
from settlement.refunds import bank_lines
from settlement.refunds.bank_lines import LinesMalformed, Told
from settlement.refunds.model import Refund

ORDER_HEAD: Final = "#shushi-refund-order/1"
OUTCOME_HEAD: Final = "#shushi-refund-outcome/1"


class RefundOutcomesMalformed(Invalid):
    """A line of the file is not as it should be. Nothing of the file was taken."""

    code = "refund_outcomes_malformed"


def write_orders(batch_id: uuid.UUID, refunds: Sequence[Refund]) -> bytes:
    """Return the file for the bank: which transfer goes back, how much of it, under which reference."""
    rows = [(each.reference, each.paid_transaction_id, each.amount_fen) for each in refunds]
    return bank_lines.write(ORDER_HEAD, batch_id, rows, sum(each.amount_fen for each in refunds))


def read_outcomes(content: bytes, batch_id: uuid.UUID) -> tuple[Told, ...]:
    """Return what a bank says of a batch.

    :raises RefundOutcomesMalformed: if the file is of another batch, was cut or changed, or a line is
        not as it should be or names a refund again.
    """
    try:
        return bank_lines.read_outcomes(content, OUTCOME_HEAD, batch_id)
    except LinesMalformed as wrong:
        raise RefundOutcomesMalformed(line=wrong.line, reason=wrong.reason) from wrong
