"""Say what is kept of a timestamp, and what an archive stamp is over (时间戳记录、归档时间戳)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from catalog.kernel.errors import Invalid, Missing
from catalog.timestamps.hashing import HashAlgorithm

if TYPE_CHECKING:
    from catalog.timestamps.token import Trust

FORMAT: Final = "shushi/timestamp/1"
#: How the log's digests name what is kept here.
TIMESTAMP: Final = "timestamp"


class NoTimestamp(Missing):
    """No timestamp covers this yet, or none has that number."""

    code = "timestamp_missing"


class TimestampRecordMalformed(Invalid):
    """The bytes are no record of a timestamp."""

    code = "timestamp_record_malformed"


class AuthorityUnreachable(Exception):
    """An authority gave no answer, or none that is one."""


class Authority(Protocol):
    """Who gives timestamps (时间戳服务机构). A port: the adapter stands in ``market/channels``."""

    name: str

    async def stamp(self, imprint: bytes, algorithm: HashAlgorithm) -> bytes:
        """Return a response of RFC 3161 over a digest.

        :raises AuthorityUnreachable: if there is none.
        :raises TimestampMalformed: if the answer is none.
        :raises TimestampRefused: if the authority gives no timestamp.
        :raises TimestampWrong: if it answers something else.
        """
        ...


class RevocationSource(Protocol):
    """Where is asked whether a timestamp's certificates still stand. A port, as ``Authority`` is."""

    async def collect(self, response: bytes, data: bytes, trust: Trust) -> tuple[bytes, ...]:
        """Return the lists and responders' answers about the certificates of a response over some bytes.

        :raises TimestampWrong: if no trusted authority gave it over these bytes.
        """
        ...


class Kind(enum.StrEnum):
    """What a timestamp is over."""

    CHECKPOINT = "checkpoint"  # the note of a checkpoint as the log signed it
    ARCHIVE = "archive"  # all timestamps before it, and all entries, hashed anew


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One timestamp as it is kept, bound by the log: what it is over, and what came back."""

    format: str = FORMAT
    number: int
    kind: Kind
    size: int  # of the log that it covers
    algorithm: HashAlgorithm
    covers: bytes
    response: bytes
    # Revocation lists and responders' answers (DER) about its authority's certificates, as they were when it
    # was made; only where some were to be had, so that records of before keep their bytes.
    revocation: tuple[bytes, ...] | msgspec.UnsetType = msgspec.UNSET

    @property
    def said(self) -> tuple[bytes, ...]:
        """Return the revocation lists and responders' answers that were kept with it."""
        return () if self.revocation is msgspec.UNSET else self.revocation


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A row: the record's bytes, and what is asked of many rows at once."""

    number: int
    kind: Kind
    size: int
    algorithm: HashAlgorithm
    record: bytes
    stamped_at: dt.datetime
    ends_at: dt.datetime
    authority: str


class Left(msgspec.Struct, frozen=True):
    """From when on each hash is no longer believed, by who checks (弃用的摘要算法)."""

    since: Mapping[HashAlgorithm, dt.datetime] = {}

    def end(self, *algorithms: HashAlgorithm) -> dt.datetime | None:
        """Return when the first of them is left, None if none is."""
        return min((self.since[each] for each in algorithms if each in self.since), default=None)


def read_record(raw: bytes) -> Record:
    """Return what a record says.

    :raises TimestampRecordMalformed: if it is none.
    """
    try:
        record = msgspec.json.decode(raw, type=Record)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise TimestampRecordMalformed(reason=str(error)) from error
    if record.format != FORMAT:
        raise TimestampRecordMalformed(reason=f"the format {record.format} is not known here")
    return record
