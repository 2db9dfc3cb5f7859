"""A market whose log is witnessed, as its readers see it: checkpoint, proof, health."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from catalog.audit_log.checkpoint import VerifierKey
from catalog.kernel.clock import ManualClock
from catalog.signing import disk as key_files
from catalog.signing.purposes import Purpose
from catalog.witnessing import disk, log_proof, policy
from catalog.witnessing.disk import Witness
from market.app import create_app
from market.channels.witnesses import Witnesses
from market.jobs import loop
from market.settings import Settings
from tests.api import Api, code
from tests.witness_network import Network


@pytest.fixture
async def watched(
    settings: Settings, clock: ManualClock, tmp_path: pathlib.Path
) -> AsyncIterator[tuple[Api, Any, Network]]:
    """A service with the policy of one witness, which is there."""
    key_files.create_missing(settings.keys_dir)
    signer = key_files.read_signer(settings.keys_dir, Purpose.CHECKPOINT)
    log_key = VerifierKey(settings.log_origin, signer.public_key)
    key, *_ = disk.create(tmp_path / "w", "witness.example/w")
    witness = Witness(tmp_path / "w")
    witness.add_log(log_key)
    file = tmp_path / "policy"
    file.write_text(f"log {log_key}\nwitness w {key} http://w\nquorum w\n")
    made = create_app(msgspec.structs.replace(settings, witness_policy=file), clock=clock)
    async with made.wired() as context:
        network = Network(clock)
        network.serve("w", witness)
        read: Witnesses = context.witnesses
        client = httpx.AsyncClient(transport=network)
        context.witnesses = Witnesses(read.policy, client)
        async with Api.on(made, clock) as api:
            yield api, context, network


async def test_a_reader_gets_checkpoint_and_proof_that_meet_the_policy(
    watched: tuple[Api, Any, Network], clock: ManualClock
) -> None:
    api, context, _ = watched
    assert code(await api.get("/log/checkpoint.witnessed")) == "log_not_witnessed"
    assert code(await api.get("/log/proof/0")) == "log_not_witnessed"

    for _ in range(3):  # what is signed in one round is witnessed in the next
        done = await loop.run_once(context)
        clock.move_by(dt.timedelta(seconds=10))

    assert done["ask_witnesses"] == 1
    witnessed = await api.get("/log/checkpoint.witnessed")
    newest = await api.get("/log/checkpoint")
    proof = await api.get("/log/proof/0")
    leaf = (await api.get("/api/v1/log/entries/0")).json()["leaf"]
    seen = policy.check(context.witnesses.policy, witnessed.content)
    assert witnessed.text.startswith(newest.text)
    assert witnessed.headers["content-type"] == "text/plain; charset=utf-8"
    assert (
        seen.checkpoint
        == log_proof.check(
            log_proof.parse_log_proof(proof.content),
            msgspec.json.decode(msgspec.json.encode(leaf), type=bytes),
            context.witnesses.policy,
        ).checkpoint
    )
    assert code(await api.get("/log/proof/999999")) == "log_not_witnessed"


async def test_health_tells_when_the_quorum_is_missing_and_the_service_works_on(
    watched: tuple[Api, Any, Network], clock: ManualClock
) -> None:
    api, context, network = watched
    away = network.there.pop("w")
    await loop.run_once(context)
    assert (await api.get("/healthz/ready")).json()["witnesses"] == "ok"

    clock.move_by(dt.timedelta(hours=2))
    await loop.run_once(context)

    missing = await api.get("/healthz/ready")
    assert missing.status_code == 200
    assert missing.json()["witnesses"].startswith("quorum missing since 2026-03-02T")
    network.there["w"] = away
    clock.move_by(dt.timedelta(seconds=10))
    await loop.run_once(context)
    assert (await api.get("/healthz/ready")).json()["witnesses"] == "ok"


async def test_without_a_policy_health_says_that_nobody_witnesses(api: Api) -> None:
    assert (await api.get("/healthz/ready")).json()["witnesses"] == "none"
