"""Register many routes in a time that grows with them, and not with their square (登记路由).

With each handler that comes Litestar goes through all routes there are, and through the whole tree of paths. With some
six hundred that was a quarter of the time in which a service starts. It also reads the signature of each; here that
waits for the first request that needs it, so that a service which was killed answers again half a second earlier.
"""

from __future__ import annotations

from typing import Any, Final, cast

from litestar import Litestar, Router
from litestar._kwargs import KwargsModel
from litestar.exceptions import ImproperlyConfiguredException
from litestar.params import BodyKwarg, ParameterKwarg
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import ControllerRouterHandler, HTTPScope, Method, Receive, Send
from litestar.types.internal_types import RouteHandlerMapItem

from market.http.parameters import ASKED_BY, ASKED_OFTEN

#: What stands in a route instead of what a handler takes, until that is read.
UNREAD: Final = cast("KwargsModel", object())


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


class _ReadAtFirst(HTTPRoute):
    """A route of which each handler's signature is read with the first request that it gets."""

    __slots__ = ()

    async def handle(self, scope: HTTPScope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        """Handle a request, as every route does."""
        self.read(scope["method"], scope["litestar_app"])
        await super().handle(scope, receive, send)

    def read(self, method: Method, app: Litestar) -> None:
        """Read the signature of the handler of a method, unless that was done.

        :raises ImproperlyConfiguredException: if it is none that can be served.
        """
        handler, known = self.route_handler_map[method]
        if known is UNREAD:
            handler.on_registration(app)
            read = handler.create_kwargs_model(path_parameters=self.path_parameters)
            names = frozenset(each.field_alias for each in read.expected_query_params)
            handler.opt[ASKED_BY] = names
            handler.opt[ASKED_OFTEN] = frozenset(read.sequence_query_parameter_names)
            self.route_handler_map[method] = (handler, read)


class Routed(_Kept, Litestar):
    """The service that they are registered with."""

    def register(self, value: ControllerRouterHandler) -> None:  # type: ignore[override]
        """Register handlers, each of which is looked at when it is first asked for.

        :raises ImproperlyConfiguredException: if one serves what another serves.
        """
        for route in Router.register(self, value):
            assert isinstance(route, HTTPRoute), "there are no others here"
            route.__class__ = _ReadAtFirst
            for handler in route.route_handlers:
                handler.resolve_opts()  # a copy of its own: rules are bound to it before it is asked
                for method in handler.http_methods:
                    if method in route.route_handler_map:
                        raise ImproperlyConfiguredException(f"{method} {route.path} comes twice")
                    route.route_handler_map[method] = (handler, UNREAD)
        self.asgi_router.construct_routing_trie()

    def read_all(self) -> None:
        """Read the signatures of all handlers, for who wants to know now whether they can be served.

        :raises ImproperlyConfiguredException: if one can not.
        """
        for route in self.routes:
            assert isinstance(route, _ReadAtFirst), "they were registered here"
            for method in route.route_handler_map:
                route.read(method, self)


def mark_quickly() -> None:
    """Let the marks of parameters (``FromPath``, ``FromQuery``, ``JSONBody``) be hashed by their class.

    Every type hint is looked up by the hash of its mark, which Litestar makes of a deep copy of all fields, and of the
    names of the fields alone: it is the same for all marks of a class, and took a fifth of the time.
    """

    def of_the_class(mark: Any) -> int:
        return hash(type(mark))

    for kind in (ParameterKwarg, BodyKwarg):
        setattr(kind, "__hash__", of_the_class)  # noqa: B010 - it is a method of theirs
