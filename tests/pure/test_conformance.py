"""A declared data dictionary is held against the file: column, row, reason; what only seems is a finding."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from catalog.products.model import (
    AiShare,
    Classification,
    Content,
    Description,
    Item,
    ItemType,
    Level,
    Sensitivity,
)
from catalog.profiles.conformance import DictionaryContradictsFile, Reason, check, findings
from catalog.profiles.drafting import drafted
from catalog.profiles.model import ContentProfile, Outcome, Profile, RefusedBytes
from catalog.profiles.naming import as_named
from catalog.profiles.preview import (
    PreviewMissing,
    PreviewNotAllowedForLevel,
    check_level,
    preview_of,
    redacted,
)
from tests.makers_products import make_description
from tests.pure.test_profiling import profiled

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
CONTENT = Content(
    version=2,
    file_id=msgspec.convert("018f0000-0000-7000-8000-000000000000", type=__import__("uuid").UUID),
    sha256="ab" * 32,
    size_bytes=1,
    media_type="text/csv",
    file_name="a.csv",
    attached_at=NOW,
)


def item(name: str, **changes: Any) -> Item:
    return Item(**({"name": name, "type": ItemType.TEXT} | changes))


def described(*items: Item, **changes: Any) -> Description:
    return make_description(items=items, **changes)


def stored(profile: Profile | None, refusal: RefusedBytes | None = None) -> ContentProfile:
    outcome = Outcome.PROFILED if profile else Outcome.REFUSED
    return ContentProfile(
        sha256="ab" * 32,
        profiler=1,
        outcome=outcome,
        profile=profile,
        refusal=refusal,
        profiled_at=NOW,
    )


def found(description: Description, text: str) -> list[tuple[str, str, int | None, bool]]:
    return [
        (each.reason.value, each.column, each.row, each.is_contradiction)
        for each in findings(description, profiled(text))
    ]


@pytest.mark.parametrize(
    ("items", "text", "expected"),
    [
        ((), "a,b\n1,2\n", []),
        ((item("A "), item("b")), "a,b\n1,2\n", []),  # width, case and blanks make no difference
        ((item("a"), item("c")), "a\n1\n", [("column_missing", "c", None, True)]),
        ((item("a"),), "a,b\n1,2\n", [("column_undeclared", "b", None, True)]),
        (
            (item("a", type=ItemType.INTEGER),),
            "a\n1\n2\nx\n",
            [("type_differs", "a", 4, True)],
        ),
        ((item("a", type=ItemType.DECIMAL),), "a\n1\n2.5\n", []),
        ((item("a", type=ItemType.DATE),), "a\n20260301\n2026-03-02\n", []),
        (
            (item("a", type=ItemType.DATE),),
            "a\n20260301\n20269999\n",
            [("type_differs", "a", 2, True)],
        ),
        ((item("a", type=ItemType.DATETIME),), "a\n2026-03-01\n2026-03-02 08:00\n", []),
        ((item("a", type=ItemType.BOOLEAN),), "a\n0\n1\n", []),
        ((item("a", type=ItemType.BOOLEAN),), "a\n0\n2\n", [("type_differs", "a", 2, True)]),
        ((item("a", length=2),), "a\n12\n123\n", [("length_exceeded", "a", 3, True)]),
        (
            (item("a", is_required=True), item("b")),
            "a,b\n1,2\n,2\n",
            [("value_missing", "a", 3, True)],
        ),
        ((item("a"), item("b")), "a,b\n1,2\n1\n", [("row_ragged", "", 3, True)]),
        (
            (item("联系人"),),
            "联系人\n张三\n",
            [("sensitivity_undeclared", "联系人", None, False)],
        ),
        (
            (item("联系人", sensitivity=Sensitivity.OTHER),),
            "联系人\n张三\n",
            [("sensitivity_differs", "联系人", None, False)],
        ),
        ((item("联系人", sensitivity=Sensitivity.PERSON_NAME),), "联系人\n张三\n", []),
    ],
)
def test_each_difference_is_named_by_column_row_and_reason(
    items: tuple[Item, ...], text: str, expected: list[Any]
) -> None:
    assert found(described(*items), text) == expected


def test_numbers_of_persons_need_to_be_declared_with_or_without_a_dictionary() -> None:
    text = "电话\n13812345678\n"

    assert found(described(), text) == [("personal_information_undeclared", "电话", None, True)]
    assert found(described(contains_personal_info=True), text) == []
    assert found(described(contains_sensitive_personal_info=True), text) == []


def test_contradictions_refuse_and_point_at_the_item_and_suggestions_do_not() -> None:
    items = (item("a", type=ItemType.INTEGER), item("c"))
    text = "a,b,电话\nx,1,13812345678\n"

    with pytest.raises(DictionaryContradictsFile) as refused:
        check(described(*items), profiled(text))

    assert refused.value.facts["columns"] == "a, c, b, 电话"
    assert [(e.pointer, e.code) for e in refused.value.errors] == [
        ("/items/0", Reason.TYPE_DIFFERS),
        ("/items/1", Reason.COLUMN_MISSING),
        ("/items", Reason.COLUMN_UNDECLARED),
        ("/items", Reason.COLUMN_UNDECLARED),
        ("/contains_personal_info", Reason.PERSONAL_INFORMATION_UNDECLARED),
    ]
    assert refused.value.errors[0].message == "a: row 2: integer ≠ text"
    check(described(item("联系人")), profiled("联系人\n张三\n"))


def test_a_draft_never_contradicts_its_own_file() -> None:
    for text in (
        "a,b,c\n1,x,2026-03-01\n,y,\n",
        "姓名,电话\n张三,13812345678\n",
        "flag,code\ntrue,007\n否,8\n",
    ):
        profile = profiled(text)
        description = described(*drafted(profile), contains_personal_info=True)

        assert findings(description, profile) == ()


TABLE = "姓名,工资,备注,电话\n张三,5000,好,13812345678\n李四,6000,见 13912345678,13712345678\n"


def test_a_preview_masks_what_is_declared_and_what_only_seems_so() -> None:
    description = described(
        item("姓名"),
        item(
            "工资", type=ItemType.INTEGER, title="月工资", unit="元", sensitivity=Sensitivity.OTHER
        ),
        item("电话", sensitivity=Sensitivity.ID_CARD),
        ai_generated=AiShare.PARTLY,
    )

    shown = preview_of(description, CONTENT, stored(profiled(TABLE)))

    assert shown.rows == (
        ("张*", "***", "好", "***"),  # of the last, dictionary and file say different things
        ("李*", "***", "见 139****5678", "***"),
    )
    assert [(c.name, c.is_masked, c.unit) for c in shown.columns] == [
        ("姓名", True, ""),
        ("工资", True, "元"),
        ("备注", False, ""),
        ("电话", True, ""),
    ]
    assert (shown.content_version, shown.rows_read, shown.is_whole) == (2, 2, True)
    assert shown.ai_label is not None
    assert shown.ai_label.zh == "部分内容由人工智能生成"
    assert preview_of(described(), CONTENT, stored(profiled(TABLE))).ai_label is None
    gaps = "姓名,电话\n张三,\n"
    other = described(item("电话", sensitivity=Sensitivity.ID_CARD), item("姓名"))
    assert preview_of(other, CONTENT, stored(profiled(gaps))).rows == (("张*", ""),)


def test_what_is_no_table_has_no_preview_and_says_why() -> None:
    for refusal, reason in ((RefusedBytes("table_empty", {}), "table_empty"), (None, "unknown")):
        with pytest.raises(PreviewMissing) as refused:
            preview_of(described(), CONTENT, stored(None, refusal))
        assert refused.value.facts == {"reason": reason}


def test_a_name_that_lies_about_the_kind_is_refused_and_the_bytes_are_not_blamed() -> None:
    known = stored(profiled("a\n1\n"))

    assert as_named(known, "a.csv") is known
    assert as_named(known, "whatever") is known
    lying = as_named(known, "a.xlsx")
    assert (lying.outcome, lying.profile) == (Outcome.REFUSED, None)
    assert lying.refusal == RefusedBytes(
        "table_kind_contradicts", {"named": "xlsx", "found": "csv"}
    )
    none = stored(None, RefusedBytes("table_empty", {}))
    assert as_named(none, "a.xlsx") is none


@pytest.mark.parametrize("level", [*Level, None])
@pytest.mark.parametrize("is_inside", [True, False])
def test_rows_are_shown_by_level(level: Level | None, is_inside: bool) -> None:
    classification = level and Classification("x", level, "y")
    allowed = level is not Level.CORE and (is_inside or level in (Level.BJ_1, Level.GENERAL))

    if allowed:
        check_level(described(classification=classification), is_inside=is_inside)
        return
    with pytest.raises(PreviewNotAllowedForLevel):
        check_level(described(classification=classification), is_inside=is_inside)


def test_core_data_are_shown_to_nobody() -> None:
    with pytest.raises(PreviewNotAllowedForLevel):
        check_level(described(contains_national_core_data=True), is_inside=True)


def test_everybody_knows_columns_without_their_ends_and_shapes() -> None:
    plain, name = profiled("数量,姓名\n12,张三\n").columns

    assert (redacted(plain).minimum, redacted(plain).shapes, redacted(plain).longest) == (
        None,
        (),
        2,
    )
    assert redacted(plain, Sensitivity.OTHER).longest == 0
    assert redacted(name).longest == 0
