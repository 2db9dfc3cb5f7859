"""The service's keys change, end, are distrusted and destroyed; the log goes on and stays checkable."""

from __future__ import annotations

import asyncio
import datetime as dt
import pathlib
import stat
from collections.abc import Callable

import click
import msgspec
import pytest
from click.testing import CliRunner

from catalog.audit_log import key_chain, merkle, queries
from catalog.audit_log import operations as audit_log
from catalog.audit_log.checkpoint import VerifierKey, open_checkpoint
from catalog.audit_log.disk import CheckpointRefused, Signed
from catalog.audit_log.sequencer.operations import publishing
from catalog.audit_log.sequencer.operations.publishing import LogKeyNotInForce
from catalog.kernel.actor import Actor, NotPermitted, system
from catalog.kernel.db import Database, Tx, begin
from catalog.key_custody import operations as key_custody
from catalog.key_custody.operations import (
    Destruction,
    KeyNeedsANotice,
    KeyNoticeRefused,
    KeyStillSigns,
)
from catalog.key_custody.two_people import TwoPeopleNeeded
from catalog.signing import disk
from catalog.signing import queries as keys
from catalog.signing.operations import (
    KeyAlreadyDistrusted,
    KeyNotAnnounced,
    NoSuchKey,
)
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from market.cli import key_rotation
from market.cli.export import write_export
from market.cli.keys import keys as keys_command
from market.cli.verify import check
from market.identity.permissions import Role
from market.jobs import keys_due
from tests.log_of_tests import ORIGIN, TestLog, signer_of
from tests.makers_identity import make_member

BY = system("test", "key:rotate", "key:distrust", "key:end")
OVERLAP = dt.timedelta(days=30)
NEW = signer_of(Purpose.CHECKPOINT, "new")
ROOT = signer_of(Purpose.ROOT)
REPORT = signer_of(Purpose.REPORT)


def vkey(signer: Signer) -> VerifierKey:
    return VerifierKey(ORIGIN, signer.public_key)


@pytest.fixture
async def log(db: Database, almighty: Actor, data_dir: pathlib.Path, now: dt.datetime) -> TestLog:
    """A log with its first key, registered, and all that waited signed."""
    made = TestLog(db, almighty, data_dir)
    first = {Purpose.CHECKPOINT: made.signer.signer.public_key}
    async with begin(db, BY) as tx:
        await audit_log.register_service_keys(tx, now=now, keys=first)
    await made.run(now)
    return made


async def announce(log: TestLog, now: dt.datetime, new: Signer, by: Signer) -> None:
    async with begin(log.db, BY) as tx:
        await key_custody.announce(
            tx, actor=BY, now=now, origin=ORIGIN, new=new, by=by, overlap=OVERLAP
        )


def with_keys(log: TestLog, first: Signer, *outgoing: Signer) -> None:
    log.signer = publishing.LogSigner(ORIGIN, first, outgoing=outgoing)


async def newest(log: TestLog) -> bytes:
    async with begin(log.db, BY) as tx:
        return (await queries.get_checkpoint(tx)).note


def signers_of(note: bytes, *signers: Signer) -> list[Signer]:
    return [each for each in signers if open_checkpoint(note, vkey(each)) is not None]


async def test_a_log_changes_its_key_with_an_overlap_and_whoever_knows_the_old_one_still_verifies(
    log: TestLog, db: Database, now: dt.datetime, tmp_path: pathlib.Path
) -> None:
    old = log.signer.signer

    await announce(log, now, NEW, old)
    await announce(log, now, NEW, old)  # asked again: nothing more
    with_keys(log, NEW, old)
    await log.run(now)
    both = await newest(log)
    later = now + OVERLAP
    assert (
        await keys_due.run(db, now=later, signer=log.signer) == 0
    )  # what it signed may be on its way
    later += dt.timedelta(minutes=5)
    ended = await keys_due.run(db, now=later, signer=log.signer)
    again = await keys_due.run(db, now=later, signer=log.signer)
    await log.run(later)
    alone = await newest(log)

    assert signers_of(both, old, NEW) == [old, NEW]
    assert (ended, again) == (1, 0)
    assert signers_of(alone, old, NEW) == [NEW]
    out = tmp_path / "export"
    await write_export(db, out, now=later, origin=ORIGIN, signer_journal=log.journal.path)
    told = msgspec.json.decode((out / "keys.json").read_bytes())
    assert told["log"] == str(vkey(NEW))
    assert len(told["notices"]) == 2
    for known in (old, NEW):
        verdict = check(str(out), vkey=str(vkey(known)), keys_file=None)
        assert verdict.first_bad is None, verdict
    stranger = str(vkey(signer_of(Purpose.CHECKPOINT, "stranger")))
    assert check(str(out), vkey=stranger, keys_file=None).first_bad is not None


async def test_a_service_that_has_not_read_the_new_key_signs_on_with_the_old_one(
    log: TestLog, now: dt.datetime
) -> None:
    old = log.signer.signer
    await announce(log, now, NEW, old)

    await log.run(now)

    assert signers_of(await newest(log), old, NEW) == [old]


async def test_a_new_key_signs_nothing_before_its_notice_has_its_place(
    log: TestLog, now: dt.datetime, db: Database
) -> None:
    old = log.signer.signer
    await log.append(now)
    with_keys(log, NEW, old)

    await log.run(now)  # the notice was never given: only the old one may

    assert signers_of(await newest(log), old, NEW) == [old]
    await announce(log, now, NEW, old)
    with_keys(log, signer_of(Purpose.CHECKPOINT, "stranger"))
    with pytest.raises(LogKeyNotInForce):
        await log.run(now)


async def test_the_journal_survives_a_change_of_the_key_and_still_refuses_a_fork(
    log: TestLog, now: dt.datetime
) -> None:
    old = log.signer.signer
    before = log.journal.last()
    await announce(log, now, NEW, old)
    with_keys(log, NEW, old)
    await log.append(now)
    await log.run(now)
    last = log.journal.last()
    assert before is not None
    assert last is not None
    assert last.size > before.size
    note = log.signer.note(last.size, merkle.EMPTY_ROOT, previous=before.size, by=(NEW,)).decode()

    for size, proof in ((last.size, ()), (last.size - 1, ()), (last.size + 1, (bytes(32),))):
        fork = Signed(size=size, root=bytes(32), note=note, at=now)
        with pytest.raises(CheckpointRefused):
            log.journal.append(fork, proof)

    assert log.journal.last() == last
    await log.append(now)
    await log.run(now)  # and goes on
    assert len(list(log.journal.read())) == 3


async def test_a_key_is_announced_by_a_key_of_the_log_and_by_no_other(
    log: TestLog, now: dt.datetime
) -> None:
    stranger = signer_of(Purpose.CHECKPOINT, "stranger")

    with pytest.raises(KeyNoticeRefused):
        await announce(log, now, NEW, stranger)
    await announce(log, now, NEW, log.signer.signer)
    with pytest.raises(KeyNoticeRefused):
        await announce(log, now, signer_of(Purpose.CHECKPOINT, "next"), stranger)
    with pytest.raises(NotPermitted):
        async with begin(log.db, system("test")) as tx:
            await key_custody.announce(
                tx,
                actor=system("test"),
                now=now,
                origin=ORIGIN,
                new=NEW,
                by=log.signer.signer,
                overlap=OVERLAP,
            )


async def test_the_services_start_does_not_change_the_logs_key_by_itself(
    log: TestLog, now: dt.datetime
) -> None:
    with pytest.raises(KeyNotAnnounced):
        async with begin(log.db, BY) as tx:
            await audit_log.register_service_keys(
                tx, now=now, keys={Purpose.CHECKPOINT: NEW.public_key}
            )


async def test_after_a_theft_the_root_key_brings_a_new_key_and_distrusts_the_stolen_one(
    log: TestLog, db: Database, now: dt.datetime, tmp_path: pathlib.Path
) -> None:
    stolen = log.signer.signer
    async with begin(db, BY) as tx:
        await key_custody.appoint_root(tx, actor=BY, now=now, origin=ORIGIN, root=ROOT, by=stolen)
    with pytest.raises(KeyNoticeRefused):
        async with begin(db, BY) as tx:
            await key_custody.appoint_root(
                tx, actor=BY, now=now, origin=ORIGIN, root=ROOT, by=stolen
            )
    await log.run(now)
    last_good = await newest(log)
    good = open_checkpoint(last_good, vkey(stolen))
    assert good is not None
    await log.append(now)  # by the thief
    await log.run(now)

    await announce(log, now, NEW, ROOT)
    with pytest.raises(KeyNeedsANotice):
        await distrust(db, stolen.key_id, good.size, now, by=None)
    await distrust(db, stolen.key_id, good.size, now, by=ROOT)
    with pytest.raises(KeyAlreadyDistrusted):
        await distrust(db, stolen.key_id, good.size, now, by=ROOT)
    with_keys(log, NEW, stolen)
    await log.run(now)

    note = await newest(log)
    assert signers_of(note, stolen, NEW) == [NEW]
    async with begin(db, BY) as tx:
        rows = await queries.list_key_notices(tx)
        told = {key.key_id: key for key in await keys.list_public_keys(tx)}
    chain = key_chain.chained(vkey(stolen), rows)
    assert open_checkpoint(last_good, chain) is not None
    assert [each.distrusted_from for each in chain.periods] == [good.size, None]
    assert told[stolen.key_id].distrusted_from == good.size
    assert told[stolen.key_id].revoked_at == now
    out = tmp_path / "export"
    await write_export(db, out, now=now, origin=ORIGIN, signer_journal=log.journal.path)
    verdict = check(str(out), vkey=str(vkey(stolen)), keys_file=None)
    assert verdict.first_bad is None, verdict
    assert verdict.counts["checkpoints of a distrusted key"] == 1


async def distrust(
    db: Database, key_id: str, since: int, now: dt.datetime, *, by: Signer | None = None
) -> None:
    async with begin(db, BY) as tx:
        await key_custody.distrust(
            tx,
            actor=BY,
            now=now,
            key_id=key_id,
            since=since,
            reason="私钥泄露",
            origin=ORIGIN,
            by=by,
        )


async def test_the_key_of_a_document_is_distrusted_by_its_record(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    async with begin(db, BY) as tx:
        await audit_log.register_service_keys(tx, now=now, keys={Purpose.REPORT: REPORT.public_key})

    await distrust(db, REPORT.key_id, 3, now)
    await distrust(db, REPORT.key_id, 2, now)
    with pytest.raises(NoSuchKey):
        await distrust(db, "0" * 16, 3, now)

    async with begin(db, BY) as tx:
        key = await keys.find_key(tx, REPORT.key_id)
    assert key is not None
    assert (key.distrusted_from, key.revoked_at) == (2, now)


async def test_the_log_says_nothing_of_its_last_key_by_that_key_itself(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    async with begin(db, system("test", "key:revoke")) as tx:
        await audit_log.revoke_key(
            tx,
            actor=system("test", "key:revoke"),
            now=now,
            key_id=log.signer.signer.key_id,
            reason="为演示",
        )

    assert await keys_due.run(db, now=now + OVERLAP, signer=log.signer) == 0


async def test_two_who_end_keys_at_once_end_them_once(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    for signer in (REPORT, signer_of(Purpose.REPORT, "next")):
        async with begin(db, BY) as tx:
            await audit_log.register_service_keys(
                tx, now=now, keys={Purpose.REPORT: signer.public_key}
            )
    later = now + dt.timedelta(minutes=6)

    done = await asyncio.gather(*(keys_due.run(db, now=later, signer=log.signer) for _ in range(4)))

    assert sorted(done) == [0, 0, 0, 1]


async def destroy(
    db: Database,
    key_id: str,
    now: dt.datetime,
    doing: Actor,
    seeing: Actor,
    *,
    act: Callable[[], None],
) -> None:
    async def work(tx: Tx) -> None:
        await key_custody.destroy(
            tx,
            actor=doing,
            now=now,
            key_id=key_id,
            confirmed_by=seeing,
            reason="期满",
            how=lambda _: Destruction("file overwritten and removed", act),
        )

    async with begin(db, doing) as tx:
        await work(tx)


async def test_a_key_is_destroyed_after_its_end_by_two_people_and_its_public_half_stays(
    log: TestLog, db: Database, now: dt.datetime, tmp_path: pathlib.Path
) -> None:
    disk.create(tmp_path, Purpose.REPORT)
    old = disk.read_signer(tmp_path, Purpose.REPORT)
    new = disk.replace(tmp_path, Purpose.REPORT)
    for signer in (old, new):
        async with begin(db, BY) as tx:
            await audit_log.register_service_keys(
                tx, now=now, keys={Purpose.REPORT: signer.public_key}
            )
    path = disk.find_retired(tmp_path, old.key_id)
    assert path is not None

    def act() -> None:
        disk.destroy(path)

    one, other, stranger = await people(db, now)
    with pytest.raises(KeyStillSigns):
        await destroy(db, old.key_id, now, one, other, act=act)
    await keys_due.run(db, now=now + dt.timedelta(minutes=6), signer=log.signer)
    both = msgspec.structs.replace(one, permissions=one.permissions | other.permissions)
    with pytest.raises(TwoPeopleNeeded):
        await destroy(db, old.key_id, now, both, both, act=act)
    for two in ((one, one), (other, one), (one, stranger), (stranger, other)):
        with pytest.raises(NotPermitted):
            await destroy(db, old.key_id, now, *two, act=act)
    with pytest.raises(NoSuchKey):
        await destroy(db, "0" * 16, now, one, other, act=act)
    with pytest.raises(KeyStillSigns):
        await destroy(db, new.key_id, now, one, other, act=act)
    assert path.exists()

    await destroy(db, old.key_id, now, one, other, act=act)

    assert disk.find_retired(tmp_path, old.key_id) is None
    assert disk.read_signer(tmp_path, Purpose.REPORT).key_id == new.key_id
    async with begin(db, BY) as tx:
        kept = await keys.find_key(tx, old.key_id)
        row = await tx.fetch_one(
            "SELECT payload, actor_account_id FROM audit_log.open_payloads WHERE event = 'key:destroyed'"
        )
    assert kept is not None
    assert kept.valid_to is not None
    assert row is not None
    facts = msgspec.json.decode(row["payload"])["facts"]
    assert row["actor_account_id"] == one.account_id
    assert [(each["account_id"], each["does"]) for each in facts["people"]] == [
        (str(one.account_id), "destroys"),
        (str(other.account_id), "confirms"),
    ]


async def people(db: Database, now: dt.datetime) -> list[Actor]:
    """Return a security administrator, a system administrator, and a buyer, as their tokens say."""
    roles = (Role.SECURITY_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR, Role.BUYER)
    members = [await make_member(db, role, now=now) for role in roles]
    return [await key_rotation.signed_in(db, f" {each.token}\n", now) for each in members]


async def test_a_token_that_is_nobody_s_or_no_longer_counts_lets_nobody_destroy(
    db: Database, now: dt.datetime
) -> None:
    member = await make_member(db, Role.SECURITY_ADMINISTRATOR, now=now)

    for token, at in (("shs_nobody", now), ("", now), (member.token, now + dt.timedelta(days=30))):
        with pytest.raises(click.ClickException, match="sign in anew"):
            await key_rotation.signed_in(db, token, at)


async def test_what_can_not_be_destroyed_is_not_said_to_be(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    def act() -> None:
        raise disk.KeyFileUnusable(path="", reason="no file")

    async with begin(db, BY) as tx:
        await audit_log.register_service_keys(tx, now=now, keys={Purpose.REPORT: REPORT.public_key})
    one, other, _ = await people(db, now)
    await distrust(db, REPORT.key_id, 0, now)
    await keys_due.run(db, now=now + dt.timedelta(minutes=6), signer=log.signer)

    with pytest.raises(disk.KeyFileUnusable):
        await destroy(db, REPORT.key_id, now, one, other, act=act)

    async with begin(db, BY) as tx:
        count = await tx.fetch_value(
            "SELECT count(*) FROM audit_log.entries WHERE event = 'key:destroyed'"
        )
    assert count == 0


def test_a_command_that_was_interrupted_is_given_again(tmp_path: pathlib.Path) -> None:
    disk.create(tmp_path, Purpose.REPORT)
    old = disk.read_signer(tmp_path, Purpose.REPORT)

    first = disk.prepare(tmp_path, Purpose.REPORT)
    second = disk.prepare(tmp_path, Purpose.REPORT)
    (tmp_path / f"report.{old.key_id}.retired").hardlink_to(tmp_path / "report.key")  # half of it
    promoted = disk.promote(tmp_path, Purpose.REPORT)

    assert first.key_id == second.key_id == promoted.key_id
    assert disk.read_signer(tmp_path, Purpose.REPORT).key_id == promoted.key_id
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert files == {"report.key": 0o600, f"report.{old.key_id}.retired": 0o600}


def test_the_command_changes_the_logs_key_and_a_running_service_is_not_in_its_way(
    tmp_path: pathlib.Path,
) -> None:
    data = ["--data-dir", str(tmp_path)]
    made = CliRunner().invoke(keys_command, ["new", *data])
    before = disk.read_signer(tmp_path / "keys", Purpose.CHECKPOINT)

    rotated = CliRunner().invoke(keys_command, ["rotate", "checkpoint", *data, "--json"])
    document = CliRunner().invoke(keys_command, ["rotate", "report", *data, "--json"])
    listed = CliRunner().invoke(keys_command, ["list", *data, "--json"])
    early = CliRunner().invoke(
        keys_command,
        ["destroy", before.key_id, "--reason", "期满", *data],
        input="shs_nobody\nshs_nobody\n",
    )
    new_id = msgspec.json.decode(document.stdout)["key_id"]
    distrusted = CliRunner().invoke(
        keys_command, ["distrust", new_id, "--from", "3", "--reason", "泄露", *data, "--json"]
    )

    assert made.exit_code == 0, made.output
    assert rotated.exit_code == 0, rotated.output
    after = disk.read_signer(tmp_path / "keys", Purpose.CHECKPOINT)
    assert msgspec.json.decode(rotated.stdout)["key_id"] == after.key_id
    (outgoing,) = disk.read_outgoing(tmp_path / "keys", Purpose.CHECKPOINT)
    assert outgoing.key_id == before.key_id
    assert document.exit_code == 0, document.output
    told = {line["key_id"]: line for line in msgspec.json.decode(listed.stdout)}
    start = dt.datetime.fromisoformat(told[after.key_id]["valid_from"])
    assert dt.datetime.fromisoformat(told[before.key_id]["valid_to"]) - start == OVERLAP
    assert (early.exit_code, "sign in anew" in early.output) == (1, True)
    assert "shs_nobody" not in early.output
    assert msgspec.json.decode(distrusted.stdout) == {"key_id": new_id, "distrusted_from": 3}
