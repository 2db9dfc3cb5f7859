"""The process that examines uploads can reach nothing, write nothing, start nothing, and is stopped."""

from __future__ import annotations

import datetime as dt
import pathlib
import subprocess
import sys

import msgspec
import pytest

from catalog.audit_log.export_format import Keys
from catalog.audit_log.verdict import Fault
from catalog.kernel.errors import DomainError
from market.channels.examiner import answer
from market.channels.isolated import Examiners, UploadNotExamined
from market.verification.examining import Answer, Given
from tests import uploads

NOTHING = Given(
    now=dt.datetime(2026, 3, 2, tzinfo=dt.UTC), keys=Keys(None, []), policy="quorum none\n"
)


def tried(code: str) -> str:
    """Return how an attempt ends in a confined process: the name of what it raised, or 'done'."""
    script = (
        "from market.channels.examiner import confine\n"
        "import os, socket, subprocess\n"
        f"confine()\ntry:\n    {code}\n    print('done')\nexcept BaseException as error:\n    print(type(error).__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout.strip() or f"ended with {done.returncode}"


@pytest.mark.parametrize(
    ("attempt", "ends"),
    [
        ("socket.create_connection(('127.0.0.1', 9), 1)", "PermissionError"),
        ("socket.getaddrinfo('example.org', 80)", "PermissionError"),
        (
            "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
            "PermissionError",
        ),
        ("socket.socket().bind(('127.0.0.1', 0))", "PermissionError"),
        ("subprocess.run(['/bin/true'])", "PermissionError"),
        ("os.system('true')", "PermissionError"),
        ("os.fork()", "PermissionError"),
        ("os.execv('/bin/true', ['true'])", "PermissionError"),
        ("os.kill(os.getppid(), 0)", "PermissionError"),
        ("open('/tmp/confined-should-not-be', 'w')", "PermissionError"),
        ("os.open('/tmp/confined-should-not-be', os.O_WRONLY | os.O_CREAT)", "PermissionError"),
        ("bytearray(2 * 1024**3)", "MemoryError"),
        ("[open('/dev/null') for _ in range(200)]", "OSError"),
        ("open('/dev/null').read()", "done"),
    ],
)
def test_nothing_is_left_to_a_file_that_took_over(attempt: str, ends: str) -> None:
    assert tried(attempt) == ends


def test_no_secret_and_no_address_of_a_database_is_handed_on() -> None:
    from market.channels.isolated import _ENVIRONMENT

    assert set(_ENVIRONMENT) == {"PATH", "LANG", "OPENSSL_CONF"}
    assert {field.name for field in msgspec.structs.fields(Given)} == {
        "now",
        "keys",
        "policy",
        "tsa_ca",
        "known_size",
    }


def test_a_fault_of_ours_blames_the_file_and_tells_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from market.channels import examiner

    def fails(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(examiner, "examine", fails)

    told = answer(b"x", NOTHING)

    assert told.refusal is not None
    assert (told.refusal.code, told.refusal.facts) == (
        "upload_unreadable",
        {"reason": "ZeroDivisionError"},
    )


async def test_what_takes_too_long_or_dies_is_not_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    from market.channels import isolated

    for code in ("import time; time.sleep(60)", "import os; os._exit(1)", "print('nonsense')"):
        monkeypatch.setattr(isolated, "_COMMAND", (sys.executable, "-I", "-c", code))
        with pytest.raises(UploadNotExamined):
            await Examiners(seconds=2).examine(b"{}", NOTHING)
    empty = msgspec.json.encode(Answer()).decode()
    monkeypatch.setattr(isolated, "_COMMAND", (sys.executable, "-I", "-c", f"print('{empty}')"))
    with pytest.raises(UploadNotExamined):
        await Examiners().examine(b"{}", NOTHING)


async def test_what_is_deep_or_grows_in_memory_is_refused_or_not_genuine() -> None:
    for raw in (b'{"type":' + b"[" * 500_000, uploads.with_file(b"\0" * 300_000_000)):
        with pytest.raises(DomainError):
            await Examiners().examine(raw, NOTHING)
    long = b"eyJ" + b"A" * 4_000_000 + b".A.A"
    assert (await Examiners().examine(long, NOTHING)).problems[0].fault is Fault.MALFORMED


def test_nothing_was_written() -> None:
    assert not pathlib.Path("/tmp/confined-should-not-be").exists()
