"""Tell of which kind a file of products is: by what is said of it, else by its name."""

from __future__ import annotations

from typing import Final

from catalog.kernel.errors import Invalid
from catalog.product_batches.model import Kind

TABLES: Final = frozenset({Kind.CSV, Kind.XLSX})
#: [P] what a file of a kind may have; a table of so many rows has some twenty MB.
MAX_BYTES: Final = dict.fromkeys(Kind, 32 * 1024 * 1024) | {
    Kind.DCAT_JSON_LD: 8 * 1024 * 1024,
    Kind.DCAT_TURTLE: 8 * 1024 * 1024,
    Kind.CKAN: 16 * 1024 * 1024,
}
_ENDINGS: Final = {
    "csv": Kind.CSV,
    "tsv": Kind.CSV,
    "xlsx": Kind.XLSX,
    "jsonl": Kind.JSONL,
    "ndjson": Kind.JSONL,
    "json": Kind.JSON,
    "jsonld": Kind.DCAT_JSON_LD,
    "ttl": Kind.DCAT_TURTLE,
}


class BatchKindUnknown(Invalid):
    """The name of the file does not tell its kind, and nobody said it."""

    code = "product_batch_kind_unknown"


class BatchFileTooLarge(Invalid):
    """The file has more bytes than a batch of its kind."""

    code = "product_batch_file_too_large"


def kind_of(file_name: str, said: Kind | None, size_bytes: int) -> Kind:
    """Return of which kind a file is.

    :raises BatchKindUnknown: if that can not be told.
    :raises BatchFileTooLarge: if it is larger than its kind may be.
    """
    kind = said or _ENDINGS.get(file_name.rpartition(".")[2].lower())
    if kind is None:
        raise BatchKindUnknown(file_name=file_name, kinds=[each.value for each in Kind])
    if size_bytes > MAX_BYTES[kind]:
        raise BatchFileTooLarge(maximum_bytes=MAX_BYTES[kind])
    return kind
