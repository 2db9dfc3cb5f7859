"""The nouns of this room: a quarterly report (季度报备), its sections, what recomputing it found."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final, NewType

import msgspec

from catalog.kernel.ids import AccountId, PartyId
from catalog.signing.model import Signature
from market.supervision.states import State

ReportId = NewType("ReportId", uuid.UUID)
Value = int | str | None

FORMAT: Final = "shushi/report/1"


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """Who reports (运营者)."""

    party_id: PartyId
    name: str
    uscc: str | None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """The delegation under which the operator acts (授权, HN-05)."""

    id: uuid.UUID
    authority_party_id: PartyId
    document_number: str
    valid_from: dt.date
    valid_to: dt.date | None


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """The signed checkpoint of the audit log that covers every entry counted (检查点)."""

    size: int
    root: str  # base64, as in the note
    note: str


#: A report says by which layout it was made, and is compared by that one alone. 1: up to 2026-11-28, unnamed.
#: 2: re-checks apart from forwardings, stopped days left out, sections 5 to 8 by rulebook.
FIRST_LAYOUT: Final = 1
LAYOUT: Final = 2


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What is given and not counted (报告抬头). All of it is in the signed bytes."""

    id: ReportId
    year: int
    quarter: int
    version: int
    replaces: ReportId | None
    starts_at: dt.datetime
    ends_at: dt.datetime
    generated_at: dt.datetime
    rulebook: str
    operator: Operator
    delegation: Grant
    checkpoint: Signed
    layout: int = FIRST_LAYOUT  # 版式: by which sections and rules of counting it was made


class Figure(msgspec.Struct, frozen=True):
    """One number of a section, with its name."""

    code: str
    zh: str
    en: str
    value: Value


class Column(msgspec.Struct, frozen=True):
    """One column of a table, with its name."""

    code: str
    zh: str
    en: str


class Table(msgspec.Struct, frozen=True):
    """Rows of a section."""

    code: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


class Section(msgspec.Struct, frozen=True):
    """One of the sixteen sections of RULES §6.6, with the rules that it serves."""

    number: int
    code: str
    zh: str
    en: str
    rules: tuple[str, ...]
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A computed report. ``is_tied``: the log and the journal tell the same money."""

    header: Header
    sections: tuple[Section, ...]
    is_tied: bool


class QuarterlyReport(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one quarter's report and how far it has come (FIELDS §7)."""

    id: ReportId
    year: int
    quarter: int
    version: int
    replaces: ReportId | None
    state: State
    operator_party_id: PartyId
    opened_at: dt.datetime
    log_size: int | None = None  # how many entries the checkpoint covers (chain_head)
    record_sha256: str | None = None  # snapshot_hash
    generated_at: dt.datetime | None = None
    generated_by: AccountId | None = None
    signature: Signature | None = None
    signed_at: dt.datetime | None = None
    submitted_at: dt.datetime | None = None
    submitted_by: AccountId | None = None
    acknowledged_at: dt.datetime | None = None
    acknowledged_by: AccountId | None = None
    returned_at: dt.datetime | None = None
    returned_by: AccountId | None = None
    return_reason: str | None = None
    # read from its timer: what is due, by when, and whether it came in time (A29)
    due_on: dt.date | None = None
    due_provisional: bool = False
    due_state: str | None = None


class ReportDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A report as it is handed out: the document exactly as signed, and what stands beside it.

    ``type``, ``document`` and ``signature`` are what an offline check needs (``market verify``).
    """

    type: str
    document: msgspec.Raw
    signature: Signature | None
    report: QuarterlyReport


class Recomputation(msgspec.Struct, frozen=True, kw_only=True):
    """What came of computing a report again from the log and the journal."""

    report_id: ReportId
    identical: bool
    stored_sha256: str
    computed_sha256: str
    first_difference: str | None
