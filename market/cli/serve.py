"""Serve the market over HTTP until told to stop."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import multiprocessing.connection
import os
import pathlib
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec
import rich_click as click

from catalog.kernel.clock import Clock
from market.cli import settings_of
from market.settings import Settings

if TYPE_CHECKING:
    from market.app import Application

# uvicorn's own code for an application that can not start.
_STARTUP_FAILED: Final = 3
# How often the embedded database is looked for, and how often in a row it must not be there.
_WATCH_SECONDS: Final = 0.5
_MISSES: Final = 2
# [P] New objects before the youngest are looked through, some megabytes of them, and how many such looks
# before one among the older.
_GARBAGE_THRESHOLDS: Final = (50_000, 20, 100)


@click.command(
    help="启动服务 · Serve the market: HTTP API, pages for people, and the jobs, until Ctrl-C or "
    "SIGTERM; what is being answered then is still answered.\n\n"
    "Exit code 0: stopped as asked; 1: could not start, and why; 2: wrong options."
)
@click.option(
    "--data-dir", type=click.Path(path_type=pathlib.Path), help="数据目录 · where data lies"
)
@click.option("--host", help="监听地址 · address to listen on (127.0.0.1)")
@click.option("--port", type=click.IntRange(1, 65_535), help="监听端口 · port to listen on (8787)")
@click.option("--workers", type=click.IntRange(1), help="进程数 · how many processes (1)")
def serve(
    data_dir: pathlib.Path | None, host: str | None, port: int | None, workers: int | None
) -> None:
    """Run until a signal comes."""
    settings = settings_of.environment(data_dir=data_dir, host=host, port=port, workers=workers)
    settings_of.run(run_service(settings))


async def run_service(settings: Settings, *, clock: Clock | None = None) -> None:
    """Serve with these settings; the data directory is ours alone as long as we run."""
    with _collecting_nothing():
        from catalog.files import disk
        from market.cli.connection import open_market
        from market.postgres.cluster import ServiceLock

    check_port(settings)
    made: list[Application] = []

    def make() -> None:
        """Make what serves: that takes longer than all the rest of the start."""
        import uvicorn  # noqa: F401

        from market.app import create_app

        made.append(create_app(settings, clock=clock))

    async with contextlib.AsyncExitStack() as held:
        held.enter_context(ServiceLock(settings.data_dir))
        disk.remove_unfinished(settings.files_dir)
        with _collecting_nothing():
            market = await held.enter_async_context(
                open_market(settings, meanwhile=make if settings.workers == 1 else None)
            )
        held.enter_context(_ends_with_its_database(settings))
        for app in made:
            app.stand_on(market.settings)
        await serve_open(market.settings, clock=clock, made=made[0] if made else None)


@contextlib.contextmanager
def _collecting_nothing() -> Iterator[None]:
    """Make what stays as long as the service without looking for garbage, which takes as long again.

    Afterwards it is set apart, so that later looks pass it over, and these are seldom.
    """
    gc.disable()
    try:
        yield
    finally:
        look_seldom_for_garbage()
        gc.enable()


def look_seldom_for_garbage() -> None:
    """Set apart what there is, and look for garbage less often among what is made from now on.

    Hardly anything that a request makes points in a circle, so it is gone when nobody needs it any
    more; looked through every 700 objects, a batch of entries cost a fifth more.
    """
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)


@contextlib.contextmanager
def _ends_with_its_database(settings: Settings) -> Iterator[None]:
    """Stop serving when the embedded database was killed: nothing can be answered any more.

    Who runs us starts us again, and that repairs the database. A database that is not ours comes
    back by itself; for that one the service waits.

    :raises ClickException: if the database ended.
    """
    if settings.database_url is not None:
        yield
        return
    from market.postgres import running

    cluster = settings.data_dir.expanduser().absolute() / "postgres"
    is_over = threading.Event()

    def watch() -> None:
        missed = 0
        while missed < _MISSES and not is_over.wait(_WATCH_SECONDS):
            missed = 0 if running.lives(cluster) else missed + 1
        if missed == _MISSES:
            os.kill(os.getpid(), signal.SIGTERM)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()
        if not running.lives(cluster):  # else it is stopped after us, in good order
            raise click.ClickException(
                f"数据库意外终止，请重新启动服务；日志：{settings.data_dir}/postgres.log · "
                "the database ended unexpectedly; start the service again"
            )


async def serve_open(
    settings: Settings, *, clock: Clock | None = None, made: Application | None = None
) -> None:
    """Serve on a database that is open already, with what was made meanwhile."""
    import uvicorn

    click.echo(
        f"数市 Shushi → http://{settings.host}:{settings.port}  (Ctrl-C 停止 · to stop)", err=True
    )
    if settings.workers == 1:
        with _collecting_nothing():
            from market.app import create_app

            app = made or create_app(settings, clock=clock)
        server = uvicorn.Server(_config(app, settings))
        with _signals_end_only_the_server():
            await server.serve()
        if not server.started:
            raise click.ClickException("服务未能启动，原因见上 · it could not start; see above")
        return
    from uvicorn.supervisors import Multiprocess

    _pass_on(settings)
    if settings.metrics_port is not None:
        _count_together(settings)
    config = _config(
        "market.cli.serve:application", settings, factory=True, workers=settings.workers
    )
    # It blocks this loop on purpose: signals reach the main thread only, and nothing else runs here.
    workers = Multiprocess(config, sockets=[config.bind_socket()])
    workers.run()
    if any(worker.exitcode == _STARTUP_FAILED for worker in workers.processes):
        raise click.ClickException("服务未能启动，原因见上 · it could not start; see above")


@contextlib.contextmanager
def _signals_end_only_the_server() -> Iterator[None]:
    """Keep the process alive after its server was told to stop: the database is closed after it.

    uvicorn raises the signal that stopped it once more when it is done; nothing hears it here.
    """
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _config(app: Any, settings: Settings, **more: Any) -> Any:
    import uvicorn

    from market.http.hanging_up import HangingUp

    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=HangingUp,
        proxy_headers=False,  # a front server overwrites them; nobody else may set them
        server_header=False,
        access_log=False,  # ours carries the request id
        log_level="warning",
        timeout_graceful_shutdown=25,
        **more,
    )


def application() -> Any:
    """Return the service of a worker process, which finds its settings in the environment."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    with _collecting_nothing():
        from market.app import create_app
        from market.settings import read

        return create_app(read())


def _end_with_the_parent() -> None:
    # A worker without its parent has no database either, and would keep the port.
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


def _pass_on(settings: Settings) -> None:
    for field in msgspec.structs.fields(Settings):
        value = getattr(settings, field.name)
        if value is not None:
            name = (
                "DATABASE_URL" if field.name == "database_url" else f"MARKET_{field.name.upper()}"
            )
            os.environ[name] = str(value)


def _count_together(settings: Settings) -> None:
    """Let the workers count into files of one directory, empty at the start."""
    place = settings.data_dir.expanduser().absolute() / "metrics"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(place)


def check_port(settings: Settings) -> None:
    """Return if nobody listens there yet, nor where the metrics are told.

    :raises ClickException: if a port is taken or not ours to take.
    """
    _check_free(settings.host, settings.port, "--port N")
    if settings.metrics_port is not None:
        _check_free(settings.metrics_host, settings.metrics_port, "MARKET_METRICS_PORT")


def _check_free(host: str, port: int, option: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(
                f"端口 {port} 不可用 · can not listen on {host}:{port}: "
                f"{error.strerror}. 换一个：{option} · choose another one with {option}"
            ) from error
