"""Let a channel misbehave as real ones do, on request (渠道异常演练)."""

from __future__ import annotations

import enum


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
