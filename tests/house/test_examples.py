"""Each step of the register is shown in the interface document by an exchange that took place."""

from __future__ import annotations

import pytest

from market.http import answers, describe, examples
from market.http.examples import Example
from market.http.policy import API
from tests import record_examples

HOW = "record them: pytest -p tests.record_examples tests/journeys/A_JOURNEY_THAT_USES_THEM.py"

# Steps that came while their examples were being recorded; none may stay, and none is here in vain.
NOT_YET: set[tuple[str, str]] = set()


def test_every_command_has_an_example() -> None:
    handlers = describe.handlers_by_place()
    shown = examples.all_examples()

    missing = [
        place
        for place, rule in API.items()
        if rule.command
        and (describe.body_of(handlers[place]) or answers.said_by(handlers[place]).kind)
        and place not in shown
    ]

    assert set(missing) == NOT_YET, HOW


def test_every_example_is_of_the_types_of_its_route() -> None:
    complaints = {
        place: said
        for place, example in examples.all_examples().items()
        if (said := record_examples.complaint(place, example)) is not None
    }

    assert complaints == {}, HOW


def test_an_example_stands_in_the_file_of_its_door() -> None:
    handlers = describe.handlers_by_place()
    strangers = [
        place
        for path in examples.DIRECTORY.iterdir()
        for place in examples.read(path)
        if examples.file_of(handlers[tuple(place.split(" "))].fn.__module__) != path
    ]

    assert strangers == []


@pytest.mark.parametrize(
    ("place", "example", "complaint"),
    [
        (("POST", "/api/v1/nothing"), Example(), "no such route"),
        (("GET", "/"), Example(), "no such route"),
        (("GET", "/api/v1/calendar"), Example(request={}), "no JSON"),
        (("GET", "/api/v1/orders"), Example(answer={"items": [{}]}), "required field"),
        (
            ("GET", "/api/v1/orders"),
            Example(answer={"items": [], "next_cursor": None, "more": 1}),
            "not written",
        ),
        (("POST", "/api/v1/files"), Example(request={"a": 1}), "no JSON"),
    ],
)
def test_an_example_that_went_stale_is_found(
    place: tuple[str, str], example: Example, complaint: str
) -> None:
    assert complaint in str(record_examples.complaint(place, example))


def test_a_field_that_came_with_a_default_is_shown_without_a_new_recording() -> None:
    page = {"items": []}

    assert record_examples.complaint(("GET", "/api/v1/orders"), Example(answer=page)) is None
    kind = answers.said_by(describe.handlers_by_place()["GET", "/api/v1/orders"]).kind
    assert examples.complete(kind, page) == {"items": [], "next_cursor": None}


def test_the_document_shows_the_examples() -> None:
    handlers = describe.handlers_by_place()
    paths = describe.document()["paths"]

    for (method, path), example in examples.all_examples().items():
        operation = paths[path][method.lower()]
        said = answers.said_by(handlers[method, path])
        if example.request is not None:
            content = operation["requestBody"]["content"]["application/json"]
            assert content["example"] == example.request
        if example.answer is not None:
            content = operation["responses"][str(said.statuses[0])]["content"]["application/json"]
            assert content["example"] == examples.complete(said.kind, example.answer)
