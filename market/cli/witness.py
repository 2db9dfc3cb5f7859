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
#: A key is announced weeks before the old one ends.
_FOLLOW_EVERY_SECONDS = 60.0
_JSON = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")


class LogLine(msgspec.Struct, frozen=True):
    """A log that is witnessed, by which keys in force, and how far."""

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
    help="建立见证人 · Make a witness with new keys, and print its verifier keys for the policies of others: that of "
    f"Ed25519 first, that of ML-DSA-44 second.\n\n{_EXIT_CODES}",
)
@click.option("--name", required=True, help="密钥名称 · its name, like an address: w.example/w1")
@_DIRECTORY
def init(name: str, directory: pathlib.Path) -> None:
    """Print the vkeys of the new witness."""
    settings_of.run(_init(directory, name))


async def _init(directory: pathlib.Path, name: str) -> None:
    from catalog.witnessing import disk

    for key in disk.create(directory, name):
        click.echo(key)


@witness.command(
    "add-key",
    help="补建抗量子密钥 · Give a witness that was made before its key of ML-DSA-44, and print its verifier keys. One "
    f"that is being served is started again to cosign with it.\n\n{_EXIT_CODES}",
)
@_DIRECTORY
def add_key(directory: pathlib.Path) -> None:
    """Print the vkeys of the witness."""
    settings_of.run(_add_key(directory))


async def _add_key(directory: pathlib.Path) -> None:
    from catalog.witnessing import disk

    for key in disk.add_key(directory):
        click.echo(key)


@witness.command(
    "add-log",
    help="登记受见证的日志 · Know a log, or one more key of it, from now on; its name is its origin. With both addresses "
    "it is followed by itself to the keys that it announces. A witness that is being served knows it at once.\n\n"
    + _EXIT_CODES,
)
@click.argument("vkey", metavar="VKEY")
@click.option("--url", help="日志地址 · before /checkpoint: https://market.example/log")
@click.option("--keys-url", help="公钥地址 · its public keys: https://market.example/api/v1/keys")
@_DIRECTORY
def add_log(vkey: str, url: str | None, keys_url: str | None, directory: pathlib.Path) -> None:
    """Say whether something was new."""
    settings_of.run(_add_log(directory, vkey, url, keys_url))


async def _add_log(
    directory: pathlib.Path, vkey: str, url: str | None, keys_url: str | None
) -> None:
    from catalog.audit_log.checkpoint import parse_vkey
    from catalog.witnessing.disk import Witness

    is_new = Witness(directory).add_log(parse_vkey(vkey), url=url, keys_url=keys_url)
    click.echo("已登记 · added" if is_new else "早已登记 · known already")


@witness.command(
    "drop-key",
    help="不再信任已登记的密钥 · Believe a key of a log no longer that was added by hand: one that was stolen, when the log "
    f"itself can not say so.\n\n{_EXIT_CODES}",
)
@click.argument("vkey", metavar="VKEY")
@_DIRECTORY
def drop_key(vkey: str, directory: pathlib.Path) -> None:
    """Take the key out."""
    settings_of.run(_drop_key(directory, vkey))


async def _drop_key(directory: pathlib.Path, vkey: str) -> None:
    from catalog.audit_log.checkpoint import parse_vkey
    from catalog.witnessing.disk import Witness

    Witness(directory).drop_key(parse_vkey(vkey))
    click.echo("已移除 · dropped")


@witness.command(
    "follow",
    help="跟随密钥 · Look once whether the logs announced new keys, as a served witness does by itself, and print what was "
    "found.\n\nExit code 0: nothing is wrong; 1: something that a log tells of its keys is; 2: a log could not be "
    "asked, or wrong options.",
)
@_DIRECTORY
def follow(directory: pathlib.Path) -> None:
    """End with what was found."""
    raise SystemExit(settings_of.run(_follow(directory)))


async def _follow(directory: pathlib.Path) -> int:
    import httpx

    from catalog.witnessing.disk import Witness
    from market.witness import keys

    with httpx.Client(trust_env=False) as client:
        found = keys.look(Witness(directory), client)
    for each in found:
        click.echo(msgspec.json.encode(each).decode())
    if any(each.wrong and each.is_reached for each in found):
        return 1
    return 0 if all(each.is_reached for each in found) else 2


@witness.command(
    "show",
    help=f"查看 · Print the witness's verifier keys, its logs, and how far each is cosigned.\n\n{_EXIT_CODES}",
)
@_DIRECTORY
@_JSON
def show(directory: pathlib.Path, as_json: bool) -> None:
    """Print what the witness is and knows."""
    settings_of.run(_show(directory, as_json=as_json))


async def _show(directory: pathlib.Path, *, as_json: bool) -> None:
    from catalog.witnessing.disk import Witness

    made = Witness(directory)
    lines = [
        LogLine(
            log.origin,
            tuple(str(key) for key in made.keys_of(log).in_force(held.size)),
            held.size,
        )
        for log, held in made.logs()
    ]
    if as_json:
        vkeys = [str(key) for key in made.keys]
        click.echo(msgspec.json.encode({"vkeys": vkeys, "logs": lines}).decode())
        return
    for key in made.keys:
        click.echo(key)
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
@click.option(
    "--follow-every",
    type=click.FloatRange(min=0.1),
    default=_FOLLOW_EVERY_SECONDS,
    show_default=True,
    help="秒 · how often the logs are asked for keys that they announced",
)
@_DIRECTORY
def serve(host: str, port: int, follow_every: float, directory: pathlib.Path) -> None:
    """Run until a signal comes."""
    settings_of.run(_serve(directory, host, port, follow_every))


async def _serve(directory: pathlib.Path, host: str, port: int, follow_every: float) -> None:
    import threading

    import uvicorn

    from catalog.kernel.clock import SystemClock
    from catalog.witnessing.disk import Witness
    from market import log_lines
    from market.witness import keys
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
        is_over = threading.Event()
        following = threading.Thread(
            target=keys.follow, args=(made, follow_every, is_over), daemon=True
        )
        following.start()
        try:
            await server.serve()
        finally:
            is_over.set()
    if not server.started:
        raise click.ClickException("服务未能启动，原因见上 · it could not start; see above")
