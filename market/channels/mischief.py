"""Let a channel misbehave as real ones do, on request or by a seed (渠道异常演练)."""

from __future__ import annotations

import enum
import hashlib
from typing import Final

_WHOLE: Final = 10_000


class Mischief(enum.StrEnum):
    """What goes wrong between a bank that has the money and us."""

    LATE = "late"  # 迟到: the callback comes when it is too old to be believed
    LOST = "lost"  # 丢失: it never comes
    DOUBLED = "doubled"  # 重复: it comes three times, once under another event id
    REORDERED = "reordered"  # 乱序: an earlier failure comes after the success
    WRONG_AMOUNT = "wrong_amount"  # 金额错误: it tells one fen too much
    WRONG_SIGNATURE = "wrong_signature"  # 签名错误
    REPLAYED_NONCE = "replayed_nonce"  # 随机数重放: its nonce comes again with another event
    SILENT = "silent"  # 无应答: no callback, and no answer when asked


def mischief_of(seed: str, reference: str, *, share_bps: int) -> Mischief | None:
    """Return what goes wrong with a payment: the same for the same seed, for that share of all."""
    chance = hashlib.sha256(f"{seed}/{reference}".encode()).digest()
    if int.from_bytes(chance[:8], "big") % _WHOLE >= share_bps:
        return None
    kinds = tuple(Mischief)
    return kinds[int.from_bytes(chance[8:16], "big") % len(kinds)]
