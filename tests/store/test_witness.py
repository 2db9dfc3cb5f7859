"""A witness on its files and over HTTP: what it answers, what it keeps, and what survives a kill."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import pathlib
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterable

import httpx
import pytest
from litestar.testing import AsyncTestClient

from catalog.audit_log.checkpoint import VerifierKey, parse_note
from catalog.audit_log.disk import CheckpointJournal, Signed
from catalog.kernel.clock import ManualClock
from catalog.signing.disk import KeyFileUnusable
from catalog.witnessing import disk
from catalog.witnessing.cosignature import cosigned_at, parse_witness_vkey
from catalog.witnessing.deciding import (
    CheckpointSmaller,
    HistoryRefused,
    LogSignatureMissing,
    OldSizeDiffers,
)
from catalog.witnessing.disk import (
    LONGEST_TEXT,
    LogUnknown,
    Witness,
    WitnessExists,
    WitnessMissing,
    WitnessNameUnusable,
    WitnessRuns,
    origin_hash,
)
from catalog.witnessing.request import AddCheckpoint, RequestMalformed
from market.witness.server import create_witness
from tests.witness_network import Served
from tests.witnessed_log import LOG_KEY, ORIGIN, MemoryLog

NOW = dt.datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=dt.UTC)
LOG = MemoryLog(40)


@pytest.fixture
def place(tmp_path: pathlib.Path) -> pathlib.Path:
    """A witness that knows the log."""
    disk.create(tmp_path / "w", "witness.example/w1")
    Witness(tmp_path / "w").add_log(LOG_KEY)
    return tmp_path / "w"


def cosigned(witness: Witness, request: AddCheckpoint, line: str) -> int | None:
    return cosigned_at(parse_note(request.note + line.encode()), witness.key)


def evidence(place: pathlib.Path) -> list[dict[str, object]]:
    found = (place / "logs" / origin_hash(ORIGIN) / "refused").glob("*.json")
    return [json.loads(path.read_bytes()) for path in sorted(found)]


def lines_of(place: pathlib.Path) -> list[dict[str, object]]:
    path = place / "logs" / origin_hash(ORIGIN) / "cosigned.jsonl"
    return [json.loads(line) for line in path.read_bytes().splitlines()]


# ── its files ───────────────────────────────────────────────────────────────────────────────


def test_a_new_witness_has_a_key_that_only_its_owner_reads(tmp_path: pathlib.Path) -> None:
    key, *_ = disk.create(tmp_path / "w", "witness.example/w1")

    assert Witness(tmp_path / "w").key == key
    assert stat.S_IMODE((tmp_path / "w" / "witness.key").stat().st_mode) == 0o600


def test_a_witness_is_not_made_twice_nor_under_a_name_that_no_key_has(
    place: pathlib.Path,
) -> None:
    key = Witness(place).key

    with pytest.raises(WitnessExists):
        disk.create(place, "witness.example/w2")
    for name in ("", "two words", "a+b"):
        with pytest.raises(WitnessNameUnusable):
            disk.create(place.parent / "other", name)
    assert Witness(place).key == key


def test_without_a_witness_or_with_an_open_key_nothing_is_served(place: pathlib.Path) -> None:
    with pytest.raises(WitnessMissing):
        Witness(place.parent)
    (place / "witness.key").chmod(0o644)
    with pytest.raises(KeyFileUnusable):
        Witness(place)


def test_a_witness_of_before_cosigns_by_one_key_and_is_given_its_second(
    place: pathlib.Path,
) -> None:
    (place / "witness.ml-dsa-44.key").unlink()
    older = Witness(place)
    line = older.add_checkpoint(LOG.request(0, 5).body(), NOW)
    assert (len(older.keys), line.count("\n")) == (1, 1)

    done = market("add-key", "--dir", str(place))

    given = Witness(place)
    assert done.stdout.split() == [str(key) for key in given.keys]
    assert given.keys[0] == older.key
    request = LOG.request(5, 9)
    lines = given.add_checkpoint(request.body(), NOW)
    note = parse_note(request.note + lines.encode())
    assert [cosigned_at(note, key) for key in given.keys] == [int(NOW.timestamp())] * 2
    with pytest.raises(WitnessMissing):
        disk.add_key(place.parent)


def test_where_a_log_is_can_be_told_later_and_its_keys_stay(place: pathlib.Path) -> None:
    witness = Witness(place)

    assert witness.add_log(LOG_KEY, url="https://x/log", keys_url="https://x/keys")
    assert not witness.add_log(LOG_KEY)
    ((known, _),) = witness.logs()
    assert (known.url, known.keys_url, known.keys) == (
        "https://x/log",
        "https://x/keys",
        (str(LOG_KEY),),
    )


def test_a_log_is_added_once_and_may_have_a_second_key(place: pathlib.Path) -> None:
    witness = Witness(place)
    second = VerifierKey(ORIGIN, b"\x01" * 32)

    assert not witness.add_log(LOG_KEY)
    assert witness.add_log(second)
    assert [log.keys for log, _ in witness.logs()] == [(str(LOG_KEY), str(second))]


def test_only_one_process_serves_a_witness(place: pathlib.Path) -> None:
    with Witness(place).served(), pytest.raises(WitnessRuns), Witness(place).served():
        pytest.fail("two serve")
    with Witness(place).served():
        pass


# ── what it cosigns, and keeps ──────────────────────────────────────────────────────────────


def test_what_grows_is_cosigned_and_remembered_by_whoever_opens_the_files_next(
    place: pathlib.Path,
) -> None:
    for old, new in ((0, 3), (3, 3), (3, 17), (17, 40)):
        witness = Witness(place)
        request = LOG.request(old, new)

        line = witness.add_checkpoint(request.body(), NOW)

        assert cosigned(witness, request, line) == int(NOW.timestamp())
        assert witness.logs()[0][1].size == new
    assert [line["size"] for line in lines_of(place)] == [3, 17, 40]
    assert evidence(place) == []


def test_the_newest_checkpoint_is_shown_with_both_signatures_and_no_others(
    place: pathlib.Path,
) -> None:
    witness = Witness(place)
    stranger = b"\xe2\x80\x94 stranger.example AAAAAAAA\n"
    request = LOG.request(0, 5)
    line = witness.add_checkpoint(request.body() + stranger, NOW)

    shown = witness.newest(origin_hash(ORIGIN))

    assert shown == request.note + line.encode()


def test_nothing_is_shown_of_a_log_that_was_not_cosigned(place: pathlib.Path) -> None:
    for name in (origin_hash(ORIGIN), origin_hash("other.example"), "../../witness"):
        with pytest.raises(LogUnknown):
            Witness(place).newest(name)


def test_rewritten_forked_and_cut_histories_are_refused_and_both_notes_are_kept(
    place: pathlib.Path,
) -> None:
    witness = Witness(place)
    witness.add_checkpoint(LOG.request(0, 20).body(), NOW)
    seen = witness.newest(origin_hash(ORIGIN)).decode()
    rewritten = MemoryLog(40, changed=7)
    requests = (
        rewritten.request(20, 30),
        AddCheckpoint(20, (), rewritten.note(20)),
        AddCheckpoint(20, (), LOG.note(19)),
    )

    for request in requests:
        for _ in range(2):  # told twice, kept once
            with pytest.raises((HistoryRefused, CheckpointSmaller)):
                witness.add_checkpoint(request.body(), NOW)

    kept = {each["reason"]: each for each in evidence(place)}
    assert sorted(kept) == ["another_root", "inconsistent", "smaller"]
    for request, reason in zip(requests, ("inconsistent", "another_root", "smaller"), strict=True):
        assert kept[reason]["cosigned"] == seen
        assert kept[reason]["refused"] == request.note.decode()
    assert [line["size"] for line in lines_of(place)] == [20]


def test_evidence_is_kept_up_to_a_number_and_no_further(
    place: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "MOST_REFUSED", 2)
    witness = Witness(place)
    witness.add_checkpoint(LOG.request(0, 20).body(), NOW)

    for changed in range(4):
        with pytest.raises(HistoryRefused):
            witness.add_checkpoint(MemoryLog(20, changed).request(20, 20).body(), NOW)

    assert len(evidence(place)) == 2


def test_a_clock_that_is_set_back_does_not_make_a_witness_tell_an_earlier_time(
    place: pathlib.Path,
) -> None:
    witness = Witness(place)
    witness.add_checkpoint(LOG.request(0, 20).body(), NOW)
    request = LOG.request(20, 30)

    line = witness.add_checkpoint(request.body(), NOW - dt.timedelta(days=400))

    assert cosigned(witness, request, line) == int(NOW.timestamp())


def test_a_line_that_a_crash_cut_was_never_answered_and_is_passed_over(
    place: pathlib.Path,
) -> None:
    Witness(place).add_checkpoint(LOG.request(0, 20).body(), NOW)
    path = place / "logs" / origin_hash(ORIGIN) / "cosigned.jsonl"
    with path.open("ab") as file:
        file.write(path.read_bytes()[:100])

    Witness(place).add_checkpoint(LOG.request(20, 30).body(), NOW)

    assert [line["size"] for line in lines_of(place)] == [20, 30]


def test_a_witness_that_dies_between_writing_and_answering_signs_the_same_again_and_no_other(
    place: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def write_and_die(journal: CheckpointJournal, new: Signed, proof: Iterable[bytes]) -> None:
        written(journal, new, proof)
        raise Died

    written = CheckpointJournal.append
    monkeypatch.setattr(CheckpointJournal, "append", write_and_die)
    with pytest.raises(Died):
        Witness(place).add_checkpoint(LOG.request(0, 20).body(), NOW)
    monkeypatch.undo()
    witness = Witness(place)

    with pytest.raises(OldSizeDiffers) as told:
        witness.add_checkpoint(LOG.request(0, 20).body(), NOW)
    with pytest.raises(HistoryRefused):
        witness.add_checkpoint(MemoryLog(20, changed=3).request(20, 20).body(), NOW)
    line = witness.add_checkpoint(LOG.request(20, 20).body(), NOW)

    assert told.value.facts == {"size": 20}
    assert cosigned(witness, LOG.request(20, 20), line) == int(NOW.timestamp())


def test_two_that_ask_at_once_for_two_histories_get_one(place: pathlib.Path) -> None:
    witness = Witness(place)
    bodies = [MemoryLog(20, changed).request(0, 20).body() for changed in range(8)]

    async def ask() -> list[object]:
        return await asyncio.gather(
            *(asyncio.to_thread(witness.add_checkpoint, body, NOW) for body in bodies),
            return_exceptions=True,
        )

    answers = asyncio.run(ask())

    assert sum(isinstance(answer, str) for answer in answers) == 1
    assert sum(isinstance(answer, OldSizeDiffers) for answer in answers) == 7
    assert len(lines_of(place)) == 1


def test_what_no_log_of_ours_signed_is_refused_and_not_kept(place: pathlib.Path) -> None:
    witness = Witness(place)
    other = MemoryLog(5, origin="other.example/log")
    forged = LOG.request(0, 5).body().replace(b"\n5\n", b"\n6\n")

    with pytest.raises(LogUnknown):
        witness.add_checkpoint(other.request(0, 5).body(), NOW)
    with pytest.raises(LogSignatureMissing):
        witness.add_checkpoint(forged, NOW)
    assert witness.logs()[0][1].size == 0
    assert not (place / "logs" / origin_hash(ORIGIN) / "refused").exists()


def test_a_checkpoint_with_a_very_long_text_is_refused(place: pathlib.Path) -> None:
    head, _, tail = LOG.request(0, 5).body().rpartition(b"\n\n")
    body = head + b"\n" + b"x" * LONGEST_TEXT + b"\n\n" + tail

    with pytest.raises(RequestMalformed):
        Witness(place).add_checkpoint(body, NOW)


# ── over HTTP ───────────────────────────────────────────────────────────────────────────────


async def test_each_answer_has_the_status_that_c2sp_gives_it(place: pathlib.Path) -> None:
    rewritten = MemoryLog(40, changed=7)
    other = MemoryLog(5, origin="other.example/log")
    async with AsyncTestClient(create_witness(Witness(place), ManualClock(NOW))) as http:

        async def post(body: bytes) -> httpx.Response:
            return await http.post("/add-checkpoint", content=body)

        good = await post(LOG.request(0, 20).body())
        assert good.status_code == 200
        assert good.text.startswith("— witness.example/w1 ")
        assert good.text.endswith("\n")

        stale = await post(LOG.request(0, 30).body())
        assert (stale.status_code, stale.text) == (409, "20\n")
        assert stale.headers["content-type"] == "text/x.tlog.size"

        for status, body in (
            (400, b""),
            (400, b"old 20\n\nno checkpoint"),
            (400, AddCheckpoint(20, (), LOG.note(19)).body()),
            (403, LOG.request(20, 30).body().replace(b"\n30\n", b"\n31\n")),
            (404, other.request(0, 5).body()),
            (413, b"x" * 300_000),
            (422, rewritten.request(20, 30).body()),
            (422, AddCheckpoint(20, (), rewritten.note(20)).body()),
        ):
            answer = await post(body)
            assert answer.status_code == status, (answer.status_code, status, answer.text)
        assert (await http.get("/add-checkpoint")).status_code == 405

        shown = await http.get(f"/{origin_hash(ORIGIN)}/checkpoint")
        assert shown.content == LOG.note(20) + good.content
        assert (await http.get(f"/{origin_hash('other')}/checkpoint")).status_code == 404


# ── as a command, killed ────────────────────────────────────────────────────────────────────


def market(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "market", "witness", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_witness_is_made_told_of_a_log_and_shown_by_its_command(tmp_path: pathlib.Path) -> None:
    place = ["--dir", str(tmp_path / "w")]

    made = market("init", "--name", "w.example/w1", *place)
    added = market("add-log", str(LOG_KEY), *place)
    shown = market("show", "--json", *place)

    vkeys = made.stdout.split()
    assert {parse_witness_vkey(each).name for each in vkeys} == {"w.example/w1"}
    assert (added.returncode, added.stdout) == (0, "已登记 · added\n")
    assert market("add-log", str(LOG_KEY), *place).stdout == "早已登记 · known already\n"
    assert json.loads(shown.stdout) == {
        "vkeys": vkeys,
        "logs": [{"origin": ORIGIN, "keys": [str(LOG_KEY)], "size": 0}],
    }
    assert market("show", *place).stdout.endswith(f"0  {ORIGIN}\n")


def test_what_the_command_can_not_do_is_said_with_exit_code_one(tmp_path: pathlib.Path) -> None:
    place = ["--dir", str(tmp_path / "w")]
    market("init", "--name", "w.example/w1", *place)

    for arguments, code in (
        (("init", "--name", "w.example/w1", *place), "witness_exists"),
        (("init", "--name", "a b", "--dir", str(tmp_path / "v")), "witness_name_unusable"),
        (("add-log", "nonsense", *place), "verifier_key_malformed"),
        (("show", "--dir", str(tmp_path / "u")), "witness_missing"),
    ):
        done = market(*arguments)
        assert (done.returncode, code in done.stderr) == (1, True), done.stderr
    with Witness(tmp_path / "w").served():
        done = market("serve", "--port", "1", *place)
    assert (done.returncode, "witness_runs" in done.stderr) == (1, True)


def test_a_witness_that_is_asked_to_stop_stops_and_can_be_served_again(
    place: pathlib.Path,
) -> None:
    served = Served(place)
    for _ in range(2):
        with served.running() as process:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) in (0, -signal.SIGTERM)


@pytest.mark.parametrize("kills", [3, pytest.param(60, marks=pytest.mark.campaign)])
def test_a_witness_killed_at_any_moment_forgets_nothing_it_answered_and_signs_no_second_root(
    place: pathlib.Path, kills: int
) -> None:
    log = MemoryLog(kills * 30)
    served = Served(place)
    answered: dict[int, str] = {}
    size = 0
    for kill in range(kills):
        with (
            served.running() as process,
            httpx.Client(base_url=served.url, trust_env=False) as http,
        ):
            if size:
                told = http.post(
                    "/add-checkpoint", content=AddCheckpoint(0, (), log.note(1)).body()
                )
                assert int(told.text) >= size, "it forgot what it had answered"
                size = int(told.text)
                fork = MemoryLog(size, changed=size - 1)
                refused = http.post("/add-checkpoint", content=fork.request(size, size).body())
                assert refused.status_code == 422, "it would sign a second root"
            killer = threading.Timer(0.0007 * (kill % 30), process.kill)
            with contextlib.suppress(httpx.TransportError):
                for step in range(59):
                    if step == 8:  # however slow the machine is, something was answered
                        killer.start()
                    request = log.request(size, size + step % 2)
                    answer = http.post("/add-checkpoint", content=request.body())
                    assert answer.status_code == 200
                    size += step % 2
                    answered[size] = answer.text
            killer.join()
    kept = lines_of(place)
    assert len({line["size"] for line in kept}) == len(kept)
    assert set(answered) <= {line["size"] for line in kept}
    assert len(answered) > kills
