"""Say what an exported log consists of: names and shapes of its files (导出格式, see FORMAT.md).

Bytes stand in base64, exactly as stored: an export hides nothing of what was changed in storage.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Protocol

import msgspec

from catalog.signing.purposes import Purpose

FORMAT: Final = "shushi/export/1"

MANIFEST: Final = "manifest.json"
CHECKPOINT: Final = "checkpoint"
WITNESSED: Final = "checkpoint.witnessed"
CHECKPOINTS: Final = "checkpoints.jsonl"
SIGNER_JOURNAL: Final = "signer.jsonl"
STATE: Final = "state.json"
PAYLOADS: Final = "payloads.jsonl"
UNSEQUENCED: Final = "unsequenced.jsonl"
STRAYS: Final = "strays.jsonl"
KEYS: Final = "keys.json"
BALANCES: Final = "balances.jsonl"
TILES: Final = "tile/"
RECORDS: Final = "records/"
CERTIFICATES: Final = "certificates/"
REPORTS: Final = "reports/"

#: Records that can not be without their digest in the log, nor a digest of theirs without them.
BOUND: Final = frozenset(
    {
        "certificate",
        "compliance_opinion",
        "contract",
        "filing",
        "heads",
        "issuance_authorisation",
        "journal",
        "key",
        "period",
        "report",
        "technical_opinion",
        "timestamp",
        "usage",
    }
)

#: Of these, none is without a signature.
ALWAYS_SIGNED: Final = frozenset({"certificate", "compliance_opinion", "issuance_authorisation"})

#: Accounts whose balances the database keeps beside the journal.
GUARDED_PURPOSES: Final = frozenset(
    {"order_escrow", "payable", "department_payable", "refund_payable"}
)

#: What a signature over a record of that kind is for.
SIGNED_FOR: Final = {
    "certificate": Purpose.CERTIFICATE,
    "contract": Purpose.CONTRACT,
    "report": Purpose.REPORT,
    "statement": Purpose.STATEMENT,
    "compliance_opinion": Purpose.OPINION,
    "issuance_authorisation": Purpose.AUTHORISATION,
    "transfer_authorisation": Purpose.AUTHORISATION,
}


class Source(Protocol):
    """An export as its checker reads it, wherever it lies."""

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a file, or None if there is none of that name."""
        ...

    def lines(self, name: str) -> Iterable[bytes]:
        """Return the lines of a file, none if there is no such file."""
        ...

    def names(self, prefix: str) -> Iterable[str]:
        """Return the names of all files that begin with ``prefix``."""
        ...


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was exported, and of which log."""

    format: str
    origin: str
    exported_at: str
    payloads: bool  # False: the personal part was left out


class StateRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``audit_log.state`` as stored."""

    size: int
    root: bytes
    frontier: bytes


class CheckpointRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of ``audit_log.checkpoints`` as stored."""

    size: int
    root: bytes
    note: bytes
    published_at: str


class PayloadRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is stored beside a leaf: its place, its id, and the row of ``audit_log.entries``."""

    idx: int | None
    entry_id: str
    leaf: bytes | None = None  # only of entries without a place
    at: str | None = None
    event: str | None = None
    subjects: list[str] | None = None
    actor_account_id: str | None = None
    actor_party_id: str | None = None
    salt: bytes | None = None
    payload: bytes | None = None


class Stray(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row that stands where none can stand."""

    kind: str
    id: str


class SignatureRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signature over a record, by whom, when that is known."""

    key_id: str
    value: bytes
    holder_party_id: str | None = None


class RecordRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A business record: its bytes, its plain columns under the names the bytes use, signatures.

    A name with a dot leads into the record: ``buyer.party_id``.
    """

    id: str
    record: bytes
    columns: dict[str, Any] = {}
    signatures: list[SignatureRow] = []


class KeyRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of ``signing.keys`` as stored, without the account that registered it."""

    key_id: str
    purpose: str
    algorithm: str
    public_key: bytes
    valid_from: str
    valid_to: str | None = None
    revoked_at: str | None = None
    holder_party_id: str | None = None
    # What it signed from this entry of the log on never counted; only there where it is so, so that
    # the row's canonical form is the record that the log binds.
    distrusted_from: int | msgspec.UnsetType = msgspec.UNSET
    certificate: bytes | msgspec.UnsetType = (
        msgspec.UNSET
    )  # X.509 (DER), of a key that seals papers


class NoticeRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notice about a key of the log, and the place of the entry that binds it, once it has one."""

    index: int | None
    note: bytes


class Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The log's verifier key, None while it has none, all public keys, and how the log's changed."""

    log: str | None
    keys: list[KeyRow]
    notices: list[NoticeRow] = []


class BalanceRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an account holds, as stored; the journal tells what it must be."""

    account: str
    posted_fen: int
