"""Register many routes in a time that grows with them, and not with their square (登记路由).

With each handler that comes Litestar goes through all routes there are, and through the whole tree of paths. With some
six hundred that was a quarter of the time in which a service starts.
"""

from __future__ import annotations

from typing import Any

from litestar import Litestar, Router
from litestar.params import BodyKwarg, ParameterKwarg
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types.internal_types import RouteHandlerMapItem


class _Kept(Router):
    """Keep what is known of a route as long as the route is the same."""

    def __init__(self, **wiring: Any) -> None:
        self._seen: dict[str, BaseRoute] = {}
        self._by_method: dict[str, RouteHandlerMapItem] = {}
        super().__init__(**wiring)

    @property
    def route_handler_method_map(self) -> dict[str, RouteHandlerMapItem]:
        """Return the handlers of each path by their methods; Litestar asks for it with each route that comes."""
        for route in self.routes:
            if self._seen.get(route.path) is not route:
                assert isinstance(route, HTTPRoute), "there are no others here"
                self._seen[route.path] = route
                self._by_method[route.path] = {
                    method: each for each in route.route_handlers for method in each.http_methods
                }
        return self._by_method


class Together(_Kept):
    """Handlers as one group: the tree of paths is gone through once for all of them."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> Together:
        return self  # it is registered once: a copy, all handlers in it, would serve nobody


class Routed(_Kept, Litestar):
    """The service that they are registered with."""


def mark_quickly() -> None:
    """Let the marks of parameters (``FromPath``, ``FromQuery``, ``JSONBody``) be hashed by their class.

    Every type hint is looked up by the hash of its mark, which Litestar makes of a deep copy of all fields, and of the
    names of the fields alone: it is the same for all marks of a class, and took a fifth of the time.
    """

    def of_the_class(mark: Any) -> int:
        return hash(type(mark))

    for kind in (ParameterKwarg, BodyKwarg):
        setattr(kind, "__hash__", of_the_class)  # noqa: B010 - it is a method of theirs
