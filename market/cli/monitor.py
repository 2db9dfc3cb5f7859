"""Follow logs, also those of other operators: make a monitor, tell it which logs, look, and be told."""

from __future__ import annotations

import contextlib
import pathlib
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import rich_click as click

from market.cli import settings_of

_DONE = "Exit code 0: done; 1: could not be done, and why; 2: wrong options."
_FOUND = (
    "Exit code 0: nothing is wrong with any log; 1: something is, see the alerts; 2: a log could not be "
    "asked, or wrong options."
)
_DIRECTORY = click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=pathlib.Path),
    default=pathlib.Path("monitor"),
    show_default=True,
    help="状态目录 · where the monitor keeps what it accepted and read",
)
_WEBHOOK = click.option(
    "--webhook",
    help="另行推送至此地址 · post each line there too (bearer token: MARKET_MONITOR_WEBHOOK_TOKEN)",
)
#: A quarter of a minute more than the service's own jobs need.
_EVERY_SECONDS: Final = 15.0


@click.group(
    help="监控 · Follow logs by what they publish: replay every entry, check the tree, the orders, the heads of "
    f"all subjects, the witnesses and the keys, and say what is wrong. It needs no database.\n\n{_DONE}"
)
def monitor() -> None:
    """Group the commands."""


@monitor.command("init", help=f"建立监控 · Make a monitor that follows nothing yet.\n\n{_DONE}")
@_DIRECTORY
def init(directory: pathlib.Path) -> None:
    """Make the directory."""
    settings_of.run(_init(directory))


async def _init(directory: pathlib.Path) -> None:
    from catalog.monitoring import disk

    disk.create(directory)
    click.echo(f"已建立 · made: {directory}")


@monitor.command(
    "add-log",
    help="登记日志 · Follow a log from now on, by its verifier key (from its operator, on paper or in person), "
    "and where it is. Said again it changes the rest; keys and watched subjects add up.\n\n"
    + _DONE,
)
@click.argument("vkey", metavar="VKEY")
@click.option(
    "--url", required=True, help="日志地址 · before /checkpoint: https://market.example/log"
)
@click.option("--keys-url", help="公钥地址 · its public keys: https://market.example/api/v1/keys")
@click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path),
    help="见证策略 · which witnesses are enough (C2SP tlog-policy)",
)
@click.option(
    "--watch", "watched", multiple=True, help="关注对象 · a subject, kind:id; may be repeated"
)
@click.option(
    "--line",
    "lines",
    multiple=True,
    help="其他算法的签名行 · a further verifier key (ML-DSA-44, SM2) that must sign every checkpoint; may be repeated",
)
@click.option("--checkpoint-within", type=float, help="秒 · nothing signed for so long is an alert")
@click.option(
    "--heads-within", type=float, help="秒 · entries under no heads for so long are an alert"
)
@click.option("--quorum-within", type=float, help="秒 · no quorum for so long is an alert")
@_DIRECTORY
def add_log(directory: pathlib.Path, policy: pathlib.Path | None, **asked: Any) -> None:
    """Keep what is asked of the log."""
    told = None if policy is None else policy.read_text("utf-8")
    settings_of.run(_add_log(directory, told, **asked))


async def _add_log(
    directory: pathlib.Path,
    policy: str | None,
    *,
    vkey: str,
    watched: tuple[str, ...],
    lines: tuple[str, ...],
    **asked: Any,
) -> None:
    from catalog.audit_log.checkpoint import parse_vkey
    from catalog.audit_log.further_lines import parse_further_vkey
    from catalog.monitoring.disk import Followed, Monitor
    from catalog.monitoring.freshness import Limits
    from catalog.witnessing.policy import parse_policy

    key = parse_vkey(vkey)
    if policy is not None:
        parse_policy(policy.encode())
    made = Monitor(directory)
    made.add_log(
        Followed(
            origin=key.name,
            keys=(str(key),),
            url=asked["url"],
            keys_url=asked["keys_url"],
            policy=policy,
            limits=Limits(
                checkpoint=asked["checkpoint_within"],
                heads=asked["heads_within"],
                quorum=asked["quorum_within"],
            ),
            watched=watched,
            lines=tuple(str(parse_further_vkey(each)) for each in lines),
        )
    )
    with made.memory(key.name) as memory:
        size = memory.progress().edge.size
    click.echo(f"已登记 · followed: {key.name}")
    if size and watched:
        click.echo(
            f"关注自第 {size} 条起生效 · entries below {size} were read before and are not told again",
            err=True,
        )


@monitor.command(
    "once",
    help="查看一次 · Look at every log once. Standard output: one JSON object a line, for each new alert, each alert "
    f"that is over, each new entry about a watched subject, and each log that was looked at.\n\n{_FOUND}",
)
@_WEBHOOK
@_DIRECTORY
def once(directory: pathlib.Path, webhook: str | None) -> None:
    """End with what was found."""
    raise SystemExit(settings_of.run(_once(directory, webhook)))


@monitor.command(
    "audit",
    help="重读核对 · Read all of every log again that was read before, and compare it with what is remembered: a look fetches "
    "what is new, and does not see an old file that was rewritten since. Once a month, at a quiet hour; standard output "
    f"as of once.\n\n{_FOUND}",
)
@_WEBHOOK
@_DIRECTORY
def audit(directory: pathlib.Path, webhook: str | None) -> None:
    """End with what was found."""
    raise SystemExit(settings_of.run(_audit(directory, webhook)))


@monitor.command(
    "run",
    help="持续监控 · Look again and again until Ctrl-C or SIGTERM; standard output as of once.\n\n"
    "Exit code 0: stopped as asked; 1: could not be done, and why; 2: wrong options.",
)
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    default=_EVERY_SECONDS,
    show_default=True,
    help="间隔秒数 · seconds between two looks",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65_535),
    help="指标端口 · tell Prometheus there how each log stands (off by default)",
)
@click.option(
    "--metrics-host", default="127.0.0.1", show_default=True, help="指标地址 · the port's address"
)
@_WEBHOOK
@_DIRECTORY
def run(
    directory: pathlib.Path,
    every: float,
    metrics_port: int | None,
    metrics_host: str,
    webhook: str | None,
) -> None:
    """Run until a signal comes."""
    settings_of.run(_run(directory, every, webhook, metrics_host, metrics_port))


@monitor.command(
    "show",
    help=f"状态 · Print how far each log is accepted and read, and which alerts stand.\n\n{_DONE}",
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")
@_DIRECTORY
def show(directory: pathlib.Path, as_json: bool) -> None:
    """Print what is known."""
    settings_of.run(_show(directory, as_json=as_json))


@monitor.command(
    "acknowledge",
    help="确认告警 · Say of an alert that it was seen, and what came of it. What was found in what was signed stands "
    f"until then; its evidence stays.\n\n{_DONE}",
)
@click.argument("origin", metavar="LOG")
@click.argument("key", metavar="KEY")
@click.option("--reason", required=True, help="处理结果 · what came of it")
@_DIRECTORY
def acknowledge(origin: str, key: str, reason: str, directory: pathlib.Path) -> None:
    """Keep that it was seen."""
    settings_of.run(_acknowledge(directory, origin, key, reason))


@monitor.command(
    "drop-key",
    help="不再信任密钥 · Trust a key no more that a log was followed by: its own, that of a further line, or a witness's. For a "
    "key that is in other hands when the log itself can not say so. It stays on record with the reason, is told like an "
    "alert, and no notice brings it back. How many witnesses are enough stays as the policy says: give another policy "
    f"with add-log.\n\n{_DONE}",
)
@click.argument("origin", metavar="LOG")
@click.argument("vkey", metavar="VKEY")
@click.option("--reason", required=True, help="理由 · why")
@_DIRECTORY
def drop_key(origin: str, vkey: str, reason: str, directory: pathlib.Path) -> None:
    """Keep that it counts for nothing."""
    settings_of.run(_drop_key(directory, origin, vkey, reason))


@monitor.command(
    "trust-again",
    help="恢复信任 · Trust a key again that was dropped by mistake; that it had been dropped stays on record.\n\n"
    + _DONE,
)
@click.argument("origin", metavar="LOG")
@click.argument("vkey", metavar="VKEY")
@click.option("--reason", required=True, help="理由 · why")
@_DIRECTORY
def trust_again(origin: str, vkey: str, reason: str, directory: pathlib.Path) -> None:
    """Keep that it counts as it did."""
    settings_of.run(_trust_again(directory, origin, vkey, reason))


@monitor.command(
    "drop-subject",
    help=f"取消关注 · Watch a subject no longer: its entries are read as ever, and not told.\n\n{_DONE}",
)
@click.argument("origin", metavar="LOG")
@click.argument("subject", metavar="KIND:ID")
@_DIRECTORY
def drop_subject(origin: str, subject: str, directory: pathlib.Path) -> None:
    """Take the subject off."""
    settings_of.run(_drop_subject(directory, origin, subject))


async def _drop_key(directory: pathlib.Path, origin: str, vkey: str, reason: str) -> None:
    from catalog.kernel.clock import SystemClock
    from catalog.monitoring.disk import Monitor
    from market.monitor import rounds

    made = Monitor(directory)
    dropped = rounds.drop_key(made, origin, vkey, now=SystemClock().now(), reason=reason)
    click.echo(f"已不再信任 · dropped: {', '.join(dropped.was)}")
    alone = dropped.accepted_alone
    if alone is not None:
        click.echo(
            f"仅凭此密钥接受过 {alone.count} 个检查点，请与见证人核对 · {alone.count} checkpoints of sizes {alone.first} to "
            f"{alone.last} were accepted by it alone: compare them with the witnesses",
            err=True,
        )
    if not rounds.standing(made, made.log(origin)).keys:
        click.echo(
            "已无可信的日志密钥 · no key of the log is left, nothing more is accepted: add-log its next one",
            err=True,
        )


async def _trust_again(directory: pathlib.Path, origin: str, vkey: str, reason: str) -> None:
    from catalog.kernel.clock import SystemClock
    from catalog.monitoring.disk import Monitor
    from market.monitor import rounds

    made = Monitor(directory)
    again = rounds.trust_again(made, origin, vkey, now=SystemClock().now(), reason=reason)
    click.echo(f"已恢复信任 · trusted again: {', '.join(again.was)}")


async def _drop_subject(directory: pathlib.Path, origin: str, subject: str) -> None:
    from catalog.monitoring.disk import Monitor

    Monitor(directory).drop_subject(origin, subject)
    click.echo("已取消关注 · watched no longer")


async def _acknowledge(directory: pathlib.Path, origin: str, key: str, reason: str) -> None:
    from catalog.monitoring.disk import Monitor
    from market.monitor import rounds

    rounds.acknowledge(Monitor(directory), origin, key, reason)
    click.echo("已确认 · acknowledged")


async def _show(directory: pathlib.Path, *, as_json: bool) -> None:
    from catalog.monitoring.disk import Monitor
    from market.monitor import rounds

    made = Monitor(directory)
    logs = [rounds.standing(made, log) for log in made.logs()]
    if as_json:
        click.echo(msgspec.json.encode(logs).decode())
        return
    for log in logs:
        click.echo(f"{log.replayed:>12,} / {log.size:<12,} {log.origin}  {log.url}")
        for key in log.alerts:
            click.echo(f"  ! {key}")
        for key in log.acknowledged:
            click.echo(f"  ✓ {key}")
        for each in log.dropped:
            mark = "−" if each.again_at is None else "+"
            click.echo(f"  {mark} {each.key}  {each.again_reason or each.reason}")


async def _once(directory: pathlib.Path, webhook: str | None) -> int:
    from catalog.monitoring.alerts import Kind
    from catalog.monitoring.disk import Monitor
    from market.monitor import rounds

    made = Monitor(directory)
    with made.alone():
        _look(made, webhook)
        kinds = [
            kind for log in made.logs() for kind in rounds.kinds_of(rounds.standing(made, log))
        ]
    if not kinds:
        return 0
    return 2 if set(kinds) == {Kind.UNREACHABLE} else 1


async def _audit(directory: pathlib.Path, webhook: str | None) -> int:
    from catalog.monitoring.disk import Monitor
    from market.monitor import rounds

    made = Monitor(directory)
    with made.alone(), _asked(webhook) as asked:
        found = rounds.audit_all(made, **asked)
    for each in found:
        told = msgspec.structs.asdict(each)
        told["log"] = told.pop("origin")
        _print(msgspec.json.encode({"type": "audited"} | told))
    if any(each.alerts for each in found):
        return 1
    return 0 if all(each.is_reached for each in found) else 2


async def _run(
    directory: pathlib.Path,
    every: float,
    webhook: str | None,
    metrics_host: str,
    metrics_port: int | None,
) -> None:
    from catalog.monitoring.disk import Monitor
    from market.monitor import metrics

    made = Monitor(directory)
    is_over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: is_over.set())
    with made.alone(), metrics.listening(made, metrics_host, metrics_port) as looks:
        while True:
            looks.took(lambda: _look(made, webhook))
            if is_over.wait(every):
                return


@contextlib.contextmanager
def _asked(webhook: str | None) -> Iterator[dict[str, Any]]:
    """Give what a look and an audit both need: the time, the web, where to tell, all cores."""
    import os

    import httpx

    from catalog.kernel.clock import SystemClock
    from market.cli.cores import on_all_cores
    from market.monitor import rounds

    token = os.environ.get("MARKET_MONITOR_WEBHOOK_TOKEN")
    with httpx.Client(trust_env=False) as client:
        yield {
            "now": SystemClock().now(),
            "client": client,
            "tell": _print,
            "webhook": None if webhook is None else rounds.Webhook(webhook, token, client),
            "spread": on_all_cores,
        }


def _look(made: Any, webhook: str | None) -> None:
    from market.monitor import rounds

    with _asked(webhook) as asked:
        found = rounds.follow_all(made, **asked)
    for origin, told in found.items():
        _print(
            msgspec.json.encode({"type": "followed", "log": origin} | msgspec.structs.asdict(told))
        )


def _print(line: bytes) -> None:
    sys.stdout.write(line.decode() + "\n")
    sys.stdout.flush()
