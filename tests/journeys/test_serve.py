"""``market serve``: it answers, stops when told, keeps others away, and has no clock to move."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.terminal import (
    ROOT,
    copied,
    free_port,
    market,
    processes_of,
    serving,
    start,
    stopped,
)

SOON = 20  # seconds; the grace for open requests is 25


@pytest.fixture(scope="module")
def data_dir(story: Any, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return copied(pathlib.Path(story["data_dir"]), tmp_path_factory.mktemp("serve") / "data")


def get(url: str, **how: Any) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=30, **how)


def sign_in(url: str, story: Any) -> str:
    answer = httpx.post(f"{url}/api/v1/sessions", json=_credentials(story), trust_env=False)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def _credentials(story: Any) -> dict[str, str]:
    return {"login": story["regulator_login"], "password": story["regulator_password"]}


@contextlib.contextmanager
def half_sent(url: str, body: bytes) -> Iterator[socket.socket]:
    """A request that the service has begun to read, and half of whose body is still to come."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(
            b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body[: len(body) // 2]
        )
        time.sleep(0.5)
        yield connection


def test_a_service_on_the_story_s_data_answers_and_stops_as_it_should(
    story: Any, data_dir: pathlib.Path
) -> None:
    with serving(data_dir) as (process, url):
        number = story["certificate_number"]
        for path in ("/healthz/live", "/", "/products", "/notices", "/price-list", "/openapi.json",
                     f"/certificates/{number}", f"/api/v1/certificates/{number}", "/log/checkpoint"):  # fmt: skip
            assert get(f"{url}{path}").status_code == 200, path
        for place in (url, f"{url}/certificates/{number}"):
            verified = market("verify", place)
            assert verified.returncode == 0, verified.stdout

        # Other commands use the same database while it serves.
        assert market("search", "港口", "--data-dir", data_dir, "--json").returncode == 0
        assert market("check", "--data-dir", data_dir).returncode == 0
        assert get(f"{url}/healthz/ready").status_code == 200

        # Nobody else may serve this directory, or at this address.
        second = market("serve", "--data-dir", data_dir, "--port", free_port())
        assert second.returncode == 1
        assert f"{process.pid}" in second.stderr
        assert "--data-dir" in second.stderr
        port = url.rpartition(":")[2]
        other = market("serve", "--data-dir", data_dir.parent / "other", "--port", port)
        assert other.returncode == 1
        assert port in other.stderr
        assert "--port" in other.stderr

        # What is being answered when the signal comes is still answered.
        body = json.dumps(_credentials(story)).encode()
        with half_sent(url, body) as connection:
            process.terminate()
            time.sleep(0.5)
            connection.sendall(body[len(body) // 2 :])
            answer = connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 201"), answer
        assert stopped(process)[0] == 0
    assert processes_of(data_dir) == []


def test_several_workers_share_everything_and_end_together(
    story: Any, data_dir: pathlib.Path
) -> None:
    with serving(data_dir, "--workers", 2) as (process, url):
        token = sign_in(url, story)
        headers = {"authorization": f"Bearer {token}"}
        workers = [child for child in _children(process.pid) if "spawn_main" in _command(child)]
        assert len(workers) == 2
        for asleep in workers:  # then the other one answers
            os.kill(asleep, signal.SIGSTOP)
            answers = [get(f"{url}/api/v1/me", headers=headers).status_code for _ in range(5)]
            os.kill(asleep, signal.SIGCONT)
            assert answers == [200] * 5

        code, seconds = stopped(process)

        assert code == 0
        assert seconds < SOON
    assert not any(pathlib.Path(f"/proc/{child}").exists() for child in workers)
    assert processes_of(data_dir) == []


def test_one_of_several_workers_tells_the_metrics_of_all_and_another_takes_its_place(
    data_dir: pathlib.Path,
) -> None:
    port = str(free_port())
    metrics = f"http://127.0.0.1:{port}/metrics"

    with serving(data_dir, "--workers", 2, MARKET_METRICS_PORT=port) as (process, url):
        workers = [child for child in _children(process.pid) if "spawn_main" in _command(child)]
        for _ in range(20):
            with httpx.Client(trust_env=False) as client:  # a connection each: either may answer
                assert client.get(f"{url}/healthz/live").status_code == 200
        assert _answered(metrics, "/healthz/live") == 20
        (teller,) = [child for child in workers if _listens(child, int(port))]
        os.kill(teller, signal.SIGKILL)  # uvicorn starts another worker in its place
        for _ in range(100):
            with contextlib.suppress(httpx.TransportError):
                assert _answered(metrics, "/healthz/live") == 20
                break
            time.sleep(0.2)
        else:
            pytest.fail("nobody tells the metrics any more")


def _answered(metrics: str, route: str) -> float:
    families = text_string_to_metric_families(get(metrics).text)
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "shushi_http_requests_total" and sample.labels["route"] == route
    )


def _listens(process: int, port: int) -> bool:
    listening = {
        line.split()[9]
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    }
    links = []
    for each in pathlib.Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was closed meanwhile
            links.append(str(each.readlink()))
    return any(f"socket:[{inode}]" in links for inode in listening)


def test_workers_whose_parent_was_killed_give_the_port_back(
    story: Any, data_dir: pathlib.Path
) -> None:
    with serving(data_dir, "--workers", 2) as (process, url):
        children = _children(process.pid)

        process.kill()
        process.wait()

        deadline = time.monotonic() + SOON
        while any(_is_alive(child) for child in children) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not any(_is_alive(child) for child in children)
        with pytest.raises(httpx.ConnectError):
            get(url)


def _children(pid: int) -> list[int]:
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _command(pid: int) -> str:
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ")


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return "State:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    return False


def test_a_service_has_no_way_to_move_its_clock() -> None:
    from market.cli.serve import serve
    from market.settings import Settings

    clockless = re.compile(r"clock|\btime\b|travel|\bnow\b|freeze|faketime", re.IGNORECASE)
    options = [option for parameter in serve.params for option in parameter.opts]
    assert [
        name for name in (*Settings.__struct_fields__, *options) if clockless.search(name)
    ] == []

    # Who makes the service with a clock of his own: the demo's stage, and nobody else.
    makers = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "market").rglob("*.py")
        if re.search(r"\bManualClock\b", path.read_text("utf-8"))
    ]
    assert makers == ["market/cli/demo.py"]


def test_a_wrong_setting_is_named(tmp_path: pathlib.Path) -> None:
    for name, value in (("PORT", "99999"), ("WORKERS", "0"), ("PORT", "many")):
        result = market("serve", "--data-dir", tmp_path, env={f"MARKET_{name}": value})

        assert result.returncode == 1
        assert f"MARKET_{name}='{value}'" in result.stderr
        assert "Traceback" not in result.stderr


def test_the_demo_goes_on_serving_with_the_machine_s_clock(
    story: Any, data_dir: pathlib.Path
) -> None:
    port = free_port()
    with start("demo", "--data-dir", data_dir, "--port", port) as process:
        assert process.stdout
        assert process.stderr
        for line in process.stderr:
            if f":{port}" in line:
                break
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + SOON
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if get(f"{url}/healthz/ready").status_code == 200:
                    break
            time.sleep(0.1)
        begun = httpx.post(f"{url}/api/v1/sessions", json=_credentials(story), trust_env=False)
        assert begun.status_code == 201
        # Not the story's day any more, but today.
        assert begun.json()["opened_at"][:10] == time.strftime("%Y-%m-%d", time.gmtime())
        assert stopped(process)[0] == 0
        assert "verified" in process.stdout.read()
    assert processes_of(data_dir) == []
