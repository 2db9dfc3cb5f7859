"""An order is sold, used and settled; its parties take away all that proves it, and check it offline."""

from __future__ import annotations

import datetime as dt
import pathlib
import uuid
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from catalog.audit_log.verdict import Fault
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose
from market.cli import verify as door
from market.identity.permissions import Role
from market.proof_bundles import archive, check
from market.proof_bundles.model import Manifest, PayloadLine, Shown
from market.proof_bundles.operations import issuing
from tests.api import Api, code
from tests.journeys import test_witnessed_http as witnessed_http
from tests.makers_identity import Member, make_member
from tests.makers_owned import Owned, make_owned
from tests.makers_registration import OwnKey, must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged
from tests.witness_network import Network


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Owned:
    """Return a trade in which buyer and supplier sign by SM2 and ML-DSA-44."""
    trade = await make_owned(api, db, clock)
    trade.buyer_key = OwnKey(Purpose.CONTRACT, Algorithm.SM2)
    trade.supplier_key = OwnKey(Purpose.CONTRACT, Algorithm.ML_DSA_44)
    for key, who in ((trade.buyer_key, trade.buyer), (trade.supplier_key, trade.supplier)):
        must(await key.register(trade.by(who), who.party.id))
    return trade


async def settled(trade: Owned) -> str:
    """Return an order that was used four times, once in vain, accepted, and paid out."""
    await trade.certified()
    await trade.priced()
    await trade.listed()
    order = await trade.delivered(quantity=3)
    assert (await trade.content(order)).status_code == 200
    assert code(await trade.content(order, purpose="营销")) == "purpose_mismatch"
    for _ in range(2):
        assert (await trade.content(order)).status_code == 200
    must(await trade.step(order, "acceptances", trade.buyer))
    must(await trade.step(order, "releases", trade.issuer))
    return order


async def published(trade: Owned) -> None:
    """Let the log be signed, the heads be published, and their entry be signed as well."""
    trade.clock.move_by(dt.timedelta(hours=2))
    await trade.sign_in_again()
    for _ in range(2):
        await trade.api.run_jobs()


async def bundle(trade: Trade, who: Member, subject: str) -> httpx.Response:
    return await trade.by(who).get(f"/api/v1/proof-bundles/{subject.replace(':', '/')}")


async def test_both_parties_take_away_the_whole_order_and_its_bill_to_the_fen(
    trade: Owned, tmp_path: pathlib.Path
) -> None:
    order = await settled(trade)
    await published(trade)

    for who in (trade.buyer, trade.supplier, trade.issuer, trade.regulator):
        answer = await bundle(trade, who, f"order:{order}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/zip"
        assert f"proof-order-{order}.zip" in answer.headers["content-disposition"]
        verdict = check.check(answer.content)
        assert verdict.problems == ()
        counts = verdict.counts
        assert (counts["uses"], counts["complete subjects"]) == (4, 1)
        assert (counts["contract signatures"], counts["journal entries"]) == (2, 2)
        assert counts["bill computed again"] == counts["licence"] == counts["certificate"] == 1
        bill = next(note for note in verdict.notes if note.startswith("账单"))
        assert "due ¥370.35, paid ¥370.35, released ¥370.35" in bill
        assert "3 units used of 3" in bill
        shown = _shown(answer.content)
        if who is trade.regulator:
            assert set(shown) == {Shown.SHOWN}
        else:
            assert {Shown.SHOWN, Shown.WITHHELD} == set(shown)
        path = tmp_path / "bundle.zip"
        path.write_bytes(answer.content)
        assert door.check(str(path), vkey=None, keys_file=None).problems == ()
    keys = tmp_path / "known.json"
    keys.write_bytes((await trade.api.get("/api/v1/keys")).content)
    known = door.check(str(path), vkey=None, keys_file=keys)
    assert known.problems == ()
    assert not any("--keys" in note for note in known.notes)


def _shown(raw: bytes) -> list[Shown]:
    lines = archive.unpack(raw)["payloads.jsonl"].splitlines()
    return [msgspec.json.decode(line, type=PayloadLine).state for line in lines]


async def test_the_same_moment_gives_the_same_bytes_and_a_reading_is_no_part_of_the_order(
    trade: Owned,
) -> None:
    order = await settled(trade)
    await published(trade)

    first = (await bundle(trade, trade.buyer, f"order:{order}")).content
    second = (await bundle(trade, trade.buyer, f"order:{order}")).content

    own = {"entry.json", "receipt.json"}  # each reading is an entry of its own
    assert {
        name for name, raw in archive.unpack(first).items() if raw != archive.unpack(second)[name]
    } == own
    await published(trade)
    later = (await bundle(trade, trade.buyer, f"order:{order}")).content
    assert archive.unpack(later)["leaves.jsonl"] == archive.unpack(first)["leaves.jsonl"]
    assert archive.unpack(later)["statement.json"] == archive.unpack(first)["statement.json"]
    found = await trade.by(trade.regulator).find_in_log(action="proof_bundle:issued")
    assert len(found) == 3
    assert found[0]["payload"]["facts"]["subject"] == f"order:{order}"


async def test_strangers_and_unknown_subjects_are_answered_alike(trade: Owned) -> None:
    order = await settled(trade)
    await published(trade)
    subjects = (
        f"order:{order}",
        f"product:{trade.product_id}",
        f"buyer:{trade.buyer.party.id}",
        f"supplier:{trade.supplier.party.id}",
    )
    stranger = await make_member(trade.db, Role.BUYER, now=trade.clock.now())

    for subject in (*subjects, f"order:{uuid.uuid4()}", "order:x", "grant:1", f"ORDER:{order}"):
        answer = await bundle(trade, stranger, subject)
        assert (answer.status_code, code(answer)) == (404, "not_found")
    upper = await bundle(trade, trade.buyer, f"order:{order.upper()}")
    assert code(upper) == "not_found"
    assert (await bundle(trade, trade.acceptor, subjects[0])).status_code == 403
    assert (await trade.api.get(f"/api/v1/proof-bundles/order/{order}")).status_code == 401


async def test_whose_it_is_gets_product_certificate_and_party_by_the_same_way(trade: Owned) -> None:
    order = await settled(trade)
    await published(trade)
    number = str((await trade.contract(order))["content"]["object"]["certificate_number"])

    for who, subject in (
        (trade.supplier, f"product:{trade.product_id}"),
        (trade.supplier, f"certificate:{number}"),
        (trade.supplier, f"supplier:{trade.supplier.party.id}"),
        (trade.buyer, f"buyer:{trade.buyer.party.id}"),
        (trade.regulator, f"certificate:{number}"),
        (trade.issuer, f"product:{trade.product_id}"),
    ):
        answer = await bundle(trade, who, subject)
        assert answer.status_code == 200, answer.text
        verdict = check.check(answer.content)
        assert verdict.problems == ()
        assert verdict.counts["complete subjects"] == 1
        assert ("certificate" in verdict.counts) is subject.startswith("certificate")
    assert code(await bundle(trade, trade.buyer, f"certificate:{number}")) == "not_found"


async def test_a_bundle_waits_for_heads_under_a_checkpoint(trade: Owned) -> None:
    order = await trade_placed(trade)

    assert code(await bundle(trade, trade.buyer, f"order:{order}")) == "heads_not_published"
    await published(trade)
    early = await bundle(trade, trade.buyer, f"order:{order}")
    verdict = check.check(early.content)
    assert verdict.problems == ()
    assert "contract" not in verdict.counts
    manifest = msgspec.json.decode(archive.unpack(early.content)["manifest.json"], type=Manifest)
    assert manifest.entry_count == verdict.counts["entries"] == 1


async def trade_placed(trade: Owned) -> str:
    await trade.certified()
    await trade.priced()
    await trade.listed()
    return await trade.placed()


watched = witnessed_http.watched  # a service whose log has one witness


async def test_a_bundle_rests_on_what_witnesses_saw_while_heads_lie_under_it(
    watched: tuple[Api, Any, Network], db: Database, clock: ManualClock
) -> None:
    api, context, network = watched
    trade = await make_trade(api, db, clock)
    order = await trade.placed()

    async def hours_pass(hours: int) -> None:
        for _ in range(hours):
            await trade.move_by(dt.timedelta(hours=1))
            for _ in range(3):  # signed in one round, witnessed in the next
                trade.clock.move_by(dt.timedelta(seconds=20))
                await trade.api.run_jobs()

    async def taken() -> tuple[Manifest, bytes]:
        raw = (await bundle(trade, trade.buyer, f"order:{order}")).content
        return msgspec.json.decode(archive.unpack(raw)["manifest.json"], type=Manifest), raw

    await hours_pass(2)
    seen, raw = await taken()
    assert seen.is_witnessed
    verdict = check.check(raw, policy=context.witnesses.policy)
    assert (verdict.problems, verdict.counts["witnesses"]) == ((), 1)

    network.there.pop("w")
    await hours_pass(1)
    still, _ = await taken()
    assert (still.is_witnessed, still.log_size) == (True, seen.log_size)
    for _ in range(3):
        await trade.placed()  # so that there are new heads, and the old ones are let go
        await hours_pass(1)
    later, raw = await taken()
    assert not later.is_witnessed
    assert later.log_size > seen.log_size
    assert check.check(raw).problems == ()
    unseen = check.check(raw, policy=context.witnesses.policy)
    assert unseen.first_bad is not None
    assert unseen.first_bad.fault is Fault.QUORUM_MISSING


async def test_a_subject_with_too_many_entries_has_no_bundle(
    trade: Owned, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await settled(trade)
    await published(trade)
    monkeypatch.setattr(issuing, "MOST_ENTRIES", 3)

    answer = await bundle(trade, trade.buyer, f"order:{order}")

    assert (answer.status_code, code(answer)) == (409, "proof_bundle_too_large")


async def test_an_erased_payload_is_named_and_its_entry_stays_proven(
    trade: Owned, owner_dsn: str
) -> None:
    order = await settled(trade)
    await published(trade)
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute("SET session_replication_role = replica")
        erased = await owner.execute(
            "UPDATE audit_log.entries SET payload = NULL, salt = NULL "
            "WHERE event = 'data:denied' AND subjects @> ARRAY[$1]",
            f"order:{order}",
        )
    finally:
        await owner.close()
    assert erased == "UPDATE 1"

    answer = await bundle(trade, trade.buyer, f"order:{order}")

    verdict = check.check(answer.content)
    assert verdict.problems == ()
    assert verdict.counts["payloads erased"] == 1
    assert _shown(answer.content).count(Shown.ERASED) == 1
