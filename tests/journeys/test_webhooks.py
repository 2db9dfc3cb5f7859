"""Parties' own services are told what happens: signed, in order, at least once, never what is not theirs."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.kernel.sealed import Box
from market.channels.webhook_web import Sender
from market.jobs import deliver_webhooks
from market.webhooks import delivering
from market.webhooks.disk import WebhookKeyUnusable, box
from market.webhooks.model import Answer, Taken
from market.webhooks.operations import keeping
from tests.api import Api, code
from tests.conftest import TestServer
from tests.makers_identity import Member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.webhook_receiver import Came, Receiver, receiving

PATH = "/api/v1/my/webhook-endpoints"
SPKI = bytes.fromhex("302a300506032b6570032100")  # before the bytes of an Ed25519 key, in DER
UNKNOWN = "01890000-0000-7000-8000-000000000000"
TYPES = ["order.placed", "order.cleared", "contract.signed", "contract.concluded", "order.paid"]


@pytest.fixture
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    made = await make_trade(api, db, clock)
    # The receiver of the tests lies on this machine.
    api.context.settings = msgspec.structs.replace(
        api.context.settings, webhook_private_addresses=True
    )
    return made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


async def register(
    trade: Trade, who: Member, url: str, types: list[str] | None = None
) -> dict[str, Any]:
    body = {"url": url, "event_types": types or TYPES}
    return must(await trade.by(who).post(PATH, body))


async def deliver(trade: Trade, at: dt.datetime | None = None) -> int:
    """Sequence the log and deliver what is due, as the service's own jobs would."""
    await trade.api.keep_the_log()
    async with httpx.AsyncClient(trust_env=False) as client:
        return await deliver_webhooks.run(
            trade.db,
            clock=lambda: at or trade.clock.now(),
            sender=Sender(client, private=True),
            box=sealed_under(trade),
        )


def sealed_under(trade: Trade) -> Box:
    return box(trade.api.context.settings.keys_dir)


def believes(public_key: str, came: Came) -> bool:
    """Tell whether a reader that has the public key alone believes what came (v1a), with a foreign program."""
    key = base64.b64decode(public_key.removeprefix("whpk_"))
    signed = b".".join(
        (
            came.headers["webhook-id"].encode(),
            came.headers["webhook-timestamp"].encode(),
            came.body,
        )
    )
    told = came.headers["webhook-signature"].split(" ")
    values = [each.removeprefix("v1a,") for each in told if each.startswith("v1a,")]
    return any(openssl_believes(key, signed, base64.b64decode(value)) for value in values)


def openssl_believes(key: bytes, signed: bytes, value: bytes) -> bool:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl here")
    with tempfile.TemporaryDirectory() as scratch:
        files = {"k": SPKI + key, "m": signed, "s": value}
        for name, content in files.items():
            (pathlib.Path(scratch) / name).write_bytes(content)
        done = subprocess.run(
            [
                *(openssl, "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin"),
                *("-inkey", "k", "-in", "m", "-sigfile", "s"),
            ],
            cwd=scratch,
            check=False,
            capture_output=True,
        )
    return done.returncode == 0


async def deliveries(trade: Trade, who: Member, made: dict[str, Any], **wanted: Any) -> Any:
    path = f"{PATH}/{made['endpoint']['id']}/deliveries"
    return must(await trade.by(who).get(path, **wanted))["items"]


async def test_both_sides_of_an_order_are_told_in_order_and_believe_it(
    trade: Trade, receiver: Receiver
) -> None:
    mine = await register(trade, trade.buyer, receiver.url)
    async with receiving() as of_supplier, receiving() as of_stranger:
        await register(trade, trade.supplier, of_supplier.url, ["order.placed"])
        await register(trade, trade.stranger, of_stranger.url)
        order = await trade.contracted()

        # The foreign receiver looks at the real clock.
        sent = await deliver(trade, dt.datetime.now(tz=dt.UTC))

        assert of_supplier.types == ["order.placed"]
        assert of_stranger.came == []
    assert sent == 6
    assert receiver.types == [
        "order.placed",
        "order.cleared",
        "contract.signed",
        "contract.signed",
        "contract.concluded",
    ]
    for came in receiver.came:
        assert Webhook(mine["secret"]).verify(came.body, came.headers) == came.told
        with pytest.raises(WebhookVerificationError):
            Webhook("whsec_" + "A" * 43 + "=").verify(came.body, came.headers)
        assert came.told["data"]["href"] == f"/api/v1/orders/{order}"
        assert came.headers["content-type"] == "application/json"
    indices = [came.told["data"]["log_index"] for came in receiver.came]
    assert indices == sorted(indices)
    assert await deliver(trade) == 0  # and not once more


async def test_what_was_undone_is_not_told_and_what_was_before_the_endpoint_neither(
    trade: Trade, receiver: Receiver
) -> None:
    await trade.placed()
    trade.clock.move_by(dt.timedelta(seconds=1))
    await register(trade, trade.buyer, receiver.url)
    refused = await trade.place(scenario="nowhere")

    assert refused.status_code == 409
    assert await deliver(trade) == 0


async def test_a_message_waits_for_the_one_before_it_of_the_same_order_and_for_no_other(
    trade: Trade, receiver: Receiver
) -> None:
    made = await register(trade, trade.buyer, receiver.url)
    first = await trade.cleared()
    receiver.answers = ["500 Internal Server Error"]

    assert await deliver(trade) == 1
    second = await trade.placed()
    await deliver(trade)
    told = [(came.told["type"], came.told["data"]["id"]) for came in receiver.came]
    assert told == [("order.placed", first), ("order.placed", second)]

    trade.clock.move_by(dt.timedelta(seconds=7))
    assert await deliver(trade) == 2
    assert receiver.types[2:] == ["order.placed", "order.cleared"]
    assert receiver.came[0].headers["webhook-id"] == receiver.came[2].headers["webhook-id"]
    kept = await deliveries(trade, trade.buyer, made)
    assert {each["state"] for each in kept} == {"delivered"}


async def test_a_process_killed_between_answer_and_record_leaves_the_message_to_the_next(
    trade: Trade, receiver: Receiver, server: TestServer, database_name: str
) -> None:
    made = await register(trade, trade.buyer, receiver.url)
    await trade.placed()
    await trade.api.keep_the_log()
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.webhook_worker"),
        *(server.dsn(database_name, "ROLE"), trade.clock.now().isoformat(), "die"),
        str(trade.api.context.settings.keys_dir),
    )

    assert await worker.wait() == -signal.SIGKILL
    assert len(receiver.came) == 1
    assert await deliver(trade) == 0  # it may still be at it
    (left,) = await deliveries(trade, trade.buyer, made)
    trade.clock.move_by(delivering.LEASE)
    assert await deliver(trade) == 1

    assert (left["state"], left["attempts"]) == ("queued", 0)
    first, second = receiver.came
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    (done,) = await deliveries(trade, trade.buyer, made)
    assert done["state"] == "delivered"


async def test_many_workers_at_once_send_each_message_once(
    trade: Trade, receiver: Receiver
) -> None:
    await register(trade, trade.buyer, receiver.url)
    for _ in range(6):
        await trade.placed()
    await trade.api.keep_the_log()

    await asyncio.gather(*(deliver(trade) for _ in range(5)))

    ids = [came.headers["webhook-id"] for came in receiver.came]
    assert (len(ids), len(set(ids))) == (6, 6)


async def test_what_is_given_up_is_kept_and_told_again_when_asked(
    trade: Trade, receiver: Receiver
) -> None:
    made = await register(trade, trade.buyer, receiver.url)
    await trade.placed()
    receiver.answers = ["503 Service Unavailable"] * 10
    for pause in (dt.timedelta(0), *delivering.PAUSES):
        trade.clock.move_by(pause * 1.2)
        await deliver(trade)
    await trade.sign_in_again()

    (dead,) = await deliveries(trade, trade.buyer, made, status="dead")
    assert (dead["attempts"], dead["last_status"]) == (10, 503)
    assert await deliver(trade) == 0
    path = f"/api/v1/my/webhook-deliveries/{dead['id']}/replays"
    strange = await trade.by(trade.stranger).post(path)
    must(await trade.by(trade.buyer).post(path))
    twice = await trade.by(trade.buyer).post(path)
    await deliver(trade)

    assert (strange.status_code, code(twice)) == (404, "webhook_event_not_allowed")
    assert len({came.headers["webhook-id"] for came in receiver.came}) == 1
    assert len(receiver.came) == 11
    assert await deliveries(trade, trade.buyer, made, status="dead") == []


async def test_an_endpoint_that_failed_for_days_is_switched_off_and_its_party_told(
    trade: Trade, receiver: Receiver
) -> None:
    made = await register(trade, trade.buyer, receiver.url)
    await trade.placed()
    receiver.answers = ["500 Oops"] * 2
    await deliver(trade)
    trade.clock.move_by(delivering.DISABLED_AFTER)
    await deliver(trade)
    await trade.sign_in_again()
    (listed,) = must(await trade.by(trade.buyer).get(PATH))["items"]
    inbox = must(await trade.by(trade.buyer).get("/api/v1/my/notifications"))["items"]
    assert listed["disabled_because"] == "failing"
    assert inbox[0]["topic"] == "webhook_disabled"
    trade.clock.move_by(dt.timedelta(days=1))
    assert await deliver(trade) == 0
    await trade.sign_in_again()

    path = f"{PATH}/{made['endpoint']['id']}"
    must(await trade.by(trade.buyer).post(f"{path}/enablings"))
    twice = await trade.by(trade.buyer).post(f"{path}/enablings")

    assert code(twice) == "webhook_endpoint_off"
    assert await deliver(trade) == 1  # what waited goes out
    must(await trade.by(trade.buyer).post(f"{path}/disablings"))
    await trade.placed()
    assert await deliver(trade) == 0


async def test_who_is_gone_is_switched_off_at_once(trade: Trade, receiver: Receiver) -> None:
    await register(trade, trade.buyer, receiver.url)
    await trade.placed()
    receiver.answers = ["410 Gone"]

    await deliver(trade)

    (listed,) = must(await trade.by(trade.buyer).get(PATH))["items"]
    assert listed["disabled_because"] == "gone"


async def test_a_rotated_secret_signs_beside_the_old_one_for_a_day(
    trade: Trade, receiver: Receiver
) -> None:
    old = await register(trade, trade.buyer, receiver.url)
    path = f"{PATH}/{old['endpoint']['id']}/secret-rotations"
    new = must(await trade.by(trade.buyer).post(path))
    await trade.placed()
    await deliver(trade)
    trade.clock.move_by(delivering.OVERLAP)
    await trade.sign_in_again()
    await trade.placed()
    await deliver(trade)

    both, one = (came.headers["webhook-signature"].split(" ") for came in receiver.came)
    assert [each.split(",")[0] for each in both] == ["v1", "v1", "v1a", "v1a"]
    assert [each.split(",")[0] for each in one] == ["v1", "v1a"]
    first, second = receiver.came
    for made in (old, new):
        assert believes(made["endpoint"]["public_key"], first)
    assert believes(new["endpoint"]["public_key"], second)
    assert not believes(old["endpoint"]["public_key"], second)
    assert new["secret"] != old["secret"]
    assert new["previous_valid_until"] is not None
    listed = (await trade.by(trade.buyer).get(PATH)).text
    assert "whsec_" not in listed
    assert (await trade.by(trade.stranger).post(path)).status_code == 404


async def test_nothing_goes_where_only_this_machine_or_its_network_listens(
    receiver: Receiver, trade: Trade
) -> None:
    made = await register(trade, trade.buyer, receiver.url)
    await trade.placed()
    await trade.api.keep_the_log()
    port = receiver.url.rpartition(":")[2].partition("/")[0]
    asked: list[Answer] = []

    class Watching(Sender):
        async def send(self, taken: Taken, *, at: dt.datetime) -> Answer:
            for url in (
                taken.url,
                f"https://localhost:{port}/in",
                f"https://127.0.0.1:{port}/in",
                f"https://[::ffff:127.0.0.1]:{port}/in",
                "https://169.254.169.254/latest/meta-data",
            ):
                elsewhere = msgspec.structs.replace(taken, url=url)
                asked.append(await super().send(elsewhere, at=at))
            return asked[0]

    async with httpx.AsyncClient(trust_env=False) as client:
        await deliver_webhooks.run(
            trade.db, clock=trade.clock.now, sender=Watching(client), box=sealed_under(trade)
        )

    assert receiver.came == []
    assert [answer.status for answer in asked] == [None] * 5
    assert asked[0].error == "not https"
    assert all("not public" in answer.error for answer in asked[1:])
    (kept,) = await deliveries(trade, trade.buyer, made)
    assert (kept["state"], kept["last_error"]) == ("queued", "not https")


async def test_a_redirect_is_not_followed(trade: Trade, receiver: Receiver) -> None:
    made = await register(trade, trade.buyer, receiver.url)
    await trade.placed()
    receiver.answers = [f"307 Temporary Redirect\r\nlocation: {receiver.url}"]

    await deliver(trade)

    assert len(receiver.came) == 1
    (kept,) = await deliveries(trade, trade.buyer, made)
    assert (kept["state"], kept["last_status"]) == ("queued", 307)


async def test_who_is_complained_of_is_told_when_the_complaint_is_taken_and_not_before(
    trade: Trade, receiver: Receiver
) -> None:
    types = ["complaint.received", "complaint.triaged", "complaint.investigated"]
    await register(trade, trade.supplier, receiver.url, types)
    said = {
        "kind": "price",
        "about": "product",
        "about_id": trade.product_id,
        "facts": "高于备案价",
    }
    made = must(await trade.by(trade.stranger).post("/api/v1/complaints", said))
    path = f"/api/v1/complaints/{made['id']}"
    assert await deliver(trade) == 0
    trade.clock.move_by(dt.timedelta(seconds=1))
    staff = trade.by(trade.adjudicator)
    must(await staff.post(f"{path}/triages", {"decision": "accept"}))
    must(await staff.post(f"{path}/investigations"))

    await deliver(trade)

    assert receiver.types == ["complaint.triaged", "complaint.investigated"]
    assert str(trade.stranger.party.id) not in receiver.came[0].body.decode()


async def test_what_is_no_endpoint_is_refused_and_leaves_nothing(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = trade.by(trade.buyer)
    trade.api.context.settings = msgspec.structs.replace(
        trade.api.context.settings, webhook_private_addresses=False
    )
    good = {"url": "https://hooks.example.com/", "event_types": ["order.placed"]}
    refused = [
        await by.post(PATH, good | {"url": "http://hooks.example.com/"}),
        await by.post(PATH, good | {"url": "https://127.0.0.1/"}),
        await by.post(PATH, good | {"event_types": ["key.used"]}),
    ]
    assert [code(each) for each in refused] == [
        "webhook_url_unfit",
        "webhook_url_unfit",
        "webhook_event_type_unknown",
    ]
    assert (await by.post(PATH, good | {"event_types": []})).status_code in (400, 422)
    assert must(await by.get(PATH))["items"] == []
    monkeypatch.setattr(keeping, "MOST_ENDPOINTS", 2)
    answers = await asyncio.gather(*(by.post(PATH, good) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [201, 201, 409, 409]
    assert code(max(answers, key=lambda each: each.status_code)) == "webhook_endpoints_too_many"
    assert "order.placed" in must(await trade.api.get("/api/v1/webhook-event-types"))["items"]


async def test_endpoints_are_kept_by_traders_for_themselves_alone(trade: Trade) -> None:
    made = await register(trade, trade.buyer, "https://hooks.example.com/")
    own = f"{PATH}/{made['endpoint']['id']}"
    body = {"url": "https://hooks.example.com/", "event_types": ["order.placed"]}

    for who in (trade.acceptor, trade.adjudicator, trade.regulator):
        assert (await trade.by(who).get(PATH)).status_code == 403
        assert (await trade.by(who).post(PATH, body)).status_code == 403
    for target in (own, f"{PATH}/{UNKNOWN}"):
        other = trade.by(trade.supplier)
        assert (await other.get(f"{target}/deliveries")).status_code == 404
        for step in ("secret-rotations", "disablings", "enablings"):
            assert (await other.post(f"{target}/{step}")).status_code == 404
    unknown = f"/api/v1/my/webhook-deliveries/{UNKNOWN}/replays"
    assert (await trade.by(trade.buyer).post(unknown)).status_code == 404
    assert (await trade.api.post(PATH, body)).status_code == 401


async def test_the_database_shows_secrets_to_the_job_alone(trade: Trade, owner_dsn: str) -> None:
    await register(trade, trade.buyer, "https://hooks.example.com/")
    seen = []
    for actor in (
        trade.buyer.actor,
        trade.adjudicator.actor,
        trade.regulator.actor,
        system("deliver_webhooks"),
    ):
        async with begin(trade.db, actor) as tx:
            seen.append(await tx.fetch_value("SELECT count(*) FROM market.webhook_secrets"))
    connection = await asyncpg.connect(owner_dsn)
    try:
        with pytest.raises(asyncpg.PostgresError, match="settled_or_queued"):
            await connection.execute(
                """
                INSERT INTO market.webhook_deliveries
                SELECT gen_random_uuid(), id, party_id, 'm', 't', 'a', 1, '{}', 'dead', 1, now(), now()
                  FROM market.webhook_endpoints"""
            )
    finally:
        await connection.close()

    assert seen == [0, 0, 0, 1]


async def test_a_secret_lies_sealed_and_one_from_before_is_sealed_by_the_job(
    trade: Trade, receiver: Receiver, owner_dsn: str
) -> None:
    made = await register(trade, trade.buyer, receiver.url)
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute("SELECT set_config('app.clearance', 'system', false)")
        kept = await owner.fetchrow("SELECT secret, sealed FROM market.webhook_secrets")
        assert kept["secret"] is None
        assert base64.b64decode(made["secret"].removeprefix("whsec_")) not in kept["sealed"]
        await owner.execute(
            "UPDATE market.webhook_secrets SET secret = $1, sealed = NULL", made["secret"]
        )
        await owner.execute("UPDATE market.webhook_endpoints SET public_key = NULL")

        await trade.placed()
        await deliver(trade, dt.datetime.now(tz=dt.UTC))

        (sealed,) = await owner.fetch("SELECT secret, sealed FROM market.webhook_secrets")
        assert (sealed["secret"], sealed["sealed"] is None) == (None, False)
    finally:
        await owner.close()
    (came,) = receiver.came
    assert Webhook(made["secret"]).verify(came.body, came.headers) == came.told
    (listed,) = must(await trade.by(trade.buyer).get(PATH))["items"]
    assert listed["public_key"] != made["endpoint"]["public_key"]
    assert believes(listed["public_key"], came)


def test_a_broken_key_file_is_not_replaced(data_dir: pathlib.Path) -> None:
    assert box(data_dir) is not None
    (data_dir / "webhook_secrets.key").write_text("not hex")

    with pytest.raises(WebhookKeyUnusable):
        box(data_dir)
