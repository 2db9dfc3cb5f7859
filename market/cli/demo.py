"""Tell the whole story once, over HTTP, on a clock that waits for statutory days; then serve."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec
import rich_click as click

from market.cli import settings_of
from market.settings import Settings

if TYPE_CHECKING:
    from market.cli.terminal import Steps
    from seeds.demo.teller import Teller

_HANDED_OUT: Final = (
    "usage_statement_path",
    "draw_path",
    "case_file_path",
    "proof_bundle_path",
)


@click.command(
    help="演示主线 · Tell the main job from application to quarterly report on our own data, then "
    "serve. Running it again changes nothing.\n\n"
    "Exit code 0: all told, and the evidence is genuine; 1: a step or the check failed, and which; "
    "2: wrong options."
)
@click.option("--no-serve", is_flag=True, help="演示后退出 · end after the story")
@click.option(
    "--data-dir", type=click.Path(path_type=pathlib.Path), help="数据目录 · where data lies"
)
@click.option("--host", help="监听地址 · address to listen on (127.0.0.1)")
@click.option("--port", type=click.IntRange(1, 65_535), help="监听端口 · port to listen on (8787)")
@click.option(
    "--json", "as_json", is_flag=True, help="以 JSON 输出结果 · print the outcome as JSON"
)
def demo(
    no_serve: bool,
    data_dir: pathlib.Path | None,
    host: str | None,
    port: int | None,
    as_json: bool,
) -> None:
    """Tell the story; then serve, unless told not to."""
    settings = settings_of.environment(
        data_dir=data_dir, host=host, port=port, sandbox_channel=True, log_level="warning"
    )
    settings_of.run(_demo(settings, serve=not no_serve, as_json=as_json))


async def _demo(settings: Settings, *, serve: bool, as_json: bool) -> None:
    from catalog.kernel.clock import SystemClock, monotonic
    from market.cli.connection import open_market
    from market.cli.export import write_export
    from market.cli.serve import check_port, serve_open
    from market.cli.terminal import Steps
    from market.postgres.cluster import ServiceLock
    from seeds.demo.story import tell

    check_port(settings)
    started = monotonic()
    steps = Steps(err=as_json)
    with ServiceLock(settings.data_dir):
        settings = msgspec.structs.replace(settings, bootstrap_secret=_secret(settings.data_dir))
        async with open_market(settings) as market:
            async with _on_stage(market.settings, steps) as teller:
                outcome = await tell(teller)
            teller.say("导出证据 · export the evidence", "")
            out = settings.data_dir / "export"
            shutil.rmtree(out, ignore_errors=True)  # a second run writes it afresh
            await write_export(
                market.db,
                out,
                now=SystemClock().now(),
                origin=market.settings.log_origin,
                signer_journal=market.settings.journal_path,
            )
            # Beside what was handed out lie the keys to check it with.
            shutil.copy(out / "keys.json", settings.data_dir / "demo" / "keys.json")
            is_verified = _is_genuine(teller, str(out), *(outcome[name] for name in _HANDED_OUT))
            outcome = {
                "verified": is_verified,
                "seconds": round(monotonic() - started, 1),
                "data_dir": str(settings.data_dir.resolve()),
                **outcome,
                "export_path": str(out.resolve()),
            }
            _show(outcome, settings, as_json=as_json)
            if not is_verified:
                raise SystemExit(1)
            if serve:
                await serve_open(market.settings)


def _is_genuine(teller: Teller, *places: str) -> bool:
    """Check each of the places offline, as ``market verify`` does, and tell what it is found to be."""
    from market.cli.verify import check

    verdicts = []
    for place in places:
        verdict = check(place, vkey=None, keys_file=None)
        verdicts.append(verdict.exit_code == 0)
        teller.say(
            f"离线核验 · verified offline: {pathlib.Path(place).name}",
            "真实 · genuine" if verdicts[-1] else "不符 · not genuine",
        )
    return all(verdicts)


@contextlib.asynccontextmanager
async def _on_stage(settings: Settings, steps: Steps) -> AsyncIterator[Teller]:
    """Serve on a clock that the story moves, and yield who speaks for its people."""
    import httpx
    import uvicorn

    from catalog.kernel.clock import ManualClock
    from catalog.kernel.local_time import local_date
    from market.app import create_app
    from market.jobs import loop
    from seeds.demo.story import BEGINS_AT
    from seeds.demo.teller import Teller

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield  # Ctrl-C ends the story, not only the server it is told to

    clock = ManualClock(BEGINS_AT)
    app = create_app(msgspec.structs.replace(settings, run_jobs=False), clock=clock)
    server = Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            loop="none",
            http="httptools",
            log_level="error",
            access_log=False,
        )
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            await serving
        await asyncio.sleep(0.02)

    async def jobs() -> None:
        await loop.run_once(app.litestar.state.context)

    def say(what: str, came_of_it: str) -> None:
        steps.say(local_date(clock.now()).isoformat(), what, came_of_it)

    url = f"http://{settings.host}:{settings.port}"
    try:
        async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http:
            yield Teller(
                http,
                clock,
                settings.data_dir / "demo",
                jobs,
                say,
                bootstrap_secret=settings.bootstrap_secret or "",
            )
    finally:
        server.should_exit = True
        await serving


def _secret(data_dir: pathlib.Path) -> str:
    path = data_dir / "demo" / "bootstrap.secret"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24), "ascii")
    return path.read_text("ascii")


def _show(outcome: dict[str, Any], settings: Settings, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(outcome), indent=2).decode())
        return
    from market.cli.terminal import own_name, print_places

    base = f"http://{settings.host}:{settings.port}"
    rows = [
        (f"凭证 certificate {outcome['certificate_number']}",
         f"{base}/certificates/{outcome['certificate_number']}"),
        ("订单 order", f"{base}/api/v1/orders/{outcome['order_id']}"),
        ("季度报告 quarterly report", f"{base}/reports/{outcome['report_id']}"),
        ("产品 products", f"{base}/products"),
        ("公示 public notices", f"{base}/notices"),
        ("价格清单 price list", f"{base}/price-list"),
        ("审计日志 audit log", f"{base}/log/checkpoint"),
        ("离线核验 verify offline", f"{own_name()} verify {outcome['export_path']}"),
        ("使用对账单 usage statement", f"{own_name()} verify {outcome['usage_statement_path']}"),
        ("抽查的抽取 spot check's draw", f"{own_name()} verify {outcome['draw_path']}"),
        ("用量对账与举证包 proof bundle", f"{own_name()} verify {outcome['proof_bundle_path']}"),
        ("登记卷宗 file of one case", f"{own_name()} verify {outcome['case_file_path']}"),
        ("监管账号 regulator's login",
         f"{outcome['regulator_login']} / {outcome['regulator_password']}"),
    ]  # fmt: skip
    print_places("数市 · 从申请到季度报告 — from application to quarterly report", rows)
    verdict = "核验通过 · verified" if outcome["verified"] else "核验未通过 · NOT verified"
    click.echo(f"{verdict}; 用时 {outcome['seconds']} 秒 · took {outcome['seconds']} s")
