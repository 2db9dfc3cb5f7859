"""What Prometheus is told, who may ask, and that each alert names what is told."""

from __future__ import annotations

import asyncio
import datetime as dt
import pathlib
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from catalog.audit_log.checkpoint import VerifierKey
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.monitoring import disk as monitoring
from catalog.monitoring.disk import Monitor
from catalog.signing import disk as key_files
from catalog.signing.purposes import Purpose
from catalog.timestamps.hashing import HashAlgorithm
from catalog.witnessing import disk
from catalog.witnessing.disk import Witness
from market.app import create_app
from market.channels.timestamp_authorities import Authorities
from market.channels.witnesses import Witnesses
from market.cli.serve import check_port
from market.monitor import metrics as monitor_metrics
from market.monitor.metrics import Looks
from market.settings import Settings
from tests.api import Api
from tests.makers_trade import Trade, make_trade
from tests.memory_authority import MemoryAuthority
from tests.terminal import free_port
from tests.witness_network import Network

SECOND = dt.timedelta(seconds=1)
ALERTS = pathlib.Path("deploy/prometheus/alerts.yaml")
Told = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def told_at(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, metrics_port=free_port())


@pytest.fixture
async def app(told_at: Settings, clock: ManualClock, data_dir: pathlib.Path) -> AsyncIterator[Any]:
    """A service that tells its metrics, and that both of two witnesses have to cosign."""
    key_files.create_missing(told_at.keys_dir)
    signer = key_files.read_signer(told_at.keys_dir, Purpose.CHECKPOINT)
    log = VerifierKey(told_at.log_origin, signer.public_key)
    lines = [f"log {log}"]
    for name in ("w1", "w2"):
        key, *_ = disk.create(data_dir / name, f"{name}.example/w")
        Witness(data_dir / name).add_log(log)
        lines.append(f"witness {name} {key} http://{name}")
    file = data_dir / "policy"
    file.write_text("\n".join([*lines, "group both all w1 w2", "quorum both", ""]))
    served = MemoryAuthority(clock)
    (data_dir / "tsa.pem").write_bytes(served.pem())
    chosen = msgspec.structs.replace(
        told_at,
        witness_policy=file,
        timestamp_urls="http://tsa.example",
        timestamp_ca_file=data_dir / "tsa.pem",
    )
    made = create_app(chosen, clock=clock)
    async with made.wired() as context:
        # It is asked by nobody here, so that what waits for it is told.
        context.timestamping = Authorities((), served.trust(), HashAlgorithm.SHA256)
        yield made


@pytest.fixture
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    return await make_trade(api, db, clock)


async def scraped(settings: Settings) -> Told:
    answer = await asyncio.to_thread(
        httpx.get, f"http://127.0.0.1:{settings.metrics_port}/metrics", trust_env=False
    )
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(told: Told, name: str, **labels: str) -> float:
    return told.get((name, tuple(sorted(labels.items()))), 0.0)


def grew(before: Told, after: Told, name: str, **labels: str) -> float:
    return value(after, name, **labels) - value(before, name, **labels)


async def test_what_happened_is_counted_and_what_stands_is_read(
    trade: Trade, told_at: Settings
) -> None:
    order = await trade.delivered()
    before = await scraped(told_at)
    assert value(before, "shushi_log_outbox_entries") == 0
    assert value(before, "shushi_log_size") == value(before, "shushi_log_checkpoint_size") > 0

    assert (await trade.content(order)).status_code == 200
    assert (await trade.content(order, purpose="转售")).status_code == 409
    trade.clock.move_by(3 * SECOND)
    waiting = await scraped(told_at)
    await trade.api.keep_the_log()
    after = await scraped(told_at)

    assert value(waiting, "shushi_log_outbox_entries") == 2
    assert value(waiting, "shushi_log_outbox_age_seconds") == 3
    assert value(waiting, "shushi_log_unsigned_age_seconds") == 3
    assert value(after, "shushi_log_unsigned_age_seconds") == 0
    assert grew(before, after, "shushi_log_size") == 2
    for stage in ("sequenced", "published"):
        delay = "shushi_log_merge_delay_seconds"
        assert grew(before, after, f"{delay}_count", stage=stage) == 2
        assert grew(before, after, f"{delay}_sum", stage=stage) == 6
        assert grew(before, after, f"{delay}_bucket", stage=stage, le="2.5") == 0
        assert grew(before, after, f"{delay}_bucket", stage=stage, le="5.0") == 2
    assert grew(before, after, "shushi_log_batch_entries_count") == 1
    assert grew(before, after, "shushi_log_batch_entries_sum") == 2
    assert grew(before, after, "shushi_receipts_total") == 2
    assert grew(before, after, "shushi_accesses_total", outcome="served") == 1
    assert grew(before, after, "shushi_accesses_total", outcome="purpose_mismatch") == 1
    assert grew(before, after, "shushi_refusals_total", code="purpose_mismatch") == 1
    route = "/api/v1/orders/{order_id}/content"
    by_status = {
        status: grew(
            before, after, "shushi_http_requests_total", method="GET", route=route, status=status
        )
        for status in ("200", "409")
    }
    assert by_status == {"200": 1, "409": 1}


async def test_a_guessed_address_makes_no_label_of_its_own(trade: Trade, told_at: Settings) -> None:
    before = await scraped(told_at)
    await trade.api.get("/wp-login.php")
    after = await scraped(told_at)

    missing = {"method": "GET", "route": "none", "status": "404"}
    assert grew(before, after, "shushi_http_requests_total", **missing) == 1
    assert not any("wp-login" in str(key) for key in after)


async def test_a_log_that_stopped_or_falls_behind_is_told(
    trade: Trade, told_at: Settings, owner_dsn: str
) -> None:
    order = await trade.delivered()
    for _ in range(2):
        await trade.content(order)
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute(
            "DELETE FROM audit_log.outbox WHERE id = (SELECT min(id) FROM audit_log.outbox)"
        )
    finally:
        await connection.close()
    before = await scraped(told_at)
    await trade.api.run_jobs()
    trade.clock.move_by(200 * SECOND)
    await trade.content(order)
    after = await scraped(told_at)

    assert (value(before, "shushi_log_stopped"), value(after, "shushi_log_stopped")) == (0, 1)
    assert value(after, "shushi_log_unsigned_age_seconds") == 200
    assert grew(before, after, "shushi_job_failures_total", job="sequence_log") == 1
    assert grew(before, after, "shushi_accesses_total", outcome="log_stopped") == 1


async def test_heads_are_late_only_when_something_waits_for_them(
    trade: Trade, told_at: Settings
) -> None:
    await trade.delivered()
    await trade.move_by(2 * SECOND)  # the jobs publish heads, and sequence their entry
    quiet = await scraped(told_at)
    await trade.placed()
    await trade.api.keep_the_log()
    trade.clock.move_by(900 * SECOND)
    late = await scraped(told_at)

    assert value(quiet, "shushi_log_heads_size") > 0
    assert value(late, "shushi_log_heads_age_seconds") == 900
    assert value(late, "shushi_log_heads_lag_seconds") == 900
    assert value(quiet, "shushi_log_heads_lag_seconds") <= value(
        quiet, "shushi_log_heads_age_seconds"
    )


async def test_a_witness_or_an_authority_that_stays_away_is_told(
    trade: Trade, told_at: Settings, data_dir: pathlib.Path
) -> None:
    wiring = trade.api.context
    network = Network(trade.clock)
    network.serve("w1", Witness(data_dir / "w1"))
    async with httpx.AsyncClient(transport=network) as client:
        wiring.witnesses = Witnesses(wiring.witnesses.policy, client)
        await trade.api.keep_the_log()
        await trade.api.run_jobs()
        trade.clock.move_by(1000 * SECOND)
        told = await scraped(told_at)

    signed = value(told, "shushi_log_checkpoint_size")
    assert value(told, "shushi_witness_lag_entries", witness="w1") < signed
    assert value(told, "shushi_witness_lag_entries", witness="w2") == signed
    assert value(told, "shushi_witness_cosigned_age_seconds", witness="w1") == 1000
    assert ("shushi_witness_cosigned_age_seconds", (("witness", "w2"),)) not in told
    assert value(told, "shushi_witness_quorum_missing_seconds") == 1000
    assert value(told, "shushi_timestamp_missing_seconds") == 1000


async def test_a_database_that_is_away_is_told_and_what_stands_in_it_is_not(
    told_at: Settings, app: Any, server: Any, database_name: str
) -> None:
    assert app
    connection = await asyncpg.connect(server.dsn("postgres"))
    try:
        await connection.execute(f'ALTER DATABASE "{database_name}" ALLOW_CONNECTIONS false')
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
            database_name,
        )
        told = await scraped(told_at)
        await connection.execute(f'ALTER DATABASE "{database_name}" ALLOW_CONNECTIONS true')
    finally:
        await connection.close()
    back = await scraped(told_at)

    assert (value(told, "shushi_database_up"), value(back, "shushi_database_up")) == (0, 1)
    assert ("shushi_log_size", ()) not in told
    assert value(told, "shushi_disk_free_bytes") > 0


async def test_the_public_door_tells_no_metrics(trade: Trade) -> None:
    assert (await trade.api.get("/metrics")).status_code == 404


def test_nobody_is_told_unless_a_port_is_set_and_then_only_this_machine() -> None:
    untouched = Settings()

    assert (untouched.metrics_port, untouched.metrics_host) == (None, "127.0.0.1")


async def test_a_port_that_is_taken_stops_the_start_and_says_which(told_at: Settings) -> None:
    import socket

    import click

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", told_at.metrics_port or 0))
        taken.listen()
        free = msgspec.structs.replace(told_at, port=free_port())
        with pytest.raises(click.ClickException, match="MARKET_METRICS_PORT"):
            check_port(free)


async def test_every_alert_names_metrics_that_are_told_and_has_its_line_in_the_runbook(
    app: Any, told_at: Settings, data_dir: pathlib.Path
) -> None:
    assert app
    told = await scraped(told_at)
    names = {name for name, _ in told}
    rules = [
        rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
    ]
    runbook = pathlib.Path("deploy/RUNBOOK.md").read_text()
    monitoring.create(data_dir / "m")
    looks = Looks()
    looks.took(lambda: None)
    of_monitors = {
        family.name for family in monitor_metrics.registry(Monitor(data_dir / "m"), looks).collect()
    }

    assert len(rules) > 10
    for rule in rules:
        named = set(re.findall(r"\bshushi_\w+", rule["expr"]))
        assert named, rule["alert"]
        # Counters with a label stand nowhere before the first time; their families are declared.
        late = {"shushi_job_failures_total", "shushi_witness_lag_entries"}
        assert named <= names | late | of_monitors, rule
        assert f"| `{rule['alert']}` |" in runbook
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert " · " in rule["annotations"]["summary"]  # in both languages
