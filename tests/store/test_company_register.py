"""Excerpts of a register of companies are read from files, or refused with the name of the file."""

from __future__ import annotations

import json
import pathlib

import pytest

from market.affiliations.register import ExcerptUnreadable
from market.channels.company_register import ExcerptFiles

FIRM = {"name": "某公司", "uscc": "91460000MA5T00001F"}
EXCERPT = {"organisation": FIRM, "as_of": "2026-03-02", "number": "摘录1", "ties": []}


def test_a_directory_is_read_in_the_order_of_its_names(tmp_path: pathlib.Path) -> None:
    for name, number in (("b.json", "二"), ("a.json", "一")):
        (tmp_path / name).write_text(json.dumps(EXCERPT | {"number": number}))
    (tmp_path / "c.txt").write_text("no excerpt")

    assert [each.number for each in ExcerptFiles(tmp_path).excerpts()] == ["一", "二"]
    assert [each.number for each in ExcerptFiles(tmp_path / "b.json").excerpts()] == ["二"]


@pytest.mark.parametrize("text", ["", "{}", json.dumps(EXCERPT | {"else": 1}), "\udcff"])
def test_what_is_no_excerpt_is_refused_with_its_name(tmp_path: pathlib.Path, text: str) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(ExcerptUnreadable) as refused:
        list(ExcerptFiles(tmp_path).excerpts())

    assert (refused.value.code, refused.value.facts["file"]) == (
        "affiliation_excerpt_unreadable",
        "broken.json",
    )
