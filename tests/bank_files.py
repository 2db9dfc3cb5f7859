"""The bank's side of payouts: the file in which it says what came of a batch."""

from __future__ import annotations

import csv
import hashlib
import io
import uuid
from collections.abc import Sequence

from settlement.payouts.bank_file import OUTCOME_HEAD, Told


def write_outcomes(batch_id: uuid.UUID, told: Sequence[Told], head: str = OUTCOME_HEAD) -> bytes:
    """Return the file of a bank that says this of a batch."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([head, str(batch_id)])
    for each in told:
        writer.writerow(
            [each.reference, each.outcome.value, each.amount_fen, each.transaction_id, each.reason]
        )
    body = out.getvalue().encode()
    total = sum(each.amount_fen for each in told)
    return body + f"#end,{len(told)},{total},{hashlib.sha256(body).hexdigest()}\n".encode()
