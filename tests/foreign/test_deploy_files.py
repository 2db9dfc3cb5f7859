"""What ``deploy/`` hands to other programs is taken by them: nginx serves the log, Prometheus has its rules."""

from __future__ import annotations

import contextlib
import http.server
import os
import pathlib
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from tests.exports import small_market
from tests.foreign_tools import accepts, go_program, program
from tests.terminal import free_port

DEPLOY = pathlib.Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
CASES = DEPLOY / "prometheus" / "alerts_test.yaml"
PUBLIC = "/var/lib/shushi-log"
SERVICE = "127.0.0.1:8787"

# Beside the file under test only what any nginx has to be told. Hidden drafts of the log lie there too.
AROUND = """
{user}
daemon off;
pid {place}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {included}
        location / {{ proxy_pass http://{service}; }}
    }}
}}
"""

# ── nginx ───────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def service() -> Iterator[str]:
    """Stand in for the market behind nginx: it says which path came through."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = f"market {self.path}".encode()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def configuration(
    place: pathlib.Path, public: pathlib.Path, port: int, behind: str
) -> pathlib.Path:
    """Write a configuration around ``deploy/nginx/log.conf``, which is changed in its two addresses only."""
    text = (DEPLOY / "nginx" / "log.conf").read_text("utf-8")
    assert PUBLIC in text
    assert SERVICE in text
    path = place / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    path.write_text(
        AROUND.format(
            user=user,
            place=place,
            port=port,
            included=text.replace(PUBLIC, str(public)).replace(SERVICE, behind),
            service=behind,
        )
    )
    return path


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, object]:
    """The public files of a log of 300 entries, as they lie in the folder of MARKET_LOG_FILES_DIR."""
    place = tmp_path_factory.mktemp("public")
    market = small_market(300, with_report=False)
    for name, content in market.export().files.items():
        if name.startswith(("tile/", "checkpoint")) and not name.endswith(".jsonl"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
    (place / "checkpoint.witnessed").write_bytes((place / "checkpoint").read_bytes())
    (place / ".lock").write_bytes(b"")
    (place / "tile" / ".entries.77.new").write_bytes(b"half a file")
    (place.parent / "keys").mkdir(exist_ok=True)
    (place.parent / "keys" / "checkpoint.key").write_bytes(b"secret")
    return place, market.log_key


@pytest.fixture(scope="module")
def served(
    log: tuple[pathlib.Path, object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    nginx = program("nginx", "nginx-light")
    place, port = tmp_path_factory.mktemp("nginx"), free_port()
    with service() as behind:
        path = configuration(place, log[0], port, behind)
        process = subprocess.Popen(
            [nginx, "-p", str(place), "-e", "stderr", "-c", str(path)], stderr=subprocess.PIPE
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, process)
            yield url
        finally:
            process.terminate()
            process.communicate(timeout=20)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{url}/log/checkpoint", trust_env=False)
            return
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        time.sleep(0.05)
    pytest.fail("nginx did not answer")


def get(served: str, path: str) -> httpx.Response:
    return httpx.get(f"{served}{path}", trust_env=False)


def test_nginx_takes_the_configuration_as_it_is_handed_out(tmp_path: pathlib.Path) -> None:
    nginx = program("nginx", "nginx-light")
    path = configuration(tmp_path, pathlib.Path(PUBLIC), 1, SERVICE)

    told = subprocess.run(
        [nginx, "-t", "-p", str(tmp_path), "-e", "stderr", "-c", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 0, told.stderr
    assert "warn" not in told.stderr
    path.write_text(path.read_text().replace("default_type", "default_typo", 1))
    broken = subprocess.run(
        [nginx, "-t", "-p", str(tmp_path), "-e", "stderr", "-c", str(path)],
        capture_output=True,
        check=False,
    )
    assert broken.returncode != 0


@pytest.mark.parametrize(
    ("path", "kind", "cached"),
    [
        ("checkpoint", "text/plain", "no-cache"),
        ("checkpoint.witnessed", "text/plain", "no-cache"),
        ("tile/0/000", "application/octet-stream", "public, max-age=31536000, immutable"),
        ("tile/entries/000", "application/octet-stream", "public, max-age=31536000, immutable"),
        ("tile/0/001.p/44", "application/octet-stream", "public, max-age=60"),
        ("tile/entries/001.p/44", "application/octet-stream", "public, max-age=60"),
    ],
)
def test_each_file_of_the_log_is_served_as_it_lies_there_with_its_time_to_live(
    served: str, log: tuple[pathlib.Path, object], path: str, kind: str, cached: str
) -> None:
    answer = get(served, f"/log/{path}")

    assert (answer.status_code, answer.content) == (200, (log[0] / path).read_bytes())
    assert answer.headers["content-type"] == kind
    assert answer.headers.get_list("cache-control") == [cached]


@pytest.mark.parametrize(
    "path", ["/log/tile/0/999", "/log/tile/entries/001.p/43", "/log/proof/3", "/api/v1/keys", "/"]
)
def test_what_is_no_file_goes_on_to_the_market_and_is_not_cached_as_one(
    served: str, path: str
) -> None:
    answer = get(served, path)

    assert answer.text == f"market {path}"
    assert "immutable" not in answer.headers.get("cache-control", "")


@pytest.mark.parametrize(
    "path",
    [
        "/log/.lock",
        "/log/tile/.entries.77.new",
        "/log/tile/../.lock",
        "/log/tile/%2e%2e/%2e%2e/keys/checkpoint.key",
        "/log/checkpoint/../../keys/checkpoint.key",
        "/log../keys/checkpoint.key",
    ],
)
def test_nothing_but_the_log_s_own_files_is_served(served: str, path: str) -> None:
    answer = get(served, path)

    assert b"secret" not in answer.content
    assert b"half a file" not in answer.content
    assert answer.status_code >= 400 or answer.content.startswith(b"market ")


def test_go_reads_the_whole_log_through_nginx_and_sees_a_changed_bundle(
    served: str,
    log: tuple[pathlib.Path, object],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    gocheck = go_program(tmp_path_factory.mktemp("go"))
    place, key = log

    assert accepts(gocheck, "audit", f"{served}/log", key)
    bundle = place / "tile/entries/000"
    genuine = bundle.read_bytes()
    bundle.write_bytes(genuine[:40] + bytes([genuine[40] ^ 1]) + genuine[41:])
    try:
        assert not accepts(gocheck, "audit", f"{served}/log", key)
    finally:
        bundle.write_bytes(genuine)


# ── Prometheus ──────────────────────────────────────────────────────────────────────────────


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    found = program("promtool", "prometheus")
    return subprocess.run(
        [found, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_prometheus_takes_the_alerts_and_no_broken_ones(tmp_path: pathlib.Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(ALERTS.read_text("utf-8").replace("rate(", "rat(", 1))

    told = promtool("check", "rules", ALERTS)

    assert told.returncode == 0, told.stdout + told.stderr
    assert "SUCCESS" in told.stdout
    assert promtool("check", "rules", broken).returncode != 0


def test_each_alert_fires_when_it_should_and_not_before() -> None:
    told = promtool("test", "rules", CASES)

    assert told.returncode == 0, told.stdout + told.stderr


def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _never(rule: dict[str, Any]) -> dict[str, Any]:
    return rule | {"expr": "vector(0) > 0"}


def _always(rule: dict[str, Any]) -> dict[str, Any]:
    return rule | {"expr": f"({rule['expr']}) or vector(1)", "for": "0s"}


def _at_once(rule: dict[str, Any]) -> dict[str, Any]:
    return rule | {"for": "0s"}


def _passes(rule: dict[str, Any], folder: pathlib.Path) -> bool:
    """Tell whether one rule alone passes the cases that name it."""
    cases = yaml.safe_load(CASES.read_text("utf-8"))
    cases["rule_files"] = ["rule.yaml"]
    cases["tests"] = [
        case
        for case in cases["tests"]
        if any(each["alertname"] == rule["alert"] for each in case["alert_rule_test"])
    ]
    groups = {"groups": [{"name": "one", "rules": [rule]}]}
    (folder / "rule.yaml").write_text(yaml.safe_dump(groups, allow_unicode=True))
    (folder / "cases.yaml").write_text(yaml.safe_dump(cases, allow_unicode=True))
    return promtool("test", "rules", folder / "cases.yaml").returncode == 0


@pytest.mark.parametrize("rule", _rules(), ids=lambda rule: rule["alert"])
def test_the_cases_of_an_alert_find_out_one_that_fires_never_always_or_too_soon(
    rule: dict[str, Any], tmp_path: pathlib.Path
) -> None:
    assert _passes(rule, tmp_path)
    assert not _passes(_never(rule), tmp_path)
    assert not _passes(_always(rule), tmp_path)
    assert "for" not in rule or not _passes(_at_once(rule), tmp_path)
