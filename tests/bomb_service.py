"""Hand bombs to a real ``market serve``, and watch its worker: how much it grows, how long it is deaf."""

from __future__ import annotations

import json
import pathlib
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, Self

import httpx
import msgspec

from tests.makers_products import make_description

MOST_GROWTH_MB = 150
MOST_DEAF_SECONDS = 2.0
TABLE = b"name,value\n" + b"a,1\n" * 1000


class Watch:
    """A worker's memory and its ear, from a warm start on."""

    def __init__(self, pid: int, url: str) -> None:
        self._status = pathlib.Path(f"/proc/{pid}/status")
        self._peak = pathlib.Path(f"/proc/{pid}/clear_refs")
        self._url = url
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self.slowest = 0.0
        self.before = self._most = 0.0

    def __enter__(self) -> Self:
        self._peak.write_text("5")  # from here on the peak counts anew
        self.before = self._megabytes("VmRSS")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.growth()
        self._ends.set()
        self._thread.join()

    def growth(self) -> float:
        """By how many megabytes the worker grew so far, at its largest; its end is what counts."""
        if not self._ends.is_set():
            self._most = self._megabytes("VmHWM") - self.before
        return self._most

    def _megabytes(self, line: str) -> float:
        text = self._status.read_text().split(f"{line}:")[1]
        return int(text.split()[0]) / 1024

    def _listen(self) -> None:
        with httpx.Client(trust_env=False, timeout=60) as http:
            while not self._ends.is_set():
                asked = time.monotonic()
                http.get(f"{self._url}/healthz/live")
                self.slowest = max(self.slowest, time.monotonic() - asked)
                time.sleep(0.02)


class Supplier:
    """Somebody who signs in, describes products and attaches what is no honest content."""

    def __init__(self, url: str, data_dir: pathlib.Path) -> None:
        secrets = json.loads((data_dir / "demo" / "passwords.json").read_text("utf-8"))
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=180)
        signed_in = self._http.post(
            "/api/v1/sessions", json={"login": "supplier", "password": secrets["supplier"]}
        )
        assert signed_in.status_code == 201, signed_in.text
        self._http.headers["authorization"] = f"Bearer {signed_in.json()['token']}"

    def close(self) -> None:
        self._http.close()

    def looked_into(self, name: str, content: bytes | Iterable[bytes]) -> str:
        """Attach a content and have it looked into; return what came of it."""
        uploaded = self._post(
            "/api/v1/files",
            content=content,
            headers={"x-file-name": name, "content-type": "text/csv"},
        )
        if uploaded.status_code != 201:
            return _code(uploaded)
        body = msgspec.to_builtins(make_description(name=name))
        product = self._post("/api/v1/products", json=body).json()["id"]
        path = f"/api/v1/products/{product}"
        attached = self._post(f"{path}/contents", json={"file_id": uploaded.json()["id"]})
        assert attached.status_code == 201, attached.text
        done = self._post(f"{path}/profiles")
        while _code(done) == "cage_busy":  # the job is at it as well
            time.sleep(0.2)
            done = self._post(f"{path}/profiles")
        assert done.status_code == 201, done.text
        found = done.json()
        return "profiled" if found["refusal"] is None else str(found["refusal"]["code"])

    def verified(self, content: bytes) -> str:
        """Hand something in as a certificate; return what came of it."""
        done = self._post("/api/v1/certificate-verifications", content=content)
        assert done.status_code in (200, 422), done.text
        return _code(done) if done.status_code != 200 else "read"

    def described(self, body: bytes) -> str:
        """Send something as the description of a product; return what came of it."""
        done = self._post(
            "/api/v1/products", content=body, headers={"content-type": "application/json"}
        )
        assert 400 <= done.status_code < 500, done.text
        return _code(done)

    def _post(self, path: str, **how: Any) -> httpx.Response:
        headers = {"idempotency-key": uuid.uuid4().hex} | how.pop("headers", {})
        return self._http.post(path, headers=headers, **how)


def _code(answer: httpx.Response) -> str:
    return str(answer.json().get("type", "")).rpartition(":")[2]


def held(watch: Watch) -> None:
    """Fail if the worker grew or was deaf for longer than may be."""
    print(
        f"\nworker: +{watch.growth():.1f} MB at most, deaf for {watch.slowest * 1000:.0f} ms at most"
    )
    assert watch.growth() <= MOST_GROWTH_MB
    assert watch.slowest <= MOST_DEAF_SECONDS


def line_of(megabytes: int) -> Iterator[bytes]:
    """Yield a CSV file that is one line of so many megabytes."""
    from tests.bombs import endless_line

    yield from endless_line(megabytes * 1024 * 1024)
