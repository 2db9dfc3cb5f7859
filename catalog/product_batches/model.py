"""Say what a batch is, and what became of its rows."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Any, NewType

import msgspec

from catalog.kernel.ids import AccountId, PartyId
from catalog.product_batches.states import State

BatchId = NewType("BatchId", uuid.UUID)


class Kind(enum.StrEnum):
    """What a file of products may be (文件类型)."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"  # a product a line, its fields as a single one has them
    JSON = "json"  # the same as one list
    DCAT_JSON_LD = "dcat_json_ld"
    DCAT_TURTLE = "dcat_turtle"
    CKAN = "ckan"  # what package_search, package_show or current_package_list_with_resources answer


class Outcome(enum.StrEnum):
    """What became of a row; of a trial run, what would become of it."""

    CREATED = "created"
    REVISED = "revised"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why a row is refused: in which column, by which rule."""

    column: str  # as the file calls it; "" is the row as a whole
    code: str
    facts: dict[str, Any] = {}


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows became what."""

    created: int = 0
    revised: int = 0
    unchanged: int = 0
    refused: int = 0

    @property
    def done(self) -> int:
        """Return how many rows were dealt with."""
        return self.created + self.revised + self.unchanged + self.refused


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a batch was given up."""

    code: str
    facts: dict[str, Any] = {}


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """One file of products, handed in at once (批次)."""

    id: BatchId
    supplier_party_id: PartyId
    opened_by: AccountId
    acting_for: PartyId | None  # the principal, if an agent handed it in
    file_id: uuid.UUID
    file_name: str
    sha256: str
    kind: Kind
    is_dry_run: bool
    is_draft: bool
    state: State
    total: int | None  # None: the file was not read yet
    counts: Counts
    columns: tuple[str, ...]
    failure: Failure | None
    opened_at: dt.datetime
    finished_at: dt.datetime | None


class RowResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one row, and what stood in it if it was refused."""

    number: int  # the how many-th row of the file it is
    line: int  # where it stands there, as people count
    key: str
    outcome: Outcome
    product_id: uuid.UUID | None
    faults: tuple[Fault, ...]
    cells: dict[str, Any] | None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A row as the process apart tells it: where it stands, and what is in it by column."""

    line: int
    cells: dict[str, Any] = {}
    surplus: int = 0  # cells beyond the last column
    skipped: str = ""  # why there is no record in it
    columns: tuple[str, ...] | None = None  # of the first line of a table alone, which is no row
