"""Be a witness of other logs: make one, tell it which logs it knows, and serve it."""

from __future__ import annotations

import pathlib

import msgspec
import rich_click as click

from market.cli import settings_of

_EXIT_CODES = "Exit code 0: done; 1: could not be done, and why; 2: wrong options."
_DIRECTORY = click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=pathlib.Path),
    default=pathlib.Path("witness"),
    show_default=True,
    help="状态目录 · where the witness keeps its key and its memory",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")


class LogLine(msgspec.Struct, frozen=True):
    """A log that is witnessed, and how far."""

    origin: str
    keys: tuple[str, ...]
    size: int


@click.group(
    help="见证 · Be a witness: cosign what other logs sign, as long as each only grows (C2SP "
    f"tlog-witness). It needs no database.\n\n{_EXIT_CODES}"
)
def witness() -> None:
    """Group the commands."""


@witness.command(
    "init",
    help="建立见证人 · Make a witness with a new key, and print its verifier key for the policies "
    f"of others.\n\n{_EXIT_CODES}",
)
@click.option("--name", required=True, help="密钥名称 · its name, like an address: w.example/w1")
@_DIRECTORY
def init(name: str, directory: pathlib.Path) -> None:
    """Print the vkey of the new witness."""
    settings_of.run(_init(directory, name))


async def _init(directory: pathlib.Path, name: str) -> None:
    from catalog.witnessing import disk

    click.echo(disk.create(directory, name))


@witness.command(
    "add-log",
    help="登记受见证的日志 · Know a log, or one more key of it, from now on; its name is its origin. "
    f"A witness that is being served knows it at once.\n\n{_EXIT_CODES}",
)
@click.argument("vkey", metavar="VKEY")
@_DIRECTORY
def add_log(vkey: str, directory: pathlib.Path) -> None:
    """Say whether the key was new."""
    settings_of.run(_add_log(directory, vkey))


async def _add_log(directory: pathlib.Path, vkey: str) -> None:
    from catalog.audit_log.checkpoint import parse_vkey
    from catalog.witnessing.disk import Witness

    is_new = Witness(directory).add_log(parse_vkey(vkey))
    click.echo("已登记 · added" if is_new else "早已登记 · known already")


@witness.command(
    "show",
    help=f"查看 · Print the witness's verifier key, its logs, and how far each is cosigned.\n\n{_EXIT_CODES}",
)
@_DIRECTORY
@_JSON
def show(directory: pathlib.Path, as_json: bool) -> None:
    """Print what the witness is and knows."""
    settings_of.run(_show(directory, as_json=as_json))


async def _show(directory: pathlib.Path, *, as_json: bool) -> None:
    from catalog.witnessing.disk import Witness

    made = Witness(directory)
    lines = [LogLine(log.origin, log.keys, held.size) for log, held in made.logs()]
    if as_json:
        click.echo(msgspec.json.encode({"vkey": str(made.key), "logs": lines}).decode())
        return
    click.echo(made.key)
    for line in lines:
        click.echo(f"{line.size:>12,}  {line.origin}")


@witness.command(
    "serve",
    help="提供见证服务 · Serve until Ctrl-C or SIGTERM. Only one process may serve a directory.\n\n"
    f"{_EXIT_CODES}",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址 · address")
@click.option(
    "--port", type=click.IntRange(1, 65_535), default=8788, show_default=True, help="端口 · port"
)
@_DIRECTORY
def serve(host: str, port: int, directory: pathlib.Path) -> None:
    """Run until a signal comes."""
    settings_of.run(_serve(directory, host, port))


async def _serve(directory: pathlib.Path, host: str, port: int) -> None:
    import uvicorn

    from catalog.kernel.clock import SystemClock
    from catalog.witnessing.disk import Witness
    from market import log_lines
    from market.witness.server import create_witness

    log_lines.configure("info")
    made = Witness(directory)
    with made.served():
        click.echo(f"见证 · witness {made.key} → http://{host}:{port}", err=True)
        server = uvicorn.Server(
            uvicorn.Config(
                create_witness(made, SystemClock()),
                host=host,
                port=port,
                server_header=False,
                access_log=False,
                log_level="warning",
                timeout_graceful_shutdown=10,
            )
        )
        await server.serve()
    if not server.started:
        raise click.ClickException("服务未能启动，原因见上 · it could not start; see above")
