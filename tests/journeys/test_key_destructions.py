"""Two people destroy a key over HTTP, each from where they are: one proposes, another one confirms."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid

import asyncpg
import httpx
import msgspec
import pytest

from catalog.audit_log import operations as audit_log
from catalog.kernel.actor import Actor, system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import AccountId
from catalog.key_custody.operations import Destruction
from catalog.key_custody.two_people import TwoPeopleNeeded
from catalog.key_destructions import operations
from catalog.signing import disk
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose
from market.identity.permissions import Role
from market.jobs import keys_due
from market.settings import Settings
from tests.api import Api, code
from tests.makers_identity import Member, make_member

ROOT = system("test", "key:rotate", "key:end")
REASON = {"reason": "期满，已更换"}
LIST = "/api/v1/key-destructions"


class Keys:
    """A report key that was replaced, and two administrators with accounts of their own."""

    def __init__(
        self, api: Api, db: Database, clock: ManualClock, settings: Settings, people: list[Member]
    ) -> None:
        self.db, self.clock, self.settings = db, clock, settings
        self.people = people
        self.api = api
        self.security, self.system, self.auditor = (api.as_(each.token) for each in people)
        self.old = disk.read_signer(settings.keys_dir, Purpose.REPORT).key_id

    async def replace(self) -> str:
        """Put another key in the place of the one that signs reports; return the id of the old one."""
        old = disk.read_signer(self.settings.keys_dir, Purpose.REPORT).key_id
        new = disk.replace(self.settings.keys_dir, Purpose.REPORT)
        async with begin(self.db, ROOT) as tx:
            await audit_log.register_service_keys(
                tx, now=self.clock.now(), keys={Purpose.REPORT: new.public_key}
            )
        return old

    async def end(self) -> None:
        """Let the end of what was replaced be entered in the log."""
        self.clock.move_by(dt.timedelta(minutes=6))
        signer = self.api.app.litestar.state.context.log_signer
        assert await keys_due.run(self.db, now=self.clock.now(), signer=signer) > 0

    async def propose(self, key_id: str) -> httpx.Response:
        return await self.security.post(f"/api/v1/keys/{key_id}/destructions", REASON)

    def file(self, key_id: str) -> bool:
        return disk.find_retired(self.settings.keys_dir, key_id) is not None


@pytest.fixture
async def keys(
    api: Api, db: Database, clock: ManualClock, now: dt.datetime, settings: Settings
) -> Keys:
    roles = (Role.SECURITY_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR)
    people = [await make_member(db, role, now=now) for role in roles]
    made = Keys(api, db, clock, settings, people)
    await made.replace()
    return made


async def test_one_proposes_and_another_one_confirms_and_the_log_names_both(
    keys: Keys,
) -> None:
    early = await keys.propose(keys.old)
    await keys.end()

    made = await keys.propose(keys.old)
    again = await keys.propose(keys.old)
    waiting = await keys.system.get(LIST, status="proposed")
    assert keys.file(keys.old)
    done = await keys.system.post(f"{LIST}/{made.json()['id']}/confirmations")

    assert (early.status_code, code(early)) == (409, "key_still_signs")
    assert made.status_code == 201, made.text
    assert (again.status_code, code(again)) == (409, "key_destruction_under_way")
    assert [each["id"] for each in waiting.json()["items"]] == [made.json()["id"]]
    assert done.status_code == 200, done.text
    assert done.json()["state"] == "confirmed"
    assert not keys.file(keys.old)
    one, other, _ = (each.account.id for each in keys.people)
    (entry,) = await keys.auditor.find_in_log(action="key:destroyed")
    assert entry["actor_account_id"] == str(other)
    assert [(each["account_id"], each["does"]) for each in entry["payload"]["facts"]["people"]] == [
        (str(one), "destroys"),
        (str(other), "confirms"),
    ]
    assert entry["payload"]["reason"] == REASON["reason"]
    (proposed,) = await keys.auditor.find_in_log(action="key_destruction:proposed")
    assert proposed["actor_account_id"] == str(one)
    assert proposed["subjects"] == [{"kind": "key", "id": keys.old}]
    after = await keys.propose(keys.old)
    twice = await keys.system.post(f"{LIST}/{made.json()['id']}/confirmations")
    assert (after.status_code, code(after)) == (409, "key_destroyed_already")
    assert (twice.status_code, code(twice)) == (409, "key_destruction_event_not_allowed")


async def test_what_is_refused_or_taken_back_destroys_nothing_and_may_be_proposed_anew(
    keys: Keys,
) -> None:
    await keys.end()
    first = (await keys.propose(keys.old)).json()["id"]
    refused = await keys.system.post(f"{LIST}/{first}/refusals", {"remark": "备份尚未清点"})
    second = (await keys.propose(keys.old)).json()["id"]
    back = await keys.security.post(f"{LIST}/{second}/withdrawals")

    assert refused.json()["state"] == "refused"
    assert refused.json()["remark"] == "备份尚未清点"
    assert back.json()["state"] == "withdrawn"
    for made in (first, second):
        for step, who, body in (
            ("confirmations", keys.system, None),
            ("refusals", keys.system, {"remark": "否"}),
            ("withdrawals", keys.security, None),
        ):
            late = await who.post(f"{LIST}/{made}/{step}", body)
            assert code(late) == "key_destruction_event_not_allowed", (step, late.text)
    assert keys.file(keys.old)
    assert (await keys.propose(keys.old)).status_code == 201
    every = (await keys.auditor.get(LIST)).json()["items"]
    assert [each["state"] for each in every] == ["proposed", "withdrawn", "refused"]
    page = (await keys.auditor.get(LIST, limit=2)).json()
    rest = (await keys.auditor.get(LIST, limit=2, cursor=page["next_cursor"])).json()
    assert [each["id"] for each in (*page["items"], *rest["items"])] == [e["id"] for e in every]


async def test_one_person_with_both_permissions_is_not_two(keys: Keys, db: Database) -> None:
    await keys.end()
    one, other = (each.actor for each in keys.people[:2])
    both = msgspec.structs.replace(one, permissions=one.permissions | other.permissions)
    made = uuid.UUID((await keys.propose(keys.old)).json()["id"])

    async def who_is(_: AccountId) -> Actor:
        return both

    def never(key: PublicKey) -> Destruction:
        pytest.fail(f"{key.key_id} was destroyed")

    now = keys.clock.now()
    with pytest.raises(TwoPeopleNeeded):
        async with begin(db, both) as tx:
            await operations.confirm(
                tx, actor=both, now=now, destruction_id=made, who_is=who_is, how=never
            )
    with pytest.raises(TwoPeopleNeeded):
        async with begin(db, both) as tx:
            await operations.refuse(tx, actor=both, now=now, destruction_id=made, remark="否")
    nobody = system("job", "key:destroy")
    with pytest.raises(TwoPeopleNeeded):
        async with begin(db, nobody) as tx:
            await operations.propose(tx, actor=nobody, now=now, key_id=keys.old, reason="期满")
    assert keys.file(keys.old)
    colleague = await make_member(db, Role.SECURITY_ADMINISTRATOR, now=now)
    foreign = await keys.api.as_(colleague.token).post(f"{LIST}/{made}/withdrawals")
    assert foreign.status_code == 404  # another's proposal


async def test_who_lost_the_power_meanwhile_did_not_propose_it(keys: Keys) -> None:
    await keys.end()
    made = (await keys.propose(keys.old)).json()["id"]
    async with begin(keys.db, ROOT) as tx:
        await tx.execute(
            "UPDATE market.role_grants SET revoked_at = $2, revoked_by = $1 WHERE account_id = $1",
            keys.people[0].account.id,
            keys.clock.now(),
        )
        tx.remember()

    refused = await keys.system.post(f"{LIST}/{made}/confirmations")

    assert (refused.status_code, code(refused)) == (409, "key_destruction_proposer_gone")
    assert keys.file(keys.old)
    assert [e["state"] for e in (await keys.system.get(LIST)).json()["items"]] == ["proposed"]


async def test_a_key_that_signs_is_unknown_or_lies_elsewhere_is_not_destroyed(keys: Keys) -> None:
    await keys.end()
    signs = disk.read_signer(keys.settings.keys_dir, Purpose.REPORT).key_id
    path = disk.find_retired(keys.settings.keys_dir, keys.old)
    assert path is not None
    path.rename(path.with_name("elsewhere"))
    made = (await keys.propose(keys.old)).json()["id"]

    gone = await keys.system.post(f"{LIST}/{made}/confirmations")

    assert code(await keys.propose(signs)) == "key_still_signs"
    assert (await keys.propose("0" * 16)).status_code == 404
    assert (gone.status_code, code(gone)) == (409, "private_key_not_here")
    assert (await keys.system.post(f"{LIST}/{uuid.uuid4()}/confirmations")).status_code == 404
    assert (
        await keys.system.post(f"{LIST}/{uuid.uuid4()}/refusals", {"remark": "否"})
    ).status_code == 404
    assert (await keys.security.post(f"{LIST}/{uuid.uuid4()}/withdrawals")).status_code == 404
    assert [e["state"] for e in (await keys.system.get(LIST)).json()["items"]] == ["proposed"]


async def test_a_file_that_was_destroyed_and_not_remembered_is_remembered_when_asked_again(
    keys: Keys,
) -> None:
    await keys.end()
    made = (await keys.propose(keys.old)).json()["id"]
    path = disk.find_retired(keys.settings.keys_dir, keys.old)
    assert path is not None
    disk.destroy(path)  # and then the service was killed

    done = await keys.system.post(f"{LIST}/{made}/confirmations")

    assert done.status_code == 200, done.text
    assert len(await keys.auditor.find_in_log(action="key:destroyed")) == 1


async def test_two_who_confirm_at_once_destroy_once(keys: Keys, api: Api, db: Database) -> None:
    await keys.end()
    made = (await keys.propose(keys.old)).json()["id"]
    another = await make_member(db, Role.SYSTEM_ADMINISTRATOR, now=keys.clock.now())

    done = await asyncio.gather(
        keys.system.post(f"{LIST}/{made}/confirmations"),
        api.as_(another.token).post(f"{LIST}/{made}/confirmations"),
    )

    assert sorted(each.status_code for each in done) == [200, 409]
    assert len(await keys.auditor.find_in_log(action="key:destroyed")) == 1


async def test_the_table_itself_lets_nobody_confirm_his_own_proposal(
    keys: Keys, owner_dsn: str
) -> None:
    await keys.end()
    made = (await keys.propose(keys.old)).json()["id"]
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute("SET app.remembered = 'yes'")
        with pytest.raises(asyncpg.CheckViolationError, match="two_people_needed"):
            await owner.execute(
                "UPDATE signing.key_destructions SET state = 'confirmed', decided_by = proposed_by,"
                " decided_at = now() WHERE id = $1",
                uuid.UUID(made),
            )
    finally:
        await owner.close()
