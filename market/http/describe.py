"""Describe the interface as an OpenAPI 3.1 document, from the handlers and the policy table.

litestar reads paths and parameters from the handlers' signatures. What it does not know is added:
from the one policy table, who may call, with which permission, with which headers; from what each
handler says that it answers (``answers.py``), the statuses, headers and schemas of its answers; and
that every refusal is a problem document (RFC 9457); and the example of each step
(``examples.py``). All schemas are msgspec's, of the very types that are decoded and encoded.
"""

from __future__ import annotations

import functools
import importlib.metadata
import typing
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import HTTPRoute

from catalog.authorisation_letters.acting import PERMISSIONS as AGENTS_PERMISSIONS
from catalog.authorisation_letters.acting import SEEING
from market.http import answers, examples, policy, routes
from market.http.auth import SESSION_COOKIE
from market.http.policies.rule import Rule
from market.http.problem import PROBLEM, ProblemDocument
from market.http.registering import Together

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
    "410": "It was there and was taken back · 已撤回",
    "412": "Somebody changed it meanwhile · 已被他人修改",
    "413": "Too large · 内容过大",
    "415": "A media type that is not read here · 不支持的媒体类型",
    "422": "The content can not be right · 内容不合要求",
    "428": "If-Match is missing · 缺少 If-Match",
    "429": "Too many attempts · 尝试过多",
    "503": "The log is behind or stopped: ask again later · 日志积压或已停止，请稍后再试",
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


_ACTING_FOR: Final = {
    "name": "Acting-For",
    "in": "header",
    "required": False,
    "description": "The party for which an agent does this, under its letter (委托书) · 委托人",
    "schema": {"type": "string", "format": "uuid"},
}
_OF_AGENTS: Final = SEEING.union(*AGENTS_PERMISSIONS.values())


_REPLAYED: Final = "idempotency-replayed"
_HEADERS: Final = {
    answers.LOCATION: ("Location", "Where it is read again · 所在地址"),
    answers.ETAG: ("ETag", "The version, for If-Match · 版本"),
    _REPLAYED: ("Idempotency-Replayed", "`true` if this is the first answer, given again"),
}
_DONE: Final = {
    200: "Done · 已办理",
    201: "Made · 已创建",
    303: "Elsewhere, in the format asked for · 按所请求的格式另见",
    304: "Not modified · 未变更",
    400: "Not known, in CKAN's envelope · 未知操作",
    404: "Not found, in CKAN's envelope · 未找到",
    410: "Taken back, in CKAN's envelope · 已撤回",
    409: "Not understood, in CKAN's envelope · 参数有误",
    503: "The service can not work · 服务不可用",
}
_REF: Final = "#/components/schemas/{name}"


class OperationUnnamed(RuntimeError):
    """Two handlers would have the same operation id even with their module's name."""


@functools.cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document. Made once; it is the same for as long as the process lives."""
    handlers = routes.handlers()
    app = _generator()
    described: dict[str, Any] = app.openapi_schema.to_schema()
    enums = described["components"].get("schemas", {})
    schemas = _Schemas(handlers)
    described["components"] = _shared_parts() | {"schemas": schemas.components}
    by_place = _by_place(app)
    paths: dict[str, Any] = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            rule = policy.API.get((method.upper(), path))
            if rule is not None:
                handler = by_place[method.upper(), path]
                _complete(operation, method, path, rule, handler)
                _describe_content(operation, handler, schemas, enums)
                _show(operation, handler, examples.all_examples().get((method.upper(), path)))
                paths.setdefault(path, {})[method] = operation
    _name_operations(paths, by_place)
    described["paths"] = dict(sorted(paths.items()))
    return described


class _Schemas:
    """The schemas of all bodies, answers and refusals, each type under one name."""

    def __init__(self, handlers: list[HTTPRouteHandler]) -> None:
        taken = {kind for handler in handlers for kind in _structs_in(body_of(handler), set())}
        kinds = [body_of(handler) for handler in handlers]
        kinds += [answers.said_by(handler).kind for handler in handlers]
        kinds = [kind for kind in dict.fromkeys(kinds) if kind is not None]
        structs = {found for kind in kinds for found in _structs_in(kind, set())}
        listed = [*kinds, *sorted(structs - set(kinds), key=repr), ProblemDocument]
        made, parts = msgspec.json.schema_components(listed, ref_template=_REF)
        self.components: dict[str, Any] = msgspec.to_builtins(dict(sorted(parts.items())))
        self._of_kind: dict[Any, dict[str, Any]] = dict(zip(listed, made, strict=True))
        for kind in structs - taken:
            self._require_all(kind)

    def of(self, kind: Any) -> dict[str, Any]:
        """Return the schema of a kind: mostly a reference."""
        return self._of_kind[kind]

    def _require_all(self, kind: Any) -> None:
        # What has a default may be missing in a body, but we send it always.
        origin = typing.get_origin(kind) or kind
        if not origin.__struct_config__.omit_defaults:
            schema = self.components[self.of(kind)["$ref"].rpartition("/")[2]]
            schema["required"] = list(schema["properties"])


@functools.cache
def _generator() -> Litestar:
    # An application that serves nobody; litestar describes only what is routed in one.
    return Litestar(
        route_handlers=[Together(path="/", route_handlers=routes.handlers())],
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


@functools.cache
def handlers_by_place() -> Mapping[tuple[str, str], HTTPRouteHandler]:
    """Return all handlers of this door by method and path, as the policy table writes them."""
    return _by_place(_generator())


def _by_place(app: Litestar) -> Mapping[tuple[str, str], HTTPRouteHandler]:
    return {
        (str(method), route.path_format): handler
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if isinstance(handler, HTTPRouteHandler)
    }


def _show_path(parameters: list[dict[str, Any]], handler: HTTPRouteHandler) -> None:
    """Add what stands in the path for example, where bytes come that can not be shown."""
    asked = dict(answers.said_by(handler).asked)
    for parameter in parameters:
        if parameter["name"] in asked:
            parameter["example"] = asked[parameter["name"]]


def _complete(
    operation: dict[str, Any],
    method: str,
    path: str,
    rule: Rule,
    handler: HTTPRouteHandler,
) -> None:
    parameters = operation.setdefault("parameters", [])
    _show_path(parameters, handler)
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
    if rule.permission in _OF_AGENTS:
        parameters.append(_ACTING_FOR)
    if rule.command:
        refusals |= {"403", "404", "409", "413", "415", "422"}
        if not handler.opt.get("keyless"):
            parameters.append(_IDEMPOTENCY_KEY)
    if method == "put":
        refusals |= {"412", "428"}
        parameters.append(_IF_MATCH)
    refusals |= {str(status) for status in answers.said_by(handler).refusals}
    if path.endswith("/sessions"):
        refusals |= {"401", "429"}
    operation["responses"] = {
        status: {"$ref": f"#/components/responses/Refused{status}"} for status in sorted(refusals)
    }
    operation["responses"]["default"] = {"$ref": "#/components/responses/Refused"}
    if not parameters:
        del operation["parameters"]


def _describe_content(
    operation: dict[str, Any],
    handler: HTTPRouteHandler,
    schemas: _Schemas,
    enums: Mapping[str, Any],
) -> None:
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _inlined(parameter["schema"], enums)
    body = body_of(handler)
    if body is not None:
        content = {answers.JSON: {"schema": schemas.of(body)}}
        operation["requestBody"] = {"required": True, "content": content}
    taken = answers.taken_by(handler)
    if taken is not None:
        operation["requestBody"] = {"required": True, "content": {taken.media_type: {}}}
        operation.setdefault("parameters", []).extend(
            {
                "name": name,
                "in": "header",
                "required": name in taken.headers,
                "schema": {"type": "string"},
            }
            for name in (*taken.headers, *taken.optional)
        )
    said = answers.said_by(handler)
    content = {said.media_type: {} if said.kind is None else {"schema": schemas.of(said.kind)}}
    names = said.headers
    if any(p["name"] == _IDEMPOTENCY_KEY["name"] for p in operation.get("parameters", ())):
        names = (*names, _REPLAYED)
    headers = dict(map(_header, names))
    for status in said.statuses:
        answer: dict[str, Any] = {"description": _DONE[status]}
        if status not in (HTTPStatus.SEE_OTHER, HTTPStatus.NOT_MODIFIED):
            answer["content"] = content
        operation["responses"][str(status)] = answer | ({"headers": headers} if headers else {})
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _show(
    operation: dict[str, Any], handler: HTTPRouteHandler, example: examples.Example | None
) -> None:
    if example is None:
        return
    if example.request is not None:
        operation["requestBody"]["content"][answers.JSON]["example"] = example.request
    if example.answer is not None:
        said = answers.said_by(handler)
        try:
            shown = {"example": examples.complete(said.kind, example.answer)}
        except msgspec.ValidationError:
            return  # it went stale: a test of the house says so, and nobody is shown it
        for status in said.statuses:
            answer = operation["responses"][str(status)]
            if "content" not in answer:
                continue  # nothing is sent with it
            answer["content"] = {answers.JSON: answer["content"][answers.JSON] | shown}


def _header(name: str) -> tuple[str, dict[str, Any]]:
    title, description = _HEADERS.get(name, (name, ""))
    header: dict[str, Any] = {"schema": {"type": "string"}}
    if description:
        header["description"] = description
    if name != _REPLAYED:
        header["required"] = True
    return title, header


def _inlined(node: Any, enums: Mapping[str, Any]) -> Any:
    # The few kinds that stand in queries and paths, in place of litestar's references to them.
    if isinstance(node, dict):
        reference = node.get("$ref")
        if reference is not None:
            return enums[reference.rpartition("/")[2]]
        return {key: _inlined(value, enums) for key, value in node.items()}
    return [_inlined(value, enums) for value in node] if isinstance(node, list) else node


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


def body_of(handler: HTTPRouteHandler) -> Any:
    """Return the type of the JSON that a handler takes, or None if it takes none."""
    return typing.get_type_hints(handler.fn).get("data")


def _structs_in(kind: Any, seen: set[Any]) -> Iterator[Any]:
    """Walk all structs that a type is made of, each with its type arguments."""
    origin = typing.get_origin(kind) or kind
    if isinstance(origin, type) and issubclass(origin, msgspec.Struct):
        if kind in seen:
            return
        seen.add(kind)
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from _structs_in(field.type, seen)
        return
    for argument in typing.get_args(kind):
        yield from _structs_in(argument, seen)
