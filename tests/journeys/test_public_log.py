"""The log through HTTP: a stranger monitors it, an auditor searches it."""

from __future__ import annotations

import base64
import datetime as dt
import pathlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.datastructures import State
from litestar.types import ASGIApp, Receive, Scope, Send

from catalog.audit_log import merkle
from catalog.audit_log import operations as audit_log
from catalog.audit_log.checkpoint import open_checkpoint, parse_vkey
from catalog.audit_log.verify import verify_tree
from catalog.kernel.actor import PUBLIC, Actor, Clearance, system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.signing.purposes import Purpose
from market.cli.verify import Server
from market.http import keys as keys_door
from market.http import log as door
from market.http.context import Context
from market.http.problem import HANDLERS
from market.settings import Settings
from tests import contract
from tests.api import code
from tests.log_of_tests import TestLog

Client = Callable[[Actor], httpx.AsyncClient]

AUDITOR = Actor(
    account_id=AccountId(new_id()),
    party_id=PartyId(new_id()),
    name="auditor",
    roles=frozenset({"audit_administrator"}),
    permissions=frozenset({"audit:read"}),
    clearance=Clearance.AUDITOR,
)


def acting_as(actor: Actor) -> Callable[[ASGIApp], ASGIApp]:
    def around(app: ASGIApp) -> ASGIApp:
        async def act(scope: Scope, receive: Receive, send: Send) -> None:
            scope["user"] = actor
            await app(scope, receive, send)

        return act

    return around


@pytest.fixture
async def log(db: Database, almighty: Actor, data_dir: pathlib.Path, now: dt.datetime) -> TestLog:
    made = TestLog(db, almighty, data_dir)
    async with begin(db, system("test")) as tx:
        await audit_log.register_service_keys(
            tx, now=now, keys={Purpose.CHECKPOINT: made.signer.signer.public_key}
        )
    await made.run(now)
    for size in (301, 342):  # whatever the template brought along counts too
        async with begin(db, system("test")) as tx:
            held: int = await tx.fetch_value("SELECT size FROM audit_log.state")
        await made.append_many(now, size - held)
        await made.run(now)
    return made


@pytest.fixture
async def client(db: Database, clock: ManualClock, settings: Settings) -> Client:
    wiring = Context(
        settings=settings,
        clock=clock,
        db=db,
        signers={},
        log_signer=None,
        checkpoint_journal=None,
        channels={},
    )

    def make(actor: Actor) -> httpx.AsyncClient:
        app: Any = Litestar(
            [
                door.get_checkpoint,
                door.get_tile,
                door.get_entry,
                door.prove_inclusion,
                door.prove_consistency,
                keys_door.list_keys,
            ],
            exception_handlers=HANDLERS,
            state=State({"context": wiring}),
            middleware=[acting_as(actor)],
        )
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        return httpx.AsyncClient(
            transport=transport, base_url="http://testserver", event_hooks=contract.HOOKS
        )

    return make


async def test_a_stranger_checks_the_whole_published_log(log: TestLog, client: Client) -> None:
    async with client(PUBLIC) as http:
        keys = (await http.get("/api/v1/keys")).json()
        paths = [
            "/log/checkpoint",
            *(f"/log/tile/{p}" for p in ("0/000", "0/001.p/86", "1/000.p/1")),
            *(f"/log/tile/entries/{p}" for p in ("000", "001.p/86")),
        ]
        published = {path: (await http.get(path)).content for path in paths}

    class Fetched(Server):
        def get(self, path: str) -> bytes | None:
            return published.get(path)

    key = parse_vkey(keys["log"])
    verdict = verify_tree(Fetched("http://testserver"), key)

    assert key == log.signer.key
    assert verdict.problems == ()
    assert verdict.counts == {"entries": 342, "tiles": 3}
    published["/log/tile/entries/000"] = published["/log/tile/entries/000"].replace(
        b"product", b"Product", 1
    )
    assert str(verify_tree(Fetched("http://testserver"), key).first_bad).startswith("entry ")


async def test_what_is_published_for_ever_is_said_to_be(log: TestLog, client: Client) -> None:
    async with client(PUBLIC) as http:
        full = await http.get("/log/tile/0/000")
        partial = await http.get("/log/tile/0/001.p/5")
        checkpoint = await http.get("/log/checkpoint")

    assert "immutable" in full.headers["cache-control"]
    assert "immutable" not in partial.headers["cache-control"]
    assert checkpoint.headers["cache-control"] == "no-cache"
    assert checkpoint.headers["content-type"].startswith("text/plain")
    assert len(partial.content) == 5 * 32


async def test_an_entry_is_proven_to_be_in_the_log(log: TestLog, client: Client) -> None:
    async with client(PUBLIC) as http:
        checkpoint = open_checkpoint((await http.get("/log/checkpoint")).content, log.signer.key)
        entry = (await http.get("/api/v1/log/entries/70")).json()
        proof = (await http.get("/api/v1/log/proofs/inclusion", params={"index": 70})).json()
        earlier = (
            await http.get("/api/v1/log/proofs/inclusion", params={"index": 70, "size": 301})
        ).json()
        grown = (await http.get("/api/v1/log/proofs/consistency", params={"old": 301})).json()

    assert checkpoint is not None
    leaf = merkle.leaf_hash(base64.b64decode(entry["leaf"]))
    assert base64.b64encode(leaf).decode() == entry["leaf_hash"] == proof["leaf_hash"]
    hashes = [base64.b64decode(each) for each in proof["hashes"]]
    assert merkle.verify_inclusion(leaf, 70, proof["size"], hashes, checkpoint.root)
    assert earlier["size"] == 301
    assert merkle.verify_consistency(
        301,
        342,
        base64.b64decode(earlier["root"]),
        checkpoint.root,
        [base64.b64decode(each) for each in grown["hashes"]],
    )
    assert entry["entry"]["event"] == "product:revised"
    assert "payload" not in entry


@pytest.mark.parametrize(
    ("path", "status", "name"),
    [
        ("/log/tile/0/002", 404, "log_tile_missing"),
        ("/log/tile/0/001", 404, "log_tile_missing"),
        ("/log/tile/nonsense", 404, "log_tile_missing"),
        ("/log/tile/0/../../etc/passwd", 404, None),
        ("/api/v1/log/entries/342", 404, "log_entry_missing"),
        ("/api/v1/log/entries/-1", 404, None),
        ("/api/v1/log/proofs/inclusion?index=342", 422, "log_proof_out_of_range"),
        ("/api/v1/log/proofs/inclusion?index=0&size=343", 422, "log_proof_out_of_range"),
        ("/api/v1/log/proofs/inclusion?index=99999999999999999999", 422, None),
        ("/api/v1/log/proofs/consistency?old=0", 422, "log_proof_out_of_range"),
        ("/api/v1/log/proofs/consistency?old=5&new=4", 422, "log_proof_out_of_range"),
        ("/api/v1/log/proofs/inclusion", 400, None),
    ],
)
async def test_what_is_not_there_is_refused_by_name(
    log: TestLog, client: Client, path: str, status: int, name: str | None
) -> None:
    async with client(PUBLIC) as http:
        refused = await http.get(path)

    assert refused.status_code == status
    if name is not None:
        assert code(refused) == name


async def test_an_empty_log_says_that_it_is_empty(client: Client) -> None:
    async with client(PUBLIC) as http:
        assert code(await http.get("/log/checkpoint")) == "log_empty"
