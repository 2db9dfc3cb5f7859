"""Describe the interface as an OpenAPI 3.1 document, from the handlers and the policy table.

litestar reads paths, parameters and bodies from the handlers' signatures. What it does not know is
added from the one policy table: who may call, with which permission, with which headers; and that
every refusal is a problem document (RFC 9457).
"""

from __future__ import annotations

import functools
import importlib.metadata
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import HTTPRoute

from market.http import policy, routes
from market.http.auth import SESSION_COOKIE
from market.http.problem import PROBLEM, ProblemDocument

#: For a handler's ``opt``: a command without an Idempotency-Key, because its answer holds a secret
#: or it can not happen twice.
KEYLESS: Final[dict[str, Any]] = {"keyless": True}

_TITLE: Final = "数市 Shushi"
_DESCRIPTION: Final = """\
数据产品超市：登记、凭证、定价、上架、交易、交付、结算、报送，全程可核验。

Register, certify, price, list, trade, meter, settle and report data products; outsiders can verify
the whole line. Every command takes an `Idempotency-Key`; every refusal is `application/problem+json`
with a stable `code` and its wording in Chinese and English.
"""
_REFUSALS: Final = {
    "400": "The request can not be read · 请求无法识别",
    "401": "Nobody is signed in, or the token is not good · 未登录或令牌无效",
    "403": "The permission is missing · 没有权限",
    "404": "No such thing, or none that one may know of · 不存在或无权知悉",
    "409": "A rule forbids it, or somebody was first · 依规则不予办理或有冲突",
    "412": "Somebody changed it meanwhile · 已被他人修改",
    "422": "The content can not be right · 内容不合要求",
    "428": "If-Match is missing · 缺少 If-Match",
    "429": "Too many attempts · 尝试过多",
}
_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "One key for one command; the same key again gets the first answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag that was read; somebody else's change in between is not overwritten.",
    "schema": {"type": "string"},
}


class OperationUnnamed(RuntimeError):
    """Two handlers would have the same operation id even with their module's name."""


@functools.cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document. Made once; it is the same for as long as the process lives."""
    handlers = routes.handlers()
    app = _generator(handlers)
    described: dict[str, Any] = app.openapi_schema.to_schema()
    schemas = described["components"].setdefault("schemas", {})
    _refuse_unknown_fields(schemas, handlers)
    described["components"] |= _shared_parts()
    schemas |= _problem_schemas()
    by_place = _handlers_by_place(app)
    paths: dict[str, Any] = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            rule = policy.API.get((method.upper(), path))
            if rule is not None:
                handler = by_place[method.upper(), path]
                _complete(operation, method, path, rule, handler)
                paths.setdefault(path, {})[method] = operation
    _name_operations(paths, by_place)
    described["paths"] = dict(sorted(paths.items()))
    return described


def _generator(handlers: list[HTTPRouteHandler]) -> Litestar:
    # An application that serves nobody; litestar describes only what is routed in one.
    return Litestar(
        route_handlers=handlers,
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title=_TITLE,
            version=_version(),
            description=_DESCRIPTION,
            use_handler_docstrings=True,
            render_plugins=[JsonRenderPlugin(path="/never-served.json")],
        ),
    )


def _version() -> str:
    try:
        return importlib.metadata.version("shushi")
    except importlib.metadata.PackageNotFoundError:
        return "0"


def _handlers_by_place(app: Litestar) -> Mapping[tuple[str, str], HTTPRouteHandler]:
    return {
        (str(method), route.path_format): handler
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if isinstance(handler, HTTPRouteHandler)
    }


def _complete(
    operation: dict[str, Any],
    method: str,
    path: str,
    rule: policy.Rule,
    handler: HTTPRouteHandler,
) -> None:
    parameters = operation.setdefault("parameters", [])
    refusals = {"400"}
    if rule.permission is None:
        operation["security"] = []
    else:
        operation["security"] = [{"bearer": []}, {"session": []}]
        operation["x-permission"] = rule.permission
        refusals |= {"401", "403"}
    operation["x-relation"] = rule.relation.value
    if "{" in path:
        refusals.add("404")
    if rule.command:
        refusals |= {"409", "422"}
        if not handler.opt.get("keyless"):
            parameters.append(_IDEMPOTENCY_KEY)
    if method == "put":
        refusals |= {"412", "428"}
        parameters.append(_IF_MATCH)
    if path.endswith("/sessions"):
        refusals |= {"401", "429"}
    operation["responses"] = _answers(operation["responses"], method) | {
        status: {"$ref": f"#/components/responses/Refused{status}"} for status in sorted(refusals)
    }
    operation["responses"]["default"] = {"$ref": "#/components/responses/Refused"}
    if not parameters:
        del operation["parameters"]


def _answers(responses: dict[str, Any], method: str) -> dict[str, Any]:
    # litestar sees bytes, and one status; a command answers 201 when it made a thing, else 200.
    found = {status: r for status, r in responses.items() if status.startswith("2")}
    for response in found.values():
        for content in response.get("content", {}).values():
            if content.get("schema") == {"type": "string"}:
                content["schema"] = {}
    if method == "post" and "201" in found:
        found["200"] = {**found["201"], "description": "Done · 已办理"}
        found["201"] = {**found["201"], "description": "Made · 已创建"}
    return dict(sorted(found.items()))


def _name_operations(
    paths: dict[str, Any], by_place: Mapping[tuple[str, str], HTTPRouteHandler]
) -> None:
    taken: set[str] = set()
    for path, operations in paths.items():
        for method, operation in operations.items():
            fn = by_place[method.upper(), path].fn
            name = fn.__name__
            if name in taken:
                name = f"{fn.__module__.rpartition('.')[2]}_{name}"
            if name in taken:
                raise OperationUnnamed(name)
            taken.add(name)
            operation["operationId"] = name


def _shared_parts() -> dict[str, Any]:
    problem = {PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    return {
        "securitySchemes": {
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "A session's or an API token's secret · 会话或接口令牌",
            },
            "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
        },
        "responses": {
            "Refused": {"description": "Refused · 不予办理", "content": problem},
            **{
                f"Refused{status}": {"description": words, "content": problem}
                for status, words in _REFUSALS.items()
            },
        },
    }


def _problem_schemas() -> dict[str, Any]:
    _, parts = msgspec.json.schema_components(
        [ProblemDocument], ref_template="#/components/schemas/{name}"
    )
    return dict(parts)


def _refuse_unknown_fields(schemas: dict[str, Any], handlers: list[HTTPRouteHandler]) -> None:
    # litestar does not tell that a struct takes no unknown fields. It names a schema by the struct,
    # with as much of the module before it as keeps two apart.
    for struct in _body_structs(handlers):
        parts = [*struct.__module__.split("."), struct.__name__]
        names = ["_".join(parts[i:]) for i in reversed(range(len(parts)))]
        name = next((name for name in names if name in schemas), None)
        if name is not None and struct.__struct_config__.forbid_unknown_fields:
            schemas[name]["additionalProperties"] = False


def _body_structs(handlers: list[HTTPRouteHandler]) -> Iterator[type[msgspec.Struct]]:
    seen: set[Any] = set()
    for handler in handlers:
        body = typing.get_type_hints(handler.fn).get("data")
        if body is not None:
            yield from _structs_in(body, seen)


def _structs_in(kind: Any, seen: set[Any]) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind in seen:
            return
        seen.add(kind)
        yield kind
        for hint in typing.get_type_hints(kind).values():
            yield from _structs_in(hint, seen)
    for argument in typing.get_args(kind):
        yield from _structs_in(argument, seen)
