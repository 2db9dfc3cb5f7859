"""Our own log before timestamp authorities: stamped, missed, lied to, carried on; and its readers."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from click.testing import CliRunner, Result

from catalog.kernel import paging
from catalog.kernel.actor import PUBLIC, Actor, NotPermitted, system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.kernel.paging import CursorUnreadable
from catalog.timestamps import operations, queries, token
from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import AuthorityUnreachable, Kind, NoTimestamp
from catalog.timestamps.token import TimestampMalformed, TimestampRefused, TimestampWrong
from market import app
from market.channels.timestamp_authorities import Authorities, HttpAuthority
from market.cli import log as log_commands
from market.cli.export import write_export
from market.cli.verify import verify
from market.jobs import stamp_checkpoints
from market.settings import SettingInvalid, Settings, read
from tests.asked_log import AskedLog, expect_kept, names
from tests.log_of_tests import ORIGIN, TestLog
from tests.memory_authority import MemoryAuthority

EVERY = dt.timedelta(hours=1)
ALARM = dt.timedelta(hours=3)


class Scene(AskedLog):
    """A log, two authorities, and the job that has it stamped."""

    def __init__(self, log: TestLog, clock: ManualClock) -> None:
        super().__init__(log, clock)
        first = MemoryAuthority(clock, "a.example")
        self.served = {"a.example": first, "b.example": self.another("b.example", first)}
        self.away: set[str] = set()
        self.answers: dict[str, httpx.Response] = {}
        self.web = httpx.AsyncClient(transport=httpx.MockTransport(self.handle))
        self.authorities = Authorities(
            tuple(HttpAuthority(f"http://{name}/tsa", self.web) for name in self.served),
            first.trust(),
            HashAlgorithm.SHA256,
        )

    def another(self, name: str, like: MemoryAuthority) -> MemoryAuthority:
        return MemoryAuthority(self.clock, name, root=like.root)

    def handle(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host in self.away:
            raise httpx.ConnectError("no route")
        if host in self.answers:
            return self.answers[host]
        assert request.headers["content-type"] == token.QUERY_TYPE
        answer = self.served[host].answer(request.content)
        return httpx.Response(200, content=answer, headers={"content-type": token.REPLY_TYPE})

    def renew(self) -> None:
        """Give each authority a new certificate of the same root: good for a year from now."""
        self.served = {name: self.another(name, each) for name, each in self.served.items()}

    async def stamp(self, after: dt.timedelta = EVERY) -> int:
        self.clock.move_by(after)
        return await stamp_checkpoints.run(
            self.log.db,
            clock=self.clock.now,
            authorities=self.authorities,
            every=EVERY,
            alarm_after=ALARM,
        )

    async def restamp(self, **more: Any) -> log_commands.Restamped:
        told: dict[str, Any] = {
            "clock": self.clock.now,
            "origin": ORIGIN,
            "algorithm": HashAlgorithm.SHA512,
            "leaving": set(),
            "within": dt.timedelta(days=90),
        }
        return await log_commands.restamp_now(self.log.db, self.authorities, **(told | more))

    async def export(self, place: pathlib.Path) -> pathlib.Path:
        await write_export(
            self.log.db,
            place,
            now=self.clock.now(),
            origin=ORIGIN,
            signer_journal=self.log.journal.path,
        )
        (place / "tsa.pem").write_bytes(self.served["a.example"].pem())
        return place

    def verify(self, place: pathlib.Path, *more: str) -> Any:
        from market.cli.verify import check

        options: dict[str, Any] = {"tsa_ca": place.parent / "tsa.pem"}
        (place.parent / "tsa.pem").write_bytes(self.served["a.example"].pem())
        return check(
            str(place),
            vkey=str(self.log.signer.key),
            keys_file=None,
            now=self.clock.now(),
            left=more,
            **options,
        )

    async def evidence(self, index: int) -> bytes:
        async with begin(self.log.db, PUBLIC) as tx:
            found = await queries.get_evidence(tx, index, now=self.clock.now())
        return msgspec.json.encode(found)


@pytest.fixture
async def scene(db: Database, almighty: Actor, data_dir: pathlib.Path, clock: ManualClock) -> Scene:
    made = Scene(TestLog(db, almighty, data_dir), clock)
    await made.grow(300)
    return made


async def test_each_authority_stamps_the_newest_checkpoint_once_an_hour(scene: Scene) -> None:
    assert await scene.stamp() == 2
    await scene.grow()
    assert await scene.stamp(dt.timedelta(minutes=30)) == 0
    assert await scene.stamp(dt.timedelta(minutes=30)) == 2

    async with begin(scene.log.db, PUBLIC) as tx:
        page = await queries.list_timestamps(tx, limit=3)
        rest = await queries.list_timestamps(tx, cursor=page.next_cursor, limit=3)
        record = await queries.get(tx, 1)
        with pytest.raises(NoTimestamp):
            await queries.get(tx, 5)
        wrong = paging.encode(paging.fingerprint("timestamps", None), "x")
        with pytest.raises(CursorUnreadable):
            await queries.list_timestamps(tx, cursor=wrong)
    assert [kept.number for kept in page.items + rest.items] == [4, 3, 2, 1]
    assert {kept.authority for kept in page.items} == {"a.example", "b.example"}
    assert (record.kind, record.number) == (Kind.CHECKPOINT, 1)
    assert record.covers.startswith(f"{ORIGIN}\n{record.size}\n".encode())
    told = token.check(record.response, record.covers, scene.authorities.trust)
    assert told.algorithm is HashAlgorithm.SHA256


async def test_nothing_is_stamped_only_to_prove_when_the_last_timestamp_was_kept(
    scene: Scene,
) -> None:
    assert await scene.stamp() == 2
    await scene.sequence()  # the entries of these two are signed

    assert await scene.stamp() == 0
    await scene.grow(1)
    assert await scene.stamp() == 2


async def test_nobody_is_asked_without_authorities_nor_before_anything_is_signed(
    db: Database, almighty: Actor, data_dir: pathlib.Path, clock: ManualClock
) -> None:
    scene = Scene(TestLog(db, almighty, data_dir), clock)

    assert await scene.stamp() == 0
    without = await stamp_checkpoints.run(
        db, clock=clock.now, authorities=None, every=EVERY, alarm_after=ALARM
    )
    assert without == 0


async def test_one_that_is_away_stops_neither_the_log_nor_the_other(
    scene: Scene, said: list[Any]
) -> None:
    scene.away = {"a.example"}
    assert await scene.stamp() == 1
    assert await scene.stamp(dt.timedelta(seconds=30)) == 0
    assert names(said) == ["timestamp_authority_unreachable"]  # not asked again within a minute

    scene.away = set()
    await scene.grow()
    assert await scene.stamp() == 2


async def test_that_none_comes_is_said_once_and_again_after_as_long(
    scene: Scene, said: list[Any]
) -> None:
    scene.away = set(scene.served)
    await scene.stamp()
    assert "timestamps_missing" not in names(said)
    await scene.stamp(ALARM)
    for _ in range(3):
        await scene.stamp(dt.timedelta(seconds=1))
    assert names(said).count("timestamps_missing") == 1
    await scene.stamp(ALARM)
    assert names(said).count("timestamps_missing") == 2

    scene.away = set()
    await scene.stamp()
    assert scene.authorities.alarmed_at is None


@pytest.mark.parametrize(
    ("answer", "event"),
    [
        (httpx.Response(500), "timestamp_authority_unreachable"),
        (httpx.Response(200, content=b"<html>"), "timestamp_authority_unreachable"),
        (
            httpx.Response(200, content=b"x", headers={"content-type": token.REPLY_TYPE}),
            "timestamp_not_believed",
        ),
        (
            httpx.Response(200, content=b"x" * 300_000, headers={"content-type": token.REPLY_TYPE}),
            "timestamp_authority_unreachable",
        ),
    ],
)
async def test_what_an_authority_answers_wrongly_is_not_kept(
    scene: Scene, said: list[Any], answer: httpx.Response, event: str
) -> None:
    scene.answers["a.example"] = answer

    assert await scene.stamp() == 1

    assert names(said) == [event]


async def test_an_answer_to_somebody_else_a_refusal_or_a_stranger_is_not_kept(
    scene: Scene, said: list[Any]
) -> None:
    served = scene.served["a.example"]
    imprint = b"\0" * 32
    for content, refusal in (
        (served.stamped(b"something else"), TimestampWrong),
        (served.refusal(), TimestampRefused),
        (b"\x30\x00", TimestampMalformed),
    ):
        headers = {"content-type": token.REPLY_TYPE}
        scene.answers["a.example"] = httpx.Response(200, content=content, headers=headers)
        with pytest.raises(refusal):
            await scene.authorities.authorities[0].stamp(imprint, HashAlgorithm.SHA256)
    scene.away = {"a.example"}
    with pytest.raises(AuthorityUnreachable):
        await scene.authorities.authorities[0].stamp(imprint, HashAlgorithm.SHA256)
    del scene.answers["a.example"]
    scene.away = set()
    scene.served["a.example"] = MemoryAuthority(scene.clock, "a.example")

    assert await scene.stamp() == 1
    assert names(said) == ["timestamp_not_believed"]


async def test_two_workers_keep_what_an_authority_stamped_once(scene: Scene) -> None:
    actor = system("stamp_checkpoints", "timestamps:keep")
    async with begin(scene.log.db, actor) as tx:
        waiting = await queries.find_waiting(tx, "a.example", now=scene.clock.now(), every=EVERY)
    assert waiting is not None
    told: dict[str, Any] = {
        "now": scene.clock.now(),
        "trust": scene.authorities.trust,
        "authority": "a.example",
        "size": waiting.size,
        "note": waiting.note,
        "response": scene.served["a.example"].stamped(waiting.note),
    }
    kept = []
    for _ in range(2):
        async with begin(scene.log.db, actor) as tx:
            kept.append(await operations.keep_checkpoint(tx, actor=actor, **told))

    assert [each is None for each in kept] == [False, True]
    with pytest.raises(NotPermitted):
        async with begin(scene.log.db, PUBLIC) as tx:
            await operations.keep_checkpoint(tx, actor=PUBLIC, **told)


@pytest.mark.parametrize("table", ["timestamps", "archive_hashes"])
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET number = number", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
async def test_what_was_stamped_can_not_be_changed(
    scene: Scene, owner_dsn: str, table: str, change: str
) -> None:
    await scene.stamp()
    await scene.restamp(anyway=True)

    await expect_kept(owner_dsn, table, change)


async def test_an_entry_has_evidence_from_its_first_timestamp_on(
    scene: Scene, tmp_path: pathlib.Path
) -> None:
    async with begin(scene.log.db, PUBLIC) as tx:
        with pytest.raises(NoTimestamp):
            await queries.get_evidence(tx, 7, now=scene.clock.now())
    await scene.stamp()
    place = tmp_path / "evidence.json"
    place.write_bytes(await scene.evidence(7))

    verdict = scene.verify(place)

    assert (verdict.problems, verdict.counts) == ((), {"timestamps": 1})


async def test_thirty_years_of_stamps_are_walked_offline_and_a_late_one_is_named(
    scene: Scene, tmp_path: pathlib.Path
) -> None:
    """Once a year a checkpoint is stamped; in the fifteenth year SHA-256 is left for SHA-512."""
    left = ""
    for year in range(30):
        await scene.grow(20)
        if year == 15:
            done = await scene.restamp(leaving={HashAlgorithm.SHA256})
            assert len(done.numbers) == 2
            left = f"sha256={(scene.clock.now() + dt.timedelta(days=1)).date()}"
        elif year > 15:
            assert (await scene.restamp(leaving={HashAlgorithm.SHA256})).failed == []
        else:
            assert await scene.stamp() == 2
        await scene.sequence()
        scene.clock.move_by(dt.timedelta(days=300))
        scene.renew()
    await scene.sequence()
    export = await scene.export(tmp_path / "export")
    evidence = tmp_path / "evidence.json"
    evidence.write_bytes(await scene.evidence(7))

    for place in (export, evidence):
        assert scene.verify(place, left).problems == (), place
        assert scene.verify(place).problems == (), place
        too_early = scene.verify(place, "sha256=2030-01-01")
        assert too_early.first_bad.fault == "timestamp_late"
    assert scene.verify(export).counts["timestamps"] == 60
    assert len(json.loads(evidence.read_bytes())["steps"]) <= 40

    scene.clock.move_by(dt.timedelta(days=200))
    for place in (export, evidence):
        assert scene.verify(place, left).first_bad.fault == "timestamp_late"


async def test_nothing_is_stamped_anew_while_nothing_is_due(scene: Scene) -> None:
    await scene.stamp()

    assert (await scene.restamp()).numbers == []
    scene.clock.move_by(dt.timedelta(days=300))
    scene.renew()
    done = await scene.restamp()
    assert (done.due, done.numbers) == ([1, 2], [3, 4])
    assert (await scene.restamp()).due == []


async def test_who_does_not_answer_is_told_and_the_other_s_is_kept(scene: Scene) -> None:
    await scene.stamp()
    scene.away = {"b.example"}

    done = await scene.restamp(anyway=True)

    assert len(done.numbers) == 1
    assert done.failed == ["b.example: no route"]


async def test_a_changed_row_or_record_is_found(
    scene: Scene, owner_dsn: str, tmp_path: pathlib.Path
) -> None:
    await scene.stamp()
    await scene.sequence()
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("DELETE FROM audit_log.timestamps WHERE number = 2")
        await connection.execute(
            "UPDATE audit_log.timestamps SET algorithm = 'sm3' WHERE number = 1"
        )
    finally:
        await connection.close()

    verdict = scene.verify(await scene.export(tmp_path / "export"))

    assert {(bad.kind, bad.id) for bad in verdict.problems} == {
        ("timestamp", "1"),
        ("timestamp", "2"),
    }


def run(*arguments: str) -> Result:
    return CliRunner().invoke(verify, list(arguments))


async def test_the_command_says_what_it_can_not_read(scene: Scene, tmp_path: pathlib.Path) -> None:
    await scene.stamp()
    place = tmp_path / "evidence.json"
    place.write_bytes(await scene.evidence(7))
    ca = tmp_path / "ca.pem"
    ca.write_bytes(scene.served["a.example"].pem())
    (tmp_path / "empty.pem").write_bytes(b"")
    key = ("--vkey", str(scene.log.signer.key))

    assert run(str(place), *key, "--tsa-ca", str(ca), "--left", "sha256=2099-01-01").exit_code in (
        0,
        1,
    )
    for more, reason in (
        ((), "is checked with --tsa-ca"),
        (("--tsa-ca", str(tmp_path / "none.pem")), "No such file"),
        (("--tsa-ca", str(tmp_path / "empty.pem")), "no certificates"),
        (("--tsa-ca", str(ca), "--left", "md5=2040-01-01"), "ALGORITHM=DATE"),
        (("--tsa-ca", str(ca), "--left", "sha256=soon"), "ALGORITHM=DATE"),
    ):
        told = run(str(place), *key, *more)
        assert told.exit_code == 2, told.output
        assert reason in told.output


def test_authorities_need_certificates_to_be_believed_by(tmp_path: pathlib.Path) -> None:
    urls = {"MARKET_TIMESTAMP_URLS": "http://a.example/tsa, http://b.example"}
    with pytest.raises(SettingInvalid):
        read(urls)
    (tmp_path / "ca.pem").write_bytes(b"none")
    for name in ("ca.pem", "missing.pem"):
        settings = read(urls | {"MARKET_TIMESTAMP_CA_FILE": str(tmp_path / name)})
        with pytest.raises(SettingInvalid):
            app.timestamping(settings, httpx.AsyncClient())
    assert app.timestamping(Settings(), httpx.AsyncClient()) is None


def test_every_authority_is_asked_under_the_first_policy_that_counts(
    clock: ManualClock, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "ca.pem").write_bytes(MemoryAuthority(clock).pem())
    settings = read(
        {
            "MARKET_TIMESTAMP_URLS": "http://a.example/tsa, http://user:pass@b.example:8443/x",
            "MARKET_TIMESTAMP_CA_FILE": str(tmp_path / "ca.pem"),
            "MARKET_TIMESTAMP_POLICIES": "1.2.3, 1.2.4",
            "MARKET_TIMESTAMP_ALGORITHM": "sm3",
        }
    )

    made = app.timestamping(settings, httpx.AsyncClient())

    assert made is not None
    assert [each.name for each in made.authorities] == ["a.example", "b.example:8443"]
    assert made.trust.policies == {"1.2.3", "1.2.4"}
    assert made.algorithm is HashAlgorithm.SM3


def restamp(*arguments: str) -> Result:
    return CliRunner().invoke(log_commands.log, ["restamp", *arguments])


def test_restamping_needs_authorities_and_a_hash_that_is_not_being_left() -> None:
    told = restamp()
    assert (told.exit_code, "timestamps_not_set" in told.output) == (1, True)

    told = restamp("--algorithm", "sha256", "--leaving", "sha256")
    assert (told.exit_code, "being left" in told.output) == (2, True)


@pytest.mark.parametrize(
    ("done", "exit_code", "words"),
    [
        ({"due": [1, 2], "numbers": [3], "failed": ["b: no route"]}, 0, "due: 2 (1 …)"),
        ({"due": [], "numbers": [], "failed": []}, 0, "archive stamps: —"),
        ({"due": [1], "numbers": [], "failed": ["a: no route"]}, 1, "failed: a: no route"),
    ],
)
def test_restamping_says_what_was_due_made_and_failed(
    monkeypatch: pytest.MonkeyPatch, done: dict[str, Any], exit_code: int, words: str
) -> None:
    async def answer(*_: Any, **__: Any) -> log_commands.Restamped:
        return log_commands.Restamped(**done)

    monkeypatch.setattr(log_commands, "_restamp", answer)

    told, as_json = restamp(), restamp("--json")

    assert (told.exit_code, as_json.exit_code) == (exit_code, exit_code)
    assert words in told.output
    assert json.loads(as_json.stdout) == done
