"""The nouns of this room: a case file (登记卷宗) and the parts in which it travels. See FORMAT.md."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Any, Final

import msgspec

from catalog.kernel.periods import Period
from catalog.signing.model import KeyId
from market.supervision.withheld import Withheld

FORMAT: Final = "shushi/case-file/1"

#: The files in the archive (ZIP), by what they are.
CASE: Final = "case.json"  # the signed bytes
SIGNATURE: Final = "signature.json"
TRACE: Final = "trace.json"  # every entry of the log about the case, with its proof
KEYS: Final = "keys.json"  # the public keys, for those who have them from nowhere else
PAGE: Final = "case.html"  # the same for people, to be printed
README: Final = "README.txt"
FILES: Final = (CASE, SIGNATURE, TRACE, KEYS, PAGE, README)
#: Those whose digests stand in the signed part; the trace's has a place of its own there.
ENCLOSED: Final = (KEYS, PAGE, README)


class DocumentNamed(msgspec.Struct, frozen=True, kw_only=True):
    """A signed or recorded document of the case: what it is, its digest, what it says."""

    kind: str
    id: str
    sha256: str
    content: dict[str, Any]


class CertificateNamed(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that came of the case, and what became of it."""

    number: str
    sha256: str
    state: str
    state_since: dt.datetime
    supersedes: str | None
    superseded_by: str | None
    history: tuple[dict[str, Any], ...]
    content: dict[str, Any]


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the certificates after their issue (发证后事项), for inspectors and registrant."""

    changes: tuple[dict[str, Any], ...]  # 变更、更正: each with its materials and papers
    reissues: tuple[dict[str, Any], ...]  # 重新发放
    encumbrances: tuple[dict[str, Any], ...]  # 权利负担
    instruments: tuple[dict[str, Any], ...]  # 生效法律文书
    transfers: tuple[dict[str, Any], ...] = ()  # 协议转让
    requests: tuple[dict[str, Any], ...] = ()  # 续期、注销申请


class Reader(enum.StrEnum):
    """For whom a case file was drawn up (卷宗领取人); what is shown follows from it."""

    OWN_PARTY = "own_party"  # 案件当事人
    AGENCY = "agency"  # 承办的第三方机构
    OPERATOR = "operator"  # 运营者
    AUTHORITY = "authority"  # 主管部门


class NotShown(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever got the file is not shown (未出示的内容): named, and proven by nothing in it."""

    reader: Reader
    parts: tuple[str, ...]  # members of the case of which more is kept than stands here
    trace: Withheld


class YearNamed(msgspec.Struct, frozen=True, kw_only=True):
    """A yearly notice by which days were counted (节假日安排)."""

    year: int
    notice_number: str
    issued_on: dt.date
    holidays: tuple[dt.date, ...]
    workdays: tuple[dt.date, ...]


class CaseFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One case with all that belongs to it (登记卷宗), as it is signed."""

    format: str
    drawn_up_at: str  # RFC 3339, UTC
    rulebook: dict[str, str]
    application: dict[str, Any]
    materials: tuple[dict[str, Any], ...]
    submissions: tuple[dict[str, Any], ...]
    acceptance_opinions: tuple[dict[str, Any], ...]
    review_decisions: tuple[dict[str, Any], ...]
    notifications: tuple[dict[str, Any], ...]
    material_requests: tuple[dict[str, Any], ...]
    documents: tuple[DocumentNamed, ...]
    notices: tuple[dict[str, Any], ...]
    objections: tuple[dict[str, Any], ...]
    certificates: tuple[CertificateNamed, ...]
    clocks: tuple[dict[str, Any], ...]  # each with every day that it counted
    calendar: tuple[YearNamed, ...]
    trace_sha256: str
    periods: dict[str, Period] = {}  # of the rulebook, as it stood when the case was filed
    notice_waiver: dict[str, Any] | None = None  # 免予公示
    consents: tuple[dict[str, Any], ...] = ()  # of joint owners
    later: Later | None = None  # None: nothing was issued, or whoever asked does not see it
    not_shown: NotShown | None = None  # None: drawn up before 2026-11-28, when it was not said
    enclosed: dict[str, str] = {}  # file of the archive → SHA-256; none: drawn up before 2026-11-28


class CaseSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The service's signature over ``case.json`` (purpose ``case_file``)."""

    type: str
    key_id: KeyId
    value: bytes
    algorithm: str
    application_id: uuid.UUID
