"""Say in plain words what was counted in checking a bundle (核验了什么)."""

from __future__ import annotations

from typing import Final

_WORDS: Final = {
    "bundle": ("举证包", "proof bundle"),
    "witnesses": ("个见证人共同签署了检查点", "witnesses cosigned the checkpoint"),
    "entries": ("条日志条目在已签名的检查点之下", "entries under the signed checkpoint"),
    "payloads": ("条条目的载荷与其承诺一致", "payloads are what their entries commit to"),
    "payloads withheld": ("条条目的载荷未向领取人出示", "payloads not shown to this reader"),
    "payloads erased": (
        "条条目的载荷已删除，条目仍可证",
        "payloads erased; their entries stay proven",
    ),
    "binding entries": ("条条目登记了公钥、价格与凭证", "entries bind keys, price and certificate"),
    "complete subjects": ("个对象的条目已证明无遗漏", "subject proven to have no other entries"),
    "keys": ("把公钥登记在日志中", "keys registered in the log"),
    "contract": ("份合同与日志登记一致", "contract as the log binds it"),
    "contract signatures": ("个合同签名成立", "signatures of the contract"),
    "filed price": ("份备案价格与合同一致", "filed price that the contract goes by"),
    "uses": ("条计量记录与日志一致", "metered uses as the log binds them"),
    "statement": ("份使用对账单", "usage statement"),
    "usage events": ("条使用与对账单一致", "uses as the statement has them"),
    "journal entries": ("笔分录平衡且登记在日志中", "journal entries, balanced and bound"),
    "licence": ("份许可与合同和使用一致", "licence that contract and uses go by"),
    "bill computed again": ("份账单已重新计算，精确到分", "bill computed again, to the fen"),
    "receipt": ("份日志回执，证明本包已登记", "receipt of the log for the entry of this bundle"),
    "receipts kept": ("份回执已兑现：条目在日志中", "receipt kept: the entry is in the log"),
    "members in the log": ("个文件与日志登记一致", "files as the log knows them of this bundle"),
    "members": ("个成员与已签名的清单一致", "members as the signed manifest has them"),
}


def in_words(counted: str) -> str:
    """Return what was counted in both languages, or as it is called if nothing more is said of it."""
    words = _WORDS.get(counted)
    return counted if words is None else " · ".join(words)
