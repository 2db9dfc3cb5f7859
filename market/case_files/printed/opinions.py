"""Print both opinions and the authorisation as they were signed (意见书与授权)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from market.case_files.model import CaseFile, DocumentNamed
from market.case_files.printed.markup import digest, facts, headed, lines, text
from market.case_files.words import DOCUMENTS, word


def opinions(case: CaseFile) -> Iterable[str]:
    """Return the chapter of opinions and authorisation."""
    for each in case.documents:
        yield "".join(_document(each))
    if not case.documents:
        yield "<p>无。</p>"


def _document(document: DocumentNamed) -> Iterable[str]:
    content = document.content
    overall = word(content.get("overall") or content.get("authorisation_number"))
    yield f"<h3>{DOCUMENTS[document.kind]}：{text(overall)}</h3>"
    yield facts(
        ("摘要（SHA-256）", digest(document.sha256)),
        *(
            (name, value)
            for name, value in (
                ("授权机关", content.get("authority")),
                ("决定日期", content.get("decided_on")),
                ("审查人员", "、".join(content.get("reviewers") or ())),
                ("条件", "；".join(content.get("conditions") or ())),
                ("说明", content.get("remarks")),
            )
            if value
        ),
    )
    yield headed(
        "审查要点",
        ("要点", "结论", "说明"),
        [
            (word(point), "通过" if found["passed"] else "不通过", found.get("remarks"))
            for point, found in (content.get("findings") or {}).items()
        ],
    )
    yield headed(
        "技术测试记录",
        ("测试", "环境", "预期", "结果", "样本与结果的摘要（SHA-256）"),
        [_test(each) for each in content.get("tests") or ()],
    )


def _test(test: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        test.get("name"),
        test.get("environment"),
        test.get("expected"),
        test.get("observed"),
        lines(digest(test.get("sample_sha256")), digest(test.get("result_sha256"))),
    )
