"""What a process apart says of bytes, whatever happens in there."""

from __future__ import annotations

import io

import msgspec
import pytest

from catalog.kernel.caged import Refusal, Said, refused, told
from catalog.kernel.errors import FieldError
from market.verification.examining import EXAMINE, Given, UploadUnreadable
from market.verification.kinds import UploadEmpty
from tests.caged_tasks import COUNT, WORDS, Asked, Heard, WordForbidden


def said(task: object, raw: bytes) -> list[Said]:
    lines = told(task, Asked(), io.BytesIO(raw))  # type: ignore[arg-type]
    return [msgspec.json.decode(msgspec.json.encode(line), type=Said) for line in lines]


def test_lines_end_with_the_word_that_this_is_all() -> None:
    (line, end) = said(COUNT, b"four")

    assert msgspec.json.decode(line.line, type=Heard) == Heard(4)
    assert (end.is_end, end.refusal) == (True, None)


def test_a_refusal_travels_with_its_facts_and_its_places() -> None:
    (last,) = said(WORDS, b"bad\n")

    assert last.refusal == Refusal(
        "tests_word_forbidden", {"word": "bad"}, (FieldError("/words/0", "bad", "bad"),)
    )
    assert isinstance(refused(WORDS, last.refusal), WordForbidden)
    assert refused(WORDS, last.refusal).facts == {"word": "bad"}


def test_other_faults_are_told_by_their_kind_alone() -> None:
    (last,) = said(WORDS, b"odd\n")

    assert last.refusal == Refusal("tests_text_unreadable", {"reason": "ZeroDivisionError"})


def test_a_refusal_that_the_task_does_not_list_is_told_by_its_code() -> None:
    task = msgspec.structs.replace(WORDS, refusals={})

    (last,) = said(task, b"bad\n")

    assert last.refusal == Refusal("tests_text_unreadable", {"reason": "tests_word_forbidden"})


def test_the_examination_of_a_certificate_is_a_task() -> None:
    given: Given = msgspec.convert(
        {"now": "2026-03-02T00:00:00Z", "keys": {"log": None, "keys": []}, "policy": ""}, Given
    )

    (last,) = told(EXAMINE, given, io.BytesIO(b""))

    assert last.refusal == Refusal("upload_empty", {})
    assert isinstance(refused(EXAMINE, last.refusal), UploadEmpty)
    assert EXAMINE.unreadable is UploadUnreadable
    with pytest.raises(KeyError):
        refused(EXAMINE, Refusal("no_such", {}))
