"""Read one record of a foreign catalogue, or say why not; make of it what is stored and found.

A record is one JSON object a line with the fields of ``Record``. Nothing is dropped silently: a
line is either a record or a ``Rejected`` with its number and reason.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from catalog.products import terms
from catalog.products.documents import labels_of, summary
from catalog.products.metadata import is_readable
from catalog.products.model import Form, Imported, Product, UpdateCycle

MAX_LINE_BYTES: Final = 256 * 1024
_MAX_LENGTHS: Final = {
    "id": 200,
    "title": 500,
    "publisher": 200,
    "theme": 200,
    "format": 50,
    "update_frequency": 50,
    "region": 50,
    "source": 100,
    "licence": 200,
    "url": 2000,
}

#: How other catalogues call the seven forms and the update cycles; what is not here stays open.
FORMS: Final = {
    "api": Form.DATA_API,
    "pdf": Form.DATA_REPORT,
    "doc": Form.DATA_REPORT,
    "docx": Form.DATA_REPORT,
    "odt": Form.DATA_REPORT,
} | dict.fromkeys(
    ("csv", "json", "xml", "zip", "xlsx", "xls", "ods", "shp", "kml", "kmz", "geojson", "txt"),
    Form.DATASET,
)
CYCLES: Final = {
    "realtime": UpdateCycle.REAL_TIME,
    "hourly": UpdateCycle.HOURLY,
    "daily": UpdateCycle.DAILY,
    "weekly": UpdateCycle.WEEKLY,
    "monthly": UpdateCycle.MONTHLY,
    "quarterly": UpdateCycle.QUARTERLY,
    "semiannual": UpdateCycle.HALF_YEARLY,
    "annual": UpdateCycle.YEARLY,
    "irregular": UpdateCycle.IRREGULAR,
    "once": UpdateCycle.STATIC,
}


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a catalogue file."""

    id: str
    title: str
    source: str
    description: str = ""
    publisher: str = ""
    theme: str = ""
    keywords: tuple[str, ...] = ()
    format: str = ""
    update_frequency: str = ""
    region: str = ""
    url: str = ""
    licence: str = ""


class Rejected(msgspec.Struct, frozen=True):
    """A line that is no record, and why."""

    line: int
    reason: str
    detail: str = ""


class Prepared(msgspec.Struct, frozen=True):
    """A record with the digest by which a change is noticed."""

    record: Record
    sha256: str

    @property
    def key(self) -> tuple[str, str]:
        """Return what names the record: its source, and its id there."""
        return (self.record.source, self.record.id)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it is stored: the product's columns and those of its document."""

    source: str
    source_id: str
    record_sha256: str
    name: str
    supplier_name: str
    form: str | None
    imported: str  # JSON
    summary: str
    region: str | None
    theme: str | None
    update_cycle: str | None
    format: str | None
    keywords: tuple[str, ...]
    terms: str


class Result(msgspec.Struct, frozen=True):
    """What became of a batch."""

    imported: int
    updated: int
    unchanged: int


_DECODER: Final = msgspec.json.Decoder(Record)


def read_line(number: int, line: bytes) -> Prepared | Rejected:
    """Return the record in ``line``, or why there is none."""
    if len(line) > MAX_LINE_BYTES:
        return Rejected(number, "line_too_long", f"{len(line)} > {MAX_LINE_BYTES} bytes")
    try:
        record = _DECODER.decode(line)
    except msgspec.ValidationError as error:
        return Rejected(number, "record_invalid", str(error))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Rejected(number, "json_malformed", str(error))
    if fault := _fault(record):
        return Rejected(number, *fault)
    digest = hashlib.sha256(msgspec.json.encode(record)).hexdigest()
    return Prepared(record, digest)


def row(prepared: Prepared) -> Row:
    """Return what is stored of a record."""
    record = prepared.record
    form = FORMS.get(record.format.lower())
    cycle = CYCLES.get(record.update_frequency.lower())
    imported = Imported(
        description=record.description,
        theme=record.theme,
        keywords=record.keywords,
        format=record.format,
        update_frequency=record.update_frequency,
        region=record.region,
        url=record.url,
        licence=record.licence,
    )
    return Row(
        source=record.source,
        source_id=record.id,
        record_sha256=prepared.sha256,
        name=record.title,
        supplier_name=record.publisher,
        form=form.value if form else None,
        imported=msgspec.json.encode(imported).decode(),
        summary=summary(record.description),
        region=record.region or None,
        theme=record.theme or None,
        update_cycle=cycle.value if cycle else None,
        format=record.format or None,
        keywords=labels_of(record.keywords),
        terms=terms.vector(
            title=record.title,
            labels=(*record.keywords, record.publisher, record.theme, record.region),
            body=record.description,
        ),
    )


def words_of(product: Product) -> str:
    """Return the words that a record is found by, of the product that it became."""
    said = product.imported
    assert said is not None, "what nobody described was imported"
    return terms.vector(
        title=product.name,
        labels=(*said.keywords, product.supplier_name, said.theme, said.region),
        body=said.description,
    )


def batch_sha256(batch: list[Prepared]) -> str:
    """Return the digest that binds a whole batch to its audit entry."""
    return hashlib.sha256("\n".join(p.sha256 for p in batch).encode()).hexdigest()


def _fault(record: Record) -> tuple[str, str] | None:
    for field in ("id", "title", "source"):
        if not getattr(record, field).strip():
            return (f"{field}_missing", "")
    for field, maximum in _MAX_LENGTHS.items():
        if len(getattr(record, field)) > maximum:
            return ("field_too_long", f"{field} > {maximum}")
    texts = (record.title, record.description, record.publisher, *record.keywords, record.id)
    others = (record.theme, record.region, record.source, record.url, record.format, record.licence)
    if not all(t.isprintable() or is_readable(t) for t in (*texts, *others)):
        return ("text_unreadable", "a control character")
    return None
