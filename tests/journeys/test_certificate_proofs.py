"""Each certificate has its SM2 signature, its log proof and its timestamps, for tools of others."""

from __future__ import annotations

import base64
import datetime as dt
import json
import pathlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from click.testing import CliRunner, Result

from catalog.audit_log.checkpoint import VerifierKey
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.signing import disk as key_files
from catalog.signing import sm2
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose
from catalog.timestamps import token
from catalog.witnessing import disk
from catalog.witnessing.disk import Witness
from market.app import create_app
from market.channels.timestamp_authorities import Authorities, HttpAuthority
from market.channels.witnesses import Witnesses
from market.cli.verify import check, verify
from market.jobs import loop
from market.settings import SettingInvalid, Settings, read
from tests.api import Api, code
from tests.makers_registration import Scene, make_scene, must
from tests.memory_authority import MemoryAuthority
from tests.witness_network import Network

# SubjectPublicKeyInfo of an SM2 key, up to its 65 bytes.
_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")


class Proven:
    """A service that signs by SM2 too, with one witness and one timestamp authority."""

    def __init__(self, scene: Scene, context: Any, place: pathlib.Path) -> None:
        self.scene = scene
        self.context = context
        self.place = place
        self.number = ""

    async def rounds(self) -> None:
        for _ in range(3):  # what is signed in one round is witnessed and stamped in the next
            await loop.run_once(self.context)
            self.scene.clock.move_by(dt.timedelta(hours=1))

    async def get(self, face: str) -> httpx.Response:
        return await self.scene.api.http.get(f"/api/v1/certificates/{self.number}/{face}")

    async def saved(self, face: str, name: str) -> str:
        answer = await self.get(face)
        assert answer.status_code == 200, answer.text
        path = self.place / name
        path.write_bytes(answer.content)
        return str(path)

    async def keys(self) -> str:
        path = self.place / "keys.json"
        path.write_bytes((await self.scene.api.http.get("/api/v1/keys")).content)
        return str(path)


@pytest.fixture
async def proven(
    settings: Settings, clock: ManualClock, db: Database, tmp_path: pathlib.Path
) -> AsyncIterator[Proven]:
    try:
        sm2.load()
    except sm2.Sm2Unavailable as error:
        pytest.skip(f"no OpenSSL 3 for SM2: {error.facts['reason']}")
    key_files.create_missing(settings.keys_dir)
    signer = key_files.read_signer(settings.keys_dir, Purpose.CHECKPOINT)
    log_key = VerifierKey(settings.log_origin, signer.public_key)
    key, *_ = disk.create(tmp_path / "w", "witness.example/w")
    witness = Witness(tmp_path / "w")
    witness.add_log(log_key)
    policy = tmp_path / "policy"
    policy.write_text(f"log {log_key}\nwitness w {key} http://w\nquorum w\n")
    served = MemoryAuthority(clock, "a.example")
    (tmp_path / "ca.pem").write_bytes(served.pem())
    chosen = msgspec.structs.replace(
        settings,
        witness_policy=policy,
        timestamp_urls="http://a.example/tsa",
        timestamp_ca_file=tmp_path / "ca.pem",
        certificate_algorithms="sm2",
    )
    made = create_app(chosen, clock=clock)

    def stamp(request: httpx.Request) -> httpx.Response:
        headers = {"content-type": token.REPLY_TYPE}
        return httpx.Response(200, content=served.answer(request.content), headers=headers)

    async with made.wired() as context:
        network = Network(clock)
        network.serve("w", witness)
        context.witnesses = Witnesses(
            context.witnesses.policy, httpx.AsyncClient(transport=network)
        )
        web = httpx.AsyncClient(transport=httpx.MockTransport(stamp))
        context.timestamping = Authorities(
            (HttpAuthority("http://a.example/tsa", web),),
            context.timestamping.trust,
            context.timestamping.algorithm,
        )
        async with Api.on(made, clock) as api:
            yield Proven(await make_scene(api, db, clock), context, tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(verify, list(arguments))


async def test_a_certificate_has_proof_and_timestamps_once_it_is_witnessed_and_stamped(
    proven: Proven,
) -> None:
    _, proven.number = await proven.scene.certified()
    assert code(await proven.get("log-proof")) == "log_not_witnessed"
    assert code(await proven.get("evidence-record")) == "timestamp_missing"

    await proven.rounds()

    sha256 = must(await proven.scene.api.get(f"/api/v1/certificates/{proven.number}"))[
        "record_sha256"
    ]
    proof = await proven.saved("log-proof", "c.tlog-proof")
    told = run(proof, "--policy", str(proven.place / "policy"))
    assert (told.exit_code, sha256 in told.output) == (0, True), told.output
    evidence = await proven.saved("evidence-record", "evidence.json")
    told = check(
        evidence,
        vkey=None,
        keys_file=pathlib.Path(await proven.keys()),
        tsa_ca=proven.place / "ca.pem",
        now=proven.scene.clock.now(),
    )
    assert told.problems == ()
    assert any(sha256 in note for note in told.notes)
    page = (await proven.scene.api.http.get(f"/certificates/{proven.number}")).text
    for face in ("signatures/sm2", "log-proof", "evidence-record"):
        assert f"/api/v1/certificates/{proven.number}/{face}" in page


async def test_a_certificate_is_signed_by_sm2_too_and_openssl_verifies_that(
    proven: Proven,
) -> None:
    _, proven.number = await proven.scene.certified()
    file = await proven.saved("signatures/sm2", "sm2.json")
    keys = await proven.keys()
    held = json.loads(pathlib.Path(file).read_bytes())
    document = base64.b64decode(held["document"])
    value = base64.b64decode(held["signature"]["value"])
    key = next(
        each
        for each in json.loads(pathlib.Path(keys).read_bytes())["keys"]
        if each["key_id"] == held["signature"]["key_id"]
    )

    assert run(file, "--keys", keys).exit_code == 0
    assert (key["algorithm"], key["purpose"]) == ("sm2", "certificate")
    genuine = must(await proven.scene.api.get(f"/api/v1/certificates/{proven.number}"))
    assert genuine["document"] == held["document"]
    message = b"shushi/v1/certificate\n" + document
    public = base64.b64decode(key["public_key"])
    assert verified(proven.place, public, message, value)
    assert not verified(proven.place, public, message.replace(b"certificate\n", b"report\n"), value)
    assert not verified(proven.place, public, message[:-1], value)
    changed = dict(held, signature=dict(held["signature"], algorithm="ed25519"))
    (proven.place / "changed.json").write_text(json.dumps(changed))
    told = run(str(proven.place / "changed.json"), "--keys", keys, "--json")
    assert json.loads(told.output)["first_bad"]["fault"] == "algorithm_differs"


def verified(place: pathlib.Path, key: bytes, message: bytes, value: bytes) -> bool:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl")
    (place / "key").write_bytes(_SPKI + key)
    (place / "message").write_bytes(message)
    (place / "value").write_bytes(value)
    command = [openssl, "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin", "-digest"]
    command += ["sm3", "-pkeyopt", "distid:1234567812345678"]
    command += ["-inkey", "key", "-in", "message", "-sigfile", "value"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    return done.returncode == 0


async def test_what_is_not_there_has_no_faces(proven: Proven) -> None:
    for number in ("HN-00-2026-00000000", "46-02-2026-0000001X"):
        proven.number = number
        for face in ("signatures/sm2", "log-proof", "evidence-record"):
            assert code(await proven.get(face)) == "not_found"
    _, proven.number = await proven.scene.certified()
    for face in ("signatures/ml-dsa-44", "signatures/ed25519", "signatures/none"):
        assert code(await proven.get(face)) == "not_found"


async def test_the_key_of_sm2_is_changed_like_any_other(proven: Proven) -> None:
    assert "certificate.sm2.key" in {
        path.name for path in proven.context.settings.keys_dir.iterdir()
    }
    assert set(proven.context.certificate_signers) == {Algorithm.SM2}


def test_an_algorithm_that_nobody_knows_is_no_setting() -> None:
    assert read(
        {"MARKET_CERTIFICATE_ALGORITHMS": "sm2, ed25519"}
    ).further_certificate_algorithms == (Algorithm.SM2,)
    with pytest.raises(SettingInvalid):
        read({"MARKET_CERTIFICATE_ALGORITHMS": "rsa"})
