"""Keys through HTTP: all public ones, a party's own, and the end of one."""

from __future__ import annotations

import base64
import datetime as dt

import asyncpg
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog.audit_log.checkpoint import parse_vkey
from catalog.audit_log.export_format import Keys
from catalog.kernel.db import Database
from catalog.signing.algorithms import OF_PARTIES, Algorithm
from catalog.signing.possession import statement
from catalog.signing.purposes import OF_THE_SERVICE, Purpose
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import Member, make_member
from tests.makers_registration import OwnKey


def body(member: Member, key: Ed25519PrivateKey, purpose: Purpose) -> dict[str, str]:
    public = key.public_key().public_bytes_raw()
    proof = key.sign(statement(member.party.id, purpose, public))
    return {
        "purpose": purpose.value,
        "public_key": base64.b64encode(public).decode(),
        "possession": base64.b64encode(proof).decode(),
    }


async def test_everyone_reads_the_services_keys_and_the_logs(api: Api) -> None:
    response = await api.get("/api/v1/keys")

    keys = msgspec.json.decode(response.content, type=Keys)
    (checkpoint,) = [key for key in keys.keys if key.purpose == Purpose.CHECKPOINT]
    assert {key.purpose for key in keys.keys} == {purpose.value for purpose in OF_THE_SERVICE}
    assert keys.log is not None
    assert parse_vkey(keys.log).public_key == checkpoint.public_key
    assert "registered_by" not in response.text


async def test_a_log_without_a_key_names_none(api: Api, owner_dsn: str) -> None:
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute("ALTER TABLE signing.keys DISABLE TRIGGER USER")
        await owner.execute("DELETE FROM signing.keys WHERE purpose = 'checkpoint'")
    finally:
        await owner.close()

    assert (await api.get("/api/v1/keys")).json()["log"] is None


async def test_a_party_registers_its_key_and_the_security_administrator_revokes_it(
    api: Api, db: Database, now: dt.datetime
) -> None:
    supplier = await make_member(db, Role.SUPPLIER, now=now)
    security = await make_member(db, Role.SECURITY_ADMINISTRATOR, now=now)
    wanted = body(supplier, Ed25519PrivateKey.generate(), Purpose.CONTRACT)

    made = await api.as_(supplier.token).post("/api/v1/keys", wanted)
    again = await api.as_(supplier.token).post("/api/v1/keys", wanted)
    key_id = made.json()["key_id"]
    revocations = f"/api/v1/keys/{key_id}/revocations"
    revoked = await api.as_(security.token).post(revocations, {"reason": "私钥遗失"})
    unknown = await api.as_(security.token).post(
        "/api/v1/keys/0000000000000000/revocations", {"reason": "不明"}
    )

    listed = {key["key_id"]: key for key in (await api.get("/api/v1/keys")).json()["keys"]}
    assert made.status_code == 201, made.text
    assert code(again) == "key_taken"
    assert revoked.status_code == 200
    assert unknown.status_code == 404
    assert listed[key_id]["holder_party_id"] == str(supplier.party.id)
    assert listed[key_id]["revoked_at"] is not None


@pytest.mark.parametrize("algorithm", OF_PARTIES)
async def test_a_party_registers_a_key_of_each_algorithm(
    api: Api, db: Database, now: dt.datetime, algorithm: Algorithm
) -> None:
    supplier = await make_member(db, Role.SUPPLIER, now=now)
    key = OwnKey(Purpose.CONTRACT, algorithm)

    made = await key.register(api.as_(supplier.token), supplier.party.id)

    listed = {row["key_id"]: row for row in (await api.get("/api/v1/keys")).json()["keys"]}
    assert made.status_code == 201, made.text
    assert listed[key.key_id]["algorithm"] == algorithm
    assert base64.b64decode(listed[key.key_id]["public_key"]) == key.public_key


async def test_a_party_registers_no_key_of_the_algorithm_that_seals_papers(
    api: Api, db: Database, now: dt.datetime
) -> None:
    supplier = await make_member(db, Role.SUPPLIER, now=now)
    key = OwnKey(Purpose.CONTRACT, Algorithm.P256)

    refused = await key.register(api.as_(supplier.token), supplier.party.id)

    assert (refused.status_code, code(refused)) == (409, "algorithm_not_for_parties")
    assert key.key_id not in (await api.get("/api/v1/keys")).text


async def test_a_key_is_of_the_algorithm_that_it_is_registered_with(
    api: Api, db: Database, now: dt.datetime
) -> None:
    supplier = await make_member(db, Role.SUPPLIER, now=now)
    wanted = body(supplier, Ed25519PrivateKey.generate(), Purpose.CONTRACT)

    as_sm2 = await api.as_(supplier.token).post("/api/v1/keys", {**wanted, "algorithm": "sm2"})
    as_rsa = await api.as_(supplier.token).post("/api/v1/keys", {**wanted, "algorithm": "rsa"})

    assert code(as_sm2) == "key_malformed"
    assert "65" in as_sm2.text
    assert as_rsa.status_code == 422
    assert all(
        row["holder_party_id"] is None for row in (await api.get("/api/v1/keys")).json()["keys"]
    )


async def test_a_key_is_registered_by_who_has_it_and_for_what_parties_sign(
    api: Api, db: Database, now: dt.datetime
) -> None:
    supplier = await make_member(db, Role.SUPPLIER, now=now)
    other = await make_member(db, Role.SUPPLIER, now=now)
    client = api.as_(supplier.token)
    key = Ed25519PrivateKey.generate()

    anothers = await client.post("/api/v1/keys", body(other, key, Purpose.CONTRACT))
    services = await client.post("/api/v1/keys", body(supplier, key, Purpose.CERTIFICATE))

    assert code(anothers) == "key_possession_not_proven"
    assert code(services) == "key_purpose_not_for_parties"
