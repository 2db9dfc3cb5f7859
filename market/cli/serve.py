"""Serve the market over HTTP until told to stop."""

from __future__ import annotations

import os
import pathlib
import socket
from typing import Any

import msgspec
import rich_click as click

from catalog.kernel.clock import Clock
from market.cli import settings_of
from market.settings import Settings


@click.command(help="启动服务 · Serve the market: HTTP API, pages for people, and the jobs.")
@click.option(
    "--data-dir", type=click.Path(path_type=pathlib.Path), help="数据目录 · where data lies"
)
@click.option("--host", help="监听地址 · address to listen on (127.0.0.1)")
@click.option("--port", type=int, help="监听端口 · port to listen on (8787)")
@click.option("--workers", type=int, help="进程数 · how many processes (1)")
def serve(
    data_dir: pathlib.Path | None, host: str | None, port: int | None, workers: int | None
) -> None:
    """Run until a signal comes."""
    settings = settings_of.environment(data_dir=data_dir, host=host, port=port, workers=workers)
    settings_of.run(run_service(settings))


async def run_service(settings: Settings, *, clock: Clock | None = None) -> None:
    """Serve with these settings; the data directory is ours alone as long as we run."""
    from market.cli.connection import open_market
    from market.postgres.cluster import ServiceLock

    check_port(settings)
    with ServiceLock(settings.data_dir):
        async with open_market(settings) as market:
            await serve_open(market.settings, clock=clock)


async def serve_open(settings: Settings, *, clock: Clock | None = None) -> None:
    """Serve on a database that is open already."""
    import uvicorn

    click.echo(
        f"数市 Shushi → http://{settings.host}:{settings.port}  (Ctrl-C 停止 · to stop)", err=True
    )
    if settings.workers == 1:
        from market.app import create_app

        config = _config(create_app(settings, clock=clock), settings)
        await uvicorn.Server(config).serve()
        return
    from uvicorn.supervisors import Multiprocess

    _pass_on(settings)
    config = _config(
        "market.cli.serve:application", settings, factory=True, workers=settings.workers
    )
    # It blocks this loop on purpose: signals reach the main thread only, and nothing else runs here.
    Multiprocess(config, sockets=[config.bind_socket()]).run()


def _config(app: Any, settings: Settings, **more: Any) -> Any:
    import uvicorn

    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        proxy_headers=False,  # a front server overwrites them; nobody else may set them
        server_header=False,
        access_log=False,  # ours carries the request id
        log_level="warning",
        timeout_graceful_shutdown=25,
        **more,
    )


def application() -> Any:
    """Return the service of a worker process, which finds its settings in the environment."""
    from market.app import create_app
    from market.settings import read

    return create_app(read())


def _pass_on(settings: Settings) -> None:
    for field in msgspec.structs.fields(Settings):
        value = getattr(settings, field.name)
        if value is not None:
            name = (
                "DATABASE_URL" if field.name == "database_url" else f"MARKET_{field.name.upper()}"
            )
            os.environ[name] = str(value)


def check_port(settings: Settings) -> None:
    """Return if nobody listens there yet.

    :raises ClickException: if the port is taken or not ours to take.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise click.ClickException(
                f"端口 {settings.port} 不可用 · can not listen on {settings.host}:{settings.port}: "
                f"{error.strerror}. 换一个：--port N · choose another one with --port N"
            ) from error
