"""What the service hands out is checked offline: one verifiable line, and every change is named."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import pathlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
import uvicorn

from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.verdict import ExitCode, Fault, Unreadable, Verdict
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose
from market.cli import verify as door
from market.cli.export import _export
from market.settings import Settings
from tests.api import Api
from tests.log_of_tests import signer_of
from tests.makers_owned import Owned, make_owned
from tests.makers_registration import OwnKey, must


@contextlib.asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serve the wired app on a port of the loopback, as an outsider meets it."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, lifespan="off", log_level="critical", access_log=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


async def check(place: object, **options: Any) -> Verdict:
    """Check as the command does, beside the loop that serves."""
    given: dict[str, Any] = {"vkey": None, "keys_file": None} | options
    return await asyncio.to_thread(door.check, str(place), **given)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Let the log sign by every algorithm."""
    return msgspec.structs.replace(settings, checkpoint_algorithms="ml-dsa-44,sm2")


@pytest.fixture
async def trade(api: Api, db: Database, clock: ManualClock) -> Owned:
    """Return a market in which everybody signs in another way: SM2, ML-DSA-44, Ed25519."""
    trade = await make_owned(api, db, clock)
    trade.opinion_key = OwnKey(Purpose.OPINION, Algorithm.SM2)
    trade.authorisation_key = OwnKey(Purpose.AUTHORISATION, Algorithm.ML_DSA_44)
    trade.buyer_key = OwnKey(Purpose.CONTRACT, Algorithm.SM2)
    trade.supplier_key = OwnKey(Purpose.CONTRACT, Algorithm.ML_DSA_44)
    for key, who in (
        (trade.opinion_key, trade.agency),
        (trade.authorisation_key, trade.regulator),
        (trade.buyer_key, trade.buyer),
        (trade.supplier_key, trade.supplier),
    ):
        must(await key.register(trade.by(who), who.party.id))
    return trade


Change = Callable[[Any], None]


def named(verdict: Verdict) -> tuple[str, str]:
    assert verdict.first_bad is not None
    return verdict.first_bad.kind, verdict.first_bad.id


class Kept:
    """A document as somebody saved it, and changed copies of it."""

    def __init__(self, path: pathlib.Path, raw: bytes) -> None:
        self.path = path
        self.told = msgspec.json.decode(raw)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)

    async def changed(self, change: Change, **options: Any) -> Verdict:
        told = copy.deepcopy(self.told)
        change(told)
        self.path.write_bytes(msgspec.json.encode(told))
        return await check(self.path, **options)


async def test_a_whole_line_is_saved_over_http_and_checked_offline(
    trade: Owned, app: Any, tmp_path: pathlib.Path
) -> None:
    _, number = await trade.certified()
    await trade.priced()
    await trade.listed()
    draft = await trade.cleared()
    order = await trade.delivered()
    for _ in range(3):
        assert (await trade.content(order)).status_code == 200
    await trade.content(order, purpose="营销")
    await trade.api.keep_the_log()
    usage, product = f"/api/v1/orders/{order}/usage", trade.product_id
    async with (
        served(app) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as http,
    ):

        async def saved(token: str | None, path: str, name: str) -> Kept:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            answer = await http.get(path, headers=headers)
            assert answer.status_code == 200, answer.text
            return Kept(tmp_path / name, answer.content)

        # the server's log and its certificate, over the network
        log = await check(url)
        assert log.problems == ()
        assert log.counts["entries"] > 20
        live = await check(f"{url}/api/v1/certificates/{number}")
        assert live.problems == ()
        assert live.counts == {"certificate": 1, "proofs of inclusion": 1}
        assert (await check(f"{url}/certificates/{number}", log_place=url)).problems == ()
        with pytest.raises(Unreadable):
            await check(f"{url}/api/v1/certificates/NONE")

        statement = await saved(trade.buyer.token, usage, "kept/statement.json")
        trace = await saved(trade.regulator.token, f"/api/v1/traces/{product}", "kept/trace.json")
        certificate = await saved(None, f"/api/v1/certificates/{number}", "kept/certificate.json")
        await saved(None, "/api/v1/keys", "kept/keys.json")
        assert (await check(statement.path, log_place=url)).problems == ()

    await _statement_is_checked(statement, order)
    await _trace_is_checked(trace, product, order)
    await _certificate_is_checked(certificate, number)

    # beside an export the same documents are looked for in its log
    exported = await trade.api.export(tmp_path / "kept" / "export")
    whole = await check(exported)
    assert whole.problems == ()
    assert whole.counts["checkpoint lines of ml-dsa-44"] == whole.counts["checkpoint lines of sm2"]
    assert whole.counts["checkpoint lines of sm2"] > 2
    assert whole.counts["records of contract"] == 2  # one of them a draft
    assert draft in (exported / "records/contract.jsonl").read_text()
    Kept(statement.path, msgspec.json.encode(statement.told))
    beside = await check(statement.path)
    assert (beside.problems, beside.counts["uses in the log"]) == ((), 4)
    shorter = await statement.changed(lambda told: told["events"].pop())
    assert named(shorter) == ("usage", statement.told["events"][3]["id"])


async def _statement_is_checked(kept: Kept, order: str) -> None:
    genuine = await check(kept.path)
    assert genuine.problems == ()
    assert genuine.counts == {"statement": 1, "usage events": 4}
    assert any("--log" in note for note in genuine.notes)
    ids = [event["id"] for event in kept.told["events"]]

    def flip(told: Any) -> None:
        told["events"][1]["bytes"] += 1

    def swap(told: Any) -> None:
        told["events"][0], told["events"][1] = told["events"][1], told["events"][0]

    def double(told: Any) -> None:
        told["events"].append({**told["events"][3], "id": order})

    def relabel(told: Any) -> None:
        told["statement"]["price_units"] = 1

    def resign(told: Any) -> None:
        told["document"] = told["document"][:-8] + "AAAAAAA="

    assert named(await kept.changed(flip)) == ("usage", ids[1])
    assert named(await kept.changed(lambda told: told["events"].pop(2))) == ("usage", ids[2])
    assert named(await kept.changed(swap)) == ("usage", ids[0])
    assert named(await kept.changed(double)) == ("usage", order)
    assert named(await kept.changed(relabel)) == ("statement", order)
    assert named(await kept.changed(resign)) == ("statement", order)


async def _trace_is_checked(kept: Kept, product: str, order: str) -> None:
    genuine = await check(kept.path)
    assert genuine.problems == ()
    assert genuine.counts["signatures"] >= 5  # opinion, authorisation, certificate, contract
    place = {stage["stage"]: i for i, stage in enumerate(kept.told["stages"])}
    kinds = [record["kind"] for record in kept.told["records"]]

    def use(told: Any) -> Any:
        return told["stages"][place["usage"]]["entries"]

    def record(kind: str, told: Any) -> Any:
        return told["records"][kinds.index(kind)]

    def flip_payload(told: Any) -> None:
        use(told)[0]["payload"]["facts"]["units"] = 9

    def flip_record(told: Any) -> None:
        contract = record("contract", told)
        contract["record"] = contract["record"][:-8] + "AAAAAAA="

    def flip_signature(told: Any) -> None:
        signature = record("certificate", told)["signatures"][0]
        signature["value"] = "AAAA" + signature["value"][4:]

    def swap(told: Any) -> None:
        use(told).reverse()

    def other_product(told: Any) -> None:
        told["product_id"] = order

    first = str(kept.told["stages"][place["usage"]]["entries"][0]["index"])
    assert named(await kept.changed(flip_payload)) == ("entry", first)
    assert named(await kept.changed(flip_record))[0] == "contract"
    assert named(await kept.changed(flip_signature))[0] == "certificate"
    assert named(await kept.changed(lambda told: use(told).pop(1)))[0] in ("order", "usage")
    assert named(await kept.changed(swap))[0] == "entry"
    assert named(await kept.changed(other_product)) == ("trace", order)
    forged = VerifierKey("another.example/log", signer_of(Purpose.CHECKPOINT).public_key)
    Kept(kept.path, msgspec.json.encode(kept.told))
    assert named(await check(kept.path, vkey=str(forged)))[0] == "checkpoint"


async def _certificate_is_checked(kept: Kept, number: str) -> None:
    genuine = await check(kept.path)
    assert genuine.problems == ()
    assert any("active" in note for note in genuine.notes)

    def wrong_key(told: Any) -> None:
        told["signature"]["key_id"] = "0000000000000000"

    def wrong_document(told: Any) -> None:
        told["signature"]["value"] = "AAAA" + told["signature"]["value"][4:]

    def other_name(told: Any) -> None:
        told["content"]["product_name"] = "别的数据"

    def other_leaf(told: Any) -> None:
        told["log"]["proof"]["leaf"] = told["log"]["proof"]["leaf"][:-8] + "AAAAAAA="

    def too_old(told: Any) -> None:
        told["log"]["index"] += 100_000

    def other_state(told: Any) -> None:
        told["state"] = "revoked"

    for change, fault in (
        (wrong_key, Fault.KEY_UNKNOWN),
        (wrong_document, Fault.SIGNATURE_WRONG),
        (other_name, Fault.CONTENT_DIFFERS),
        (other_leaf, Fault.NOT_INCLUDED),
        (too_old, Fault.CHECKPOINT_TOO_OLD),
        (other_state, Fault.STATE_DIFFERS),
    ):
        verdict = await kept.changed(change)
        assert verdict.first_bad is not None
        assert verdict.first_bad.fault is fault
        assert verdict.exit_code is ExitCode.NOT_GENUINE
    Kept(kept.path, msgspec.json.encode(kept.told))
    other = VerifierKey("another.example/log", signer_of(Purpose.CHECKPOINT).public_key)
    strange = await check(kept.path, vkey=str(other))
    assert strange.first_bad is not None
    assert strange.first_bad.fault is Fault.OTHER_LOG


async def test_a_certificate_that_does_not_count_any_more_says_so_and_the_log_agrees(
    trade: Owned, tmp_path: pathlib.Path
) -> None:
    _, number = await trade.certified()
    await trade.api.keep_the_log()
    older = await trade.api.export(tmp_path / "older")
    address = f"/api/v1/certificates/{number}"
    active = Kept(tmp_path / "active.json", (await trade.api.get(address)).content)
    must(await trade.by(trade.issuer).post(f"{address}/freezes", {"reason": "权属争议核查"}))
    waiting = Kept(tmp_path / "waiting.json", (await trade.api.get(address)).content)
    await trade.api.keep_the_log()
    frozen = Kept(tmp_path / "frozen.json", (await trade.api.get(address)).content)
    newer = await trade.api.export(tmp_path / "newer")
    keys = {"keys_file": newer / "keys.json"}

    told = await check(frozen.path, log_place=str(newer), **keys)
    assert told.problems == ()
    assert any("frozen: it does not count" in note for note in told.notes)
    # an answer from before the freeze is genuine, and what came since is told
    since = await check(active.path, log_place=str(newer), **keys)
    assert since.problems == ()
    assert any(note.startswith("since then: 争议冻结") for note in since.notes)
    # a log from before the freeze can not prove it
    early = await check(waiting.path, log_place=str(older), **keys)
    assert early.problems == ()
    assert any("nothing proves that" in note for note in early.notes)

    def thaw(of: Any) -> None:
        of["state"], of["state_since"] = "active", of["history"][0]["at"]
        of["history"] = of["history"][:1]

    hidden = await frozen.changed(thaw, log_place=str(newer), **keys)
    assert hidden.first_bad is not None
    assert hidden.first_bad.fault is Fault.STATE_DIFFERS

    def revoke(of: Any) -> None:
        of["state"] = of["history"][1]["state"] = "revoked"

    invented = await frozen.changed(revoke, log_place=str(newer), **keys)
    assert invented.first_bad is not None
    assert invented.first_bad.fault is Fault.STATE_DIFFERS


async def test_a_database_that_was_tampered_with_is_exported_as_it_is_and_named(
    trade: Owned,
    settings: Settings,
    owner_dsn: str,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await trade.api.keep_the_log()
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute("SET session_replication_role = replica")
        await owner.execute(
            "UPDATE audit_log.entries SET leaf = set_byte(leaf, 9, get_byte(leaf, 9) # 1) "
            "WHERE entry_id = (SELECT entry_id FROM audit_log.places WHERE idx = 5)"
        )
        await owner.execute("UPDATE audit_log.state SET root = decode(repeat('00', 32), 'hex')")
        await trade.describe()  # and something waits for its place
        await _export(settings, tmp_path / "export", payloads=True)
    finally:
        await owner.close()

    assert "the log was not continued: the frontier" in capsys.readouterr().err
    verdict = await check(tmp_path / "export")
    assert named(verdict) == ("entry", "5")
