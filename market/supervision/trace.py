"""Trace a product from its application to the ledger (溯源): what belongs to it, in which order.

SIX-4: source → product → order → delivery → use. GZ-4: 来源可溯、去向可查、行为留痕. Every entry comes
with the proof that it is in the signed log, so that the whole line can be checked offline by
``trace_verify.py``.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.model import Digest, Entry, InclusionProof, Subject
from catalog.signing.model import Signature
from market.supervision.model import Signed

FORMAT: Final = "shushi/trace/1"

#: What leads on from an entry to others of the same line. A party or a file would lead elsewhere.
LEADING: Final = frozenset(
    {
        "product",
        "application",
        "notice",
        "certificate",
        "objection",
        "filing",
        "listing",
        "order",
        "contract",
        "grant",
        "usage",
        "statement",
        "payment",
        "journal",
    }
)


class Stage(enum.StrEnum):
    """A step of the line, in its order (环节)."""

    PRODUCT = "product"  # 数据产品与来源
    APPLICATION = "application"  # 申请与受理
    OPINION = "opinion"  # 审查意见
    NOTICE = "notice"  # 公示
    OBJECTION = "objection"  # 异议
    AUTHORISATION = "authorisation"  # 授权发证
    CERTIFICATE = "certificate"  # 凭证
    FILING = "filing"  # 定价备案
    LISTING = "listing"  # 上架
    ORDER = "order"  # 订单与交付
    CONTRACT = "contract"  # 合同
    GRANT = "grant"  # 使用许可
    USAGE = "usage"  # 使用
    PAYMENT = "payment"  # 支付与托管
    JOURNAL = "journal"  # 账簿
    REPORT = "report"  # 季度报告
    OTHER = "other"  # 期限等


_STAGE_OF_NOUN: Final[dict[str, Stage]] = {
    "product": Stage.PRODUCT,
    "product_content": Stage.PRODUCT,
    "products": Stage.PRODUCT,
    "application": Stage.APPLICATION,
    "case": Stage.APPLICATION,
    "material": Stage.APPLICATION,
    "correction": Stage.APPLICATION,
    "decision": Stage.APPLICATION,
    "review": Stage.OPINION,
    "agency": Stage.OPINION,
    "agency_case": Stage.OPINION,
    "agency_neutrality": Stage.OPINION,
    "agency_conflict": Stage.OPINION,
    "more_material": Stage.OPINION,
    "files": Stage.OPINION,
    "technical_opinion": Stage.OPINION,
    "technical_points": Stage.OPINION,
    "compliance_opinion": Stage.OPINION,
    "registration": Stage.OPINION,
    "technical_review": Stage.OPINION,
    "notice_channel": Stage.NOTICE,
    "notice": Stage.NOTICE,
    "objection": Stage.OBJECTION,
    "issuance": Stage.AUTHORISATION,
    "certificate": Stage.CERTIFICATE,
    "pricing": Stage.FILING,
    "listing": Stage.LISTING,
    "order": Stage.ORDER,
    "delivery": Stage.ORDER,
    "dispute": Stage.ORDER,
    "contract": Stage.CONTRACT,
    "grant": Stage.GRANT,
    "data": Stage.USAGE,
    "statement": Stage.USAGE,
    "payment": Stage.PAYMENT,
    "payment_break": Stage.PAYMENT,
    "escrow": Stage.PAYMENT,
    "journal": Stage.JOURNAL,
    "report": Stage.REPORT,
}


class TracedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the log, its leaf as hashed, and the proof that it is under the checkpoint.

    ``index`` and ``proof`` are None while the entry waits for its place.
    """

    id: uuid.UUID
    at: dt.datetime
    event: str
    subjects: tuple[Subject, ...]
    digests: tuple[Digest, ...]
    rules: tuple[str, ...]
    leaf: bytes
    payload: dict[str, Any] | None
    salt: bytes | None
    index: int | None
    proof: tuple[bytes, ...] | None


class TracedStage(msgspec.Struct, frozen=True):
    """The entries of one step, in the order of the log."""

    stage: Stage
    entries: tuple[TracedEntry, ...]


class TracedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A business record as stored; its SHA-256 stands in an entry above (凭证、合同、分录、使用、报告)."""

    kind: str
    id: str
    record: bytes
    signatures: tuple[Signature, ...] = ()


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """The whole line of one product, with the signed checkpoint that every proof leads to."""

    format: str
    product_id: uuid.UUID
    product_name: str
    traced_at: dt.datetime
    checkpoint: Signed
    stages: tuple[TracedStage, ...]
    records: tuple[TracedRecord, ...]
    waiting_count: int  # entries without a proof yet
    is_complete: bool  # False: the line is longer than one answer


def leading_subjects(entries: Iterable[Entry]) -> set[str]:
    """Return the keys of all things that the entries lead on to."""
    return {
        subject.key for entry in entries for subject in entry.subjects if subject.kind in LEADING
    }


def bound_records(entries: Iterable[Entry]) -> list[Digest]:
    """Return what the entries bind: of every record the newest digest, in the order of the log."""
    newest: dict[tuple[str, str], Digest] = {}
    for entry in entries:
        for digest in read_leaf(entry.leaf).digests:
            newest[digest.kind, digest.id] = digest
    return list(newest.values())


def stage_of(event: str) -> Stage:
    """Return the step to which an event belongs."""
    return _STAGE_OF_NOUN.get(event.partition(":")[0], Stage.OTHER)


def in_stages(
    entries: Iterable[Entry], proofs: Mapping[int, InclusionProof]
) -> tuple[TracedStage, ...]:
    """Return the entries under their steps, those without any left out, each with its proof."""
    stages: dict[Stage, list[TracedEntry]] = {stage: [] for stage in Stage}
    for entry in sorted(entries, key=_place):
        stages[stage_of(entry.event)].append(_traced(entry, proofs))
    return tuple(TracedStage(stage, tuple(found)) for stage, found in stages.items() if found)


def _place(entry: Entry) -> tuple[bool, int, dt.datetime, uuid.UUID]:
    return entry.index is None, entry.index or 0, entry.at, entry.id


def _traced(entry: Entry, proofs: Mapping[int, InclusionProof]) -> TracedEntry:
    leaf = read_leaf(entry.leaf)
    proof = None if entry.index is None else proofs.get(entry.index)
    return TracedEntry(
        id=entry.id,
        at=entry.at,
        event=entry.event,
        subjects=entry.subjects,
        digests=leaf.digests,
        rules=leaf.rules,
        leaf=entry.leaf,
        payload=entry.payload,
        salt=entry.salt,
        index=None if proof is None else entry.index,
        proof=None if proof is None else proof.hashes,
    )
