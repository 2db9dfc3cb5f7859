"""The nouns of this room: a proof bundle (举证包) and the members in which it travels. See FORMAT.md."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.kernel.ids import PartyId
from catalog.signing.model import KeyId
from catalog.subject_heads.model import SubjectEntries
from market.access.licences import Licence
from market.orders.model import ContractSignature

FORMAT: Final = "shushi/proof-bundle/2"

MANIFEST: Final = "manifest.json"  # what is in the archive; the signed bytes
SIGNATURE: Final = "signature.json"
ENTRY: Final = "entry.json"  # of the log, with the digest of manifest and members: what is hashed
RECEIPT: Final = "receipt.json"  # that the entry is in the log
SUMS: Final = "SHA256SUMS"  # for sha256sum -c
README: Final = "README.txt"
PROGRAM: Final = "check.go"  # the proofs, checked by nothing of ours
CHECKPOINT: Final = "checkpoint"
KEYS: Final = "keys.json"
HEADS: Final = "heads.json"
LEAVES: Final = "leaves.jsonl"  # line by line what is hashed
PROOFS: Final = "proofs.jsonl"
PAYLOADS: Final = "payloads.jsonl"
BINDINGS: Final = "bindings.jsonl"
CONTRACT: Final = "contract.json"
CONTRACT_SIGNATURES: Final = "contract-signatures.json"
FILING: Final = "filing.json"
GRANT: Final = "grant.json"
USAGE: Final = "usage.jsonl"
STATEMENT: Final = "statement.json"
STATEMENT_SIGNATURE: Final = "statement-signature.json"
JOURNAL: Final = "journal.jsonl"
CERTIFICATE: Final = "certificate.json"
CREDENTIAL: Final = "certificate.jwt"
STATUS_LIST: Final = "status-list.jwt"

#: What the manifest does not name: it, and what is made of it.
ENVELOPE: Final = (MANIFEST, SIGNATURE, ENTRY, RECEIPT)
#: In every bundle.
ALWAYS: Final = (
    *ENVELOPE,
    SUMS,
    README,
    PROGRAM,
    CHECKPOINT,
    KEYS,
    HEADS,
    LEAVES,
    PROOFS,
    PAYLOADS,
    BINDINGS,
)
#: In the bundle of every order.
OF_AN_ORDER: Final = (USAGE, STATEMENT, STATEMENT_SIGNATURE, JOURNAL)
#: In the bundle of an order, as far as it has come; those of a pair stand together or not at all.
OF_A_CONTRACT: Final = (CONTRACT, CONTRACT_SIGNATURES, FILING)
OF_A_CERTIFICATE: Final = (CERTIFICATE, CREDENTIAL, STATUS_LIST)
#: In the order in which they stand in the archive.
NAMES: Final = (*ALWAYS, *OF_A_CONTRACT, GRANT, *OF_AN_ORDER, *OF_A_CERTIFICATE)


class Kind(enum.StrEnum):
    """Of what a bundle may be drawn up (举证对象)."""

    ORDER = "order"  # 订单
    PRODUCT = "product"  # 数据产品
    CERTIFICATE = "certificate"  # 凭证
    BUYER = "buyer"  # 需方
    SUPPLIER = "supplier"  # 供方


class Reader(enum.StrEnum):
    """For whom it was drawn up (领取人); what is shown follows from it."""

    OWN_PARTY = "own_party"  # 当事人
    OPERATOR = "operator"  # 运营者
    AUTHORITY = "authority"  # 主管部门


class Shown(enum.StrEnum):
    """Whether an entry comes with what it says (载荷是否出示)."""

    SHOWN = "shown"  # 出示
    WITHHELD = "withheld"  # 未向本领取人出示
    ERASED = "erased"  # 已删除


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the archive as the manifest names it."""

    name: str
    sha256: str
    size_bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bundle is of and what is in it (清单), as it is signed."""

    format: str
    subject: str  # kind:id
    reader: Reader
    drawn_up_at: str  # RFC 3339, UTC, whole seconds
    log: str  # the origin
    log_size: int  # of the checkpoint
    is_witnessed: bool
    heads_log_size: int  # up to there these are proven to be all entries
    entry_count: int
    members: tuple[Member, ...]


class BundleSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The service's signature over the manifest (purpose ``statement``)."""

    type: str
    key_id: KeyId
    value: bytes
    algorithm: str


class ProofLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the leaf on the same line stands, and what leads from it to the root."""

    index: int
    proof: tuple[bytes, ...]


class PayloadLine(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What the entry on the same line says, if it is shown: the exact text, and its salt."""

    index: int
    state: Shown
    salt: bytes | None = None
    payload: str | None = None


class BindingLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry that is not about the subject and binds something in the bundle."""

    index: int
    leaf: str
    proof: tuple[bytes, ...]


class GatheredEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry about the subject, with its proof, as it is read."""

    index: int
    leaf: bytes
    proof: tuple[bytes, ...]
    state: Shown
    salt: bytes | None = None
    payload: bytes | None = None


class GatheredBinding(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that binds something else in the bundle, as it is read."""

    index: int
    leaf: bytes
    proof: tuple[bytes, ...]


class ContractPapers(msgspec.Struct, frozen=True, kw_only=True):
    """A contract as it was drawn up and signed, and the filed price that it goes by."""

    document: bytes
    signatures: tuple[ContractSignature, ...]
    filing: bytes


class OrderPapers(msgspec.Struct, frozen=True, kw_only=True):
    """What the log binds of an order (订单材料)."""

    order_id: uuid.UUID
    buyer_party_id: PartyId
    supplier_party_id: PartyId
    product_id: uuid.UUID
    usage: tuple[bytes, ...]  # records, in their order
    usage_entry_ids: tuple[uuid.UUID, ...]
    journal: tuple[bytes, ...]
    contract: ContractPapers | None
    licence: Licence | None
    statement_at: dt.datetime  # of the last use that is proven


class CertificatePapers(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate, the same as vc+jwt, and the list that says whether it counts."""

    file: bytes
    credential: bytes
    status_list: bytes


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """All that goes into a bundle, as it was read in one moment."""

    subject: str
    reader: Reader
    drawn_up_at: dt.datetime
    checkpoint: bytes
    log_size: int
    is_witnessed: bool
    origin: str
    entries: tuple[GatheredEntry, ...]
    heads: SubjectEntries
    bindings: tuple[GatheredBinding, ...]
    keys: export.Keys
    order: OrderPapers | None = None
    certificate: CertificatePapers | None = None
