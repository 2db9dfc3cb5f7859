"""Speak to a running service as somebody who is signed in: what one may do there, one may do here.

The operators' commands go through the same door as every other client: the same permissions, the
same refusals, one Idempotency-Key for each command.
"""

from __future__ import annotations

import functools
import json
import mimetypes
import pathlib
import urllib.parse
import uuid
from collections.abc import Callable
from typing import Any, Final, TypeVar

import httpx
import msgspec
import rich_click as click

from catalog.kernel.errors import FieldError
from market.cli.settings_of import CouldNotBeDone
from market.portal.wording import LANGUAGES

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_URL: Final = "http://127.0.0.1:8787"
_TIMEOUT_SECONDS: Final = 60
_PAGE: Final = 100

EXIT_CODES: Final = (
    "The token is one of yours (POST /api/v1/tokens): MARKET_TOKEN, or a file with --token-file.\n\n"
    "Exit code 0: done; 1: refused, and why; 2: could not be asked."
)


class Refused(click.ClickException):
    """Say what the service refused and why (不予办理), in both languages, with its code."""

    exit_code = 1

    def __init__(self, message: str, *, problem: Problem | None = None) -> None:
        super().__init__(message)
        self.problem: Final = problem  # None: what was refused is not said as ours says it


class Problem(msgspec.Struct, frozen=True):
    """What of a problem document (RFC 9457) is for people."""

    code: str
    wording: dict[str, str]
    errors: tuple[FieldError, ...] = ()


class Service:
    """A running service, asked with somebody's token."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def get(self, path: str, **wanted: Any) -> Any:
        """Return what lies at ``path``; parameters that are None are not asked for."""
        return self._send("GET", path, params=_named(wanted))

    def get_all(self, path: str, **wanted: Any) -> list[Any]:
        """Return the items of all pages of a list."""
        found: list[Any] = []
        cursor = None
        while True:
            page = self.get(path, **wanted, limit=_PAGE, cursor=cursor)
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def post(self, path: str, body: Any, **wanted: Any) -> Any:
        """Give one command and return its answer."""
        headers = {"idempotency-key": uuid.uuid4().hex}
        return self._send("POST", path, json=body, params=_named(wanted), headers=headers)

    def upload(self, file: pathlib.Path) -> Any:
        """Store a file and return what is known of it."""
        headers = {
            "idempotency-key": uuid.uuid4().hex,
            "x-file-name": urllib.parse.quote(file.name),
            "content-type": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        }
        with file.open("rb") as content:
            return self._send("POST", "/api/v1/files", content=content, headers=headers)

    def save(self, path: str, out: pathlib.Path) -> None:
        """Write the bytes that lie at ``path`` into a file.

        :raises CouldNotBeDone: if it can not be written.
        """
        response = self._answered("GET", path)
        try:
            out.write_bytes(response.content)
        except OSError as error:
            raise CouldNotBeDone(f"无法写入 · can not write {out}: {error}") from error

    def put(self, path: str, body: Any, *, version: int, **wanted: Any) -> Any:
        """Replace what is of a version, and return what stands there now."""
        headers = {"idempotency-key": uuid.uuid4().hex, "if-match": f'"{version}"'}
        return self._send("PUT", path, json=body, params=_named(wanted), headers=headers)

    def _send(self, method: str, path: str, **request: Any) -> Any:
        return _json(self._answered(method, path, **request))

    def _answered(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **request)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CouldNotBeDone(
                f"无法连接服务 · The service can not be reached: {self._http.base_url} ({error})"
            ) from error
        if response.is_success:
            return response
        problem = _problem(response)
        raise Refused(_told(response, problem), problem=problem)

    def application_id(self, case: str) -> str:
        """Return the id of the application with this number (受理编号) or this id.

        :raises Refused: if there is none that one may see.
        """
        try:
            return str(uuid.UUID(case))
        except ValueError:
            found = self.get("/api/v1/applications", number=case)["items"]
        if not found:
            raise Refused(f"没有这一申请 · There is no such application: {case}")
        return str(found[0]["id"])


def options(command: F) -> F:
    """Add the options that say which service is asked, as whom, and how its answer is printed."""
    for option in (
        click.option(
            "--url",
            envvar="MARKET_URL",
            default=DEFAULT_URL,
            show_default=True,
            help="服务地址 · the service",
        ),
        click.option(
            "--token-file",
            type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path),
            help="令牌文件 · a file that holds the token",
        ),
        click.option(
            "--lang",
            type=click.Choice(LANGUAGES),
            default="zh",
            show_default=True,
            help="语言 · the language of what is printed",
        ),
        click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON"),
    ):
        command = option(command)
    return command


def connected(url: str, token_file: pathlib.Path | None, token: str | None) -> Service:
    """Return the service at ``url`` as the token's holder sees it.

    :raises CouldNotBeDone: if there is no token.
    """
    secret = token_file.read_text("utf-8").strip() if token_file is not None else token
    if not secret:
        raise CouldNotBeDone("需要令牌：设置 MARKET_TOKEN 或使用 --token-file · A token is needed.")
    return Service(
        httpx.Client(
            base_url=url,
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,
            headers={"authorization": f"Bearer {secret}"},
        )
    )


class Asking(msgspec.Struct, frozen=True):
    """A service that a command asks, and how its answer is printed."""

    service: Service
    as_json: bool

    def show(self, found: Any, line: Callable[[Any], str]) -> None:
        """Print what was answered: as JSON, or a line for each item, or for the one thing."""
        if self.as_json:
            print_json(found)
            return
        for each in found if isinstance(found, list) else [found]:
            click.echo(line(each))


def asking(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the service that its options name, as ``asked``, in the place of these options."""

    @functools.wraps(command)
    def without_language(*args: Any, lang: str, **more: Any) -> None:  # noqa: ARG001
        command(*args, **more)  # what is printed so are codes and names

    return asking_in_a_language(without_language)


def asking_in_a_language(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the service as ``asking`` does, and the language of what it prints, as ``lang``."""

    @functools.wraps(command)
    def with_service(
        *args: Any,
        url: str,
        token: str | None,
        token_file: pathlib.Path | None,
        as_json: bool,
        **more: Any,
    ) -> None:
        command(*args, asked=Asking(connected(url, token_file, token), as_json), **more)

    return options(click.option("--token", envvar="MARKET_TOKEN", hidden=True)(with_service))


def print_json(value: Any) -> None:
    """Print a value as JSON that people can read."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise CouldNotBeDone(
            f"这不是数市服务 · This is not a service of ours: {response.url}"
        ) from error


def _named(wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if value is not None}


def _problem(response: httpx.Response) -> Problem | None:
    try:
        return msgspec.json.decode(response.content, type=Problem)
    except msgspec.DecodeError:
        return None


def _told(response: httpx.Response, problem: Problem | None) -> str:
    if problem is None:
        return f"{response.status_code} {response.reason_phrase}"
    lines = [f"{' · '.join(problem.wording.values())} [{problem.code}]"]
    lines += [f"  {error.pointer}: {error.code}" for error in problem.errors]
    return "\n".join(lines)
