"""All routes are registered as Litestar does it, only in less time."""

from __future__ import annotations

import uuid
from typing import Any, get_args

import pytest
from litestar import Litestar, Router, get, post
from litestar.exceptions import ImproperlyConfiguredException
from litestar.params import BodyKwarg, FromPath, FromQuery, JSONBody, ParameterKwarg
from litestar.testing import TestClient

from market.app import create_app
from market.http.registering import UNREAD, Routed, Together, mark_quickly
from market.settings import Settings


@get("/things/{thing:uuid}")
async def look(thing: FromPath[uuid.UUID], much: FromQuery[int] = 1) -> dict[str, Any]:
    return {"thing": str(thing), "much": much}


@post("/things/{thing:uuid}")
async def change(thing: FromPath[uuid.UUID], data: JSONBody[dict[str, int]]) -> dict[str, Any]:
    return {"thing": str(thing), **data}


@get("/")
async def home() -> str:
    return "home"


def test_what_is_kept_of_the_routes_is_what_litestar_makes_anew_each_time() -> None:
    made = create_app(Settings(log_level="critical")).litestar

    kept = made.route_handler_method_map

    assert len(kept) > 400
    assert kept == Router.route_handler_method_map.fget(made)  # type: ignore[attr-defined]
    methods = [method for handlers in kept.values() for method in handlers if method != "OPTIONS"]
    assert len(methods) > len(kept)  # some paths have several


def test_every_handler_can_be_served_although_none_is_looked_at_before_it_is_asked() -> None:
    made = create_app(Settings(log_level="critical")).litestar
    known = [known for route in made.routes for _, known in route.route_handler_map.values()]

    made.read_all()

    assert set(known) == {UNREAD}
    assert all(
        known is not UNREAD
        for route in made.routes
        for _, known in route.route_handler_map.values()
    )


def test_a_handler_that_can_not_be_served_is_found_when_all_are_looked_at() -> None:
    @get("/wrong")
    async def says_nothing():  # type: ignore[no-untyped-def]
        return {}

    made = Routed(route_handlers=[says_nothing])

    with pytest.raises(ImproperlyConfiguredException, match="says_nothing"):
        made.read_all()


@pytest.mark.parametrize("is_together", [True, False])
def test_a_path_answers_each_of_its_methods_wherever_their_handlers_stand(
    is_together: bool,
) -> None:
    mark_quickly()
    thing = uuid.uuid4()
    handlers = [look, home, change]
    made = (
        Routed(route_handlers=[Together(path="/", route_handlers=handlers)])
        if is_together
        else Litestar(route_handlers=handlers)
    )

    with TestClient(made) as client:
        looked = client.get(f"/things/{thing}", params={"much": 3})
        changed = client.post(f"/things/{thing}", json={"n": 4})
        asked = client.options(f"/things/{thing}")
        at_home = client.get("/")
        malformed = client.get("/things/7")

    assert looked.json() == {"thing": str(thing), "much": 3}
    assert changed.json() == {"thing": str(thing), "n": 4}
    assert (asked.status_code, asked.headers["allow"]) == (204, "GET, OPTIONS")
    assert at_home.text == "home"
    assert malformed.status_code == 404


@pytest.mark.parametrize("service", [Litestar, Routed])
def test_a_handler_that_comes_twice_is_refused(service: type[Litestar]) -> None:
    twice = Together(path="/", route_handlers=[look, change])

    with pytest.raises(ImproperlyConfiguredException):
        service(route_handlers=[twice, look])


def test_marks_that_are_alike_have_one_hash_and_others_another() -> None:
    mark_quickly()
    marks = [get_args(each)[-1] for each in (FromPath[int], FromQuery[int], JSONBody[int])]

    assert hash(ParameterKwarg()) == hash(ParameterKwarg())
    assert hash(BodyKwarg()) == hash(BodyKwarg())
    assert len({hash(ParameterKwarg()), hash(BodyKwarg())}) == 2
    assert len(set(marks)) == 3
