"""A process apart can reach nothing, write nothing, start nothing; its caller streams and stops it."""

from __future__ import annotations

import asyncio
import datetime as dt
import pathlib
import resource
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from catalog.audit_log.export_format import Keys
from catalog.audit_log.verdict import Fault
from catalog.kernel.errors import DomainError
from catalog.tables.model import TableLineTooLong
from market.channels import landlock
from market.channels.cage import ENVIRONMENT, Cage, CageBusy, InputNotProcessed
from market.channels.caged import task_at
from market.channels.isolated import Examiners
from market.verification.examining import EXAMINE, Given
from tests import bombs, uploads
from tests import caged_tasks as tasks

NOTHING = Given(
    now=dt.datetime(2026, 3, 2, tzinfo=dt.UTC), keys=Keys(None, []), policy="quorum none\n"
)


async def bytes_of(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def tried(code: str, before: str = "pass") -> str:
    """Return how an attempt ends in a confined process: the name of what it raised, or 'done'."""
    script = (
        "from market.channels.caged import confine\n"
        "from catalog.kernel.caged import READING\n"
        "import ctypes, os, socket, subprocess, sys, threading\n"
        f"{before}\n"
        f"confine(READING)\ntry:\n    {code}\n    print('done')\nexcept BaseException as error:\n"
        "    print(type(error).__name__)"
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
        ("import decimal, csv, zoneinfo", "done"),
    ],
)
def test_nothing_is_left_to_a_file_that_took_over(attempt: str, ends: str) -> None:
    assert tried(attempt) == ends


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd')",
        "open('/proc/1/environ')",
        "os.listdir('/tmp')",
        # Not through the hook: what native code would do.
        "libc.open(b'/etc/passwd', 0) >= 0 or (_ for _ in ()).throw(PermissionError())",
        "libc.open(b'/tmp/confined-should-not-be', 65, 0o600) >= 0 or (_ for _ in ()).throw(PermissionError())",
        "libc.execv(b'/bin/true', None) and (_ for _ in ()).throw(PermissionError())",
    ],
)
def test_the_system_itself_keeps_files_from_it_where_it_can(attempt: str) -> None:
    can = subprocess.run(
        [
            sys.executable,
            "-c",
            "from market.channels.landlock import *; exit(not read_only_the_program())",
        ],
        check=False,
    )
    if can.returncode:
        pytest.skip("this system has no Landlock")

    assert tried(attempt, before="libc = ctypes.CDLL(None)") == "PermissionError"


def test_data_beside_the_program_are_not_the_program() -> None:
    root = pathlib.Path(__file__).parents[2]

    assert str(root) not in landlock._program()
    assert str(root / "catalog") in landlock._program()


def test_no_secret_and_no_address_of_a_database_is_handed_on() -> None:
    assert set(ENVIRONMENT) == {"PATH", "LANG", "OPENSSL_CONF"}
    assert set(Given.__struct_fields__) == {"now", "keys", "policy", "tsa_ca", "known_size"}


def test_a_task_stands_where_it_says() -> None:
    for task in (EXAMINE, tasks.COUNT):
        assert task_at(task.where) is task


async def test_lines_come_while_bytes_go() -> None:
    seen: list[str] = []

    async def slowly() -> AsyncIterator[bytes]:
        yield b"one\n"
        yield b"two\n" * 3
        while len(seen) < 1:  # the other side answers in lines, so the rest may wait for it
            await asyncio.sleep(0.01)
            yield b"more\n" * 2000

    async with Cage().run(tasks.WORDS, tasks.Asked(), slowly()) as lines:
        async for line in lines:
            seen.append(line.text)  # noqa: PERF401 - the source waits for it

    assert seen[:5] == ["one\n", "two\n", "two\n", "two\n", "more\n"]


async def test_a_refusal_arrives_as_it_was_raised_after_the_lines_before_it() -> None:
    heard: list[str] = []

    async def listen() -> None:
        async with Cage().run(tasks.WORDS, tasks.Asked(), bytes_of(b"good\nbad\n")) as lines:
            async for line in lines:
                heard.append(line.text)  # noqa: PERF401 - it counts what came before the refusal

    with pytest.raises(tasks.WordForbidden) as refused:
        await listen()

    assert heard == ["good\n"]
    assert refused.value.facts == {"word": "bad"}
    assert refused.value.errors[0].pointer == "/words/0"


async def test_a_fault_over_there_blames_the_bytes_and_tells_nothing_of_it() -> None:
    with pytest.raises(tasks.TextUnreadable) as refused:
        await Cage().one(tasks.WORDS, tasks.Asked(), bytes_of(b"odd\n"))

    assert refused.value.facts == {"reason": "ZeroDivisionError"}


async def test_what_wants_too_much_memory_is_told_so() -> None:
    with pytest.raises(tasks.TextUnreadable) as refused:
        await Cage().one(tasks.GROW, tasks.Asked(), bytes_of())

    assert refused.value.facts == {"reason": "MemoryError"}


@pytest.mark.parametrize(
    "task",
    [tasks.SLEEP, tasks.SPIN, tasks.DIE, tasks.LONG, tasks.NONSENSE, tasks.UNKNOWN],
    ids=lambda task: task.where,
)
async def test_what_takes_too_long_dies_or_talks_nonsense_is_not_processed(task: object) -> None:
    cage = Cage()

    with pytest.raises(InputNotProcessed):
        await cage.one(task, tasks.Asked(), bytes_of(b"x"))  # type: ignore[arg-type]

    assert (await cage.one(tasks.COUNT, tasks.Asked(), bytes_of(b"xyz"))).size == 3


async def test_one_line_is_one_line() -> None:
    for times in (0, 2):
        with pytest.raises(InputNotProcessed):
            await Cage().one(tasks.COUNT, tasks.Asked(times=times), bytes_of(b"x"))


async def test_a_task_need_not_read_to_the_end_and_a_reader_need_not_either() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"0123456789" * 6553

    assert (await Cage().one(tasks.BEGIN, tasks.Asked(), endless())).size == 10
    cage = Cage(at_once=1, waiting=0)
    async with cage.run(tasks.WORDS, tasks.Asked(), bytes_of(b"a\n" * 1000)) as lines:
        async for _ in lines:
            break
    assert (await cage.one(tasks.COUNT, tasks.Asked(), bytes_of(b"x"))).size == 1


async def test_a_source_that_fails_fails_by_its_own_name_and_half_a_file_is_none() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise tasks.WordForbidden(word="source")

    cage = Cage(at_once=1, waiting=0)
    with pytest.raises(tasks.WordForbidden):
        await cage.one(tasks.COUNT, tasks.Asked(), broken())

    assert (await cage.one(tasks.COUNT, tasks.Asked(), bytes_of(b"x"))).size == 1


async def test_who_comes_when_many_wait_is_sent_away() -> None:
    cage = Cage(at_once=1, waiting=1)

    came = await asyncio.gather(
        *(cage.one(tasks.COUNT, tasks.Asked(), bytes_of(b"x")) for _ in range(4)),
        return_exceptions=True,
    )

    assert [type(each) for each in came].count(CageBusy) == 2


async def test_half_a_gigabyte_passes_without_being_held() -> None:
    async def large() -> AsyncIterator[bytes]:
        part = b"x" * 262_144
        for _ in range(2048):
            yield part

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    heard = await Cage().one(tasks.COUNT, tasks.Asked(), large())

    assert heard.size == 512 * 1024 * 1024
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kB


async def test_a_table_is_read_over_there_and_a_bomb_is_refused_over_there() -> None:
    raw = bombs.workbook([["城市", "人数"], ["海口", 12]])

    row = await Cage().one(tasks.ROWS, tasks.Named("a.xlsx"), bytes_of(raw))

    assert row.values == ["海口", 12]
    for name in ("wide.xlsx", "zip_of_zeros.xlsx", "deep.json", "bytes.csv"):
        with pytest.raises(DomainError) as refused:
            await Cage().one(tasks.ROWS, tasks.Named(name), bytes_of(bombs.corpus()[name]()))
        assert refused.value.code in tasks.ROWS.refusals


async def test_a_line_of_a_gigabyte_is_refused_before_it_has_passed() -> None:
    passed = 0

    async def line() -> AsyncIterator[bytes]:
        nonlocal passed
        for part in bombs.endless_line(1024**3):
            passed += len(part)
            yield part

    with pytest.raises(TableLineTooLong):
        await Cage().one(tasks.ROWS, tasks.Named("a.csv"), line())

    assert passed < 8 * 1024 * 1024


async def test_what_is_deep_or_grows_in_memory_is_refused_or_not_genuine() -> None:
    for raw in (b'{"type":' + b"[" * 500_000, uploads.with_file(b"\0" * 300_000_000)):
        with pytest.raises(DomainError):
            await Examiners().examine(raw, NOTHING)
    long = b"eyJ" + b"A" * 4_000_000 + b".A.A"
    assert (await Examiners().examine(long, NOTHING)).problems[0].fault is Fault.MALFORMED


def test_nothing_was_written() -> None:
    assert not pathlib.Path("/tmp/confined-should-not-be").exists()
