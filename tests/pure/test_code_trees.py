"""Where a code stands in its tree, and which files are tables of codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.code_trees.lineage import CodeMalformed, canonical, is_in_subtree, lineage, parent
from catalog.code_trees.model import Entry, Tree
from catalog.code_trees.reading import CodeTableWrong, read_table
from seeds.code_trees import read_tables

TABLES = {table.tree: table for table in read_tables()}


@pytest.mark.parametrize(
    ("tree", "code", "line"),
    [
        (Tree.INDUSTRY, "G", ("G",)),
        (Tree.INDUSTRY, "55", ("G", "55")),
        (Tree.INDUSTRY, "5531", ("G", "55", "553", "5531")),
        (Tree.INDUSTRY, "01", ("A", "01")),
        (Tree.INDUSTRY, "97", ("T", "97")),
        (Tree.REGION, "46", ("46",)),
        (Tree.REGION, "460105", ("46", "4601", "460105")),
        (Tree.REGION, "460100", ("46", "4601")),
        (Tree.REGION, "460000", ("46",)),
        (Tree.REGION, "441900", ("44", "4419")),
    ],
)
def test_a_code_tells_what_lies_above_it(tree: Tree, code: str, line: tuple[str, ...]) -> None:
    assert lineage(tree, code) == line
    assert parent(tree, code) == (line[-2] if len(line) > 1 else None)


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (Tree.INDUSTRY, "U"),
        (Tree.INDUSTRY, "00"),
        (Tree.INDUSTRY, "98"),
        (Tree.INDUSTRY, "55311"),
        (Tree.INDUSTRY, "g"),
        (Tree.INDUSTRY, "55\n"),
        (Tree.INDUSTRY, "５５"),
        (Tree.REGION, ""),
        (Tree.REGION, "460"),
        (Tree.REGION, "海南"),
    ],
)
def test_what_has_another_shape_is_no_code(tree: Tree, text: str) -> None:
    with pytest.raises(CodeMalformed):
        lineage(tree, text)


def test_each_code_of_the_tables_is_written_in_the_one_way_by_which_it_is_filed() -> None:
    for table in TABLES.values():
        assert [e.code for e in table.entries if canonical(table.tree, e.code) != e.code] == []
    assert canonical(Tree.REGION, "000000") == "00"
    assert canonical(Tree.REGION, "海南省") == "海南省"
    assert is_in_subtree(Tree.REGION, "460105", of="460000")


def test_the_tables_that_come_with_the_service_are_those_of_the_standards() -> None:
    depths = [len(lineage(Tree.INDUSTRY, e.code)) for e in TABLES[Tree.INDUSTRY].entries]
    provinces = [e for e in TABLES[Tree.REGION].entries if len(e.code) == 2]

    assert [depths.count(depth) for depth in (1, 2, 3, 4)] == [20, 97, 473, 1381]
    assert len(provinces) == 34
    assert Entry("460105", "秀英区") in TABLES[Tree.REGION].entries
    assert Entry("55", "水上运输业") in TABLES[Tree.INDUSTRY].entries


@given(st.data())
def test_a_code_lies_in_the_subtree_of_exactly_what_is_above_it(data: st.DataObject) -> None:
    tree = data.draw(st.sampled_from(Tree))
    codes = [entry.code for entry in TABLES[tree].entries]
    code, other = data.draw(st.sampled_from(codes)), data.draw(st.sampled_from(codes))

    assert is_in_subtree(tree, code, of=other) is (other in lineage(tree, code))
    assert all(is_in_subtree(tree, code, of=each) for each in lineage(tree, code))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 0),
        ("# nothing but where from\n\n", 0),
        ("46 海南省", 1),
        ("46\t \n", 1),
        ("46\t海南省\n46\t海南省", 2),
        ("46\t海南省\n4701\t没有上级的市", 2),
        ("四六\t海南省", 1),
    ],
)
def test_a_table_with_a_line_that_can_not_be_right_is_refused(text: str, line: int) -> None:
    with pytest.raises(CodeTableWrong) as refusal:
        read_table(Tree.REGION, text.encode())

    assert refusal.value.facts == {"tree": "region", "line": line}
