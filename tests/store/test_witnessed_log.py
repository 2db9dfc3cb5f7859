"""Our own log before its witnesses: asked, cosigned, missed, ahead of us; and what readers demand."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from catalog.audit_log import queries as log_queries
from catalog.kernel.actor import PUBLIC, Actor, system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.witnessing import disk, queries
from catalog.witnessing.cosignature import CosignatureWrong
from catalog.witnessing.disk import Witness, origin_hash
from catalog.witnessing.operations import read_answer
from catalog.witnessing.policy import LogNotInPolicy, check, parse_policy
from catalog.witnessing.queries import NotWitnessed
from market.channels.witnesses import Witnesses
from market.cli.export import write_export
from market.cli.verify import verify
from market.jobs import ask_witnesses
from tests.asked_log import AskedLog, expect_kept, names
from tests.log_of_tests import ORIGIN, TestLog
from tests.witness_network import Network
from tests.witnessed_log import MemoryWitness

EVERY = dt.timedelta(seconds=10)
ALARM = dt.timedelta(hours=1)


class Scene(AskedLog):
    """A log, two witnesses of it, and the job that asks them."""

    def __init__(
        self, log: TestLog, clock: ManualClock, tmp_path: pathlib.Path, quorum: str = "all"
    ) -> None:
        super().__init__(log, clock)
        self.network = Network(clock)
        self.places = {name: tmp_path / name for name in ("w1", "w2")}
        keys = {
            name: disk.create(place, f"{name}.example/w")[0] for name, place in self.places.items()
        }
        self.policy = "\n".join(
            (
                f"log {log.signer.key}",
                *(f"witness {name} {key} http://{name}" for name, key in keys.items()),
                f"group both {quorum} w1 w2",
                "quorum both\n",
            )
        ).encode()
        for name in keys:
            self.witness(name).add_log(log.signer.key)
            self.network.serve(name, self.witness(name))
        self.witnesses = Witnesses(
            parse_policy(self.policy), httpx.AsyncClient(transport=self.network)
        )

    def witness(self, name: str) -> Witness:
        return Witness(self.places[name])

    async def ask(self) -> int:
        self.clock.move_by(EVERY)
        return await ask_witnesses.run(
            self.log.db,
            clock=self.clock.now,
            witnesses=self.witnesses,
            every=EVERY,
            alarm_after=ALARM,
        )

    async def witnessed(self) -> bytes:
        async with begin(self.log.db, PUBLIC) as tx:
            return await queries.get_witnessed(tx)

    async def newest(self) -> bytes:
        async with begin(self.log.db, PUBLIC) as tx:
            return (await log_queries.get_checkpoint(tx)).note


@pytest.fixture
async def scene(
    db: Database,
    almighty: Actor,
    data_dir: pathlib.Path,
    clock: ManualClock,
    tmp_path: pathlib.Path,
) -> Scene:
    made = Scene(TestLog(db, almighty, data_dir), clock, tmp_path / "witnesses")
    await made.grow(300)
    return made


async def test_a_checkpoint_is_cosigned_by_all_and_served_with_their_lines(scene: Scene) -> None:
    for _ in range(3):
        await scene.grow(5)
        assert await scene.ask() == 2

        witnessed = await scene.witnessed()

        assert witnessed.startswith(await scene.newest())
        assert set(check(scene.witnesses.policy, witnessed).cosigned) == {"w1", "w2"}
        assert await scene.ask() == 0


async def test_nobody_is_asked_before_it_is_time_nor_without_a_policy(scene: Scene) -> None:
    await scene.ask()
    await scene.grow()
    again = {"every": EVERY, "alarm_after": ALARM}

    early = await ask_witnesses.run(
        scene.log.db, clock=scene.clock.now, witnesses=scene.witnesses, **again
    )
    nobody = await ask_witnesses.run(scene.log.db, clock=scene.clock.now, witnesses=None, **again)

    assert (early, nobody) == (0, 0)


async def test_the_log_goes_on_without_a_witness_and_catches_up_when_it_is_back(
    scene: Scene, said: list[Any]
) -> None:
    await scene.ask()
    seen = await scene.witnessed()
    away = scene.network.there.pop("w2")
    for _ in range(3):
        await scene.grow()
        assert await scene.ask() == 1
    assert await scene.witnessed() == seen
    assert "witness_unreachable" in names(said)

    scene.network.there["w2"] = away
    assert await scene.ask() == 1

    assert (await scene.witnessed()).startswith(await scene.newest())


async def test_a_quorum_that_is_missing_for_longer_is_said_once_and_again_after_as_long(
    scene: Scene, said: list[Any]
) -> None:
    scene.network.there.clear()
    await scene.ask()
    assert "witness_quorum_missing" not in names(said)

    scene.clock.move_by(ALARM)
    for _ in range(3):
        await scene.ask()
    assert names(said).count("witness_quorum_missing") == 1
    scene.clock.move_by(ALARM)
    await scene.ask()
    assert names(said).count("witness_quorum_missing") == 2


async def test_an_alarm_ends_with_the_quorum(scene: Scene, said: list[Any]) -> None:
    there = dict(scene.network.there)
    scene.network.there.clear()
    scene.clock.move_by(ALARM)
    await scene.ask()
    scene.network.there.update(there)
    await scene.ask()
    scene.clock.move_by(ALARM)
    await scene.ask()

    assert names(said).count("witness_quorum_missing") == 1


async def test_a_witness_that_lost_our_answer_is_asked_again_from_where_it_is(scene: Scene) -> None:
    await scene.ask()
    await scene.grow()
    request = await questions(scene)
    witness = scene.witness("w1")
    witness.add_checkpoint(request["w1"], scene.clock.now())  # its answer never reached us

    assert await scene.ask() == 2

    assert (await scene.witnessed()).startswith(await scene.newest())


async def questions(scene: Scene) -> dict[str, bytes]:
    async with begin(scene.log.db, system("test")) as tx:
        found = await queries.list_questions(tx, scene.witnesses.policy)
    return {each.witnesses[0].name: each.request.body() for each in found}


async def test_a_witness_that_saw_more_than_we_have_is_an_error_and_no_question(
    scene: Scene, said: list[Any]
) -> None:
    await scene.grow()
    scene.network.serve("w1", AheadOfUs(scene.places["w1"]))

    assert await scene.ask() == 1

    assert "witness_is_ahead" in names(said)


class AheadOfUs(Witness):
    """A witness that holds a larger tree than the log has: the log's database is an old one."""

    def add_checkpoint(self, body: bytes, now: dt.datetime) -> str:
        from catalog.witnessing.deciding import OldSizeDiffers

        raise OldSizeDiffers(size=10_000_000)


class Wrong(Witness):
    """A witness whose lines do not verify."""

    def add_checkpoint(self, body: bytes, now: dt.datetime) -> str:
        note = body.partition(b"\n\n")[2]
        return MemoryWitness(self.key.name).line(note, int(now.timestamp())).decode()


class Garbled(Witness):
    """A witness that answers with something else."""

    def add_checkpoint(self, body: bytes, now: dt.datetime) -> str:
        return "thank you\n"


class NoSize(Witness):
    """A witness that says 409 and no size."""

    def add_checkpoint(self, body: bytes, now: dt.datetime) -> str:
        from catalog.witnessing.deciding import OldSizeDiffers

        raise OldSizeDiffers(size="many")


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (Wrong, "witness_answered_wrongly"),
        (Garbled, "witness_answered_wrongly"),
        (NoSize, "witness_unreachable"),
    ],
)
async def test_what_a_witness_answers_wrongly_is_not_kept(
    scene: Scene, said: list[Any], kind: type[Witness], event: str
) -> None:
    scene.network.serve("w1", kind(scene.places["w1"]))

    assert await scene.ask() == 1

    assert event in names(said)
    with pytest.raises(NotWitnessed):
        await scene.witnessed()


async def test_a_log_that_tells_another_story_is_refused_and_says_so(
    scene: Scene, said: list[Any]
) -> None:
    note = await scene.newest()
    other = scene.witness("w1")
    size = int(note.split(b"\n")[1])
    forged = scene.log.signer.note(size, type(other.logs()[0][1].root)(bytes(32)), previous=0)
    other.add_checkpoint(b"old 0\n\n" + forged, scene.clock.now())

    assert await scene.ask() == 1

    refusals = [line for line in said if line["event"] == "witness_refused"]
    assert [line["status"] for line in refusals] == [422]
    kept = scene.places["w1"] / "logs" / origin_hash(ORIGIN) / "refused"
    assert [json.loads(path.read_bytes())["refused"].encode() for path in kept.iterdir()] == [note]


async def test_an_answer_of_somebody_else_is_no_answer(scene: Scene) -> None:
    note = await scene.newest()
    witness = scene.witnesses.policy.witnesses[0]
    stranger = MemoryWitness("stranger.example").line(note, 9)

    with pytest.raises(CosignatureWrong):
        read_answer(note, witness, stranger)
    good = scene.witness("w1").add_checkpoint(b"old 0\n\n" + note, scene.clock.now()).encode()
    assert read_answer(note, witness, stranger + good)[0] == good.splitlines(keepends=True)[0]


async def test_a_policy_without_our_log_is_found_out_when_it_is_first_met(scene: Scene) -> None:
    without = b"\n".join(scene.policy.split(b"\n")[1:])
    scene.witnesses.policy = parse_policy(without)

    with pytest.raises(LogNotInPolicy):
        await scene.ask()


@pytest.mark.parametrize("table", ["cosignatures", "witnessed_checkpoints"])
@pytest.mark.parametrize("change", ["UPDATE {} SET size = size", "DELETE FROM {}", "TRUNCATE {}"])
async def test_what_witnesses_said_can_not_be_changed(
    scene: Scene, owner_dsn: str, table: str, change: str
) -> None:
    await scene.ask()

    await expect_kept(owner_dsn, table, change)


async def test_every_entry_under_a_witnessed_checkpoint_has_a_proof_that_travels_alone(
    scene: Scene, tmp_path: pathlib.Path
) -> None:
    await scene.ask()
    await scene.grow(5)
    (tmp_path / "policy").write_bytes(scene.policy)
    async with begin(scene.log.db, PUBLIC) as tx:
        proof = (await queries.prove_entry(tx, 7)).text()
        leaf = await log_queries.get_leaf(tx, 7)
        size = int((await queries.get_witnessed(tx)).split(b"\n")[1])
        for index in (size, -1):
            with pytest.raises(NotWitnessed):
                await queries.prove_entry(tx, index)
    (tmp_path / "7.tlog-proof").write_bytes(proof)
    (tmp_path / "leaf").write_bytes(leaf)
    (tmp_path / "other").write_bytes(leaf + b" ")
    arguments = [str(tmp_path / "7.tlog-proof"), "--policy", str(tmp_path / "policy"), "--leaf"]

    assert run(*arguments, str(tmp_path / "leaf")).exit_code == 0
    wrong = run(*arguments, str(tmp_path / "other"), "--json")
    assert (wrong.exit_code, fault(wrong)) == (1, "not_included")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(verify, list(arguments))


def fault(result: Result) -> str:
    told: str = json.loads(result.output)["first_bad"]["fault"]
    return told


async def test_an_export_is_held_to_the_policy_of_its_reader(
    scene: Scene, tmp_path: pathlib.Path
) -> None:
    policy = tmp_path / "policy"
    policy.write_bytes(scene.policy)
    export = {name: tmp_path / name for name in ("before", "after", "grown")}
    now = scene.clock.now()
    await write_export(scene.log.db, export["before"], now=now, origin=ORIGIN)
    await scene.ask()
    await write_export(scene.log.db, export["after"], now=now, origin=ORIGIN)
    await scene.grow(4)
    await write_export(scene.log.db, export["grown"], now=now, origin=ORIGIN)

    before = run(str(export["before"]), "--policy", str(policy), "--json")
    after = run(str(export["after"]), "--policy", str(policy))
    grown = run(str(export["grown"]), "--policy", str(policy))

    assert (before.exit_code, fault(before)) == (1, "quorum_missing")
    assert after.exit_code == 0, after.output
    assert grown.exit_code == 0, grown.output
    assert "4 entries are younger than what the witnesses saw" in grown.output
    assert run(str(export["before"]), "--vkey", str(scene.log.signer.key)).exit_code == 0

    for name, wrong, expected in (
        ("one line is cut", cut_last_line, "quorum_missing"),
        ("a signature is changed", change_last_line, "signature_wrong"),
        ("a stranger's policy", None, "quorum_missing"),
    ):
        note = export["after"] / "checkpoint.witnessed"
        genuine = note.read_bytes()
        other = tmp_path / "other policy"
        stranger = MemoryWitness("stranger.example").key
        other.write_text(f"log {scene.log.signer.key}\nwitness s {stranger}\nquorum s\n")
        if wrong is not None:
            note.write_bytes(wrong(genuine))
        chosen = policy if wrong is not None else other
        told = run(str(export["after"]), "--policy", str(chosen), "--json")
        note.write_bytes(genuine)
        assert (told.exit_code, fault(told)) == (1, expected), name


def cut_last_line(note: bytes) -> bytes:
    return note[: note[:-1].rfind(b"\n") + 1]


def change_last_line(note: bytes) -> bytes:
    at = len(note) - 20
    return note[:at] + (b"A" if note[at : at + 1] != b"A" else b"B") + note[at + 1 :]


async def test_a_log_that_shows_less_than_its_witnesses_saw_is_not_genuine(
    scene: Scene, tmp_path: pathlib.Path
) -> None:
    await write_export(scene.log.db, tmp_path / "old", now=scene.clock.now(), origin=ORIGIN)
    await scene.grow(4)
    await scene.ask()
    (tmp_path / "old" / "checkpoint.witnessed").write_bytes(await scene.witnessed())

    told = run(str(tmp_path / "old"), "--vkey", str(scene.log.signer.key))

    assert told.exit_code == 1
    assert "is older than what was witnessed" in told.output


@pytest.mark.parametrize(
    ("policy", "reason"),
    [(None, "No such file"), (b"quorum x", "line 1: the quorum is not defined before")],
)
def test_a_policy_that_is_none_is_unreadable(
    tmp_path: pathlib.Path, policy: bytes | None, reason: str
) -> None:
    if policy is not None:
        (tmp_path / "policy").write_bytes(policy)

    told = run(str(tmp_path), "--policy", str(tmp_path / "policy"))

    assert (told.exit_code, reason in told.output) == (2, True), told.output


def test_a_proof_is_unreadable_without_policy_and_leaf(tmp_path: pathlib.Path) -> None:
    proof = tmp_path / "p.tlog-proof"
    proof.write_bytes(b"c2sp.org/tlog-proof@v1\nindex x\n\nnote\n")
    (tmp_path / "policy").write_bytes(b"quorum none\n")
    both = ("--policy", str(tmp_path / "policy"), "--leaf", str(proof))

    for arguments in ((), both[:2], both[2:], both, (*both[:3], str(tmp_path / "none"))):
        assert run(str(proof), *arguments).exit_code == 2
