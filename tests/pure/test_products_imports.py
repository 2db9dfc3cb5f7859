"""Records of foreign catalogues: read, or rejected with a reason."""

from __future__ import annotations

import msgspec
import pytest

from catalog.products import imports, terms
from catalog.products.imports import Prepared, Rejected, read_line
from catalog.products.model import Imported
from tests.makers_products import make_product


def line(**changes) -> bytes:
    values = {"id": "a:1", "title": "停车场资讯", "source": "示例"}
    return msgspec.json.encode(values | changes)


def test_a_record_is_read_with_a_digest_of_what_it_says() -> None:
    one = read_line(1, line())
    same = read_line(9, line())
    other = read_line(2, line(description="别的"))

    assert isinstance(one, Prepared)
    assert one.key == ("示例", "a:1")
    assert one.sha256 == same.sha256 != other.sha256


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (b"{", "json_malformed"),
        (b"\xff\xfe", "json_malformed"),
        (b"[]", "record_invalid"),
        (b'{"id":"1","title":"t"}', "record_invalid"),
        (line(title=None), "record_invalid"),
        (line(colour="red"), "record_invalid"),
        (line(title="  "), "title_missing"),
        (line(id=""), "id_missing"),
        (line(source=""), "source_missing"),
        (line(title="长" * 501), "field_too_long"),
        (line(description="a\x00b"), "text_unreadable"),
        (line(keywords=["\x01"]), "text_unreadable"),
        (line(description="x" * imports.MAX_LINE_BYTES), "line_too_long"),
    ],
)
def test_what_is_no_record_is_rejected_with_its_line_and_reason(given: bytes, reason: str) -> None:
    rejected = read_line(7, given)

    assert isinstance(rejected, Rejected)
    assert (rejected.line, rejected.reason) == (7, reason)


def test_line_breaks_in_a_description_are_fine() -> None:
    assert isinstance(read_line(1, line(description="一\n二")), Prepared)


@pytest.mark.parametrize(
    ("given", "form", "cycle"),
    [
        ({"format": "API", "update_frequency": "annual"}, "data_api", "yearly"),
        ({"format": "csv", "update_frequency": "once"}, "dataset", "static"),
        ({"format": "pdf"}, "data_report", None),
        ({"format": "unknown", "update_frequency": "unknown"}, None, None),
        ({}, None, None),
    ],
)
def test_foreign_words_become_ours_or_stay_open(given, form, cycle) -> None:
    prepared = read_line(1, line(**given))
    assert isinstance(prepared, Prepared)

    row = imports.row(prepared)

    assert (row.form, row.update_cycle) == (form, cycle)
    assert row.region is None
    assert msgspec.json.decode(row.imported)["url"] == ""


def test_a_batch_is_bound_by_the_digests_of_its_records() -> None:
    one, two = read_line(1, line()), read_line(2, line(id="a:2"))
    assert isinstance(one, Prepared)
    assert isinstance(two, Prepared)

    assert imports.batch_sha256([one, two]) != imports.batch_sha256([two, one])


def test_a_product_is_cut_anew_as_its_record_was() -> None:
    imported = make_product(
        description=None,
        name="港口吞吐量",
        supplier_name="示例局",
        imported=Imported(
            description="按月统计", theme="交通", keywords=("货类",), format="", update_frequency="",
            region="海南", url="", licence="",
        ),
    )  # fmt: skip

    assert imports.words_of(imported) == terms.vector(
        title="港口吞吐量", labels=("货类", "示例局", "交通", "海南"), body="按月统计"
    )
